#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Who asks for mail from a few networks keeps nobody elsewhere from it: the first
# ask of a network is not held up by those of others, of which there may be a
# thousand at once.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;

use constant { NETWORKS => 11, EACH => 21 };

my $clock = Pupil::Clock->new;
my $site = pupil_up(import => 1);
my $day = Pupil::Day->up(site => $site, start => 0, workers => 1,
    conf => { pupil_mail => 'sv forgotten=https://skolan.example/losenord' },
    http => 'set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;');
$clock->of_all($day->pg);
my ($db, $nginx) = ($day->db, $day->nginx);
$nginx->start;
$day->ready;

my $http = $nginx->http;

sub ask ($address, $name = 'nobody') {
    return $http->post('/v1/login/forgotten', json => { identifier => $name },
        header => { 'X-Forwarded-For' => $address })->status;
}

# What is delayed is so until it is forgotten: no test waits for a delay.
sub delayed () {
    $db->do("UPDATE pupil.login_throttle SET not_before = clock_timestamp()"
        . " + interval '1 day' WHERE not_before > last_at + interval '1 second'");
}

my @asked = map { my $n = $_; map { ask("198.18.$n.7") } 1 .. EACH }
            1 .. NETWORKS;
cmp_ok scalar(grep { $_ == 429 } @asked), '>', 0, 'strangers fill the count';
delayed();
is ask('203.0.113.7'), 202, 'whose network has not asked is not delayed';
is ask('198.51.100.7'), 202, 'nor is another';
is ask('203.0.113.9'), 429, 'the same network again is, as those are';
is ask('198.18.1.7'), 429, 'and they are';

$clock->forward(500);
delayed();
is ask('203.0.113.7'), 429, 'not for minutes';
$clock->forward(101);
delayed();
is ask('203.0.113.7'), 202, 'but after ten';

$db->do('UPDATE pupil.login_throttle SET failures = 900,'
    . ' last_at = clock_timestamp(), not_before = clock_timestamp()');
is ask("198.19.$_.7"), 202, 'nine hundred networks delay nobody' for 1, 2;
$db->do('UPDATE pupil.login_throttle SET failures = 5000,'
    . ' last_at = clock_timestamp(), not_before = clock_timestamp()');
is ask('198.19.3.7'), 202, 'and thousands';
delayed();
is ask('198.19.4.7'), 429, 'everybody';

done_testing;
