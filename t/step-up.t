#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Step-up: a location may ask that somebody has proved lately who they are.  Who
# does so within a session has it under another token, on record, throttled like
# a log-in; and nobody who writes the database is believed to have (I1, I18).

use lib 't/lib';
use Pupil::Test;
use Pupil::App;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Factor;

my $app = Pupil::App->new;
my $day = Pupil::Day->up(start => 0, conf => {
    pupil_session_timeout => 'idle=8h absolute=12h',
    pupil_second_factor => 'teacher=optional' }, server => <<"");
location /now/ { pupil_access now purpose=authentication step_up=10m;
    proxy_pass ${\ $app->url}; }
location /staff/data/ { pupil_data;
    pupil_step_up teacher=10m school_admin=5m pupil=off; }
location /staff/session { pupil_session; pupil_step_up teacher=10m; }
location /staff/me/ { pupil_rights; pupil_step_up teacher=10m; }
location /officer/data/ { pupil_data; pupil_step_up dpo=5m teacher=off; }
location /asking/ { auth_request /staff/session; pupil_session; }
location /all/ { pupil_access all purpose=authentication;
    pupil_step_up teacher=10m; proxy_pass ${\ $app->url}; }

my $test = $day->nginx->test;
is $test->{code}, 0, 'nginx takes pupil_step_up' or do {
    diag $test->{err};
    done_testing;
    exit;
};
my $clock = Pupil::Clock->new(slow => 10)->of_all($day->pg);
my $nginx = $day->nginx->start;
my ($db, $keys) = ($day->db, $day->site->keystore);
$day->ready;

my $PATH = '/v1/login/step-up';
my $MINUTES = 60;
my $NONE = join ' ', ('step-up-required') x 3;
my $teacher = $day->person('teacher');
my $id = $teacher->{id};

sub log_in ($who) {
    my ($http, $person) = ($nginx->http, $day->person($who));
    my $res = $http->enter(@$person{qw(login password)});
    die $res->text if $res->status != 200;
    return $http;
}

sub prove ($http, %with) {
    return $http->post($PATH, json => { password => $teacher->{password},
                                        %with });
}

# What three locations that ask for a proof of ten minutes say.
sub asked ($http) {
    return join ' ', map {
        my $res = $http->get($_);
        $res->status == 401 ? $res->json->{type} =~ s/.*://r : $res->status;
    } '/staff/data/', '/now/', '/all/';
}

sub row ($http) { $http->cookies->{'__Host-pupil'} }


# ---- a proof is as old as its session

my $mine = log_in('teacher');
my $copy = $nginx->http;
$copy->cookies->{'__Host-pupil'} = row($mine);
my $pupil = log_in('pupil');
is asked($mine), '200 200 200', 'who has just logged in has proved it';
my $before = $mine->get('/v1/session')->json;

$clock->forward(11 * $MINUTES);
my $count = $app->count;
my $audited = $day->audited;
my $res = $mine->get('/staff/data/');
is_problem $res, 401, 'step-up-required', name => 'ten minutes later';
is_problem $mine->get('/now/'), 401, 'step-up-required',
    name => 'before an application';
is_problem $mine->get('/all/'), 401, 'step-up-required',
    name => 'there by the role alone';
is $app->count, $count, 'which hears nothing of it';
is $day->audited, $audited, 'as nothing is shown, nothing is on record';
is $mine->get('/v1/data/')->status, 200, 'other locations ask for none';
is $mine->get('/staff/session')->status, 200, 'nor where one logs in and out';
is_problem $mine->$_('/staff/me/sessions'), 401, 'step-up-required',
    name => "sessions that are seen and ended after a proof: $_"
    for qw(get delete);
is $mine->get('/asking/')->status, 401, 'but auth_request is told of it';
is $pupil->get('/asking/')->status, 200, 'as of nobody else';
is asked($pupil), '200 step-up-required 200',
    'and none of roles that are not named';


# ---- the officer has an age of their own

$day->site->ctl_ok('user', 'add', 'the.officer', 'dpo', $day->site->ctl_where);
my @officer = ('the.officer', 'A password of the officer, 2026');
$day->site->password(@officer);
my $officer = $nginx->http;
is_status $officer->enter(@officer), 200, 'an officer';
my $names = '/officer/data/identity/' . $day->person('pupil')->{id};
is $officer->get($names)->json->{relation}, 'dpo', 'reads as one';
$clock->forward(4 * $MINUTES);
is_status $officer->get($names), 200, 'and four minutes later';
$clock->forward(2 * $MINUTES);
$audited = $day->audited;
is_problem $officer->get($names), 401, 'step-up-required',
    name => 'six minutes later after a proof';
