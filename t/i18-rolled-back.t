#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: what was revoked stays revoked.  After each kind of revocation a
# superuser puts the rows back that were there before, bit by bit: sessions
# after a log-out, a change of schools and a new password, and the old
# password.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(conf => { pupil_session_zone => undef });
my ($db, $site, $nginx) = ($day->db, $day->site, $day->nginx);
my %person = map { $_ => $day->person($_) } qw(pupil classmate teacher);

sub login ($who, %with) {
    my $http = $nginx->http;
    my $res = $http->login(@{ { %{ $person{$who} }, %with } }
                            {qw(login password)});
    return wantarray ? ($http, $res) : $http;
}

# The cookie of a session, which a log-out takes from the browser.
sub cookie ($http, @value) {
    $http->cookies->{'__Host-pupil'} = $value[0] if @value;
    return $http->cookies->{'__Host-pupil'};
}

sub is_in ($http) { $http->get('/v1/session')->status == 200 }


# ---- a log-out

my $http = login('pupil');
my $other = login('pupil');
ok is_in($http), 'a session';
my $old = $day->rows_of('pupil.session', $person{pupil}{id});
my $cookie = cookie($http);
$day->put_back($old);
ok is_in($http), 'rows that are put back are the same';
is $http->delete('/v1/session')->status, 204, 'logs out';
$day->put_back($old);
cookie($http, $cookie);
is_problem $http->get('/v1/session'), 401, 'no-session',
    name => 'a session that is put back after a log-out stays ended';
ok is_in($other), 'another session of the same person stays';


# ---- another school

my $school = $db->selectrow_array('SELECT institution FROM pupil.institution'
    . ' WHERE institution NOT IN (SELECT institution FROM pupil.role WHERE'
    . ' subject = ?) LIMIT 1', {}, $person{teacher}{id});
$site->ctl_ok('user', 'role', 'add', $person{teacher}{login}, 'teacher',
              '--institution', $school, $site->ctl_where);
$http = login('teacher');
$old = $day->rows_of('pupil.session', $person{teacher}{id});
$cookie = cookie($http);
is $http->post('/v1/session/institution',
    json => { institution_id => $school })->status, 200, 'another school';
my (undef, undef, undef, @new) =
    @{ $day->rows_of('pupil.session', $person{teacher}{id}) };
$day->put_back([@$old, @new]);
ok is_in($http), 'the session there';
cookie($http, $cookie);
is_problem $http->get('/v1/session'), 401, 'no-session',
    name => 'the one before it stays ended when it is put back';


# ---- a new password

my $stolen = login('classmate');
my %old = map { $_ => $day->rows_of($_, $person{classmate}{id}) }
    qw(pupil.session data.credential);
$site->password($person{classmate}{login}, 'Another password, 2026');
is_problem $stolen->get('/v1/session'), 401, 'no-session',
    name => 'a new password ends all sessions';
$day->put_back($old{'pupil.session'});
is_problem $stolen->get('/v1/session'), 401, 'no-session',
    name => 'a stolen session stays ended when it is put back';

my ($new, $res) = login('classmate', password => 'Another password, 2026');
is $res->status, 200, 'the new password';
$day->put_back($old{'data.credential'});
(undef, $res) = login('classmate');
is_problem $res, 401, 'invalid-credentials',
    name => 'the old password stays ended when it is put back';
is join(' ', @{ $day->outcomes($res) }), 'refused', 'and is no tampering';
ok is_in($new), 'who logged in with the new one stays';

done_testing;
