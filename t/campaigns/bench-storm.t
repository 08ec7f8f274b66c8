#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# t/bench/storm in miniature, so that it cannot rot: few log-ins, one short
# round.  Its figures mean nothing; what is checked is that everybody gets in,
# and that each figure is there.

use lib qw(t/lib t/bench/lib);
use Pupil::Test;
use Bench::Tenants;
use JSON::XS ();

plan(skip_all => 'a bench is of the build that ships, not of a sanitized one')
    if $ENV{PUPIL_SANITIZE};

# A machine that is full is no fault.
my @answers = map {
    Pupil::HTTP::Response->parse_head("HTTP/1.1 $_\r\nRetry-After: 0.01") }
    503, 503, 200;
my ($last, $before) = Bench::Tenants::answered(sub { shift @answers });
is_deeply [$last->status, $before], [200, 2], 'who is told to comes again';

my ($out, $result) = map { tmp_dir() . "/storm.$_" } qw(md json);
my $run = run_cmd(root_dir() . '/t/bench/storm', '--rounds', 1, '--seconds', 1,
    '--minute', 2, '--logins', 50, '--people', 10, '--out', $out,
    '--result', $result, { timeout => 1800 });
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
    cmp_ok $crowd->{shares}{$_}, '>', 0, "... what the $_ took"
        for qw(gateway database clients);
}
my $rows = () = slurp($out) =~ /^\| (?:by passwords|at a provider) \|/mg;
is $rows, 6, 'and each is a row of the report';

done_testing;