is $day->audited, $audited, 'without which nothing is on record';
is_status $officer->get($names =~ s/officer/staff/r), 200,
    'where another role is named it asks for none';
is_status $mine->get('/officer/data/'), 200, 'nor others here';
is_status $officer->post($PATH, json => { password => $officer[1] }), 200,
    'the password';
$res = $officer->get($names);
is_status $res, 200, 'is one';
is_deeply [map { "@$_{qw(role outcome)}" } $day->audit($res)],
    ['dpo allowed'], 'and what is read then is on record';


# ---- what is no proof

$res = prove($mine, password => 'not the password');
is_problem $res, 403, 'not-proved', name => 'another password';
is_deeply $day->outcomes($res), ['refused'], 'which is on record';
is_problem prove($nginx->http), 401, 'no-session';
is_problem $mine->post($PATH, csrf => 0, json => {
    password => $teacher->{password} }), 403, 'csrf';
for my $bad ([{}, '/password', 'required'],
             [{ password => 'x' x 1025 }, '/password', 'maxLength'],
             [{ password => 'x', code => 'x' x 33 }, '/code', 'maxLength'],
             [{ password => 'x', method => 'totp' }, '/method',
              'additionalProperties'])
{
    my ($json, $field, $rule) = @$bad;
    is_problem $mine->post($PATH, json => $json), 422, 'invalid',
        field => $field, rule => $rule;
}
is_problem $mine->get($PATH), 405, 'method-not-allowed';
is asked($mine), $NONE, 'and nothing is proved';
is $mine->get('/v1/session')->status, 200, 'nor ended';


# ---- whom the audit does not take (I1)

$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_gateway');
my $rows = $day->rows_of('pupil.session', $id);
is_problem prove($mine), 503, 'unavailable', name => 'without a record';
is_deeply $day->rows_of('pupil.session', $id), $rows, 'nothing changes';
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_gateway');
$nginx->wait_ready;


# ---- a proof

$res = prove($mine);
is_status $res, 200, 'the password';
is $res->json->{status}, 'ok', 'is one';
isnt row($mine), row($copy), 'another token';
isnt $mine->csrf, $before->{session}{csrf_token}, 'with another for forms';
is $copy->get('/v1/session')->status, 401, 'that of before is dead';
is asked($mine), '200 200 200', 'it is proved';
is_status $mine->get('/staff/me/sessions'), 200, 'also for sessions';
is_deeply [map { "@$_{qw(role outcome operation category note)}" }
           $day->audit($res)],
    [map { "teacher allowed read $_ step-up" } qw(contact credential)],
    'it is on record';
is $db->selectrow_array('SELECT count(*) FROM pupil.revocation'), 0,
    'and nothing is left to be finished';
my $after = $mine->get('/v1/session')->json;
delete $_->{session}{csrf_token} for $before, $after;
is_deeply $after, $before, 'nothing else of the session changes';

$nginx->quit;
$nginx->start->wait_ready;
is asked($mine), '200 200 200', 'its row says so, to whoever reads it';
$mine->post('/v1/session/institution', json => {
    institution_id => $day->school });
is asked($mine), '200 200 200', 'and so does that of another role';


# ---- and nothing else

$clock->forward(11 * $MINUTES);
is asked($mine), $NONE, 'it ages';
is_status $mine->post('/v1/session/institution', json => {
    institution_id => $day->school }), 200, 'another role';
is asked($mine), $NONE, 'proves nothing';
my $new = 'a long walk along the shore';
is_status $mine->post('/v1/me/password', json => {
    current => $teacher->{password}, new => $new }), 200, 'another password';
$teacher->{password} = $new;
is asked($mine), $NONE, 'nor does that';


# ---- nor whoever writes the database (I18)

# A worker that has not heard of any session.
sub anew {
    $nginx->quit;
    $nginx->start->wait_ready;
}

