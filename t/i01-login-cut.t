#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# An attempt to log in counts once it is reserved.  The connection ends between
# that and its answer: nobody knows whether the attempt counts, it does, and it
# is on record (I1), be it that there is no database for a while.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::PgProxy;

my $site = pupil_up(import => 1);
my $proxy = Pupil::PgProxy->new($site->pg);
my $day = Pupil::Day->up(site => $site, start => 0, workers => 1, conf => {
    pupil_pool => 'data connections=1',
    pupil_password_hash => 'memory=64m iterations=10',
    pupil_database => '"' . $site->gateway('pupil', host => '127.0.0.1',
        port => $proxy->port, sslmode => 'disable') . '"' });
my $nginx = $day->nginx;
$nginx->start;
$nginx->allow_log(qr/./);
$day->ready;
my $db = $site->db;
my $who = $day->person('pupil');

sub outcomes ($res) {
    return [map { $_->{outcome} } @{ $db->selectall_arrayref('SELECT outcome'
        . ' FROM pupil.audit_record WHERE request = ?', { Slice => {} },
        $res->request_id) }];
}

# The database lets nobody in who comes anew.
sub closed ($closed) {
    $db->do('ALTER DATABASE pupil CONNECTION LIMIT ' . ($closed ? 0 : -1));
}

sub cut ($failures) {
    closed(1);
    $proxy->next_one(cut => qr/INSERT INTO pupil\.login_throttle/);
    my $res = $nginx->http->login($who->{login}, 'wrong');
    is_problem $res, 503, 'unavailable', name => 'the connection is cut';
    ok $proxy->done, 'once the attempt was reserved';
    is $db->selectrow_array('SELECT max(failures) FROM pupil.login_throttle'),
        $failures, 'it counts';
    return $res;
}

my $res = cut(1);
sleep 4;        # a request waits 2 s
is_deeply outcomes($res), [], 'there is no database for its record';
my ($opened) = $db->selectrow_array('SELECT clock_timestamp()');
closed(0);
wait_until(60, 'its record', sub { @{ outcomes($res) } });
sleep 2;
is_deeply outcomes($res), ['refused'], 'and is on record, once';
is $db->selectrow_array('SELECT at > ? FROM pupil.audit_record WHERE request'
    . ' = ?', {}, $opened, $res->request_id), 1,
    'as of then: whoever seals meanwhile waits for no number';

$day->ready;
$res = $nginx->http->login($who->{login}, 'wrong');
is_problem $res, 401, 'invalid-credentials', name => 'the next one';
is_deeply outcomes($res), ['refused'], 'is on record, too';


# ---- the record waits in the queue

my $http = $nginx->http->connect;
$http->send_raw($http->request_bytes('POST', '/v1/login',
    json => { identifier => $who->{login}, password => 'wrong' }));
wait_until(60, 'the attempt to be reserved', sub { $db->selectrow_array(
    'SELECT max(failures) FROM pupil.login_throttle') == 3 });
closed(1);
$db->do('SELECT pg_terminate_backend(pid) FROM pg_stat_activity'
    . " WHERE usename = 'pupil_gateway' AND datname = 'pupil'");
$res = $http->read_response('POST');
is_problem $res, 503, 'unavailable', name => 'cut while the password is hashed';
sleep 2;
is_deeply outcomes($res), [], 'there is no database for its record';
closed(0);
wait_until(60, 'its record', sub { @{ outcomes($res) } });
is_deeply outcomes($res), ['refused'], 'and is on record';
$day->ready;


# ---- a worker that ends meanwhile

sub said () {
    return scalar(() = $nginx->log_text
        =~ /pupil: a log-in that had no answer is not on record/g);
}

sub cut_first () {
    $db->do('DELETE FROM pupil.login_throttle');
    return cut(1);
}

for my $signal (qw(TERM INT)) {
    my $before = said();
    $res = cut_first();
    $nginx->kill_worker(($nginx->workers)[0], $signal);
    is_deeply outcomes($res), [], "SIG$signal: a worker ends at once";
    is said(), $before + 1, "SIG$signal: and says what is not on record";
    closed(0);
    $day->ready;
}

# One whose record is on its way, and may come to be stored.
$proxy->hold(qr/^WITH audit AS \(INSERT INTO pupil\.audit_record/);
$http = $nginx->http->connect;
$http->send_raw($http->request_bytes('POST', '/v1/login',
    json => { identifier => $who->{login}, password => 'wrong' }));
wait_until(60, 'its record to be sent', sub { $proxy->held });
$http->reset;
$nginx->wait_log(qr/client prematurely closed connection/);
$nginx->kill_worker(($nginx->workers)[0], 'TERM');
like $nginx->log_text,
    qr/pupil: a log-in that had no answer may not be on record/,
    'what is on its way may not be on record';
$proxy->mode('pass');
$day->ready;

# Those whose clients wait for their answers.
for my $case (['on its way', 'may not be', qr/^WITH audit AS \(INSERT INTO/],
              ['not made', 'is not', qr/FROM data[.]credential/]) {
    my ($name, $is, $what) = @$case;
    my $lines = sub () { scalar(() = $nginx->log_text
        =~ /pupil: a log-in that had no answer $is on record/g) };
    my $before = $lines->();
    $proxy->hold($what);
    $http = $nginx->http->connect;
    $http->send_raw($http->request_bytes('POST', '/v1/login',
        json => { identifier => $who->{login}, password => 'wrong' }));
    wait_until(60, 'it to be sent', sub { $proxy->held });
    $nginx->kill_worker(($nginx->workers)[0], 'TERM');
    is $lines->(), $before + 1, "under way, its record $name: that is said";
    $proxy->mode('pass');
    $day->ready;
}

my $before = said();
$res = cut_first();
$nginx->quit;
is_deeply outcomes($res), [], 'a worker ends without a database';
is said(), $before + 1, 'and says what is not on record';

done_testing;
