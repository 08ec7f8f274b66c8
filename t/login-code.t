#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A teacher hands out a code on paper, by which a pupil of theirs sets a new
# password, once.  It is of no other pupil, of nobody who is more than a pupil,
# and ends with whatever revokes something of the account (I18).

use lib 't/lib';
use utf8;
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Factor;
use JSON::XS ();

my $NEW = 'a long walk along the shore';

my $clock = Pupil::Clock->new;
my $day = Pupil::Day->up(start => 0,
    conf => { pupil_second_factor => 'pupil=optional',
              pupil_request_timeout => '60s' },
    server => <<'END');
location /staff/login { pupil_login; pupil_login_password staff; }
location /staff/pupils { pupil_login_code; pupil_login_password staff; }
location /fresh/pupils { pupil_login_code; pupil_step_up teacher=5m; }
END
my $site = $day->site;
$clock->of_all($day->pg);
my $nginx = $day->nginx;
my $test = $nginx->test;
is $test->{code}, 0, 'nginx takes it' or do { diag $test->{err};
                                              done_testing; exit };
$nginx->start;
$day->ready;
my ($db, $keys) = ($day->db, $site->keystore);
my ($teacher, $pupil) = map { $day->person($_) } qw(teacher pupil);

sub forget { $db->do('DELETE FROM pupil.login_throttle') }

sub hand ($who = $pupil, $http = $day->teacher, $path = '/v1/pupils') {
    return $http->post("$path/$who->{id}/login-code");
}

sub code ($who = $pupil) {
    forget();
    my $res = hand($who);
    is_status $res, 200, "a code for $who->{login}";
    return $res->json->{code};
}

sub set_by ($code, $new = $NEW, $who = $pupil, $http = $nginx->http) {
    return $http->post('/v1/login/code', json => {
        identifier => $who->{login}, code => $code, new => $new });
}

sub status_of ($who = $pupil) {
    return $nginx->http->login(@$who{qw(login password)})->status;
}

sub none ($code, $name) {
    my $res = set_by($code, 'never to be set at all');
    is_problem $res, 401, 'invalid-credentials', name => $name;
    return $res;
}

sub told ($kind) {
    return scalar $db->selectrow_array('SELECT count(*) FROM pupil.notice'
        . ' WHERE subject = ? AND kind = ?', {}, $pupil->{id}, $kind);
}


# ---- handed out

my $res = hand();
is_status $res, 200, 'a code';
my $code = $res->json->{code};
like $code, qr/^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){2}$/,
    'that a child can type';
is_deeply [sort keys %{ $res->json }], [qw(code expires_at identifier)],
    'with what it is for, until when';
is $res->json->{identifier}, $pupil->{login}, 'and whom';
is_deeply [map { [@$_{qw(category fields purpose relation operation outcome
                         role note)}, @{ $_->{subjects} }] } $day->audit($res)],
    [['credential', ['login_id'], qw(authentication teaches read allowed
      teacher login-code), $pupil->{id}]], 'on record: who, for whom';
is scalar(grep { $_->{category} eq 'credential'
                 && $_->{actor}{role} eq 'teacher' }
    @{ $day->pupil->get('/v1/me/audit')->json->{events} }), 1,
    'which the pupil can see';
my $dump = join ' ', map { my $table = $_; map { @$_ } @{
    $db->selectall_arrayref("SELECT t::text FROM $table AS t") } }
    qw(pupil.audit_record pupil.login_throttle data.credential pupil.notice);
unlike $dump . slurp($nginx->error_log), qr/\Q$code\E/i, 'no row has it, no log';


# ---- a new password

is_problem set_by($code, 'x'), 422, 'invalid', field => '/new';
is_problem set_by($code, lc $pupil->{login}), 422, 'invalid',
    field => '/new', name => 'what its owner is called';
