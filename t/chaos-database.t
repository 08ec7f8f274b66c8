#!/usr/bin/perl

# I2, I12, I15 while PostgreSQL goes and comes under load: stopped at once,
# stopped by the operator, killed, shut to the gateway, shut to the keeper of
# keys.  Nothing acknowledged is lost or stored twice, 503 says when to come
# back, one line per outage, and service comes back by itself.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Time::HiRes qw(sleep time);

my $chaos = Pupil::Chaos->new(pupils => 4);
my ($site, $nginx) = ($chaos->site, $chaos->nginx);
my $pg = $site->pg;
my $pupil = ($chaos->pupils)[0];

# Somebody whose key no worker has in its cache.
my $stranger = $site->person('FFlowers');


# While it lasts: each endpoint answers 503 at once, and says when to return.
sub is_down ($name) {
    my $http = $chaos->client($pupil);
    my ($slowest, @faults) = (0);
    for my $case ([GET => '/v1/session'], [GET => '/v1/homework'],
                  [GET => '/v1/progress'], [GET => '/v1/data/identity'],
                  [POST => '/v1/progress',
                   json => $chaos->submission($pupil, 'late')])
    {
        my $start = time;
        my $res = $http->request(@$case);
        push @faults, map { "@$case[0, 1]: $_" }
            problem_faults($res, 503, 'unavailable');
        my $took = time - $start;
        $slowest = $took if $took > $slowest;
    }
    is join("\n", @faults), '', "$name: 503 with Retry-After everywhere";
    cmp_ok $slowest, '<', 60, sprintf '%s: the slowest took %.1f s', $name,
                                     $slowest;
}

# One line of each worker that had an outage of the database, and one of its
# end, with a few between them where its reason changes; each listener has a connection, and so a line, of its own.
sub one_line ($name, @databases) {
    for my $database (@databases) {
        my $of = qr/pupil: database "$database": /;
        my $begin = $chaos->lines(qr/$of.*connections are up\)/);
        my $end;
        eval { wait_until(60, 'the end of the outage', sub {
            $end = $chaos->lines(qr/${of}all \d+ connections are up again/);
            return keys %$end >= keys %$begin;
        }) };
        is join(' ', sort values %$begin), '1 1',
            "$name: one line of each worker about $database";
        is_deeply $end, $begin, "$name: and one about the end";
    }
    my $all = 0;
    $all += $_ for values %{ $chaos->lines(qr/\[(?:error|crit)\].*pupil:/) };
    cmp_ok $all, '<=', 2 * 5 * @databases, "$name: none per request";
}

sub statuses ($report) {
    return join ', ', map { "$_: $report->{statuses}{$_}" }
                      sort keys %{ $report->{statuses} };
}


# ---- warm-up, and what the workers need then

my $load = $chaos->start;
sleep 3;
my $report = $chaos->end($load);
is join(' ', grep { !/^20[01]$/ } keys %{ $report->{statuses} }), '',
    'without an outage: nothing but 200 and 201';
$chaos->settled($report, 'warm-up');
my $warm = $chaos->measure;


# ---- the server stops

for my $how (qw(immediate fast kill9)) {
    $load = $chaos->start;
    sleep 0.8;
    $chaos->mark;
    $how eq 'kill9' ? $pg->kill9 : $pg->stop($how);
    sleep 0.5;
    is_down($how);
    $pg->start;
    $chaos->recovers(60, $how);
    sleep 1;
    $report = $chaos->end($load);

    cmp_ok $report->{statuses}{503} // 0, '>', 0, "$how: 503 was seen";
    cmp_ok $report->{statuses}{0} // 0, '==', 0,
        "$how: no connection was cut (" . statuses($report) . ')';
    cmp_ok $report->{slowest}, '<', 60, "$how: no request waited for long";
    $chaos->settled($report, $how);
    one_line($how, qw(data keys));
}


# ---- one database is there, the other is not

sub shut ($role) {
    $site->db->do("ALTER ROLE $role NOLOGIN");
    $site->db->do('SELECT pg_terminate_backend(pid) FROM pg_stat_activity'
                  . ' WHERE usename = ?', undef, $role);
}

sub open_again ($role) { $site->db->do("ALTER ROLE $role LOGIN") }

$load = $chaos->start;
sleep 0.5;
$chaos->mark;
shut('pupil_gateway');
sleep 0.5;
is_down('no data');
open_again('pupil_gateway');
$chaos->recovers(60, 'no data');
sleep 0.8;
$report = $chaos->end($load);
$chaos->settled($report, 'no data');
one_line('no data', 'data');

$load = $chaos->start;
sleep 0.5;
# First, as sessions are served for a second while nothing tells of their end:
# the machine may be busy for that long.
my $cached;
for (1 .. 5) {
    $chaos->mark;
    shut('pupil_keeper');
    my $client = $chaos->client($pupil)->connect;
    sleep 0.3;
    $cached = $client->get('/v1/data/identity');
    last if $cached->status == 200;
    open_again('pupil_keeper');
    wait_until(60, 'the keys', sub {
        $nginx->http->login(@$pupil{qw(login password)})->status == 200 });
    one_line('no keys, again', 'keys');
}
is_status $cached, 200, 'no keys: whose key is cached goes on';
my $http = $nginx->http;
my $res = $http->login(@$stranger{qw(login password)});
is_problem $res, 503, 'unavailable',
    name => 'no keys: whose key is not cached gets 503';
sleep 0.5;
open_again('pupil_keeper');
ok eval { wait_until(60, 'the keys', sub {
    $http->login(@$stranger{qw(login password)})->status == 200 }) },
    'no keys: serves again by itself';
$report = $chaos->end($load);
is join(' ', grep { !/^20[01]$|^503$/ } keys %{ $report->{statuses} }), '',
    'no keys: nothing but 200, 201 and 503 (' . statuses($report) . ')';
$chaos->settled($report, 'no keys');
one_line('no keys', 'keys');


# ---- workers that start while the database is down

$chaos->mark;
$pg->stop;
$nginx->reload(wait => 1);
is_down('started without a database');
is scalar(my @workers = $nginx->workers), 2, 'both workers are there';
$pg->start;
$chaos->recovers(60, 'started without a database');
my $client = $chaos->client($pupil);
ok eval { wait_until(60, 'both workers', sub {
    $client->get('/v1/session')->status == 200 }) },
    'the session is good after all this';

$load = $chaos->start;
sleep 2;
$chaos->settled($chaos->end($load), 'at the end');
$chaos->flat($warm, 'after all outages');

done_testing;
