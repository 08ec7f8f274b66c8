#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A provider says that somebody has logged out there (OpenID Connect
# Back-Channel Logout 1.0): their sessions end here, on every worker and host.

use lib 't/lib';
use Pupil::Test;
use Pupil::Provider;

my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my ($db, $keys) = ($site->db, $site->keystore);
my $conf = $idp->server_conf(words => 'profile=uni-login failed=/login')
    . 'location /v1/login/ { pupil_login; }';
my @hosts = map { $site->nginx(workers => 2, server => $conf, conf => {
    pupil_session_zone => 'pupil_sessions:1m valid=5m' })->start } 1 .. 2;
my @workers = map { my %of = $_->client_of_each; values %of } @hosts;
my ($pupil, $other) = map { $site->person($_) } qw(OKlein DTodd);
my $PATH = '/v1/login/uni/backchannel-logout';

# A browser that logs in there.
sub login ($whose, %claims) {
    $idp->tell(claims => { uniid => $whose->{login}, %claims });
    my $http = $hosts[0]->http;
    is_status $idp->visit($http), 303, "$claims{sub} logs in";
    $http->get('/v1/session');
    return $http;
}

# What each worker of each host says of a browser's session.
sub statuses ($browser) {
    return join ' ', map {
        $_->{cookies} = { %{ $browser->cookies } };
        $_->get('/v1/session')->status;
    } @workers;
}
my ($ALIVE, $DEAD) = map { join ' ', ($_) x 4 } 200, 401;

sub lives ($browser, $name) { is statuses($browser), $ALIVE, "$name is alive" }

sub dead ($browser, $name) {
    wait_until(60, 'dead everywhere', sub { statuses($browser) eq $DEAD });
    pass "$name is dead on each worker of each host";
}

sub out ($token, $host = 0) {
    return $hosts[$host]->http->post($PATH, $idp->logout_form($token));
}

sub token (%claims) { $idp->logout_token(claims => \%claims) }

sub recorded ($res) {
    return $db->selectall_arrayref('SELECT category, operation, outcome, actor,'
        . ' role, subjects, note FROM pupil.audit_event WHERE request = ?',
        { Slice => {} }, $res->request_id);
}
my %record = (category => 'session', operation => 'write', actor => undef,
              role => 'none', note => 'logged out at uni');

sub ended () { $keys->selectrow_array('SELECT count(*) FROM keystore.ended') }
sub left () { $db->selectrow_array('SELECT count(*) FROM pupil.revocation') }


# ---- one session there

my ($desk, $phone) = map { login($pupil, sub => 'f:1', sid => "s$_") } 1, 2;
my $stranger = login($other, sub => 'f:2', sid => 's3');
my $password = $hosts[0]->http;
is_status $password->login(@$pupil{qw(login password)}), 200, 'by a password';
lives($_->[1], $_->[0])
    for [desk => $desk], [phone => $phone], [stranger => $stranger];

$db->do('CREATE TEMPORARY TABLE kept AS SELECT * FROM pupil.session');
my $before = ended();
my $token = token(sid => 's1');
my $res = out($token);
is_status $res, 200, 'a session there is over';
is $res->header('cache-control'), 'no-store', 'which nobody is to keep';
is $res->header('location'), undef, 'nor is it a page';
dead($desk, 'its session here');
lives($phone, 'another of the same person');
is_deeply recorded($res), [{ %record, outcome => 'allowed',
    subjects => [$pupil->{id}] }], 'on record'
    or diag explain recorded($res);
is ended(), $before + 1, 'the key store knows of it';
is left(), 0, 'and nothing is left to do';

my $GONE = 'FROM kept WHERE token_hash NOT IN (SELECT token_hash'
    . ' FROM pupil.session)';
is $db->selectrow_array("SELECT count(*) $GONE"), 1, 'one row is gone';
$db->do("INSERT INTO pupil.session SELECT * $GONE");
is statuses($desk), $DEAD, 'and who puts it back brings nothing back (I18)';


# ---- a token counts once

is_problem out($token, $_), 400, 'logout-token',
    name => 'the same token again is refused' for 0, 1;
$res = out($token);
is_deeply recorded($res), [], 'and fills no log';


# ---- a session whose role was changed is still of that log-in

my $school = $phone->get('/v1/session')->json->{institutions}[0]{id};
is_status $phone->post('/v1/session/institution',
    json => { institution_id => $school }), 200, 'another token, another row';
is_status out(token(sid => 's2', sub => 'f:2')), 200, 'of somebody else';
lives($phone, 'it is not theirs');
is_status out(token(sid => 's2', sub => 'f:1')), 200, 'of who it is of';
dead($phone, 'which counts with its new row');


# ---- whom the audit does not take (I1)

