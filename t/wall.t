#!/usr/bin/perl

# The wall between nginx and the rest, and other rules about the sources that
# a compiler does not know.

use lib 't/lib';
use Pupil::Test;

chdir root_dir() or die;

my @walled = files_below(qr/\.[ch]\z/, qw(include ngx_module/core
                                          ngx_module/ctl plugins));
my @c = sort @walled, files_below(qr/\.[ch]\z/, qw(ngx_module/pg ngx_module/http t/unit t/fuzz
                                                  t/plugins t/lib));
my @text = sort @c, qw(Makefile config), files_below(qr/\.sql\z/, qw(sql plugins)),
    glob('t/*.t'), files_below(qr/\.(?!c\z|h\z)\w+\z/, 't/lib');


# Each rule: its name, how many files it is for at least, so that it cannot
# check nothing, these files, what finds a breach in a text, and a text that
# breaks it.
my @rules = (
    ['no name of nginx', 75, [@walled],
     sub ($text, $) { $text =~ /\b(?:ngx|NGX)_\w*/ ? $& : undef },
     "ngx_int_t x;\n"],
    ['at most 700 lines', 330, [@text],
     sub ($text, $) { my $n = $text =~ tr/\n//; $n > 700 ? $n : undef },
     "\n" x 701],
    ['guarded against being included twice', 45, [grep { /\.h$/ } @c],
     sub ($text, $) {
         $text =~ m{\A(?:\s|/\*.*?\*/)*\#ifndef\s+(\w+)\s+\#define\s+\1\b
                    .*\#endif[^\n]*\s*\z}xs ? undef : 'no guard' },
     "#ifndef A\n#define B\n#endif\n"],
    ['only /* */ comments', 240, [@c],
     sub ($text, $) {
         my $code = $text =~ s{/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'}
                              {}gsr;
         $code =~ m{//.*} ? $& : undef },
     "int a; // no\n"],
    ['at most 80 columns', 240, [@c],
     sub ($text, $) {
         for my $line (split /\n/, $text) {
             next if $line =~ /^ \* refused: /;      # a message, whole
             utf8::decode(my $copy = $line);
             return $line if length $copy > 80;
         }
         return },
     'x' x 81 . "\n"],
    ['no tab, no blank at a line\'s end', 240, [@c],
     sub ($text, $) { $text =~ /\t|[ ]$/m ? "near '$`'" =~ s/.*\n//sr : undef },
     "a;\tb;\n"],
    ['nothing unfinished', 330, [@text],
     sub ($text, $file) {
         return if $file eq 't/wall.t';
         $text =~ /\b(?:TODO|FIXME|XXX)\b/ ? $& : undef },
     "/* TODO */\n"],
    ['the copyright first', 240, [@c],
     sub ($text, $) {
         $text =~ m{\A/\*\n \* Copyright \(C\) the Pupil authors\n}
             ? undef : 'no copyright' },
     "int a;\n"],
);

for my $rule (@rules) {
    my ($name, $least, $files, $finds, $broken) = @$rule;
    cmp_ok scalar(@$files), '>=', $least, "$name: files are looked at";
    my @breaches = map {
        my $found = $finds->(slurp($_), $_);
        defined $found ? "$_: $found" : ();
    } @$files;

    is join("\n", @breaches), '', $name;
    ok defined $finds->($broken, 'broken'), "$name: a breach is found";
}


# ---- functions under 90 lines, in the layout where { and } stand alone

sub long_functions ($text) {
    my @long;
    while ($text =~ /^(\w+)\([^;{}]*\)\n\{\n(.*?)^\}$/gms) {
        my ($name, $lines) = ($1, ($2 =~ tr/\n//));
        push @long, "$name: $lines" if $lines > 90;
    }
    return @long;
}

is join("\n", map { my $file = $_; map { "$file: $_" }
                    long_functions(slurp($file)) } @c), '',
    'functions under 90 lines';
is scalar(my @long = long_functions("int\nf(void)\n{\n" . "a;\n" x 91 . "}\n")),
    1, 'functions under 90 lines: a breach is found';


# ---- the public header

my $header = 'include/pupil_plugin.h';
my $probe = tmp_dir() . '/probe';
my $use = "#include \"pupil_plugin.h\"\nint main(void) { return 0; }\n";
spew("$probe.c", $use);
spew("$probe.cc", $use);

for my $cc (['gcc', '-std=c11', "$probe.c"], ['g++', '-std=c++11', "$probe.cc"])
{
    my $run = run_cmd(@$cc, qw(-Wall -Wextra -pedantic -Werror -fsyntax-only),
                      '-I' . root_dir() . '/include');
    is $run->{code}, 0, "the public header compiles: @$cc[0, 1]"
        or diag $run->{err};
}

my @includes = slurp($header) =~ /^#include\s+[<"](.*?)[>"]/mg;
is join(' ', @includes), 'stddef.h stdint.h', 'it needs the C library alone';


# ---- what the shared objects export

sub exports ($file) {
    my $run = run_cmd('nm', '-D', '--defined-only', $file);
    return join ' ', sort map { (split)[2] } split /\n/, $run->{out};
}

my @plugins = sort grep { my ($name) = m{pupil_(\w+)\.so$};
                          -d "plugins/$name" }
              glob build_dir() . '/plugins/pupil_*.so';
cmp_ok scalar(@plugins), '>', 0, 'there are plugins';
is exports($_), 'pupil_plugin', "$_ exports one symbol" for @plugins;
is exports(Pupil::Nginx::module()),
    'ngx_module_names ngx_module_order ngx_modules',
    'the module exports what nginx looks for';
isnt exports('/lib/x86_64-linux-gnu/libc.so.6'), 'pupil_plugin',
    'another object is told apart' if -f '/lib/x86_64-linux-gnu/libc.so.6';

done_testing;
