#!/usr/bin/perl

# The wall between nginx and the rest, and other rules about the sources that
# a compiler does not know.

use lib 't/lib';
use Pupil::Test;

chdir root_dir() or die;

my @walled = sort map { glob } qw(include/*.h ngx_module/core/*.[ch]
                                  ngx_module/ctl/*.[ch] plugins/*/*.[ch]);
my @c = sort @walled, map { glob } qw(ngx_module/http/*.[ch] t/unit/*.[ch]
                                      t/fuzz/*.[ch] t/plugins/*.[ch]
                                      t/lib/*.[ch]);
my @text = sort @c, map { glob } qw(Makefile config sql/*/*.sql t/*.t
    plugins/*/*.sql t/lib/*.* t/lib/Pupil/*.pm t/lib/Pupil/HTTP/*.pm);


# Each rule: its name, the files it is for, what finds a breach in a text, and
# a text that breaks it.
my @rules = (
    ['no name of nginx', [@walled],
     sub ($text, $) { $text =~ /\b(?:ngx|NGX)_\w*/ ? $& : undef },
     "ngx_int_t x;\n"],
    ['at most 700 lines', [@text],
     sub ($text, $) { my $n = $text =~ tr/\n//; $n > 700 ? $n : undef },
     "\n" x 701],
    ['guarded against being included twice', [grep { /\.h$/ } @c],
     sub ($text, $) {
         $text =~ m{\A(?:\s|/\*.*?\*/)*\#ifndef\s+(\w+)\s+\#define\s+\1\b
                    .*\#endif[^\n]*\s*\z}xs ? undef : 'no guard' },
     "#ifndef A\n#define B\n#endif\n"],
    ['only /* */ comments', [@c],
     sub ($text, $) {
         my $code = $text =~ s{/\*.*?\*/|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'}
                              {}gsr;
         $code =~ m{//.*} ? $& : undef },
     "int a; // no\n"],
    ['at most 80 columns', [@c],
     sub ($text, $) {
         for my $line (split /\n/, $text) {
             utf8::decode(my $copy = $line);
             return $line if length $copy > 80;
         }
         return },
     'x' x 81 . "\n"],
    ['no tab, no blank at a line\'s end', [@c],
     sub ($text, $) { $text =~ /\t|[ ]$/m ? "near '$`'" =~ s/.*\n//sr : undef },
     "a;\tb;\n"],
    ['nothing unfinished', [@text],
     sub ($text, $file) {
         return if $file eq 't/wall.t';
         $text =~ /\b(?:TODO|FIXME|XXX)\b/ ? $& : undef },
     "/* TODO */\n"],
    ['the copyright first', [@c],
     sub ($text, $) {
         $text =~ m{\A/\*\n \* Copyright \(C\) the Pupil authors\n}
             ? undef : 'no copyright' },
     "int a;\n"],
);

for my $rule (@rules) {
    my ($name, $files, $finds, $broken) = @$rule;
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
