#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A session that was made without a second factor is in no role that requires
# one, whatever came after the log-in: the role, the directive, a row that the
# database had hidden.  Whether there was one is under the session's MAC (I18).

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Factor;

my $roles = 'teacher=optional school_admin=required dpo=required';
my $below = 'location /v1/login/ { pupil_login; }';
my $day = Pupil::Day->up(start => 0, server => $below,
                         conf => { pupil_second_factor => $roles });
my ($site, $nginx) = ($day->site, $day->nginx);
my $clock = Pupil::Clock->new(slow => 10)->of_all($day->pg);
$nginx->start;
my $db = $day->db;
$day->ready;

my $teacher = Pupil::Factor->new($day, 'teacher', $clock);
my ($id, $login) = @{ $teacher->who }{qw(id login)};
my @where = $site->ctl_where;

sub switch_to ($http, $school, $role = undef) {
    return $http->post('/v1/session/institution', json => {
        institution_id => $school, defined $role ? (role => $role) : () });
}

sub role_of ($http) {
    my ($is) = grep { $_->{active} }
               @{ $http->get('/v1/session')->json->{institutions} };
    return $is->{role};
}


# ---- a role that comes later

my ($http, $res) = $teacher->half;
is $res->json->{status}, 'ok', 'a log-in with a password';
my $school = $http->get('/v1/session')->json->{institutions}[0]{id};
$site->ctl_ok(qw(user role add), $login, 'school_admin', '--institution',
              $school, @where);
$site->ctl_ok(qw(user role add), $login, 'dpo', @where);
is_problem +($teacher->half)[1], 401, 'invalid-credentials',
    name => 'is none once a role requires more';

$res = switch_to($http, $school, 'school_admin');
is_problem $res, 401, 'login-again', name => 'nor does a session get that role';
is_deeply $day->outcomes($res), ['refused'], 'which is on record';
is_problem switch_to($http, undef, 'dpo'), 401, 'login-again',
    name => 'nor one of the whole tenant';
is_problem switch_to($http, undef), 401, 'login-again',
    name => 'named or not';
is role_of($http), 'teacher', 'it stays in its own';
is_status switch_to($http, $school), 200, 'a school alone';
is role_of($http), 'teacher', 'is what it may be there';
is_status $http->get('/v1/homework'), 200, 'and goes on';


# ---- hidden at the log-in

my $rows = $db->selectcol_arrayref('SELECT row_to_json(t)::text FROM'
    . q{ pupil.role AS t WHERE subject = ? AND role <> 'teacher'}, {}, $id);
is scalar(@$rows), 2, 'two roles';
$db->do(q{DELETE FROM pupil.role WHERE subject = ? AND role <> 'teacher'}, {},
        $id);
my $hidden;
($hidden, $res) = $teacher->half;
is $res->json->{status}, 'ok', 'a database hides them';
$db->do('INSERT INTO pupil.role SELECT * FROM json_populate_record('
    . 'NULL::pupil.role, ?::json)', {}, $_) for @$rows;
is_problem switch_to($hidden, $school, 'school_admin'), 401, 'login-again',
    name => 'and gains nothing';


# ---- with a second factor

my $token = $teacher->token;
my $proved = $teacher->half;
is_status $teacher->enrol($proved), 200, 'a second factor';
is_status switch_to($proved, $school, 'school_admin'), 200, 'is let in';
is role_of($proved), 'school_admin', 'as school_admin';
is_status switch_to($proved, undef, 'dpo'), 200, 'and as dpo';
is_status switch_to($proved, $school, 'teacher'), 200, 'and back';


# ---- a directive that became stricter

my $mate = Pupil::Factor->new($day, 'classmate', $clock);
my $plain = $mate->half;
is_status $plain->get('/v1/homework'), 200, 'a pupil by a password';
my $strict = $site->nginx(server => $below . <<"", conf => {
location = /auth { internal; pupil_session; }
location /app { auth_request /auth; pupil_session; }

    pupil_second_factor => 'pupil=required teacher=required' });
$strict->start->wait_ready;

sub at_strict ($http) {
    my $other = $strict->http;
    $other->{cookies} = { %{ $http->cookies } };
    return $other;
}

my $pupil = at_strict($plain);
is_problem $pupil->get('/v1/homework'), 401, 'login-again',
    name => 'is asked for a log-in where one is required by now';
is_status $pupil->get('/v1/session'), 200, 'and may see what it is';
is_status $pupil->get('/app'), 401, 'but auth_request lets nobody through';
is_status at_strict($proved)->get($_), 200, "whoever had one goes on: $_"
    for qw(/v1/homework /app);


# ---- under the MAC

sub stored_macs () {
    return $db->selectall_arrayref("SELECT encode(token_hash, 'hex'),"
        . " encode(mac, 'hex') FROM pupil.session WHERE subject = ?", {},
        $mate->who->{id});
}

my ($row) = @{ stored_macs() };
my ($hash, $mac) = @$row;
my $number = hex(substr $mac, 64) || 0;
my $raised = substr($mac, 0, 64) . sprintf '%08x', $number | 0x40000000;
$db->do("UPDATE pupil.session SET mac = decode(?, 'hex')"
    . " WHERE token_hash = decode(?, 'hex')", {}, $raised, $hash);
my $liar = $site->nginx(server => $below, conf => {
    pupil_second_factor => 'pupil=required' });
$liar->start->wait_ready;
my $who = $liar->http;
$who->{cookies} = { %{ $plain->cookies } };
is_problem $who->get('/v1/homework'), 401, 'no-session',
    name => 'a database that says there was one is not believed';
$liar->allow_log(qr/MAC/);

$_->quit for $strict, $liar;
done_testing;