is status_of(), 200, 'nothing of it changes anything';
my $before = $day->rows_of('data.credential', $pupil->{id});
$db->do('DELETE FROM pupil.notice');
$res = set_by(lc($code) =~ tr/-/ /r);
is_status $res, 200, 'a new password';
is_deeply $res->json, { status => 'ok' }, 'and no session';
is scalar($res->headers('set-cookie')), 0, 'nor a cookie';
is_deeply [map { "$_->{operation} $_->{outcome} $_->{role} $_->{note}" }
           grep { $_->{category} eq 'credential' } $day->audit($res)],
    [map { "$_ allowed pupil login-code" } qw(read write)], 'on record';
is told('password_by_code'), 1, 'and told';
is told('password_changed'), 0, 'as what it is';
is_problem $day->pupil->get('/v1/session'), 401, 'no-session',
    name => 'all sessions have ended';
is status_of(), 401, 'the old one is none';
none($code, 'the code counts once');
$pupil->{password} = $NEW;
is status_of(), 200, 'the new one lets in';

$day->put_back($before);
none($code, 'not by rows of before');
none(code(), 'nor by another one, as long as those are there');
$nginx->allow_log(qr/\[crit\]/);
$site->password(@$pupil{qw(login password)});


# ---- of several at once one

$code = code();
my @at_once = map { $nginx->http->connect } 1 .. 3;
$_->send_raw($_->request_bytes(POST => '/v1/login/code',
    json => { identifier => $pupil->{login}, code => $code, new => $NEW }))
    for @at_once;
is join(' ', sort map { $_->read_response('POST')->status } @at_once)
    =~ s/401|409|503/no/gr, '200 no no', 'of several at once one';
is told('password_by_code'), 2, 'which is told once';


# ---- the key store does not hear of it

my $FN = 'keystore.raise_own(uuid, integer, integer)';
$code = code();
$keys->do("REVOKE EXECUTE ON FUNCTION $FN FROM pupil_keeper");
is_status set_by($code, 'a walk that is pending'), 202, 'stored, and not told';
$keys->do("GRANT EXECUTE ON FUNCTION $FN TO pupil_keeper");
none($code, 'it was used all the same');
$pupil->{password} = 'a walk that is pending';
is status_of(), 200, 'the new one counts';
$site->ctl_ok('work', $site->ctl_where);


# ---- a first password, and one who has no name to log in with

my $first = { login => 'NGilbertson', id => JSON::XS::decode_json(
    $site->ctl_ok(qw(user show NGilbertson --json), $site->ctl_where)->{out})
    ->{id} };
is $db->selectrow_array('SELECT password_hash IS NULL FROM data.credential'
    . ' WHERE owner = ?', {}, $first->{id}), 1, 'who has no password yet';
is_status set_by(code($first), $NEW, $first), 200, 'sets a first one';
is status_of({ %$first, password => $NEW }), 200, 'which lets in';
my $had = $day->rows_of('data.credential', $first->{id});
$db->do('DELETE FROM data.credential WHERE owner = ?', {}, $first->{id});
is_problem hand($first), 409, 'conflict', name => 'who has no name';
$day->put_back($had);


# ---- for whom, and by whom

my ($other, $colleague) = map { $day->person($_) } qw(other colleague);
for my $case (['of another class' => $pupil, 'colleague', 404, 'not-found'],
              ['of another school' => $other, 'teacher', 404, 'not-found'],
              ['a colleague' => $colleague, 'teacher', 404, 'not-found'],
              ['oneself' => $teacher, 'teacher', 404, 'not-found'],
              ['nobody' => { id => uuid() }, 'teacher', 404, 'not-found'],
              ['by a pupil' => $first, 'other', 403, 'not-granted'],
              ['by an administrator' => $pupil, 'admin', 403, 'not-granted'])
{
    my ($name, $whom, $by, $status, $slug) = @$case;
    my $res = hand($whom, $day->as($by));
    is_problem $res, $status, $slug, name => $name;
    is_deeply $day->outcomes($res), [$slug =~ tr/-/_/r], "$name: on record";
}
is_problem hand($pupil, $nginx->http), 401, 'no-session';
is_problem $day->teacher->post("/v1/pupils/$pupil->{id}/login-code",
    header => { 'X-Pupil-CSRF' => 'x' }), 403, 'csrf';
