#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# t/bench/storm in miniature, so that it cannot rot: few log-ins, one short
# round.  Its figures mean nothing; what is checked is that everybody gets in,
# and that each figure is there.

use lib 't/lib';
use Pupil::Test;
use JSON::XS ();

plan(skip_all => 'not under sanitizers') if $ENV{PUPIL_SANITIZE};

my ($out, $result) = map { tmp_dir() . "/storm.$_" } qw(md json);
my $run = run_cmd(root_dir() . '/t/bench/storm', '--rounds', 1, '--seconds', 1,
    '--minute', 2, '--logins', 50, '--people', 10, '--out', $out,
    '--result', $result, { timeout => 300 });
is $run->{code}, 0, 't/bench/storm' or diag $run->{err};
is $run->{err} =~ s/^(?:password|provider)\n//mgr, '', 'without a word more';

my $got = JSON::XS::decode_json(slurp($result));
for my $kind (qw(password provider)) {
    my ($morning, $crowd) = map { $got->{$_}{$kind} } qw(morning crowd);
    is $morning->{asked}, 50, "$kind: so many log-ins";
    is $morning->{in}, 50, '... and all are in';
    cmp_ok $morning->{$_}, '>', 0, "... $_" for qw(p50 p99 homework);
    cmp_ok $crowd->{$_}, '>', 0, "... a crowd: $_"
        for qw(rate each p99 quiet ratio);
}
my $rows = () = slurp($out) =~ /^\| (?:by passwords|at a provider) \|/mg;
is $rows, 4, 'and each is a row of the report';

done_testing;
