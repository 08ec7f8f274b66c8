#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18, I20: of which session and subject of a provider a session is, is under
# its MAC.  Who writes the data database gives no session to another provider's
# word, and a database that lies about whose a row is ends nobody's.

use lib 't/lib';
use Pupil::Test;
use Pupil::PgProxy;
use Pupil::Provider;

my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my ($db, $keys) = ($site->db, $site->keystore);
my $proxy = Pupil::PgProxy->new($site->pg);
my $conf = $idp->server_conf(words => 'profile=uni-login failed=/login')
    . 'location /v1/login/ { pupil_login; }';
my $nginx = $site->nginx(server => $conf,
    conf => { pupil_session_zone => undef, pupil_database => '"' . $site->gateway('pupil',
        host => '127.0.0.1', port => $proxy->port, sslmode => 'disable')
        . '"' })->start;
my ($pupil, $other) = map { $site->person($_) } qw(OKlein DTodd);
my $PATH = '/v1/login/uni/backchannel-logout';

sub login ($whose, %claims) {
    $idp->tell(claims => { uniid => $whose->{login}, %claims });
    my $http = $nginx->http;
    $idp->visit($http);
    lives($http, "$claims{sub} logs in");
    return $http;
}

sub by_password ($whose) {
    my $http = $nginx->http;
    is_status $http->login(@$whose{qw(login password)}), 200, 'by a password';
    return $http;
}

sub out (%claims) {
    return $nginx->http->post($PATH,
        $idp->logout_form($idp->logout_token(claims => \%claims)));
}

sub ended () { $keys->selectrow_array('SELECT count(*) FROM keystore.ended') }

sub lives ($http, $name) { is_status $http->get('/v1/session'), 200, $name }

sub tampered ($res) {
    return $db->selectrow_array('SELECT count(*) FROM pupil.audit_event'
        . " WHERE request = ? AND outcome = 'tampered'", {}, $res->request_id);
}

# ---- a session that somebody gives to another's word

my $theirs = login($other, sub => 'f:2', sid => 's2');

for my $column (qw(provider_session provider_subject)) {
    my $mine = login($pupil, sub => "f:$column", sid => $column);
    my $was = "(SELECT $column FROM kept WHERE subject = '$other->{id}')";
    $db->do('CREATE TEMPORARY TABLE kept AS SELECT * FROM pupil.session');

    $db->do("UPDATE pupil.session SET $column = (SELECT $column FROM kept"
        . ' WHERE subject = ?) WHERE subject = ?', {}, $pupil->{id},
        $other->{id});
    my $before = ended();
    my %claims = $column eq 'provider_session' ? (sid => $column)
                                               : (sub => "f:$column");
    my $res = out(%claims);
    is_problem $res, 500, 'integrity',
        name => "$column: beside a row in doubt not all have ended";
    is ended(), $before + 1, 'but whose it is has';
    cmp_ok tampered($res), '>', 0, 'on record';

    $db->do("UPDATE pupil.session SET $column = $was WHERE subject = ?", {},
            $other->{id});
    lives($theirs, 'nobody else was logged out');
    $db->do('DROP TABLE kept');
}


# ---- and one that somebody takes from it

for my $case (['provider_session', 'NULL'], ['provider_subject', 'NULL'],
              ['provider_session', q{'\x}. '00' x 32 . q{'}])
{
    my ($column, $value) = @$case;
    my $browser = login($other, sub => 'f:3', sid => 's3');
    $db->do("UPDATE pupil.session SET $column = $value WHERE subject = ? AND"
        . ' created_at = (SELECT max(created_at) FROM pupil.session)', {},
        $other->{id});
    my $res = $browser->get('/v1/session');
    is_problem $res, 401, 'no-session', name => "$column = $value: no session";
    cmp_ok tampered($res), '>', 0, 'on record';
    $db->do('DELETE FROM pupil.session WHERE subject = ? AND created_at ='
        . ' (SELECT max(created_at) FROM pupil.session)', {}, $other->{id});
}


# ---- nor one by a password

my $mine = login($pupil, sub => 'f:1', sid => 's1');
my $password = by_password($other);
$db->do('UPDATE pupil.session SET provider_subject = (SELECT provider_subject'
    . ' FROM pupil.session WHERE subject = ?) WHERE subject = ? AND'
    . ' provider_subject IS NULL', {}, $pupil->{id}, $other->{id});
my $res = $password->get('/v1/session');
is_problem $res, 401, 'no-session', name => 'of no provider stays of none';
cmp_ok tampered($res), '>', 0, 'on record';
$db->do('DELETE FROM pupil.session WHERE subject = ? AND created_at ='
    . ' (SELECT max(created_at) FROM pupil.session)', {}, $other->{id});


# ---- who changes role or password, or steps up, is of the same

my $school = $mine->get('/v1/session')->json->{institutions}[0]{id};
is_status $mine->post('/v1/session/institution',
    json => { institution_id => $school }), 200, 'another role';
lives($mine, 'is a session');
$res = $mine->post('/v1/me/password', json => {
    current => $pupil->{password}, new => 'en annan gul skalbagge' });
is_status $res, 200, 'another password';
lives($mine, 'is a session');
is_status out(sub => 'f:1', sid => 's1'), 200, 'which the provider ends';
is_problem $mine->get('/v1/session'), 401, 'no-session', name => 'as ever';


# ---- nor is it lost on its way through the zone

my $zoned = $site->nginx(server => $conf, conf => {
    pupil_session_zone => 'pupil_sessions:1m valid=5m' })->start;
my $browser = $zoned->http;
$idp->tell(claims => { uniid => $pupil->{login}, sub => 'f:4', sid => 's4' });
$idp->visit($browser);
lives($browser, 'from the database, and from the zone') for 1, 2;
is_status $browser->post('/v1/session/institution',
    json => { institution_id => $school }), 200, 'another role';
my $else = $nginx->http;
$else->{cookies} = { %{ $browser->cookies } };
lives($else, 'elsewhere, from the database');
is_status out(sid => 's4'), 200, 'the provider ends it';
is_problem $else->get('/v1/session'), 401, 'no-session', name => 'there, too';


# ---- a database that hands over another's row

my $SQL = qr/pupil\.session AS s WHERE .*provider_session = \$8/;
$mine = login($pupil, sub => 'f:6', sid => 's6');
lives($theirs, 'who is somebody else');

# What an honest one says of theirs, which does not end without a record.
$proxy->look($SQL);
$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_gateway');
is_problem out(sid => 's2'), 503, 'unavailable';
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_gateway');
$nginx->wait_ready;
my ($row) = $proxy->seen;
ok defined $row->[1], 'a row of theirs';
my %row = map { $_ => $row->[$_] } 1 .. $#$row - 1;

for my $claims ({ sid => 's6' }, { sub => 'f:6' }, { sid => 's6', sub => 'f:6' })
{
    $proxy->lie($SQL, %row);
    my $before = ended();
    my $res = out(%$claims);
    $proxy->mode('pass');
    is_problem $res, 500, 'integrity',
        name => join ' ', 'another person answers to', %$claims;
    is ended(), $before, 'nobody is logged out';
    cmp_ok tampered($res), '>', 0, 'on record';
    lives($_, 'nor is') for $theirs, $mine;
}
$proxy->stop;

done_testing;