is_problem hand($pupil, $day->teacher, '/staff/pupils'), 404, 'not-found',
    name => 'where pupils have no passwords';
is_problem $nginx->http->post('/staff/login/code', json => { code => $code,
    identifier => $pupil->{login}, new => $NEW }), 404, 'not-found',
    name => 'nor set any';
$code = code();
is_problem set_by($code, $NEW, $first), 401, 'invalid-credentials',
    name => 'a code of another';


# ---- who is more than a pupil

my ($school) = $db->selectrow_array('SELECT institution FROM pupil.role WHERE'
    . ' subject = ?', {}, $teacher->{id});
my @role = ('teacher', '--institution', $school, $site->ctl_where);
$site->ctl_ok(qw(user role add), $pupil->{login}, @role);
none($code, 'who is a member of staff meanwhile');
is_problem hand(), 409, 'conflict', name => 'and gets none';
my $revoked = $db->selectrow_array('SELECT row_to_json(r)::text FROM pupil.role'
    . " AS r WHERE subject = ? AND role = 'teacher'", {}, $pupil->{id});
$site->ctl_ok(qw(user role remove), $pupil->{login}, @role);
none($code, 'a code of before that is none');
$db->do('INSERT INTO pupil.role SELECT * FROM json_populate_record('
    . 'NULL::pupil.role, ?::json)', {}, $revoked);
$res = hand();
is_status $res, 200, 'by a row from before that they are one';
is_deeply $day->outcomes($res), ['allowed'], 'which is no finding';
$db->do('UPDATE pupil.role SET mac = set_byte(mac, 3, get_byte(mac, 3) # 1)'
    . " WHERE subject = ? AND role = 'teacher'", {}, $pupil->{id});
is_problem hand(), 409, 'conflict', name => 'unless that is a changed one';
$db->do("DELETE FROM pupil.role WHERE subject = ? AND role = 'teacher'", {},
    $pupil->{id});
my $soon = int(time / 86400) + 7;
my $put = $db->prepare('INSERT INTO pupil.role (tenant, subject, institution,'
    . " role, valid_from, source, mac) VALUES (?, ?, ?, 'teacher',"
    . " DATE '1970-01-01' + ?::int, 'test', ?)");
$put->bind_param($_->[0], $_->[1], $_->[2]) for [1, $day->tenant],
    [2, $first->{id}], [3, $school], [4, $soon], [5, $day->mac('role',
    $first->{id}, $school, 'teacher', $soon, 2147483647, 'test'),
    { pg_type => DBD::Pg::PG_BYTEA() }];
is $put->execute, 1, 'who will be a member of staff';
is_problem hand($first), 409, 'conflict', name => 'gets none';
$db->do("DELETE FROM pupil.role WHERE source = 'test'");
is_status hand($first), 200, 'who will not does';


# ---- a row of theirs that somebody changed says nothing, least of all that
# they are no member of staff

$code = code($first);
for my $edit (['its MAC', 'mac = set_byte(mac, 3, get_byte(mac, 3) # 1)'],
              ['its last day', "valid_to = DATE '1970-01-02'"],
              ['its first day', 'valid_from = valid_from + 36500'],
              ['its role', "role = 'support'"],
              ['its number', "mac = substr(mac, 1, 32) || '\\x00000001'"])
{
    my ($name, $set) = @$edit;
    forget();
    is $put->execute, 1, 'who is, or will be, a member of staff';
    $db->do("UPDATE pupil.role SET $set WHERE source = 'test'");
    my $res = hand($first);
    is_problem $res, 409, 'conflict', name => "$name: no code";
    is_deeply [sort @{ $day->outcomes($res) }], [qw(conflict tampered)],
        "$name: on record";
    $res = set_by($code, $NEW, $first);
    is_problem $res, 401, 'invalid-credentials', name => "$name: no password";
    is_deeply [sort @{ $day->outcomes($res) }], [qw(refused tampered)],
        "$name: on record, too";
    $db->do("DELETE FROM pupil.role WHERE source = 'test'");
}
is_status hand($first), 200, 'without it as before';