$token = token(sid => 's3');
$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_gateway');
is_problem out($token), 503, 'unavailable',
    name => 'without a record no session ends';
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_gateway');
$_->wait_ready for @hosts;
lives($stranger, 'as the provider is told');


# ---- all of somebody's there

my @browsers = map { login($pupil, sub => 'f:1', sid => $_) } 's4', undef;
$res = out(token(sub => 'f:1'), 1);
is_status $res, 200, 'all of a person there, told to the other host';
dead($browsers[$_], "session $_") for 0, 1;
lives($stranger, 'who is somebody else');
lives($password, 'and who came by a password');
is_deeply [map { @{ $_->{subjects} } } @{ recorded($res) }], [$pupil->{id}],
    'one record for both' or diag explain recorded($res);


# ---- whom nobody knows here

my $rows_then = $db->selectrow_array('SELECT count(*) FROM pupil.session');
$res = out(token(sid => 'nobody'));
is_status $res, 200, 'a session that is not here is over already';
is_deeply recorded($res), [{ %record, outcome => 'not_found', subjects => [] }],
    'on record' or diag explain recorded($res);


# ---- what is refused

my %wrong = (
    'a bad signature' => [{ sid => 's3' }, 'bad_signature'],
    'another key' => [{ sid => 's3' }, 'another_key'],
    'a key that nobody has' => [{ sid => 's3' }, 'unknown_kid'],
    'no signature' => [{ sid => 's3' }, 'alg_none'],
    'a signature by what is public' => [{ sid => 's3' }, 'hs256'],
    'padding' => [{ sid => 's3' }, 'padding'],
    'a claim twice' => [{ sid => 's3' }, 'twice'],
    'another issuer' => [{ sid => 's3', iss => 'https://other.example' }],
    'another audience' => [{ sid => 's3', aud => 'another' }],
    'no audience' => [{ sid => 's3', aud => undef }],
    'no events' => [{ sid => 's3', events => undef }],
    'another event' => [{ sid => 's3',
        events => { 'https://else.example' => {} } }],
    'events that are none' => [{ sid => 's3', events => {
        'http://schemas.openid.net/event/backchannel-logout' => 'x' } }],
    'events that are a text' => [{ sid => 's3', events => 'x' }],
    'a nonce' => [{ sid => 's3', nonce => 'x' }],
    'no nonce, that is said' => [{ sid => 's3', nonce => '' }],
    'no jti' => [{ sid => 's3', jti => undef }],
    'an empty jti' => [{ sid => 's3', jti => '' }],
    'a jti that is no text' => [{ sid => 's3', jti => 7 }],
    'expired' => [{ sid => 's3', exp => time - 3600 }],
    'no end' => [{ sid => 's3', exp => undef }],
    'old' => [{ sid => 's3', iat => time - 3600, exp => time + 3600 }],
    'of tomorrow' => [{ sid => 's3', iat => time + 3600 }],
    'of no time' => [{ sid => 's3', iat => undef }],
    'not valid yet' => [{ sid => 's3', nbf => time + 3600 }],
    'of nobody' => [{}],
    'of an empty session' => [{ sid => '' }],
    'of a session that is no text' => [{ sid => ['s3'], sub => 'f:2' }],
    'of a person that is no text' => [{ sid => 's3', sub => 7 }],
);
for my $name (sort keys %wrong) {
    my ($claims, $mode) = @{ $wrong{$name} };
    $res = out($idp->logout_token(claims => $claims, mode => $mode // 'good'));
    is_problem $res, 400, 'logout-token', name => "refused: $name";
    is $res->header('cache-control'), 'no-store', "$name: not to be kept";
    is_deeply recorded($res), [], "$name: fills no log";
}
my @form = (type => 'application/x-www-form-urlencoded');
$token = token(sid => 's3');
for my $case (['no token', 'x=1'], ['nothing', ''], ['an empty one', 'logout_token='],
              ['two', "logout_token=$token&logout_token=$token"],
              ['no base64url', 'logout_token=%00'],
              ['a large one', 'logout_token=' . 'a' x 16_000],
              ['an ID token', 'id_token=' . $token])
{
    $res = $hosts[0]->http->post($PATH, body => $case->[1], @form);
    is_problem $res, 400, 'malformed', name => "refused: $case->[0]"
        if $case->[0] ne 'a large one';
    is_problem $res, 400, 'logout-token', name => "refused: $case->[0]"
        if $case->[0] eq 'a large one';
}
is_problem $hosts[0]->http->post($PATH, json => { logout_token => $token }),
    415, 'media-type', name => 'no form';
is_problem $hosts[0]->http->post("$PATH?logout_token=$token", @form, body => ''),
    422, 'invalid', name => 'not in a URL, which logs keep';
is_problem $hosts[0]->http->get($PATH), 405, 'method-not-allowed';
is_problem $hosts[0]->http->post($PATH =~ s/uni/else/r, @form, body => 'a=b'),
    404, 'not-found', name => 'a provider that is not there';
lives($stranger, 'none of these ended anything: whom they named');
is $db->selectrow_array('SELECT count(*) FROM pupil.session'), $rows_then,
    'nor anybody else';


# ---- what is not written was not done

$token = token(sid => 's3');
$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_gateway');
$res = out($token);
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_gateway');
is $res->status, 503, 'without a record nothing is done';
wait_until(60, 'the audit', sub {
    (grep { $_->get('/status/ready')->status != 200 } @workers) == 0 });
lives($stranger, 'so it');
is_status out($token, 1), 200, 'and the token still counts';
dead($stranger, 'by which it');


# ---- a new password, which makes a new row

my $changed = login($other, sub => 'f:2', sid => 's5');
is_status $changed->post('/v1/me/password', json => {
    current => $other->{password}, new => 'a long walk along the shore' }), 200,
    'a new password';
is_status out(token(sid => 's5')), 200, 'and a log-out there';
dead($changed, 'the session that set it');


# ---- one token, many times at once

my $once = login($pupil, sub => 'f:1', sid => 's6');
my %form = $idp->logout_form(token(sid => 's6'));
my @clients = map { $_->http, $_->http, $_->http } @hosts;
for my $http (@clients) {
    $http->connect;
    $http->send_raw($http->request_bytes(POST => $PATH, %form));
}
is join(' ', sort map { $_->read_response->status } @clients),
    '200 400 400 400 400 400', 'counts once, on all hosts';
dead($once, 'the session');


# ---- a person there, two accounts here

my @two = map { login($_, sub => 'f:9', sid => "s9$_->{login}") } $pupil, $other;
$token = token(sub => 'f:9');
$res = out($token);
is_status $res, 200, 'who is two accounts here';
dead($two[$_], "of account $_") for 0, 1;
is_deeply [sort map { "$_->{outcome} @{ $_->{subjects} }" } @{ recorded($res) }],
    [sort map { "allowed $_->{id}" } $pupil, $other], 'a record for each'
    or diag explain recorded($res);
is_problem out($token), 400, 'logout-token', name => 'and one token';


# ---- beside a row in doubt (I20)

my @doubt = map { login($pupil, sub => 'f:7', sid => "d$_") } 1, 2;
my $swap = $db->prepare("UPDATE pupil.session SET role = ? WHERE role = ?"
    . ' AND created_at = (SELECT max(created_at) FROM pupil.session)');
$_->allow_log(qr/\[crit\].*pupil\.session is not authentic/) for @hosts;
is $swap->execute('teacher', 'pupil'), 1, 'somebody wrote a row';
$token = token(sub => 'f:7');
is_problem out($token), 500, 'integrity',
    name => 'no provider is told that all have ended';
dead($doubt[0], 'what is authentic');
is $swap->execute('pupil', 'teacher'), 1, 'it is put right';
is_status out($token), 200, 'and the token still counts';
dead($doubt[1], 'the other');


# ---- what is kept

login($other, sub => 'f:2', sid => 'a-session-there');
my $kept = join ' ', map { unpack 'H*', $_ // '' } map { @$_ }
    @{ $db->selectall_arrayref('SELECT provider_session, provider_subject, mac,'
        . ' role FROM pupil.session') };
unlike $kept, qr/@{[join '|', map { unpack 'H*', $_ } 'f:2', 'there']}/,
    'neither whose it is there nor which session';
is_deeply $db->selectall_arrayref('SELECT DISTINCT'
    . ' octet_length(provider_session), octet_length(provider_subject)'
    . ' FROM pupil.session ORDER BY 1'), [[32, 32], [undef, undef]],
    'but keyed hashes, and of a log-in by a password nothing';
unlike $_->log_text, qr/f:[12]|s[123]\b.*sid|a-session-there|eyJ/,
    'and no log has them' for @hosts;

# A token leaves a mark that ends as a throttle's bucket does: each looks at some
# behind its own.  Beside it there is one of whom it names.
for my $case (['1 hour', 3], ['2 days', 2]) {
    my ($age, $left) = @$case;
    $db->do('DELETE FROM pupil.login_throttle');
    out(token(sid => 'nobody'));
    is $db->do('UPDATE pupil.login_throttle SET bucket = ?,'
        . ' last_at = now() - ?::interval WHERE failures = 1', {},
        '\x' . 'ff' x 32, $age), 1,
        'a token leaves a mark';
    out(token(sid => 'nobody'));
    is $db->selectrow_array('SELECT count(*) FROM pupil.login_throttle'), $left,
        "after $age there are $left";
}

done_testing;
