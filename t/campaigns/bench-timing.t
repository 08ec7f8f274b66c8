#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# t/bench/timing in miniature, so that it cannot rot: its figures mean nothing
# with so few pairs; what is checked is that each state is measured, and that a
# t beyond the limit is told and fails.

use lib 't/lib';
use Pupil::Test;
use JSON::XS ();

plan(skip_all => 'a bench is of the build that ships, not of a sanitized one')
    if $ENV{PUPIL_SANITIZE};

my ($out, $result) = map { tmp_dir() . "/timing.$_" } qw(md json);
my $run = run_cmd(root_dir() . '/t/bench/timing', '--pairs', 4, '--out', $out,
    '--result', $result, { timeout => 1800 });
my $told = () = $run->{out} =~ /^told apart: /mg;
is $run->{code}, $told ? 1 : 0, 't/bench/timing' or diag $run->{err};

my $got = JSON::XS::decode_json(slurp($result));
is_deeply [sort keys %$got], [qw(address closed locked no-password nobody-else
    restricted staff-only wrong-password)], 'each state is measured';
for my $state (sort keys %$got) {
    cmp_ok $got->{$state}{$_}{mean}, '>', 0, "$state: $_"
        for qw(loop thread server wall);
}
my $beyond = grep { abs $_->{t} > 4.5 }
             map { @$_{qw(loop thread server)} } values %$got;
is $told, $beyond, 'what is beyond the limit is told';
my $rows = () = slurp($out) =~ /^\| [\w-]+ \| [\d.]+ \| [-+]/mg;
is $rows, keys %$got, 'and each is a row of the report';

done_testing;
