#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# An attempt to log in counts once it is reserved.  The connection ends between
# that and its answer: nobody knows whether the attempt counts, it does, and it
# is on record (I1).

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::PgProxy;

my $site = pupil_up(import => 1);
my $proxy = Pupil::PgProxy->new($site->pg);
my $day = Pupil::Day->up(site => $site, start => 0, workers => 1, conf => {
    pupil_database => '"' . $site->gateway('pupil', host => '127.0.0.1',
        port => $proxy->port, sslmode => 'disable') . '"' });
my $nginx = $day->nginx;
$nginx->start;
$nginx->allow_log(qr/./);
$day->ready;
my $db = $site->db;
my $who = $day->person('pupil');
wait_until(60, 'another connection, for the record', sub {
    $nginx->http->get('/status')->json->{database_data}{connections} > 2 });

sub outcomes ($res) {
    return [map { $_->{outcome} } @{ $db->selectall_arrayref('SELECT outcome'
        . ' FROM pupil.audit_record WHERE request = ?', { Slice => {} },
        $res->request_id) }];
}

$proxy->next_one(cut => qr/INSERT INTO pupil\.login_throttle/);
my $res = $nginx->http->login($who->{login}, 'wrong');
is_problem $res, 503, 'unavailable', name => 'the connection is cut';
ok $proxy->done, 'once the attempt was reserved';
is $db->selectrow_array('SELECT max(failures) FROM pupil.login_throttle'), 1,
    'it counts';
wait_until(60, 'its record', sub { @{ outcomes($res) } });
is_deeply outcomes($res), ['refused'], 'and is on record, once';

$day->ready;
$res = $nginx->http->login($who->{login}, 'wrong');
is_problem $res, 401, 'invalid-credentials', name => 'the next one';
is_deeply outcomes($res), ['refused'], 'is on record, too';

done_testing;