# ---- a lock

$code = code();
$site->ctl_ok(qw(subject lock), $pupil->{id}, $site->ctl_where);
is_deeply $day->outcomes(none($code, 'who is locked')), ['refused'],
    'which is on record';
is_problem hand(), 409, 'conflict', name => 'and gets none';
$site->ctl_ok(qw(subject unlock), $pupil->{id}, $site->ctl_where);
none($code, 'locked, and not any more');


# ---- what a lock is, and a restriction is not

$code = code();
$site->ctl_ok(qw(subject restrict), $pupil->{id}, $site->ctl_where);
none($code, 'who is restricted');
is_problem hand(), 409, 'conflict', name => 'and gets none';
$site->ctl_ok(qw(subject unrestrict), $pupil->{id}, $site->ctl_where);
is_problem set_by($code, lc $pupil->{login}), 422, 'invalid',
    field => '/new', name => 'restricted, and not any more: it counts again';
$site->ctl_ok(qw(user reset), $pupil->{login}, $site->ctl_where);
none($code, 'and by a reset of the administrator it ends');


# ---- it lets nobody past the second factor

forget();
$site->password(@$pupil{qw(login password)});
my $factor = Pupil::Factor->new($day, 'pupil', $clock);
my $half = $factor->half;
my $token = $factor->token;
$half = $factor->half;
$factor->ask($half, $token);
is_status $factor->prove($half, totp => $factor->next_code), 200,
    'with a second factor';
is_status set_by(code()), 200, 'a new password';
$pupil->{password} = $NEW;
is +($factor->half)[1]->json->{status}, 'second_factor_required',
    'is half of what it takes';


# ---- without a record (I1)

$code = code();
$db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_gateway');
$res = hand();
is_problem $res, 503, 'unavailable', name => 'no record, no code';
unlike $res->text, qr/\Q$code\E/, 'at all';
is_problem set_by($code), 503, 'unavailable', name => 'nor a password';
$db->do('GRANT INSERT ON pupil.audit_record TO pupil_gateway');
$day->ready;


# ---- how many

forget();
is_status hand(), 200, 'one';
my $waits = 'SELECT count(*) FROM pupil.login_throttle WHERE failures = ? AND'
    . " not_before > last_at + interval '1 s'";
for my $n (40, 41) {
    is $db->do('UPDATE pupil.login_throttle SET failures = ?, last_at ='
        . ' clock_timestamp()', {}, $n - 1), 1, 'some more';
    is_status hand(), 200, "$n of them";
    is $db->selectrow_array($waits, {}, $n), $n - 40,
        $n == 40 ? 'a class at once' : 'and no school';
}
$db->do('UPDATE pupil.login_throttle SET not_before = clock_timestamp() +'
    . " interval '1 hour'");
$res = hand();
is_problem $res, 429, 'throttled', name => 'who goes on waits';
is_deeply $day->outcomes($res), ['throttled'], 'which is on record';


# ---- for a day, by a teacher who teaches them

$code = code();
is_status hand($first, $day->teacher, '/fresh/pupils'), 200, 'a young proof';
$clock->forward(10 * 60);
is_problem hand($pupil, $day->teacher, '/fresh/pupils'), 401,
    'step-up-required', name => 'an older one';
$clock->forward(22 * 3600);
is_problem set_by($code, lc $pupil->{login}), 422, 'invalid',
    field => '/new', name => 'it counts the next morning';
$clock->forward(2 * 3600);
forget();
none($code, 'and after a day no more');

my $http = $nginx->http;
is_status $http->login(@$teacher{qw(login password)}), 200, 'another day';
$day->end_enrolment($teacher->{id}, $_) for @{ $db->selectcol_arrayref(
    'SELECT class FROM pupil.enrolment WHERE subject = ?', {}, $teacher->{id}) };
is_problem hand($pupil, $http), 404, 'not-found',
    name => 'whose teaching has ended';

done_testing;
