#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# "A new endpoint" of CONTRIBUTING.md, done as it says: its files and lines in a
# copy of this tree, built there, and the tests that it names run there.

use lib 't/lib';
use Pupil::Test;
use File::Path qw(make_path);

my $root = root_dir();
my $copy = tmp_dir() . '/tree';
my ($guide) = slurp("$root/CONTRIBUTING.md")
    =~ /^(## A new endpoint\n.*?)(?=^## |\z)/ms;

# Each block stands behind the path that it is for.
my @blocks;
while (($guide // '') =~ /^`([^`\n]+)`:\n\n```(\w+)\n(.*?)^```$/msg) {
    push @blocks, { path => $1, kind => $2, text => $3 };
}
my @files = grep { $_->{kind} ne 'diff' } @blocks;
my @edits = grep { $_->{kind} eq 'diff' } @blocks;


# A text with a diff's lines in it; undef if their place is not there once.
sub edited ($text, $diff) {
    my @lines = map { s/^ //r } split /\n/, $diff;
    my $new = join '', map { s/^\+//r . "\n" } grep { !/^-/ } @lines;
    my $old = join '', map { s/^-//r . "\n" } grep { !/^\+/ } @lines;
    my @parts = split /^\Q$old\E/m, $text, -1;
    return @parts == 2 ? join $new, @parts : undef;
}

is edited("a\nb\nc\n", " a\n+x\n b\n"), "a\nx\nb\nc\n", 'a diff is read';
is edited("b\na\nb\n", "-b\n"), undef, 'one with two places is not applied';


# ---- as little as it promises

is_deeply [map { $_->{path} =~ m{^(ngx_module/(?:core|http))/} } @files],
    [('ngx_module/core') x 2, 'ngx_module/http'],
    'one unit of core, with its header, and one of http';
is_deeply [grep { m{^ngx_module/} } map { $_->{path} } @edits],
    ['ngx_module/core/endpoints/endpoints.h'], 'and one file edited';
is scalar(my @added = map { $_->{text} =~ /^[+-].*$/mg } grep {
    $_->{path} =~ m{^ngx_module/} } @edits), 1, 'by one line';


# ---- the tree, with what is built of it

# Times stay, so that make does again what the edits touch.  What sanitizers or
# coverage were built into cannot be gone on with: there the usual build is.
my $variant = $ENV{PUPIL_SANITIZE} || build_dir() =~ m{/cov$};
my $build = $variant ? 'build' : build_dir() =~ s{^\Q$root\E/}{}r;
my @tree = grep { -e "$root/$_" } qw(CHANGELOG.md CONTRIBUTING.md LICENSE
    Makefile README.md config .clang-format docs include ngx_module plugins
    sql t), map { "$build/$_" } qw(flags modules module.map nginx obj/ngx_module
    obj/plugins plugin.map plugin_info.d plugins);
make_path($copy);
my $run = run_cmd('cp', '-a', '--parents', @tree, $copy, { dir => $root });
is $run->{code}, 0, 'the tree is copied' or die $run->{err};

for my $file (@files) {
    my $to = "$copy/$file->{path}";
    ok !-e $to, "$file->{path} is new";
    make_path($to =~ s{/[^/]+$}{}r);
    spew($to, $file->{text});
}
for my $edit (@edits) {
    my $text = edited(slurp("$copy/$edit->{path}"), $edit->{text});
    ok defined $text, "$edit->{path}: the place is there";
    spew("$copy/$edit->{path}", $text // '');
}

SKIP: {
    skip 'no clang-format: make deps-lint brings it', 1
        if !grep { -x "$_/clang-format" } split /:/, $ENV{PATH};
    $run = run_cmd('perl', 't/lib/format.pl', '--check',
        (grep { /\.[ch]$/ } map { $_->{path} } @files), { dir => $copy });
    is $run->{code}, 0, 'the layout is that of make lint' or diag $run->{out};
}


# ---- built and tested there

delete @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL B SAN COV T CFLAGS NGX_SRC NGX_OBJS
               PUPIL_NGINX PUPIL_MODULE PUPIL_PLUGINS PUPIL_SANITIZE
               PUPIL_STATIC)};
$run = run_cmd('make', '--no-print-directory', '-j2', "B=$build", 'all',
               { dir => $copy, timeout => 600 });
is $run->{code}, 0, 'it builds' or die $run->{out}, $run->{err};

my %env = (PUPIL_BUILD => "$copy/$build", PUPIL_HEADERS => join ' ',
           grep { /\.h$/ } map { $_->{path} } @blocks);
my @tests = ((grep { /\.t$/ } map { $_->{path} } @files),
             map { "t/$_.t" } qw(wall docs openapi invariants));
is scalar(@tests), 5, 'the test of the endpoint, and those of the tree';
for my $test (@tests) {
    $run = run_cmd('prove', '-I', 't/lib', $test,
                   { dir => $copy, timeout => 300, env => \%env });
    is $run->{code}, 0, "$test passes there" or diag $run->{out}, $run->{err};
}

done_testing;
