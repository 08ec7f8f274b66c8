#!/usr/bin/perl

# A PostgreSQL that is there and does not answer: frozen, held by a lock, or
# asked for more than it has room for.  Requests end in time with 503, nothing
# acknowledged is lost or stored twice, and service comes back by itself.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Time::HiRes qw(sleep time);

my $chaos = Pupil::Chaos->new(pupils => 4, pupil =>
    "pupil_pool data connections=2 depth=4 queue=64 statement_timeout=1s;\n"
    . "pupil_pool keys connections=2 statement_timeout=1s;\n");
my ($site, $nginx) = ($chaos->site, $chaos->nginx);
my $pg = $site->pg;
my $pupil = ($chaos->pupils)[0];
my $warm = $chaos->measure;

sub statuses ($report) {
    return join ', ', map { "$_: $report->{statuses}{$_}" }
                      sort keys %{ $report->{statuses} };
}

sub only_503 ($report, $name, $seconds) {
    is join(' ', grep { !/^(?:200|201|503)$/ } keys %{ $report->{statuses} }),
        '', "$name: nothing but 200, 201 and 503 (" . statuses($report) . ')';
    cmp_ok $report->{statuses}{503} // 0, '>', 0, "$name: 503 was seen";
    cmp_ok $report->{slowest}, '<', $seconds,
        sprintf '%s: the slowest took %.1f s', $name, $report->{slowest};
}


# ---- frozen: no process of it runs

my $load = $chaos->start;
sleep 1;
$site->db->disconnect;
$pg->freeze;
sleep 4;
my $start = time;
my $res = $chaos->client($pupil)->get('/v1/homework');
is_problem $res, 503, 'unavailable', name => 'frozen: 503';
cmp_ok time - $start, '<', 60, 'frozen: in time';
is_status $chaos->client($pupil)->get('/status/live'), 200,
    'frozen: the worker lives';
$pg->thaw;
$chaos->recovers(60, 'frozen');
sleep 0.5;
my $report = $chaos->end($load);
only_503($report, 'frozen', 60);
$chaos->settled($report, 'frozen');


# ---- a lock on the table of submissions

$load = $chaos->start;
sleep 0.5;
my $holder = $pg->connect('pupil', AutoCommit => 0);
$holder->do('LOCK TABLE data.progress IN ACCESS EXCLUSIVE MODE');
sleep 2.5;
$start = time;
$res = $chaos->client($pupil)->post('/v1/progress',
    json => $chaos->submission($pupil, 'late'));
is_problem $res, 503, 'unavailable', name => 'locked: a submission gets 503';
cmp_ok time - $start, '<', 60, 'locked: in time';
$holder->rollback;
$holder->disconnect;
$chaos->recovers(60, 'locked');
$report = $chaos->end($load);
only_503($report, 'locked', 60);
$chaos->settled($report, 'locked');


# ---- more than there is room for: refused at once

$nginx->{http} =~ s/connections=2 depth=4 queue=64/connections=1 depth=1 queue=1/;
$nginx->set->reload(wait => 1);
$chaos->recovers(60, 'no room');
$load = $chaos->start;
my $second = $chaos->start;
sleep 3;
my @reports = map { $chaos->end($_) } $load, $second;
for my $report (@reports) {
    is join(' ', grep { !/^(?:200|201|503)$/ }
            keys %{ $report->{statuses} }), '',
        'no room: nothing but 200, 201 and 503 (' . statuses($report) . ')';
    $chaos->settled($report, 'no room');
}
cmp_ok $reports[0]{statuses}{503} // 0, '>', 0, 'no room: 503 was seen';
$chaos->flat($warm, 'at the end');

done_testing;
