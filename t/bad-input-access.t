#!/usr/bin/perl

# I16 and I1: sessions, cookies, CSRF, origins, query arguments, and what is
# not granted.  What is malformed, or has no session, is counted only; what is
# refused to somebody is audited.  Pupil::BadInput has what holds for every
# case.

use lib 't/lib';
use Pupil::Test;
use Pupil::BadInput;

my $school = Pupil::BadInput->new;
my $nginx = $school->nginx;

my $submission = '{"id":"<id>","homework_id":"<homework>",'
    . '"exercise_id":"<exercise>","answer":"<mark>"}';
my $homework = '{"class_id":"<class>","title":"<mark>",'
    . '"due_at":"<tomorrow>","exercises":[{"title":"e","max_score":1}]}';

# All that needs a session: method, path, a body that would do.
my @all = (
    [GET => '/v1/session'], [DELETE => '/v1/session'],
    [POST => '/v1/session/institution', '{"institution_id":"<id>"}'],
    [GET => '/v1/homework'], [POST => '/v1/homework', $homework],
    [GET => '/v1/homework/<homework>'],
    [PATCH => '/v1/homework/<homework>', '{"title":"<mark>"}'],
    [DELETE => '/v1/homework/<homework>'],
    [GET => '/v1/homework/<homework>/progress'],
    [GET => '/v1/progress'], [POST => '/v1/progress', $submission],
    [POST => '/v1/progress', "[$submission]"], [GET => '/v1/data/'],
    [GET => '/v1/data/identity'], [GET => '/v1/data/identity/<pupil>'],
    [PATCH => '/v1/data/example', '{"favourite_subjects":"Music"}'],
    [PATCH => '/v1/data/example/<pupil>', '{"favourite_subjects":"Music"}'],
);

sub body ($text) { defined $text ? (body => $text) : () }


# ---- no session

for my $case (@all, [HEAD => '/v1/session'], [HEAD => '/v1/homework']) {
    my ($method, $path, $body) = @$case;
    $school->case("$method $path without a session", anon => $method => $path,
                  { body($body) }, 401, 'no-session');
}

