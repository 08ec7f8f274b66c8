#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl work finishes what others began: a revocation that the key store
# did not hear of, by a worker or by a pupilctl that was killed (I18).

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use JSON::XS ();

my $day = Pupil::Day->up(conf => { pupil_session_zone => undef });
my ($db, $keys, $site) = ($day->db, $day->site->keystore, $day->site);
my %person = map { $_ => $day->person($_) } qw(pupil classmate);

sub open_ { $db->selectrow_array('SELECT count(*) FROM pupil.revocation') }

sub work (@more) { $site->ctl('work', @more, $site->ctl_where) }

sub floors ($who) {
    return join ' ', $keys->selectrow_array('SELECT session, credential,'
        . ' authority FROM keystore.floor WHERE subject = ?', {},
        $person{$who}{id});
}

is work()->{code}, 0, 'nothing to do';


# ---- a log-out that the key store did not take

my $http = $day->pupil;
my $cookie = $http->cookies->{'__Host-pupil'};
my $rows = $day->rows_of('pupil.session', $person{pupil}{id});
$keys->do('ALTER FUNCTION keystore.end_session RENAME TO gone');
$day->nginx->allow_log(qr/end_session/);
is_problem $http->delete('/v1/session'), 503, 'unavailable',
    name => 'a log-out is not acknowledged';
$keys->do('ALTER FUNCTION keystore.gone RENAME TO end_session');
is open_(), 1, 'it is open';
is work()->{code}, 0, 'work';
is open_(), 0, 'and finished';
$day->put_back($rows);
$http->cookies->{'__Host-pupil'} = $cookie;
is_problem $http->get('/v1/session'), 401, 'no-session',
    name => 'what is put back stays ended';


# ---- a pupilctl that was killed before it told the key store

my $classmate = $day->classmate;
my $before = floors('classmate');
is $before, '1 1 0', 'the floors of somebody with a password';
$keys->do('ALTER FUNCTION keystore.raise RENAME TO gone');
my $run = $site->ctl('user', 'password', $person{classmate}{login},
    $site->ctl_where, { stdin => "A third password, 2026\n" });
is $run->{code}, 1, 'a floor cannot be raised';
like $run->{err}, qr/pupilctl work/, 'with what to do';
$keys->do('ALTER FUNCTION keystore.gone RENAME TO raise');
is floors('classmate'), $before, 'it is as it was';
is JSON::XS::decode_json(work('--json')->{out})->{status}, 'done', 'work';
is floors('classmate'), '2 2 0', 'and raised';
is $day->nginx->http->login($person{classmate}{login},
    'A third password, 2026')->status, 200, 'the new password';


# ---- what somebody has made up is closed, and raises nothing

$db->do('INSERT INTO pupil.revocation (tenant, revocation, subject,'
    . ' authority) VALUES (?, gen_random_uuid(), ?, 7)', {}, $site->tenant,
    $person{classmate}{id});
is work()->{code}, 0, 'work';
is floors('classmate'), '2 2 0', 'a floor rises to a number that was given';
is open_(), 0, 'and it is closed';


# ---- who fetched keys is known for a day, also of a tenant that asks for none

$keys->do('DELETE FROM keystore.fetch');
$keys->do('INSERT INTO keystore.fetch (tenant, minute, backend, role, client)'
    . " SELECT ?, now() - h * interval '1 hour', n, 'pupil_keeper',"
    . " '127.0.0.1' FROM unnest(ARRAY[1, 23, 25, 400]) AS h,"
    . ' generate_series(1, 3) AS n', {}, $site->tenant);
is work()->{code}, 0, 'work';
is join(' ', @{ $keys->selectcol_arrayref('SELECT round(extract(epoch FROM'
    . ' now() - minute) / 3600) FROM keystore.fetch ORDER BY 1') }),
    '1 1 1 23 23 23', 'what is older is gone';


# ---- --follow

$day->take_numbers(session => $person{classmate}{id});
$db->do('INSERT INTO pupil.revocation (tenant, revocation, subject,'
    . ' session) VALUES (?, gen_random_uuid(), ?, 3)', {}, $site->tenant,
    $person{classmate}{id});
$run = $site->ctl('work', '--follow', $site->ctl_where, { timeout => 3 });
is floors('classmate'), '3 2 0', '--follow works';

done_testing;
