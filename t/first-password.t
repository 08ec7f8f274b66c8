#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A password that pupilctl made is a first one: whoever logs in with it sets
# one of their own before anything else.  One of "user reset" is, too, and ends
# with its hour.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Later;

my $day = Pupil::Day->up;
my ($site, $nginx, $db) = ($day->site, $day->nginx, $day->db);
my $who = $day->person('teacher');
my $body = $day->body;
my $MINE = 'a long walk along the shore';
my $PATH = '/v1/me/password';

sub log_in ($password, $http = $nginx->http) {
    my $res = $http->login($who->{login}, $password);
    return ($http, $res);
}

sub status_of ($password) { (log_in($password))[1]->status }

sub said (@words) {
    my $out = $site->ctl_ok('user', @words, $who->{login}, $site->ctl_where)
        ->{out};
    chomp $out;
    return $out;
}

# Whoever has such a session is told so, whatever they ask for.
sub limited ($http, $name) {
    for my $ask ([GET => '/v1/session'], [GET => '/v1/homework'],
                 [GET => '/v1/data/identity'], [GET => '/v1/me/audit'],
                 [DELETE => '/v1/me/sessions'],
                 [POST => '/v1/homework', json => $body])
    {
        my ($method, $path, @with) = @$ask;
        is_problem $http->request($method, $path, @with), 403,
            'password-change-required', name => "$name: $method $path";
    }
}


# ---- made by pupilctl

my $first = said('password', '--generate');
my ($http, $res) = log_in($first);
is_status $res, 200, 'a first password';
is $res->json->{status}, 'password_change_required', 'is to be changed';
my $left = $db->selectrow_array('SELECT extract(epoch FROM max(expires_at) -'
    . ' now()) FROM pupil.session WHERE subject = ?', {}, $who->{id});
cmp_ok $left, '<=', 15 * 60, 'within a quarter of an hour';
limited($http, 'from the zone');

my $other = $site->nginx(conf => { pupil_session_zone => undef })->start;
my $there = $other->http;
wait_until(60, 'ready', sub { $there->get('/status/ready')->status == 200 });
$there->cookies->{'__Host-pupil'} = $http->cookies->{'__Host-pupil'};
$there->csrf($http->csrf);
limited($there, 'from the database');
$other->quit;

is_status $http->delete('/v1/session'), 204, 'but they may log out';
($http, $res) = log_in($first);
is_problem $http->post($PATH, json => { current => 'not it', new => $MINE }),
    403, 'wrong-password';
is_status $http->post($PATH, json => { current => $first, new => $MINE }), 200,
    'and change it';
is $http->get('/v1/session')->status, 200, 'which opens all the rest';
is status_of($first), 401, 'the first one is none any more';
($http, $res) = log_in($MINE);
is $res->json->{status}, 'ok', "one's own is not to be changed";
$left = $db->selectrow_array('SELECT extract(epoch FROM max(expires_at) -'
    . ' now()) FROM pupil.session WHERE subject = ?', {}, $who->{id});
cmp_ok $left, '>', 3600, 'nor is its session shorter';


# ---- nobody takes that from a session, or from a password

$first = said('password', '--generate', '--password-hash', 'm=20000,t=2');
($http, $res) = log_in($first);
is $res->json->{status}, 'password_change_required', 'hashed at another cost';
($http, $res) = log_in($first);
is $res->json->{status}, 'password_change_required', 'and anew by that log-in';
$nginx->allow_log(qr/\[crit\].*its MAC does not fit/);
$db->do('UPDATE pupil.session SET mac = set_byte(mac, 32, get_byte(mac, 32) &'
    . ' 127) WHERE subject = ?', {}, $who->{id});
$nginx->reload(wait => 1);
is_problem $nginx->http->get('/v1/session', header => {
    Cookie => '__Host-pupil=' . $http->cookies->{'__Host-pupil'} }), 401,
    'no-session', name => 'a session that says otherwise';

$site->password($who->{login}, $MINE);
is((log_in($MINE))[1]->json->{status}, 'ok', 'one that was typed is no first one');


# ---- forgotten

my $code = said('reset');
like $code, qr/^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){2}$/,
    'a code that can be read out';
is status_of($MINE), 401, 'what was forgotten lets nobody in';
my @tries = map { [log_in($code)] } 1 .. 3;
is $_->[1]->json->{status}, 'password_change_required', 'the code lets in'
    for @tries;
limited($tries[0][0], 'by a code');
$_->[0]->connect for @tries;
$_->[0]->send_raw($_->[0]->request_bytes(POST => $PATH,
    json => { current => $code, new => $MINE })) for @tries;
is join(' ', sort map { $_->[0]->read_response('POST')->status } @tries)
    =~ s/401|403|409|503/no/gr, '200 no no', 'at once: it is worth one password';
is status_of($code), 401, 'and is none any more';
is status_of($MINE), 200, 'the new one is';

my @records = map { $_->{note} =~ /(password=\w+)/ } @{ $db->selectall_arrayref(
    q{SELECT note FROM pupil.audit_record WHERE role = 'operator'}
    . q{ AND note LIKE '%password=%' ORDER BY at, number}, { Slice => {} }) };
is "@records", 'password=first password=first password=reset', 'on record';

$code = said('reset');
is status_of($code), 200, 'another';
$nginx->quit;
later($site, 1);
$nginx = $site->nginx->start;
wait_until(60, 'ready', sub {
    $nginx->http->get('/status/ready')->status == 200 });
is status_of($code), 401, 'a day later it lets nobody in';

done_testing;
