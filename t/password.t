#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# POST /v1/me/password: whoever knows the present password sets a new one, in
# one commit with its record, the end of all other sessions and a new token of
# this one; and nobody brings the old one back (I2, I16, I18).

use lib 't/lib';
use utf8;
use Encode ();
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;

# A log-in that meets news is to come again when it takes half a second, which a
# slow machine takes.
my $day = Pupil::Day->up(start => 0, conf => { pupil_session_zone =>
    'pupil_sessions:1m valid=5m' });
$day->nginx->by(Pupil::Clock->new(slow => 10))->start;
$day->ready;
my ($db, $keys, $nginx) = ($day->db, $day->site->keystore, $day->nginx);
my $PATH = '/v1/me/password';

sub status_of ($who, $password, $http = $nginx->http) {
    return $http->login($day->person($who)->{login}, $password)->status;
}

sub log_in ($who) {
    my $http = $nginx->http;
    die if $http->enter(@{ $day->person($who) }{qw(login password)})->status != 200;
    return $http;
}

# From the password that somebody has to a new one.
sub change ($http, $who, $new, %with) {
    my $res = $http->post($PATH, json => { new => $new,
        current => $with{current} // $day->person($who)->{password} },
        %{ $with{request} // {} });
    $day->person($who)->{password} = $new if $res->status == 200;
    return $res;
}

sub floors ($who) {
    return join ' ', $keys->selectrow_array('SELECT session, credential,'
        . ' authority FROM keystore.floor WHERE subject = ?', {},
        $day->person($who)->{id});
}

sub open_ { $db->selectrow_array('SELECT count(*) FROM pupil.revocation') }

sub dead ($session, $name) {
    my $status;
    eval { wait_until(60, $name, sub {
        ($status = $session->get('/v1/session')->status) == 401 }) };
    is $status, 401, $name;
}


# ---- a new one

my $teacher = $day->person('teacher');
my $old = $teacher->{password};
my ($mine, $elsewhere, $copy) = map { log_in('teacher') } 1 .. 3;
$copy->cookies->{'__Host-pupil'} = $mine->cookies->{'__Host-pupil'};
is $_->get('/v1/session')->status, 200, 'a session' for $mine, $elsewhere;
my %before = map { $_ => $day->rows_of($_, $teacher->{id}) }
    qw(data.credential pupil.session);

my $res = change($mine, 'teacher', 'a long walk along the shore');
is_status $res, 200, 'a teacher changes the password';
is $res->json->{status}, 'ok', 'it says so';
ok $res->json->{session}{csrf_token}, 'and has a token for what comes next';
is $mine->get('/v1/session')->status, 200, 'who changed it goes on';
isnt $mine->cookies->{'__Host-pupil'}, $copy->cookies->{'__Host-pupil'},
    'by another token';
dead($copy, 'that of before is dead');
dead($elsewhere, 'and so is every other session');
is status_of('teacher', $old), 401, 'the old one lets nobody in';
is status_of('teacher', $teacher->{password}), 200, 'the new one does';
is floors('teacher'), '2 2 0', 'the floors have risen';
is open_(), 0, 'and nothing is left to be finished';
is_deeply [map { "@$_{qw(role outcome operation category)}: @{ $_->{fields} }" }
           $day->audit($res)],
    ['teacher allowed read contact: email',
     'teacher allowed read credential: external_id login_id'
     . ' password_hash second_factor',
     'teacher allowed write credential: password_hash'], 'it is on record';


# ---- nobody brings the old one back (I18)

my $now = $day->rows_of('data.credential', $teacher->{id});
$day->put_back($_) for values %before;
is status_of('teacher', $old), 401, 'put back: the old one lets nobody in';
dead($copy, 'put back: the token is dead');
dead($elsewhere, 'put back: the other session is dead');
$day->put_back($now);
is status_of('teacher', $teacher->{password}), 200, 'the new one does';


# ---- who may

$mine = log_in('teacher');
is_problem change($nginx->http, 'teacher', 'a long walk along the sea'), 401,
    'no-session';
is_problem change($mine, 'teacher', 'a long walk along the sea',
    request => { csrf => 0 }), 403, 'csrf';
$res = change($mine, 'teacher', 'a long walk along the sea',
              current => 'not the password');
is_problem $res, 403, 'wrong-password';
is_deeply $day->outcomes($res), ['refused'], 'which is on record';
is $mine->get('/v1/session')->status, 200, 'and ends nothing';
is status_of('teacher', $teacher->{password}), 200, 'nor changes anything';


# ---- rules (I16)

for my $rule (['short', minLength => 'shore'],
              ['short by a character', minLength => 'å' x 14],
              ['common', common => '1q2w3e4r5t6y7u8i'],
              ['common, in capitals', common => 'QWERTY123456789'],
              ['the same', different => $teacher->{password}],
              ['much too long', maxLength => 'x' x 1025])
{
    my ($name, $broken, $new) = @$rule;
    is_problem change($mine, 'teacher', $new), 422, 'invalid',
        field => '/new', rule => $broken, name => $name;
}
is_problem $mine->post($PATH, json => { new => 'a long walk along the sea' }),
    422, 'invalid', field => '/current', rule => 'required';
is_problem $mine->post($PATH, json => { new => 'a', current => 'b', c => 'd' }),
    422, 'invalid', field => '/c', rule => 'additionalProperties';
is status_of('teacher', $teacher->{password}), 200, 'none changed anything';

my $pupil = log_in('pupil');
is_status change($pupil, 'pupil', 'å' x 15), 200, 'any characters will do';
is_status change($pupil, 'pupil', 'ö' x 512), 200, 'as many as 1,024 bytes';


# ---- where passwords are not for everybody, and shorter ones are

my $common = root_dir() . '/ngx_module/core/login/common-passwords.txt';
my $staff = $day->site->nginx(conf => {
    pupil_password_new => "$common length=8" }, server => join '', map {
        "location = /$_ { pupil_password; pupil_login_password $_; }\n"
    } qw(staff off))->start;
wait_until(60, 'ready', sub {
    $staff->http->get('/status/ready')->status == 200 });
sub staff_in ($who) {
    my ($http, $person) = ($staff->http, $day->person($who));
    is $http->enter(@$person{qw(login password)})->status, 200, $who;
    return $http;
}

my $there = staff_in('pupil');
$res = $there->post('/staff', json => { current => 'a long walk',
                                        new => 'a long walk along the sea' });
is_problem $res, 403, 'not-granted', name => 'a pupil, where staff has some';
is_deeply $day->outcomes($res), ['not_granted'], 'which is on record';
is_problem $there->post('/off', json => { current => 'a', new => 'b' }), 403,
    'password-login-off';

$there = staff_in('classmate');
is_problem change($there, 'classmate', uc $day->person('classmate')->{login}),
    422, 'invalid', field => '/new', rule => 'name', name => "one's own name";
is_problem change($there, 'classmate', 'Password1'), 422, 'invalid',
    field => '/new', rule => 'common', name => 'of nine characters';
is_problem change($there, 'classmate', 'sjuklig'), 422, 'invalid',
    field => '/new', rule => 'minLength', name => 'of seven';
$staff->quit;


# ---- one form of what looks the same

is_status change($pupil, 'pupil', "fa\x{30a}r i ha\x{308}ngmattan"), 200,
    'with marks behind the letters';
is status_of('pupil', "f\x{e5}r i h\x{e4}ngmattan"), 200,
    'it is the one with letters that have them';
$day->site->password($day->person('pupil')->{login},
                     Encode::encode_utf8("fa\x{30a}r i ha\x{308}ngmattan"));
is status_of('pupil', "f\x{e5}r i h\x{e4}ngmattan"), 200,
    'and so it is when pupilctl sets it';
$day->person('pupil')->{password} = "f\x{e5}r i h\x{e4}ngmattan";
$pupil = log_in('pupil');
is_problem change($pupil, 'pupil', "fa\x{30a}r i ha\x{308}ngmattan"), 422,
    'invalid', field => '/new', rule => 'different', name => 'and the same';


# ---- many at once: one of them

my @new = map { "one of many passwords, $_" } 1 .. 8;
my @at_once = map { $nginx->http } @new;
for my $n (0 .. $#new) {
    $at_once[$n]->cookies->{'__Host-pupil'} = $pupil->cookies->{'__Host-pupil'};
    $at_once[$n]->csrf($pupil->csrf);
    $at_once[$n]->connect;
}
for my $n (0 .. $#new) {
    $at_once[$n]->send_raw($at_once[$n]->request_bytes(POST => $PATH,
        json => { current => $day->person('pupil')->{password},
                  new => $new[$n] }));
}
my @status = map { $_->read_response('POST')->status } @at_once;
is scalar(grep { $_ == 200 } @status), 1, 'many at once: one is stored'
    or diag "@status";
is_deeply [grep { !/^(?:200|401|403|409|429|503)$/ } @status], [],
    'and the others are told';
my ($first) = grep { $status[$_] == 200 } 0 .. $#status;
is_deeply [map { status_of('pupil', $_) == 200 ? 1 : () } $new[$first // 0]], [1],
    'and lets in';


# ---- guessing

my $other = log_in('other');
my @guesses = map { change($other, 'other', 'a long walk along the sea',
                           current => "guess $_") } 1 .. 7;
is $guesses[4]->status, 403, 'five guesses';
is_problem $guesses[6], 429, 'throttled';
ok $guesses[6]->header('retry-after'), 'for a while';
is status_of('other', $day->person('other')->{password}), 200,
    'which keeps nobody from logging in';


# ---- a worker that goes no further

my $classmate = log_in('classmate');
$old = $day->person('classmate')->{password};
$keys->do('CREATE FUNCTION keystore.away() RETURNS trigger LANGUAGE plpgsql AS'
    . q{ $$ BEGIN RAISE EXCEPTION 'away'; END $$});
$keys->do('CREATE TRIGGER away BEFORE UPDATE ON keystore.floor FOR EACH ROW'
    . ' WHEN (NEW.credential > OLD.credential)'
    . ' EXECUTE FUNCTION keystore.away()');
my $row = $day->rows_of('data.credential', $day->person('classmate')->{id});
$nginx->allow_log(qr/away/);
my $beside = log_in('classmate');
my $said = change($classmate, 'classmate', 'a long walk along the shore');
is_status $said, 202, 'stored, and not all that goes with it is done';
is $said->json->{status}, 'pending', 'which is said';
is_status $classmate->get('/v1/session'), 200, 'who asked goes on';
is_status $beside->get('/v1/session'), 401, 'and no other session does';
is status_of('classmate', $old), 401, 'the old one lets nobody in';
is open_(), 1, 'the key store does not know: it is open';
is status_of('classmate', 'a long walk along the shore'), 200,
    'the new one lets in';

# Nor is an answer that does not come the end of what is stored.
my $http = $nginx->{http};
$day->reload(http => "${http}pupil_request_timeout 1s;\n"
    . "pupil_pool keys statement_timeout=60s;\n");
$keys->do('CREATE OR REPLACE FUNCTION keystore.away() RETURNS trigger LANGUAGE'
    . q{ plpgsql AS $$ BEGIN PERFORM pg_sleep(600); RETURN NEW; END $$});
is_status change($classmate, 'classmate', 'a long walk along the coast',
                 current => 'a long walk along the shore'), 202,
    'as long as the key store says nothing';
is_status $classmate->get('/v1/session'), 200, 'who asked goes on';
is status_of('classmate', 'a long walk along the shore'), 401,
    'the old one lets nobody in';
is open_(), 2, 'both are open';
$keys->do('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE'
    . " wait_event = 'PgSleep'");
$keys->do('DROP TRIGGER away ON keystore.floor');
$day->reload(http => $http);
is $day->site->ctl('work', $day->site->ctl_where)->{code}, 0, 'pupilctl work';
is open_(), 0, 'finishes it';
is floors('classmate'), '3 3 0', 'the floors have risen';
is status_of('classmate', 'a long walk along the coast'), 200,
    'the new one lets in';
is_status $classmate->get('/v1/session'), 200, 'who asked goes on';
$day->put_back($row);
is status_of('classmate', $old), 401, 'the old one does not, put back';


# ---- what a worker's role can raise

my $keeper = $day->site->pg->connect('pupil_keys');
$keeper->do('SET SESSION AUTHORIZATION pupil_keeper');
$keeper->do("SELECT set_config('pupil.tenant', ?, false)", {},
            $day->site->tenant);
$mine = log_in('teacher');
my $id = $day->person('colleague')->{id};

sub raised (@numbers) {
    return $keeper->selectrow_array('SELECT keystore.raise_own(?, ?, ?)', {},
                                    $id, @numbers);
}

ok !raised(2, 2), 'no floor rises to what was not given';
is floors('colleague'), '1 1 0', 'nor has it';
$day->take_numbers($_ => $id) for qw(session credential);
ok !raised(2, 2), 'nor to what pupilctl was given';
is_deeply [$keeper->selectrow_array('SELECT * FROM keystore.give_own(?)', {},
                                    $id)], [3, 3], 'to what it was given itself';
ok !raised(3, 4), 'and to nothing above';
ok raised(3, 3), 'it does';
ok raised(3, 3), 'again is no harm';
is floors('colleague'), '3 3 0', 'the floors have risen, but for authority';
is_deeply [$keeper->selectrow_array('SELECT * FROM keystore.give_own(?)', {},
                                    uuid())], [], 'nobody is nobody';

$keys->do('INSERT INTO keystore.floor (tenant, subject, own_at) SELECT ?,'
    . ' gen_random_uuid(), now() FROM generate_series(1, 400)', {},
    $day->site->tenant);
is_deeply [$keeper->selectrow_array('SELECT * FROM keystore.give_own(?)', {},
                                    $day->person('teacher')->{id})], [],
    'nor more people in an hour than it may';
wait_until(60, 'the key store answers', sub {
    ($res = change($mine, 'teacher', 'a long walk along the sea'))->text
        !~ /problem:unavailable/ });
is_problem $res, 503, 'busy';
is status_of('teacher', $teacher->{password}), 200, 'and nothing has changed';

done_testing;
