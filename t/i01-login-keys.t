#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I1: an attempt to log in counts once it is reserved, also where the key store
# goes at that moment, and with it the keys that the next step needs: it is on
# record as soon as they are there again.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;

my $day = Pupil::Day->up(start => 0, workers => 1);
my ($site, $nginx, $db) = ($day->site, $day->nginx, $day->db);
$nginx->by(Pupil::Clock->new(slow => 10))->start;
$nginx->allow_log(qr/./);
$day->ready;
my $who = $day->person('pupil');
my $lock = $site->pg->connect('pupil');

sub outcomes ($res) { $day->outcomes($res) }

sub keepers () {
    return $db->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE'
                                . " usename = 'pupil_keeper'");
}

sub cut_keepers () {
    $db->do('SELECT pg_terminate_backend(pid) FROM pg_stat_activity'
            . " WHERE usename = 'pupil_keeper'");
}

sub keys_closed ($closed) {
    $db->do('ALTER DATABASE pupil_keys CONNECTION LIMIT ' . ($closed ? 0 : -1));
}

$lock->begin_work;
$lock->do('LOCK TABLE pupil.login_throttle IN ACCESS EXCLUSIVE MODE');
my $http = $nginx->http->connect;
$http->send_raw($http->request_bytes('POST', '/v1/login',
    json => { identifier => $who->{login}, password => 'wrong' }));
wait_until(60, 'it to be reserved', sub { $db->selectrow_array('SELECT count(*)'
    . " FROM pg_stat_activity WHERE usename = 'pupil_gateway'"
    . " AND wait_event_type = 'Lock'") });
# Who listens anew may have missed that a key is another: all go.
my $all = keepers();
cut_keepers();
wait_until(60, 'the keys to go', sub { keepers() == $all });
keys_closed(1);
cut_keepers();
wait_until(60, 'the key store to go', sub {
    !$nginx->http->get('/status')->json->{database_keys}{connections} });
$lock->rollback;
my $res = $http->read_response('POST');
is_problem $res, 503, 'unavailable', name => 'without keys';
is $db->selectrow_array('SELECT max(failures) FROM pupil.login_throttle'), 1,
    'the attempt counts';

keys_closed(0);
$day->ready;
wait_until(60, 'its record', sub {
    $nginx->http->login($who->{login}, 'wrong');       # asks for the keys
    @{ outcomes($res) } });
is_deeply outcomes($res), ['refused'], 'and is on record, once';

done_testing;
