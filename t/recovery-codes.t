#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# New codes of recovery: of who has proved just now who they are, shown once, in
# place of all there were, which nobody brings back (I1, I18).

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Factor;

my $day = Pupil::Day->up(start => 0, workers => 2,
    server => 'location /v1/login { pupil_login; }',
    locations => { login => undef },
    conf => { pupil_session_zone => 'pupil_sessions:1m valid=5m',
        pupil_second_factor => 'teacher=required pupil=optional' });
my ($site, $nginx) = ($day->site, $day->nginx);
my $clock = Pupil::Clock->new(slow => 10)->of_all($day->pg);
$nginx->start;
my $db = $day->db;
$day->ready;

my $PATH = '/v1/login/recovery-codes';
my $MINUTES = 60;
my $teacher = Pupil::Factor->new($day, 'teacher', $clock);
my ($id, $password) = @{ $teacher->who }{qw(id password)};

sub renew ($http) { $http->post($PATH) }
sub codes ($res) { @{ $res->json->{recovery_codes} // [] } }

# Somebody who logs in by a code of either kind.
sub logged_in ($method = 'totp', $code = $teacher->next_code) {
    my $http = $teacher->half;
    my $res = $teacher->prove($http, $method => $code);
    return wantarray ? ($http, $res) : $http;
}

sub notices ($kind) {
    return $db->selectrow_array('SELECT count(*) FROM pupil.notice'
        . ' WHERE subject = ? AND kind = ?', {}, $id, $kind);
}


# ---- who may

is_problem renew($nginx->http), 401, 'no-session';
my $res = renew($day->as('pupil'));
is_problem $res, 409, 'conflict', name => 'who has no second factor';
is_deeply $day->outcomes($res), ['conflict'], 'which is on record';

my $token = $teacher->token;
my $http = $teacher->half;
$teacher->ask($http, $token);
my @old = codes($teacher->prove($http, totp => $teacher->next_code));
is scalar(@old), 10, 'somebody has codes of recovery';
is_problem $http->post($PATH, csrf => 0), 403, 'csrf';
is_problem $http->post("$PATH?x=1"), 422, 'invalid';
is_problem $http->get($PATH), 405, 'method-not-allowed';
$clock->forward(6 * $MINUTES);
my $count = $day->audited;
is_problem renew($http), 401, 'step-up-required', name => 'six minutes later';
is $day->audited, $count, 'of which nothing is on record';
is_status $http->post('/v1/login/step-up', json => { password => $password,
    code => $teacher->next_code }), 200, 'they prove who they are';


# ---- new ones

my $before = $day->rows_of('data.credential', $id);
my $other = logged_in();
my $copy = $nginx->http;
$copy->cookies->{'__Host-pupil'} = $http->cookies->{'__Host-pupil'};
$res = renew($http);
is_status $res, 200, 'new codes';
my @new = codes($res);
is_deeply [sort keys $res->json->%*], [qw(recovery_codes session status)],
    'are shown';
is scalar(keys %{ { map { $_ => 1 } @new, @old } }), 20, 'ten others';
is $http->get('/v1/session')->json->{session}{csrf_token},
    $res->json->{session}{csrf_token}, 'the session goes on by another token';
is_deeply [map { "@$_{qw(role operation outcome)}: @{ $_->{fields} }" }
           grep { $_->{category} eq 'credential' } $day->audit($res)],
    ['teacher read allowed: external_id login_id password_hash second_factor',
     'teacher write allowed: password_hash second_factor'], 'it is on record';
is notices('recovery_codes_changed'), 1, 'and told to its owner';
for my $old ($copy, $other) {
    wait_until(60, 'a session of before', sub {
        $old->get('/v1/session')->status == 401 });
}
unlike $db->selectrow_array("SELECT encode(second_factor, 'escape')"
    . ' FROM data.credential WHERE owner = ?', {}, $id), qr/recovery/,
    'sealed';

is_problem +(logged_in(recovery => $old[0]))[1], 401, 'invalid-credentials',
    name => 'an old one is none';
is_status +(logged_in())[1], 200, 'the authenticator is as it was';
is_status +(logged_in(recovery => $new[0]))[1], 200, 'a new one lets in';
is_problem +(logged_in(recovery => $new[0]))[1], 401, 'invalid-credentials',
    name => 'once';


# ---- nobody brings back the old ones (I18)

my $now = $day->rows_of('data.credential', $id);
my $half = $teacher->half;
$day->put_back($before);
is_problem +($teacher->half)[1], 401, 'invalid-credentials',
    name => 'put back, the password';
is_problem $teacher->prove($half, recovery => $old[1]), 401,
    'invalid-credentials', name => 'put back, an old code';
$day->put_back($now);


# ---- two at the same moment leave one set

my @asks = map { scalar logged_in() } 1 .. 2;
$_->connect for @asks;
$_->send_raw($_->request_bytes(POST => $PATH)) for @asks;
my @res = map { $_->read_response('POST') } @asks;
my @sets = map { $_->status == 200 ? [codes($_)] : () } @res;
is scalar(@sets), 1, 'of two at once one has codes: '
    . join ' ', map { $_->status } @res;
is_status +(logged_in(recovery => $sets[0][9]))[1], 200, 'which count';
is_problem +(logged_in(recovery => $new[1]))[1], 401, 'invalid-credentials',
    name => 'and those of before do not';


# ---- whom the audit, or the key store, does not take

$http = logged_in();
$now = $day->rows_of('data.credential', $id);
$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_gateway');
is_problem renew($http), 503, 'unavailable', name => 'without a record, none';
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_gateway');
$nginx->wait_ready;
is_deeply $day->rows_of('data.credential', $id), $now, 'nothing is written';

my $keys = $site->keystore;
$keys->do('CREATE FUNCTION keystore.away() RETURNS trigger LANGUAGE plpgsql AS'
    . q{ $$ BEGIN RAISE EXCEPTION 'away'; END $$});
$keys->do('CREATE TRIGGER away BEFORE UPDATE ON keystore.floor FOR EACH ROW'
    . ' WHEN (NEW.credential > OLD.credential)'
    . ' EXECUTE FUNCTION keystore.away()');
$nginx->allow_log(qr/away/);
$res = renew($http);
is_status $res, 202, 'what the key store has not heard of';
is $res->json->{status}, 'pending', 'is said';
is scalar(codes($res)), 10, 'with the codes, which count';
$keys->do('DROP TRIGGER away ON keystore.floor');
is $site->ctl('work', $site->ctl_where)->{code}, 0, 'pupilctl work';
is $db->selectrow_array('SELECT count(*) FROM pupil.revocation'), 0,
    'finishes it';

unlike $nginx->log_text, qr/\Q$old[0]\E|\Q$new[0]\E/,
    'no code in the log (I14)';

my $off = $site->nginx->start->wait_ready;
my $mine = $off->http;
$mine->login(@{ $day->person('pupil') }{qw(login password)});
is_problem $mine->post($PATH), 404, 'not-found',
    name => 'where there is no second factor';
$off->quit;

done_testing;
