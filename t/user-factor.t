#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl user factor remove: what somebody proves more than a password by is
# taken away, on record, with the sessions; and nobody brings it back (I18,
# I19).

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Factor;

my $day = Pupil::Day->up(start => 0, conf => {
    pupil_session_zone => 'pupil_sessions:1m valid=5m',
    pupil_second_factor => 'pupil=optional' });
my ($site, $nginx) = ($day->site, $day->nginx);
my $clock = Pupil::Clock->new(slow => 10)->of_all($day->pg);
$nginx->start;
my $db = $day->db;
$day->ready;

my $pupil = Pupil::Factor->new($day, 'pupil', $clock);
my $who = $pupil->who;

sub remove { $site->ctl('user', 'factor', 'remove', $who->{login},
                        $site->ctl_where, @_) }

sub status_of ($res) { ($res->json // {})->{status} }

sub floors () {
    return join ' ', $site->keystore->selectrow_array('SELECT session,'
        . ' credential, authority FROM keystore.floor WHERE subject = ?', {},
        $who->{id});
}


# ---- of whom there is none

my $run = remove();
isnt $run->{code}, 0, 'who has none';
like $run->{err}, qr/there is no second factor to remove/, 'is told so';
is status_of(($pupil->half)[1]), 'ok', 'and nothing changes';


# ---- taken away

$pupil->token;
my $http = $pupil->half;
my $res = $pupil->enrol($http);
is_status $res, 200, 'somebody enrols';
my @recovery = @{ $res->json->{recovery_codes} };
my ($earlier, $half) = $pupil->half;
is status_of($half), 'second_factor_required', 'and is asked for it';
my $before = $day->rows_of('data.credential', $who->{id});
my $sessions = $day->rows_of('pupil.session', $who->{id});
my ($session, $number) = split / /, floors();

$run = remove();
is $run->{code}, 0, 'it is taken away' or diag $run->{err};
my @risen = split / /, floors();
ok $risen[0] > $session && $risen[1] > $number, 'the floors rise';
is $db->selectrow_array('SELECT count(*) FROM pupil.revocation'), 0,
    'nothing is left to be finished';
wait_until(60, 'the sessions', sub {
    $http->get('/v1/session')->status == 401 });
is_deeply $db->selectall_arrayref(<<'', {}, $who->{id}),
    SELECT operation, fields, outcome FROM pupil.audit_event
     WHERE role = 'operator' AND note LIKE '%second\_factor=remove%'
       AND subjects = ARRAY[?::uuid]

    [(['write', [qw(password_hash second_factor)], 'allowed']) x 2],
    'on record, each time';
is status_of(($pupil->half)[1]), 'ok', 'the password alone lets in';
is_problem $pupil->prove($earlier, $_->[0] => $_->[1]), 401,
    'invalid-credentials', name => "of it nothing counts: $_->[0]"
    for [totp => $pupil->next_code], [recovery => $recovery[0]];


# ---- for good (I18)

my $now = $day->rows_of('data.credential', $who->{id});
$day->put_back($before);
is_problem +($pupil->half)[1], 401, 'invalid-credentials',
    name => 'put back: nobody is asked for it';
is_problem $pupil->prove($earlier, recovery => $recovery[1]), 401,
    'invalid-credentials', name => 'put back: nor does it let in';
$day->put_back($sessions);
is $http->get('/v1/session')->status, 401, 'put back: the sessions are dead';
$day->put_back($now);
is status_of(($pupil->half)[1]), 'ok', 'as it is now the password does';


# ---- and anew

$pupil->token;
($http, $half) = $pupil->half;
is_deeply $half->json->{methods}, ['token'], 'by a token';
is_status $pupil->ask($http), 200, 'another one';
is_status $pupil->prove($http, totp => $pupil->next_code), 200, 'is enrolled';

done_testing;
