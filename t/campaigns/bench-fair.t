#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# t/bench/fair in miniature, so that it cannot rot: one short round of each
# case.  Its figures mean nothing; what is checked is that each is there.

use lib 't/lib';
use Pupil::Test;
use JSON::XS ();

plan(skip_all => 'a bench is of the build that ships, not of a sanitized one')
    if $ENV{PUPIL_SANITIZE};

my ($out, $result) = map { tmp_dir() . "/fair.$_" } qw(md json);
my $run = run_cmd(root_dir() . '/t/bench/fair', '--rounds', 1, '--seconds',
    0.5, '--out', $out, '--result', $result, { timeout => 1800 });
is $run->{code}, 0, 't/bench/fair' or diag $run->{err};

my $rows = JSON::XS::decode_json(slurp($result))->{rows};
is_deeply [sort keys %$rows],
    [qw(frozen-audit frozen-read pupil quiet row table tenant)],
    'each case is measured';
for my $case (sort keys %$rows) {
    cmp_ok $rows->{$case}{$_}, '>', 0, "$case: $_" for qw(p50 p99 ratio asked);
}
is $rows->{quiet}{failed}, 0, 'nothing fails when nothing happens';

my $text = slurp($out);
my $table = () = $text =~ /^\| .* \| [0-9.]+ \| [0-9.]+ \| [0-9.]+ \| \d+ \| /mg;
is $table, keys %$rows, 'and each is a row of the report';

done_testing;
