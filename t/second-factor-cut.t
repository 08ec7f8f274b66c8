#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The key store goes away while a second factor, or a password, is being
# written.  What has been written is told all the same: 202, with the session
# and with the codes of recovery, which nobody could see later.  The statement
# waits for a row until the key store has stopped, or has gone and this worker
# has forgotten what came from there.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Factor;

my $day = Pupil::Day->up(start => 0, workers => 1,
    server => 'location /v1/login/ { pupil_login; }',
    conf => { pupil_second_factor => 'teacher=required pupil=optional',
              pupil_request_timeout => '8s' });
my ($site, $nginx, $pg) = ($day->site, $day->nginx, $day->pg);
my $clock = Pupil::Clock->new->of_all($pg);
$nginx->start;
$nginx->allow_log(qr/./);
my $db = $day->db;
$day->ready;

my $hold = $pg->connect('pupil');
my $postgres = $pg->dbh('postgres');

sub backends () {
    return @{ $postgres->selectcol_arrayref('SELECT pid FROM pg_stat_activity'
        . q{ WHERE datname = 'pupil_keys' AND usename <> 'postgres'}) };
}

sub ready () { $nginx->http->get('/status/ready')->status == 200 }

sub frozen ($http) {
    my @pids = backends();
    kill STOP => @pids;
    $hold->rollback;
    my $res = $http->read_response('POST');
    kill CONT => @pids;
    return $res;
}

sub gone ($http) {
    $postgres->do('ALTER DATABASE pupil_keys ALLOW_CONNECTIONS false');
    $postgres->do('SELECT pg_terminate_backend(pid) FROM pg_stat_activity'
        . q{ WHERE datname = 'pupil_keys' AND usename <> 'postgres'});
    wait_until(60, 'it is noticed', sub { !ready() });
    $hold->rollback;
    my $res = $http->read_response('POST');
    $postgres->do('ALTER DATABASE pupil_keys ALLOW_CONNECTIONS true');
    return $res;
}

sub without_keys ($how, $owner, $http, $path, $json) {
    $hold->begin_work;
    $hold->do('SELECT FROM data.credential WHERE owner = ? FOR UPDATE', {},
              $owner);
    $http->connect;
    $http->send_raw($http->request_bytes(POST => $path, json => $json));
    wait_until(60, 'the statement waits', sub { $db->selectrow_array(
        q{SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'
          AND usename = 'pupil_gateway'}) });
    my $res = { frozen => \&frozen, gone => \&gone }->{$how}->($http);
    $http->learn($res);
    wait_until(60, 'the key store is back', \&ready);
    return $res;
}

sub is_pending ($name, $res, $http) {
    is_status $res, 202, "$name: it is stored, and said to be";
    my $json = eval { $res->json } // {};
    is $json->{status}, 'pending', "$name: pending";
    my @sessions = grep { /^__Host-pupil=/ } $res->headers('set-cookie');
    is scalar(@sessions), 1, "$name: with a session";
    my $session = $http->get('/v1/session');
    is_status $session, 200, "$name: which is one";
    is $json->{session}{csrf_token},
        eval { $session->json->{session}{csrf_token} },
        "$name: and its token";
    return $json;
}

sub finished ($name) {
    is $site->ctl('work', $site->ctl_where)->{code}, 0, "$name: pupilctl work";
    is $db->selectrow_array('SELECT count(*) FROM pupil.revocation'), 0,
        "$name: finishes it";
}

my $PATH = '/v1/login/second-factor';
my $teacher = Pupil::Factor->new($day, 'teacher', $clock);
my $id = $teacher->who->{id};

for my $how (qw(frozen gone)) {
    my $token = $teacher->token;
    my $http = $teacher->half;
    is_status $teacher->ask($http, $token), 200, "$how: a token";
    my $json = is_pending "$how, enrolment",
        without_keys($how, $id, $http, $PATH,
            { method => 'totp', code => $teacher->next_code }), $http;
    my @codes = @{ $json->{recovery_codes} // [] };
    is scalar(@codes), 10, "$how: the codes of recovery are shown";
    finished "$how, enrolment";

    $http = $teacher->half;
    is_pending "$how, recovery",
        without_keys($how, $id, $http, $PATH,
            { method => 'recovery', code => $codes[0] // '' }), $http;
    finished "$how, recovery";

    my $who = $day->person($how eq 'frozen' ? 'pupil' : 'classmate');
    my $new = "A long walk along the shore, $how";
    $http = $nginx->http;
    $http->login(@$who{qw(login password)});
    is_pending "$how, password",
        without_keys($how, $who->{id}, $http, '/v1/me/password',
            { current => $who->{password}, new => $new }), $http;
    is $nginx->http->login($who->{login}, $new)->status, 200,
        "$how: the new password counts";
    finished "$how, password";
}

done_testing;
