#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A day begins before each of its moments and ends behind it, in every zone and
# also where clocks strike midnight twice; a worker that is told of a day of
# another moment says so, and asks no more (I18).

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Time::HiRes qw(time);
use Time::Local qw(timegm);

my $day = Pupil::Day->up(start => 0, workers => 1);
my ($site, $nginx) = ($day->site, $day->nginx);
my $keys = $site->keystore;


# ---- of each zone, around each change of its clocks in a year

my ($changes, $wrong) = $keys->selectrow_array(<<'SQL');
SELECT count(DISTINCT (c.name, c.day)), string_agg(DISTINCT c.name, ' ')
       FILTER (WHERE NOT coalesce(d.begins <= m.at AND m.at < d.ends, false))
  FROM (SELECT n.name, t.day, t.day AT TIME ZONE n.name
               <> lag(t.day AT TIME ZONE n.name, 1) OVER (PARTITION BY n.name
                  ORDER BY t.day) + interval '1 day'
          FROM pg_timezone_names n, generate_series(timestamptz
               '2026-11-01 00:00+00', '2027-11-01', '1 day') AS t (day))
       AS c (name, day, changed),
       generate_series(c.day - interval '28 hours', c.day + interval '3 hours',
                       '30 minutes') AS m (at),
       keystore.zone_day(c.name, m.at) AS d
 WHERE c.changed
SQL
cmp_ok $changes, '>', 200, 'clocks are put forward and back';
is $wrong, undef, 'and each day has all its moments';


# ---- a worker that starts between two midnights

my $clock = Pupil::Clock->new->of_all($day->pg);
$keys = $site->keystore;
sub to ($at) { $clock->forward($at - time - $clock->ahead) }

$site->ctl_ok('tenant', 'zone', 'Atlantic/Azores', $site->ctl_where);
to(timegm(0, 10, 0, 31, 9, 2027));
$site->ctl_ok('migrate', '--database', $site->pg->conninfo('pupil'),
              '--keystore', $site->pg->conninfo('pupil_keys'));
$nginx->start;
is_problem $nginx->http->get('/v1/session'), 401, 'no-session',
    name => 'is no stranger';
my $token = { header => { Cookie => '__Host-pupil=' . 'a' x 43 } };
is_problem $nginx->http->get('/v1/session', %$token), 401, 'no-session',
    name => 'and knows the day';


# ---- one that is told of another day

$keys->do(<<'SQL');
CREATE OR REPLACE FUNCTION keystore.zone_day(zone text, at timestamptz)
RETURNS TABLE (day integer, begins timestamptz, ends timestamptz) LANGUAGE sql
AS $$ SELECT 1, at + interval '1 s', at + interval '1 day' $$
SQL
sub asked () {
    $keys->do('SELECT pg_stat_force_next_flush()');
    return $keys->selectrow_array('SELECT xact_commit FROM pg_stat_database'
        . " WHERE datname = 'pupil_keys'");
}
$nginx->allow_log(qr/day is of another moment/);
$nginx->reload(wait => 1);
is_problem $nginx->http->get('/v1/session', %$token), 503, 'unavailable',
    name => 'a day of another moment is none';
my $before = asked();
is_problem $nginx->http->get('/v1/session', %$token), 503, 'unavailable',
    name => 'nor is it the next time';
select undef, undef, undef, 1.2;        # backends tell what they did
cmp_ok asked() - $before, '<', 100, 'and it was not asked for without an end';
is_deeply [$nginx->log_text =~ /day is of another (moment)/g], ['moment'],
    'which is said once';

done_testing;
