#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# t/bench/sealed in miniature, so that it cannot rot: a small log, one short
# round.  Its figures mean nothing; what is checked is that each is there.

use lib 't/lib';
use Pupil::Test;
use JSON::XS ();

plan(skip_all => 'a bench is of the build that ships, not of a sanitized one')
    if $ENV{PUPIL_SANITIZE};

my ($out, $result) = map { tmp_dir() . "/sealed.$_" } qw(md json);
my $run = run_cmd(root_dir() . '/t/bench/sealed', '--small', '--records', 5000,
    '--rounds', 1, '--seconds', 1, '--out', $out, '--result', $result,
    { timeout => 1800 });
is $run->{code}, 0, 't/bench/sealed' or diag $run->{err};

my $got = JSON::XS::decode_json(slurp($result));
my $log = $got->{logs}{5000};
for my $what (qw(seal verify)) {
    cmp_ok $log->{$what}{$_}, '>', 0, "$what: $_" for qw(wall rss);
    cmp_ok $log->{$what}{count}, '>=', 5000, "$what: all of it";
}
is scalar @{ $log->{asked}{ms} }, 99, 'who looked is asked';
is scalar @{ $got->{cost}{$_} }, 1, "a round $_" for qw(with without);
cmp_ok $got->{cost}{sealer}[0], '>', 0, 'and what the sealer takes';

my $text = slurp($out);
like $text, qr/^\| 5000 \| (?:[0-9.]+ \| ){11}[0-9.]+ \|$/m,
    'the log is a row of the report';
like $text, qr/^The sealer's is [0-9.]+ % of the fetch's\.$/m,
    'its cost a sentence';

done_testing;