$nginx->allow_log(qr/\[crit\].*pupil\.session.*its MAC does not fit/);
my $hidden = $day->rows_of('pupil.session', $id);
for my $later ('now()', "proved_at + interval '1 second'", q('epoch')) {
    $db->do("UPDATE pupil.session SET proved_at = $later WHERE subject = ?", {},
            $id);
    anew();
    is_problem $mine->get('/staff/data/'), 401, 'no-session',
        name => "a proof at $later";
    $day->put_back($hidden);
}
anew();
is asked($mine), $NONE, 'as it was it is a session, without a proof';
$copy->cookies->{'__Host-pupil'} = row($mine);
$copy->csrf($mine->csrf);
is_status prove($mine), 200, 'it is proved';
my $proved = $day->rows_of('pupil.session', $id);
$day->put_back($hidden);
anew();
is_problem $copy->get('/v1/session'), 401, 'no-session',
    name => 'put back, the row of before';
is_problem prove($copy), 401, 'no-session', name => 'which proves nothing';
$day->put_back($proved);
$db->do("UPDATE pupil.session SET proved_at = proved_at + interval '1 hour'"
    . ' WHERE subject = ?', {}, $id);
anew();
is_problem $mine->get('/staff/data/'), 401, 'no-session',
    name => 'a proof that is made younger';


# ---- clocks that jump

sub with_proof (%at) {
    my ($token) = $day->sessions($id, %at);
    return $nginx->http->get('/staff/data/', header => {
        Cookie => "__Host-pupil=$token" });
}

my $ahead = $clock->ahead;
my %at = (created => $ahead - 3600, seen => $ahead, expires => $ahead + 3600);
is_status with_proof(%at, proved => $ahead), 200, 'a proof of now';
is_problem with_proof(%at, proved => $ahead - 660), 401, 'step-up-required';
is_problem with_proof(%at, proved => 10 * 365 * 86400), 401, 'no-session',
    name => 'of a clock that was ahead';
is_problem with_proof(%at, proved => -10 * 365 * 86400), 401,
    'step-up-required', name => 'of one that was behind';


# ---- throttled like a log-in

$mine = log_in('teacher');
is prove($mine, password => "guess $_")->status, 403, "guess $_" for 1 .. 5;
prove($mine, password => 'guess 6');
$res = prove($mine);
is_problem $res, 429, 'throttled', name => 'after some guesses';
ok $res->header('retry-after'), 'for a while';
is_problem $mine->post('/v1/me/password', json => { current => 'guess 7',
    new => 'another long walk' }), 429, 'throttled',
    name => 'nor can they go on elsewhere';
is log_in('teacher')->get('/v1/session')->status, 200,
    'others may log in meanwhile';
$clock->forward(5 * $MINUTES);
is_status prove($mine), 200, 'then the password is one';
is prove($mine, password => "guess $_")->status, 403, 'and guesses count anew'
    for 1 .. 5;
$clock->forward(60 * $MINUTES);


# ---- with a second factor

my $factor = Pupil::Factor->new($day, 'teacher', $clock);
$factor->token;
my $token = $factor->token;
my $http = $factor->half;
is_status $factor->ask($http, $token), 200, 'a second factor';
is_status $factor->prove($http, totp => $factor->next_code), 200, 'confirmed';
$clock->forward(11 * $MINUTES);
$res = prove($http);
is_problem $res, 403, 'second-factor-required',
    name => 'who has one needs it';
is_deeply $day->outcomes($res), ['refused'], 'which is on record';
is_problem prove($http, code => '000000'), 403, 'not-proved',
    name => 'another code';
my $code = $factor->next_code;
is_problem prove($http, password => 'not the password', code => $code), 403,
    'not-proved', name => 'a code alone';
is asked($http), $NONE, 'nothing is proved';
$res = prove($http, code => $code);
is_status $res, 200, 'both';
is asked($http), '200 200 200', 'are a proof';
is_deeply [map { "@$_{qw(outcome operation category note)}" }
           $day->audit($res)],
    ['allowed read contact step-up', 'allowed read credential step-up',
     'allowed write credential step-up'],
    'and on record';
is_problem prove($http, code => $code), 403, 'not-proved',
    name => 'the code counts once';
my ($half) = $factor->half;
is_problem $factor->prove($half, totp => $code), 401, 'invalid-credentials',
    name => 'at a log-in, too';
is_status $factor->prove($half, totp => $factor->next_code), 200,
    'the next one does';

# from two sessions at the same moment
$code = $factor->next_code;
my @both = ($http, $half);
$_->send_raw($_->request_bytes(POST => $PATH, json => {
    password => $teacher->{password}, code => $code })) for @both;
is scalar(grep { $_->read_response('POST')->status == 200 } @both), 1,
    'one code proves one session';

unlike $nginx->log_text, qr/\Q$new\E|\Q$code\E/, 'no secret in the log (I14)';

done_testing;
