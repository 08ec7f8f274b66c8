#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A second factor: who needs one by their roles, how somebody enrols with a token
# of pupilctl, codes by time and codes of recovery, and that nobody brings back
# what was before (I13, I14, I16, I18).

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Factor;
use Pupil::Qr;

# Where the README's configuration has the log-in.
my ($below) = slurp(root_dir() . '/README.md')
    =~ /^\s*(location .*\{ pupil_login; \})$/m;
my @login = (server => $below, locations => { login => undef });
my $day = Pupil::Day->up(start => 0, @login, conf => {
    pupil_session_zone => 'pupil_sessions:1m valid=5m',
    pupil_second_factor => 'teacher=required pupil=optional' });
my ($site, $nginx) = ($day->site, $day->nginx);
my $test = $nginx->test;

is $test->{code}, 0, 'nginx takes pupil_second_factor' or do {
    done_testing;
    exit;
};
my $clock = Pupil::Clock->new(slow => 10)->of_all($day->pg);
$nginx->start;
my $db = $day->db;
$day->ready;

my $PATH = '/v1/login/second-factor';
my $teacher = Pupil::Factor->new($day, 'teacher', $clock);
my $id = $teacher->who->{id};

sub methods ($res) { join ' ', @{ $res->json->{methods} // [] } }

sub cookie_of ($res, $name) {
    return grep { /^\Q$name\E=/ } $res->headers('set-cookie');
}

sub floors () {
    return join ' ', $site->keystore->selectrow_array('SELECT session,'
        . ' credential, authority FROM keystore.floor WHERE subject = ?', {},
        $id);
}


# ---- who needs one

my ($http, $res) = $teacher->half;
is_problem $res, 401, 'invalid-credentials',
    name => 'who needs one and has none';
my $shape = sub ($r) {
    my $id = $r->request_id;
    return $r->text =~ s/\Q$id\E/ID/gr =~ s/^Date: .*\n//mr;
};
is $shape->($res), $shape->($nginx->http->login($teacher->who->{login}, 'x')),
    'is answered as by a wrong password';
is_deeply $day->outcomes($res), ['refused'], 'which is on record';

is_problem +(Pupil::Factor->new($day, 'admin', $clock)->half)[1], 401,
    'invalid-credentials', name => 'of several roles the strictest counts';
my $pupil = Pupil::Factor->new($day, 'pupil', $clock);
is +($pupil->half)[1]->json->{status}, 'ok',
    'who may have one and has none is not asked';


# ---- a token

my $token = $teacher->token;
like $token, qr/^[0-9a-hjkmnp-tv-z]{4}(-[0-9a-hjkmnp-tv-z]{4}){2}$/,
    'a token that can be read out';
($http, $res) = $teacher->half;
is_status $res, 200, 'with a token the password is half of it';
is_deeply $res->json, { status => 'second_factor_required',
                        methods => ['token'] }, 'and says nothing else';
my ($ticket) = cookie_of($res, '__Host-pupil-login');
like $ticket, qr/; Path=\/; Secure; HttpOnly; SameSite=Lax; Max-Age=300$/,
    'there is a ticket';
is_deeply [cookie_of($res, '__Host-pupil'), cookie_of($res,
    '__Host-pupil-device')], [], 'and neither a session nor a known device';
is $db->selectrow_array('SELECT count(*) FROM pupil.session WHERE subject = ?',
    {}, $id), 0, 'nowhere';
is_deeply [map { "@$_{qw(outcome operation)} @{ $_->{subjects} // [] }" }
           grep { $_->{category} eq 'credential' } $day->audit($res)],
    ["allowed read $id"], 'it is on record of whom';
is_problem $http->get('/v1/session'), 401, 'no-session',
    name => 'a ticket lets in nowhere';
my ($text) = $ticket =~ /=([^;]+)/;
is_problem $nginx->http->get('/v1/session', header => {
    Cookie => "__Host-pupil=$text" }), 401, 'no-session',
    name => 'under whatever name';

is_problem $teacher->prove($http, token => 'nnnn-nnnn-nnnn'), 401,
    'invalid-credentials', name => 'another token';
is_problem $teacher->prove($http, totp => '000000'), 401,
    'invalid-credentials', name => 'a code of nothing';
is_problem $teacher->prove($nginx->http, token => $token), 401, 'no-session',
    name => 'no ticket';

$res = $teacher->ask($http, uc $token =~ tr/-/ /r);
is_status $res, 200, 'the token is right, however it is typed';
my $answer = $res->json;
is_deeply [sort keys %$answer], [qw(methods qr secret status uri)],
    'a secret, once';
like $answer->{secret}, qr/^[A-Z2-7]{32}$/, 'of 160 bits';
is $answer->{uri}, "otpauth://totp/localhost?secret=$answer->{secret}"
    . '&issuer=localhost', 'as an authenticator reads it';
is qr_text($answer->{qr}), $answer->{uri}, 'and as a camera does';
unlike $answer->{qr}, qr/<(?!\/?(?:svg|path)\b)|\b(?:on\w+|href|style)=/,
    'a picture, and nothing but that';
is_problem $teacher->prove($http, totp => $teacher->code(-2)), 401,
    'invalid-credentials', name => 'a code of a minute ago';
is_problem $teacher->prove($http, totp => $teacher->code(3)), 401,
    'invalid-credentials', name => 'a code of a minute to come';


# ---- confirmed

my %before = map { $_ => $day->rows_of($_, $id) } qw(data.credential);
$res = $teacher->prove($http, totp => $teacher->next_code);
is_status $res, 200, 'the first code confirms it';
is $res->json->{status}, 'ok', 'and is a log-in';
is $res->json->{user}{display_name}, 'Craig Beane', 'whose';
my @recovery = @{ $res->json->{recovery_codes} };
is scalar(@recovery), 10, 'with ten codes of recovery';
is_deeply [cookie_of($res, '__Host-pupil-login')],
    ['__Host-pupil-login=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0'],
    'the ticket ends';
is scalar(cookie_of($res, '__Host-pupil-device')), 1, 'the device is known';
is $http->get('/v1/session')->status, 200, 'there is a session';
is floors(), '2 2 0', 'the floors have risen';
is $db->selectrow_array('SELECT count(*) FROM pupil.revocation'), 0,
    'and nothing is left to be finished';
is_deeply [map { "@$_{qw(role operation)}: @{ $_->{fields} }" }
           grep { $_->{category} eq 'credential' } $day->audit($res)],
    ['teacher read: external_id login_id password_hash second_factor',
     'teacher write: password_hash second_factor'], 'it is on record';

my $stored = $db->selectrow_array("SELECT encode(second_factor, 'escape')"
    . ' FROM data.credential WHERE owner = ?', {}, $id);
unlike $stored, qr/secret|recovery/, 'it is stored sealed';


# ---- from then on

my ($again, $half) = $teacher->half;
is methods($half), 'totp recovery', 'the token is none any more';
is_problem $teacher->prove($again, totp => $teacher->code(-3)), 401,
    'invalid-credentials', name => 'an old code';
my $used = $teacher->next_code;
$res = $teacher->prove($again, totp => $used);
is_status $res, 200, 'a code lets in';
ok !$res->json->{recovery_codes}, 'with no codes of recovery';
is floors(), '2 2 0', 'and no floor rises';
is $again->get('/v1/session')->status, 200, 'a session';
is $http->get('/v1/session')->status, 200, 'beside the other';


# ---- whom the audit does not take (I1)

($again) = $teacher->half;
$used = $teacher->next_code;
my $rows = $day->rows_of('data.credential', $id);
$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_gateway');
$res = $teacher->prove($again, totp => $used);
is_problem $res, 503, 'unavailable',
    name => 'without a record nobody is let in';
is_deeply [cookie_of($res, '__Host-pupil')], [], 'there is no session';
is_problem +($teacher->half)[1], 503, 'unavailable',
    name => 'nor is anybody told that the password is right';
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_gateway');
$nginx->wait_ready;
is_deeply $day->rows_of('data.credential', $id), $rows,
    'nothing was written, either';
is_status $teacher->prove($again, totp => $used), 200,
    'and the code still counts';
($again) = $teacher->half;
$res = $teacher->prove($again, totp => $used);
is_problem $res, 401, 'invalid-credentials', name => 'the same code again';
is_deeply $day->outcomes($res), ['refused'], 'which is on record';
is_status $teacher->prove($again, totp => $teacher->next_code), 200,
    'the next one';


# ---- recovery

my ($lost) = $teacher->half;
is_status $teacher->prove($lost, recovery => uc $recovery[3]), 200,
    'a code of recovery';
is $lost->get('/v1/session')->status, 200, 'lets in';
is floors(), '3 3 0', 'and revokes';
wait_until(60, 'all other sessions', sub {
    $http->get('/v1/session')->status == 401 });
my $row = $day->rows_of('data.credential', $id);
my ($earlier) = $teacher->half;
my ($other) = $teacher->half;
is_problem $teacher->prove($other, recovery => $recovery[3]), 401,
    'invalid-credentials', name => 'it counts once';
is_status $teacher->prove($other, recovery => $recovery[4]), 200,
    'another does';


# ---- nobody brings back what was before (I18)

my $now = $day->rows_of('data.credential', $id);
my ($late) = $teacher->half;
for my $old (['before it was used', $row],
             ['before there was one', $before{'data.credential'}])
{
    my ($name, $rows) = @$old;
    $day->put_back($rows);
    is_problem +($teacher->half)[1], 401, 'invalid-credentials',
        name => "put back: $name, the password";
    is_problem $teacher->prove($_, recovery => $recovery[4]), 401,
        'invalid-credentials', name => "put back: $name, the code"
        for $late, $earlier;
}
$day->put_back($now);
is_status +($teacher->half)[1], 200, 'as it is now it does';


# ---- a ticket is of its password

($late) = $teacher->half;
$site->password($teacher->who->{login}, $teacher->who->{password});
is_problem $teacher->prove($late, totp => $teacher->next_code), 401,
    'invalid-credentials', name => 'which was set anew';
($late, $half) = $teacher->half;
is methods($half), 'totp recovery', 'and keeps the second factor';

chomp(my $reset = $site->ctl_ok('user', 'reset', $teacher->who->{login},
                                $site->ctl_where)->{out});
my $forgot = $nginx->http;
$half = $forgot->login($teacher->who->{login}, $reset);
is methods($half), 'totp recovery', 'a code of user reset is half of it, too';
$res = $teacher->prove($forgot, totp => $teacher->next_code);
is_status $res, 200, 'and the other half lets in';
is $res->json->{status}, 'password_change_required', 'to set a password alone';
is_problem $forgot->get('/v1/homework'), 403, 'password-change-required';
$site->password($teacher->who->{login}, $teacher->who->{password});


# ---- whoever may have one

my $another = $pupil->token;
($http, $half) = $pupil->half;
is methods($half), 'token', 'a token asks whoever may have one';
is_status $pupil->ask($http, $another), 200, 'for it';
is_status $pupil->prove($http, totp => $pupil->next_code), 200, 'they enrol';
is methods(+($pupil->half)[1]), 'totp recovery', 'and are asked from then on';


# ---- the key store does not hear of it

my $keys = $site->keystore;
my $mate = Pupil::Factor->new($day, 'classmate', $clock);
$mate->token;
$http = $mate->half;
is_status $mate->ask($http), 200, 'a token';
$keys->do('CREATE FUNCTION keystore.away() RETURNS trigger LANGUAGE plpgsql AS'
    . q{ $$ BEGIN RAISE EXCEPTION 'away'; END $$});
$keys->do('CREATE TRIGGER away BEFORE UPDATE ON keystore.floor FOR EACH ROW'
    . ' WHEN (NEW.credential > OLD.credential)'
    . ' EXECUTE FUNCTION keystore.away()');
$nginx->allow_log(qr/away/);
$res = $mate->prove($http, totp => $mate->next_code);
is_status $res, 202, 'what is stored and not revoked';
is $res->json->{status}, 'pending', 'is said';
is scalar(@{ $res->json->{recovery_codes} // [] }), 10,
    'and the codes of recovery are shown all the same';
is $http->get('/v1/session')->status, 200, 'there is a session';
is methods(+($mate->half)[1]), 'totp recovery', 'and a second factor';
$keys->do('DROP TRIGGER away ON keystore.floor');
is $site->ctl('work', $site->ctl_where)->{code}, 0, 'pupilctl work';
is $db->selectrow_array('SELECT count(*) FROM pupil.revocation'), 0,
    'finishes it';


# ---- guessing

$teacher->half($again);
is_status $teacher->prove($again, totp => $teacher->next_code), 200,
    'a device that is known with the password of now';
my ($guess) = $teacher->half;
my @guesses = map { $teacher->prove($guess, totp => '00000' . $_) } 0 .. 6;
is $guesses[0]->status, 401, 'some guesses';
is_problem $guesses[6], 429, 'throttled';
ok $guesses[6]->header('retry-after'), 'for a while';
($guess, $half) = $teacher->half;
is_status $half, 200, 'the password keeps on being right';
is_problem $teacher->prove($guess, totp => '000009'), 429, 'throttled';
delete $again->cookies->{'__Host-pupil'};
$teacher->half($again);
is $teacher->prove($again, totp => '000009')->status, 401,
    'a known device is asked all the same';


# ---- what is sent (I16)

for my $bad ([{ method => 'sms', code => '1' }, '/method', 'enum'],
             [{ method => 'totp' }, '/code', 'required'],
             [{ method => 'totp', code => 'x' x 33 }, '/code', 'maxLength'],
             [{ method => 'totp', code => '1', a => 1 }, '/a',
              'additionalProperties'])
{
    my ($json, $field, $rule) = @$bad;
    is_problem $guess->post($PATH, json => $json), 422, 'invalid',
        field => $field, rule => $rule;
}
is_problem $guess->get($PATH), 405, 'method-not-allowed';

my $off = $site->nginx(@login)->start->wait_ready;
is_problem $off->http->post($PATH, json => { method => 'totp', code => '1' }),
    404, 'not-found', name => 'where there is none';
is $off->http->login(@{ $teacher->who }{qw(login password)})->json->{status},
    'ok', 'nobody is asked for one';
$off->quit;

unlike $nginx->log_text, qr/\Q$answer->{secret}\E|\Q$token\E|\Q$recovery[0]\E/,
    'no secret in the log (I14)';

done_testing;
