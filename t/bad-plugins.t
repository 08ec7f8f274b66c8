#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I17, the plugins' part: each plugin of t/plugins/bad is wrong in one way and
# is refused with the message that its source tells.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Basename;
use File::Temp qw(tempdir);
use Test::More;

my $build = $ENV{PUPIL_BUILD} // abs_path(dirname(__FILE__) . '/../build');
my $dir = dirname(__FILE__) . '/plugins/bad';

sub check {
    my ($file) = @_;

    open my $pipe, '-|', "$build/plugin_load", 'check', $file
        or die "plugin_load: $!";
    my $text = do { local $/; <$pipe> };
    close $pipe;

    return ($text // '', $?);
}

my @sources = sort glob "$dir/*.c";
cmp_ok(scalar @sources, '>=', 20, 'there are bad plugins');

for my $source (@sources) {
    open my $in, '<', $source or die "$source: $!";
    my ($expected) = map { /^ \* refused: (.*)$/ ? $1 : () } <$in>;
    close $in;

    my $name = basename($source, '.c');
    my ($text, $status) = check("$build/t/plugins/bad/$name.so");

    is($status, 1 << 8, "$name: refused without a crash");
    ok(defined $expected && index($text, $expected) >= 0,
       "$name: " . ($expected // 'no message in its source'))
        or diag("got: $text");
}

# Files that are no plugins at all.

my $tmp = tempdir(CLEANUP => 1);
my %files = (
    'empty.so' => ['', 'cannot read'],
    'text.so'  => ["this is text\n", 'cannot load'],
);

for my $name (sort keys %files) {
    open my $out, '>', "$tmp/$name" or die "$tmp/$name: $!";
    print $out $files{$name}[0];
    close $out;

    my ($text, $status) = check("$tmp/$name");
    is($status, 1 << 8, "$name: refused");
    like($text, qr/\Q$files{$name}[1]\E "\Q$tmp\E/, "$name: message");
    unlike($text, qr{/proc/self}, "$name: which names no other file");
}

for my $case ([ "$tmp/none.so", 'cannot open' ],
              [ $tmp, 'cannot read' ],
              [ 'relative.so', 'the path of a plugin is absolute' ])
{
    my ($text, $status) = check($case->[0]);
    is($status, 1 << 8, "$case->[1]: refused");
    like($text, qr/\Q$case->[1]\E/, "$case->[1]: message");
}

# The good ones pass, so that it is not the check that is wrong.

# One of them was built against the ABI's version 1.0, by its header.

for my $good (glob("$build/plugins/pupil_*.so"),
              "$build/t/plugins/v1_0/whistle.so")
{
    my ($text, $status) = check($good);
    is($status, 0, basename($good) . ' is accepted') or diag($text);
}

done_testing();