my $http = $school->http;
my $token = $http->cookies->{'__Host-pupil'};
my $changed = $token =~ s/^(.)/$1 eq 'A' ? 'B' : 'A'/er;
my ($body, $length) = ($submission, length $token);
for my $case (['empty', ''], ['a mark', '<mark>'],
              ['one bit is another', $changed],
              ['cut', substr($token, 0, -1)], ['longer', "${token}A"],
              ['padded', "$token="], ['quoted', qq("$token")],
              ['all zero', 'A' x $length], ['4000 bytes', 'x' x 4000],
              ['escaped', join '', map { sprintf '%%%02x', ord }
                                   split //, $token],
              ['no base64url', '+' x $length],
              ['bytes over 127', "\xff" x $length])
{
    my ($name, $value) = @$case;
    $school->case("the cookie is $name", anon => POST => '/v1/progress',
        { body => $body, header => { Cookie => "__Host-pupil=$value" } },
        401, 'no-session');
}
for my $case (['another name', "__host-pupil=$token"],
              ['a longer name', "x__Host-pupil=$token"],
              ['a name before', "a=__Host-pupil=$token"],
              ['no value', '__Host-pupil'],
              ['two, the first is good',
               "__Host-pupil=$token; __Host-pupil=$changed"],
              ['two, the second is good',
               "__Host-pupil=$changed; __Host-pupil=$token"],
              ['the same twice', "__Host-pupil=$token; __Host-pupil=$token"])
{
    my ($name, $cookie) = @$case;
    $school->case("cookies: $name", anon => GET => '/v1/session',
                  { header => { Cookie => $cookie } }, 401, 'no-session');
}
$school->case('two Cookie headers, each with a session', pupil => GET =>
    '/v1/session', { raw => "GET /v1/session HTTP/1.1\r\nHost: localhost\r\n"
    . "Cookie: {cookie}\r\nCookie: {cookie}\r\n\r\n" }, 401, 'no-session',
    { keep => 0 });
is_status $http->get('/v1/session', header => { Cookie =>
    join '; ', map({ "c$_=$_" } 1 .. 300), "__Host-pupil=$token" }), 200,
    'one among 300 cookies is found';

# A session that has ended, and a token after a log-out.
my $gone = $school->client;
$gone->login(@{ $school->person('other') }{qw(login password)});
my $dead = $gone->cookies->{'__Host-pupil'};
is_status $gone->logout, 204, 'log-out';
# What says that the key store is to know of it goes a moment later.
wait_until(60, 'the revocation to be closed', sub {
    !$school->{site}->db->selectrow_array(
        'SELECT count(*) FROM pupil.revocation') });
delete $school->{before};
$school->case('a session after log-out', anon => GET => '/v1/homework',
    { header => { Cookie => "__Host-pupil=$dead" } }, 401, 'no-session');


# ---- CSRF and Origin: refused before any access, so counted only

my @unsafe = grep { $_->[0] ne 'GET' } @all;
for my $case (@unsafe) {
    my ($method, $path, $body) = @$case;
    $school->case("$method $path without a CSRF token", pupil => $method =>
        $path, { body($body), csrf => 0 }, 403, 'csrf');
    $school->case("$method $path from another site", pupil => $method =>
        $path, { body($body), header => { Origin => 'https://<mark>.test' } },
        403, 'origin');
}
$school->case('a log-in from another site', anon => POST => '/v1/login',
    { body => '{"identifier":"OKlein","password":"<mark>"}',
      header => { Origin => 'https://<mark>.test' } }, 403, 'origin');

my $csrf = $http->csrf;
my $others = $school->http('other')->csrf;
for my $case (['empty', ''], ['a mark', '<mark>'], ['of another', $others],
              ['cut', substr($csrf, 0, -1)], ['longer', "${csrf}A"],
              ['in capitals', uc $csrf], ['the session token', $token],
              ['4000 bytes', 'x' x 4000])
{
    my ($name, $value) = @$case;
    $school->case("the CSRF token is $name", pupil => POST => '/v1/progress',
        { body => $submission, header => { 'X-Pupil-CSRF' => $value } },
        403, 'csrf');
}
$school->case('two CSRF tokens', pupil => DELETE => '/v1/session',
    { raw => "DELETE /v1/session HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n"
    . "X-Pupil-CSRF: {csrf}\r\nX-Pupil-CSRF: {csrf}\r\n\r\n" }, 403, 'csrf',
    { keep => 0 });

my $port = $nginx->port;
for my $origin ('null', '', "http://localhost:$port", 'https://localhost',
                "https://localhost:$port/", "https://localhost:$port.a.test",
                "https://a.localhost:$port", "https://x\@localhost:$port",
                "https://localhost:$port, https://<mark>.test", '*',
                'https://' . 'a' x 3000, 'file://', '<nul>' x 0 . 'javascript:')
{
    my $shown = substr $origin, 0, 50;
    $school->case("the origin '$shown'", pupil => DELETE => '/v1/session',
                  { header => { Origin => $origin } }, 403, 'origin');
}
is_problem $http->post('/v1/progress', body => '{}',
    header => { Origin => "https://localhost:$port" }), 422, 'invalid',
    name => 'our own origin is let through';


# ---- query arguments

my @pages = ([teacher => '/v1/homework'], [pupil => '/v1/homework'],
             [pupil => '/v1/progress'], [teacher => '/v1/data/enrolment'],
             [teacher => '/v1/data/enrolment/<pupil>']);
for my $page (@pages) {
    my ($who, $path) = @$page;
    for my $case (['limit=0', 'limit', 'minimum'],
        ['limit=101', 'limit', 'maximum'],
        ['limit=18446744073709551617', 'limit', 'maximum'],
        ['limit=' . 9 x 64, 'limit', 'maximum'],
        ['limit=' . 9 x 65, 'limit', 'maxLength'],
        ['limit=-1', 'limit', 'integer'], ['limit=%2b1', 'limit', 'integer'],
        ['limit=1.5', 'limit', 'integer'], ['limit=1e1', 'limit', 'integer'],
        ['limit=0x10', 'limit', 'integer'], ['limit=010', 'limit', 'integer'],
        ['limit=', 'limit', 'integer'], ['limit=%201', 'limit', 'integer'],
        ['limit=<mark>', 'limit', 'integer'],
        ['limit=1%00', 'limit', 'integer'], ['limit', 'limit', 'malformed'],
        ['limit=%d9%a1', 'limit', 'integer'],
        ['limit=5&limit=5', 'limit', 'duplicate-key'],
        ['limit=5&%6cimit=6', 'limit', 'duplicate-key'],
        ['limit=%', 'limit', 'percent-encoding'],
        ['limit=%1', 'limit', 'percent-encoding'],
        ['limit=%zz', 'limit', 'percent-encoding'],
        ['%zz=1', '', 'percent-encoding'], ['=1', '', 'malformed'],
        ['limit=1&', '', 'malformed'], ['&limit=1', '', 'malformed'],
        ['&', '', 'malformed'], ['limit=1&&cursor=a', '', 'malformed'],
        ['Limit=5', 'Limit', 'additionalProperties'],
        ['hobby=<mark>', 'hobby', 'additionalProperties'],
        ['limit[]=1', 'limit??', 'additionalProperties'],
        ['%3Cscript%3E=1', '?script?', 'additionalProperties'],
        ['subject=<other>', 'subject', 'additionalProperties'],
        ['cursor=', 'cursor', 'cursor'],
        ['cursor=<mark>', 'cursor', 'cursor'],
        ['cursor=' . 'A' x 32, 'cursor', 'cursor'],
        ['cursor=' . '_' x 32, 'cursor', 'cursor'],
        ['cursor=' . 'A' x 31, 'cursor', 'cursor'],
        ['cursor=' . 'A' x 33, 'cursor', 'cursor'],
        ['cursor=' . '%41' x 65, 'cursor', 'maxLength'])
    {
        my ($args, $field, $rule) = @$case;
        $school->case("GET $path?" . substr($args, 0, 40), $who => GET =>
            "$path?$args", {}, 422, 'invalid',
            { field => $field, rule => $rule, log => 0 });
    }
}

for my $case ([teacher => '/v1/homework?status=', 'status', 'enum'],
    [teacher => '/v1/homework?status=closed', 'status', 'enum'],
    [teacher => '/v1/homework?status=Open', 'status', 'enum'],
    [teacher => '/v1/homework?status=open%00', 'status', 'enum'],
    [teacher => '/v1/homework?status=all&status=all', 'status',
     'duplicate-key'],
    [teacher => '/v1/homework?homework_id=<homework>', 'homework_id',
     'additionalProperties'],
    [pupil => '/v1/progress?status=all', 'status', 'additionalProperties'],
    [pupil => '/v1/progress?homework_id=', 'homework_id', 'uuid'],
    [pupil => '/v1/progress?homework_id=<mark>', 'homework_id', 'uuid'],
    [pupil => '/v1/progress?homework_id='
     . '00000000-0000-0000-0000-000000000000', 'homework_id', 'uuid'],
    [pupil => '/v1/progress?homework_id=<homework>%0a', 'homework_id',
     'uuid'],
    [teacher => '/v1/data/enrolment?status=all', 'status',
     'additionalProperties'],
    [teacher => '/v1/data/?limit=5', 'limit', 'additionalProperties'],
    [teacher => '/v1/homework/<homework>?limit=5', 'limit',
     'additionalProperties'],
    [teacher => '/v1/homework/<homework>/progress?hobby=1', 'hobby',
     'additionalProperties'],
    [pupil => '/v1/session?hobby=1', 'hobby', 'additionalProperties'])
{
    my ($who, $path, $field, $rule) = @$case;
    $school->case("GET $path", $who => GET => $path, {}, 422, 'invalid',
                  { field => $field, rule => $rule, log => 0 });
}
for my $case (@unsafe, [POST => '/v1/login',
                        '{"identifier":"OKlein","password":"<mark>"}'])
{
    my ($method, $path, $body) = @$case;
    $school->case("$method $path?hobby=1", teacher => $method =>
        "$path?hobby=1", { body($body) }, 422, 'invalid',
        { field => 'hobby', rule => 'additionalProperties' });
}


# ---- what is not there, or not yours: audited (I1)

for my $case (
    [pupil => GET => '/v1/homework/<id>', 404],
    [teacher => GET => '/v1/homework/<id>', 404],
    [other => GET => '/v1/homework/<homework>', 404],
    [admin => GET => '/v1/homework/<homework>', 403],
    [admin => GET => '/v1/homework', 403],
    [pupil => GET => '/v1/homework/<homework>/progress', 403],
    [teacher => GET => '/v1/homework/<id>/progress', 404],
    [pupil => PATCH => '/v1/homework/<homework>', 403, '{"title":"<mark>"}'],
    [teacher => PATCH => '/v1/homework/<id>', 404, '{"title":"<mark>"}'],
    [pupil => DELETE => '/v1/homework/<homework>', 403],
    [teacher => DELETE => '/v1/homework/<id>', 404],
    [teacher => DELETE => '/v1/homework/<class>', 404],
    [admin => POST => '/v1/homework', 403, $homework],
    [teacher => GET => '/v1/progress', 403],
    [admin => POST => '/v1/progress', 403, $submission],
    [pupil => GET => '/v1/data/identity/<id>', 404],
    [teacher => GET => '/v1/data/identity/<id>', 404],
    [pupil => GET => '/v1/data/identity/<other>', 404],
    [teacher => GET => '/v1/data/identity/<other>', 404],
    [pupil => GET => '/v1/data/contact/<teacher>', 403],
    [teacher => GET => '/v1/data/network/<pupil>', 403],
    [teacher => GET => '/v1/data/credential/<pupil>', 403],
    [teacher => PATCH => '/v1/data/example/<pupil>', 403,
     '{"favourite_subjects":"Music"}'],
    [pupil => PATCH => '/v1/data/identity', 403, '{"given_name":"<mark>"}'],
    [pupil => PATCH => '/v1/data/credential', 403, '{"login_id":"<mark>"}'],
    [pupil => PATCH => '/v1/data/progress', 403, '{"done":true}'])
{
    my ($who, $method, $path, $status, $body) = @$case;
    $school->case("$who: $method $path", $who => $method => $path,
        { body($body) }, $status,
        $status == 403 ? 'not-granted' : 'not-found', { audit => 1 });
}


# ---- everything still works

is_status $school->http('teacher')->get('/v1/homework/'
    . $school->name('homework') . '/progress'), 200, 'the overview';
is_status $http->post('/v1/progress', json => $school->submission), 201,
    'a submission';
is $http->get('/v1/progress')->json->{submissions}[0]{answer}, 'an answer',
    'and it is there';

done_testing;
