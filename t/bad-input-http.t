#!/usr/bin/perl

# I16 at the level of HTTP: sizes, framing, chunks, pipelines, HTTP/2, methods,
# media types and paths.  Pupil::BadInput has what holds for every case.

use lib 't/lib';
use Pupil::Test;
use Pupil::BadInput;

my $school = Pupil::BadInput->new;

my $MIB = 1024 * 1024;
my $good = '{"id":"<id>","homework_id":"<homework>",'
    . '"exercise_id":"<exercise>","answer":"<mark>"}';


# ---- size

my @endpoints = (
    [anon => POST => '/v1/login', 16 * 1024],
    [pupil => POST => '/v1/session/institution', $MIB],
    [teacher => POST => '/v1/homework', $MIB],
    [teacher => PATCH => '/v1/homework/<homework>', $MIB],
    [pupil => POST => '/v1/progress', $MIB / 4],
    [pupil => PATCH => '/v1/data/example', $MIB],
);

for my $endpoint (@endpoints) {
    my ($who, $method, $path, $limit) = @$endpoint;
    my $fill = '"' . 'x' x ($limit - 2) . '"';

    $school->case("$method $path, as large as can be", $who, $method, $path,
        { body => $fill }, 422, 'invalid', { rule => 'type' });
    $school->case("$method $path, a byte more", $who, $method, $path,
        { body => "$fill " }, 413, 'too-large', { keep => 0 });
    $school->case("$method $path, a byte more in chunks", $who, $method,
        $path, { body => "$fill ", chunked => 60000 }, 413, 'too-large',
        { keep => 0 });
}

# White space is no value: this one is fine, however long.
my $padded = $school->fill($good, 'an answer');
my $res = $school->http->post('/v1/progress',
    body => $padded . ' ' x ($MIB / 4 - length $padded));
is_status $res, 201, 'a submission in a body of 256 KiB is stored';
delete $school->{before};

$school->case('a length that no request has', pupil => POST =>
    '/v1/progress', { raw => "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\n"
    . "Content-Type: application/json\r\nCookie: {cookie}\r\n"
    . "Content-Length: 9223372036854775807\r\n\r\n" }, 413, 'too-large',
    { keep => 0 });
$school->case('too large, and asks before it sends', pupil => POST =>
    '/v1/progress', { raw => "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\n"
    . "Content-Type: application/json\r\nCookie: {cookie}\r\n"
    . "Content-Length: 2000000\r\nExpect: 100-continue\r\n\r\n" }, 413,
    'too-large', { keep => 0 });


# ---- framing: raw requests

sub raw ($name, $head, $body, $status, $slug, $want = {}) {
    my $text = "POST /v1/progress HTTP/1.1\r\nHost: localhost\r\n"
        . "Cookie: {cookie}\r\nX-Pupil-CSRF: {csrf}\r\n"
        . "Content-Type: application/json\r\n$head\r\n$body";
    $school->case($name, pupil => POST => '/v1/progress', { raw => $text },
                  $status, $slug, { keep => 0, %$want });
}

my $chunked = "Transfer-Encoding: chunked\r\n";
for my $case (['no hex', "zz\r\n{}\r\n0\r\n\r\n"],
              ['a negative size', "-2\r\n{}\r\n0\r\n\r\n"],
              ['a size of 20 digits', ('f' x 20) . "\r\n{}"],
              ['no line end behind a chunk', "2\r\n{}0\r\n\r\n"],
              ['a chunk longer than its size', "1\r\n{}\r\n0\r\n\r\n"])
{
    raw("chunked, $case->[0]", $chunked, $case->[1], 400, 'malformed');
}
raw('chunked, malformed JSON', $chunked, "1\r\n{\r\n1;a=b\r\n\"\r\n0\r\n\r\n",
    400, 'malformed');
raw('chunked, nothing in it', $chunked, "0\r\n\r\n", 400, 'malformed',
    { field => '', rule => 'malformed' });
raw('chunked, a rule broken over many chunks', $chunked,
    join('', map { "1\r\n$_\r\n" } split //, '{"hobby":"~~"}') . "0\r\n\r\n",
    422, 'invalid', { field => '/hobby', rule => 'additionalProperties' });

# nginx refuses these before it has found a location.
my %page = (nginx => 1);
raw('chunked and a length', "${chunked}Content-Length: 2\r\n", '{}', 400, '',
    \%page);
raw('two lengths', "Content-Length: 2\r\nContent-Length: 3\r\n", '{}', 400,
    '', \%page);
raw('a negative length', "Content-Length: -1\r\n", '{}', 400, '', \%page);
raw('a length of 30 digits', 'Content-Length: ' . 9 x 30 . "\r\n", '{}', 400,
    '', \%page);
raw('a length that is none', "Content-Length: 0x2\r\n", '{}', 400, '',
    \%page);
raw('a header without a name', ": <mark>\r\n", '', 400, '',
    { %page, log => 0 });
raw('two Hosts', "Host: <mark>\r\n", '', 400, '', { %page, log => 0 });
raw('a header over 8 KiB', 'X-Long: <mark>' . 'x' x 9000 . "\r\n", '', 400,
    '', { %page, log => 0 });
raw('40 KiB of headers', join('', map { "X-$_: " . 'y' x 4000 . "\r\n" }
    1 .. 10), '', 400, '', { %page, log => 0 });

for my $case (['no Host', "GET /v1/session HTTP/1.1\r\n\r\n", 400],
              ['HTTP/1.2 in words', "GET /v1/session HTTP/one\r\n\r\n", 400],
              ['no path', "GET HTTP/1.1\r\nHost: x\r\n\r\n", 400],
              ['a path of 9000', 'GET /v1/session?' . 'x' x 9000
               . " HTTP/1.1\r\nHost: x\r\n\r\n", 414],
              ['a NUL in the path',
               "GET /v1/session%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400],
              ['half an escape in the path',
               "GET /v1/data/%4 HTTP/1.1\r\nHost: x\r\n\r\n", 400],
              ['out of the root',
               "GET /v1/../../etc/<mark> HTTP/1.1\r\nHost: x\r\n\r\n", 400],
              ['out of the root, escaped', 'GET /v1/%2e%2e/%2e%2e/etc/<mark>'
               . " HTTP/1.1\r\nHost: x\r\n\r\n", 400],
              ['TRACE', "TRACE /v1/session HTTP/1.1\r\nHost: x\r\n\r\n", 405],
              ['CONNECT', "CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n", 400],
              ['not HTTP at all', "\x16\x03\x01\x02\x00\x01\r\n\r\n", 400])
{
    my ($name, $bytes, $status) = @$case;
    $school->case($name, anon => GET => '/', { raw => $bytes }, $status, '',
                  { %page, log => 0, keep => 0 });
}


# ---- pipelined: each is answered, in order, for itself

my $bad = { body => '{"hobby":1}' };
my @pipe = map { $school->http->request_bytes(@$_) } (
    [POST => '/v1/progress', %$bad], [GET => '/v1/session'],
    [POST => '/v1/progress', body => '{'], [GET => '/v1/homework?limit=0'],
    [GET => '/v1/homework/nothing'], [PUT => '/v1/homework'],
    [POST => '/v1/progress', body => 'x' x 3000, type => 'text/plain'],
    [GET => '/v1/session']);
my $before = $school->digest;
my $audited = $school->audited;
$school->http->connect->send_raw(join '', @pipe);
my @answers = map { $school->http->read_response } @pipe;
is join(' ', map { $_ ? $_->status : 'none' } @answers),
    '422 200 400 422 404 405 415 200', 'eight requests in one write';
is_problem $answers[0], 422, 'invalid', field => '/hobby';
is_problem $answers[3], 422, 'invalid', field => 'limit', rule => 'minimum';
my %ids = map { $_->request_id => 1 } grep { $_ } @answers;
is keys %ids, 8, 'each has an id of its own';
is $school->digest, $before, 'nothing is stored';
is $school->audited - $audited, 2, 'the two that were shown are audited';

$school->http->connect->send_raw(join '', map {
    $school->http->request_bytes(POST => '/v1/progress',
        body => '{"hobby":1}', chunked => 1 + $_ % 7) } 1 .. 50);
@answers = map { $school->http->read_response } 1 .. 50;
is scalar(grep { $_ && $_->status == 422 } @answers), 50,
    'fifty bad bodies in chunks, pipelined';
delete $school->{before};


# ---- methods

my @methods = qw(GET HEAD POST PUT PATCH DELETE OPTIONS PROPFIND BREW);
for my $case (['/v1/login', 'GET, HEAD, POST'],
              ['/v1/session', 'GET, HEAD, DELETE'],
              ['/v1/session/institution', 'POST'],
              ['/v1/homework', 'GET, HEAD, POST'],
              ['/v1/homework/<homework>', 'GET, HEAD, PATCH, DELETE'],
              ['/v1/homework/<homework>/progress', 'GET, HEAD'],
              ['/v1/progress', 'GET, HEAD, POST'], ['/v1/data/', 'GET, HEAD'],
              ['/v1/data/example', 'GET, HEAD, PATCH'],
              ['/v1/data/example/<other>', 'GET, HEAD, PATCH'],
              ['/status', 'GET, HEAD'], ['/status/live', 'GET, HEAD'],
              ['/status/ready', 'GET, HEAD'])
{
    my ($path, $allow) = @$case;
    my %known = map { $_ => 1 } split /, /, $allow;
    $school->case("$_ $path", pupil => $_ => $path, {}, 405,
                  'method-not-allowed', { allow => $allow })
        for grep { !$known{$_} } @methods;
    $school->case("an unwanted method with a body, $path", pupil => PUT =>
        $path, { body => '{"a":"<mark>"}' }, 405, 'method-not-allowed',
        { allow => $allow });
}


# ---- bodies where none belongs

for my $case ([GET => '/v1/session'], [HEAD => '/v1/session'],
              [DELETE => '/v1/session'], [GET => '/v1/homework'],
              [HEAD => '/v1/homework'], [GET => '/v1/homework/<homework>'],
              [DELETE => '/v1/homework/<homework>'],
              [GET => '/v1/homework/<homework>/progress'],
              [GET => '/v1/progress'], [HEAD => '/v1/progress'],
              [GET => '/v1/data/'], [GET => '/v1/data/identity'],
              [HEAD => '/v1/data/identity'],
              [GET => '/v1/data/identity/<other>'], [GET => '/status'])
{
    my ($method, $path) = @$case;
    $school->case("$method $path with a body", teacher => $method => $path,
        { body => '{"a":"<mark>"}' }, 400, 'unexpected-body');
    $school->case("$method $path with a body in chunks", teacher => $method
        => $path, { body => '{"a":"<mark>"}', chunked => 5 }, 400,
        'unexpected-body');
}


# ---- media types

for my $endpoint (@endpoints) {
    my ($who, $method, $path) = @$endpoint;
    $school->case("$method $path as " . ($_ || 'nothing'), $who, $method,
        $path, { body => '{"a":"<mark>"}', $_ ? (type => $_)
                 : (header => { 'Content-Type' => undef }) },
        415, 'media-type')
        for '', 'text/plain', 'application/x-www-form-urlencoded',
            'application/jsonp', 'application/json; charset=utf-16';
}
for my $type ('multipart/form-data; boundary=<mark>', 'text/json',
              'application/json;charset=latin1', 'application/json x',
              'application/json; charset=utf-8; <mark>', 'application/json,',
              '"application/json"', 'application/ json', 'json', '*/*')
{
    my $mark = $school->fill($type, 'MARKtype');
    $school->case("as $type", pupil => POST => '/v1/progress',
        { body => '{"a":1}', type => $mark }, 415, 'media-type');
}
for my $type ('application/json', 'APPLICATION/JSON;Charset="UTF-8"',
              "application/json ;\tcharset=utf-8 ")
{
    is_problem $school->http->post('/v1/progress', body => '{}',
        type => $type), 422, 'invalid', name => "as $type: looked at";
}


# ---- paths

for my $case (['/v1/session/'], ['/v1/sessions'], ['/v1/session/x'],
              ['/v1/session/institution/'], ['/v1/homework/'],
              ['/v1/homework/1'], ['/v1/homework/<homework>/'],
              ['/v1/homework/<homework>x'], ['/v1/homework/<homework>/Progress'],
              ['/v1/homework/<homework>/progress/'],
              ['/v1/homework/<homework>/progress/1'],
              ['/v1/homework/00000000-0000-0000-0000-000000000000'],
              ['/v1/homework/6F1C2C4E-7D1F-4A53-9D2E-0F5A3A1B9C77'],
              ['/v1/homework/%7b<homework>%7d'],
              ['/v1/homework/<homework>%0a'], ['/v1/homework/<homework>%20'],
              ['/v1/homework/<homework>;a=b'], ["/v1/homework/' OR 1=1 --"
              =~ s/ /%20/gr], ['/v1/homework/%c0%af'],
              ['/v1/homework/%ff%fe'], ['/v1/progress/'],
              ['/v1/progress/<stored>'], ['/v1/progress/..%5csession'],
              ['/v1/data/../homework/x'], ['/v1/data/%2e%2e/homework/x'],
              ['/v1/data/Identity'], ['/v1/data/identity/'],
              ['/v1/data/identity/<mark>'], ['/v1/data/identity/<other>/x'],
              ['/v1/data/identity/<other>%2f'], ['/v1/data/1%3bselect'],
              ['/v1/data/' . 'x' x 33], ['/v1/data/' . 'x' x 2000],
              ['/v1/data/identity%09'], ['/v1/data/nothing'],
              ['/v1/data/nothing/<other>'], ['/v1/data/pupil.session'],
              ['/v1/data/pg_authid'], ['/status/'], ['/status/x'],
              ['/statusx'], ['/status/live/'])
{
    my ($path) = @$case;
    my $shown = length $path > 60 ? substr($path, 0, 60) . '...' : $path;
    $school->case("the path $shown", teacher => GET => $path, {}, 404,
                  'not-found', { log => 0 });
}
for my $path ('/V1/session', '/v1/Session', '/v1', '/v1/', '/v1/login/',
              '/v1/loginx', '/v1/data', '/v2/session', '/v1/homewor')
{
    $school->case("no location at $path", teacher => GET => $path, {}, 404,
                  '', { %page, log => 0 });
}


# ---- the same over HTTP/2

for my $case (
    [POST => '/v1/progress', { body => '{"id":"<mark>' }, 400, 'malformed'],
    [POST => '/v1/progress', { body => '{"hobby":"<mark>"}' }, 422,
     'invalid', { field => '/hobby', rule => 'additionalProperties' }],
    [POST => '/v1/progress', { body => '' }, 400, 'malformed'],
    [POST => '/v1/progress', { body => '"' . 'x' x $MIB . '"' }, 413,
     'too-large'],
    [POST => '/v1/progress', { body => '{"a":1}', type => 'text/plain' }, 415,
     'media-type'],
    [POST => '/v1/progress', { body => '{"a":"<ff><mark>"}' }, 400,
     'malformed', { field => '/a', rule => 'utf8' }],
    [POST => '/v1/progress', { body => '[' x 17 }, 400, 'malformed',
     { rule => 'depth' }],
    [GET => '/v1/session', { body => '{"a":"<mark>"}' }, 400,
     'unexpected-body'],
    [GET => '/v1/homework?limit=<mark>', {}, 422, 'invalid',
     { field => 'limit', rule => 'integer', log => 0 }],
    [GET => '/v1/homework/nothing', {}, 404, 'not-found'],
    [HEAD => '/v1/homework/nothing', {}, 404, 'not-found'],
    [PUT => '/v1/homework', { body => '{"a":"<mark>"}' }, 405,
     'method-not-allowed', { allow => 'GET, HEAD, POST' }],
    [BREW => '/v1/session', {}, 405, 'method-not-allowed',
     { allow => 'GET, HEAD, DELETE' }],
    [POST => '/v1/login', { body => '"' . 'x' x (16 * 1024) . '"' }, 413,
     'too-large'],
    [PATCH => '/v1/data/example', { body => '{"chosen_on":"<mark>"}' }, 422,
     'invalid', { field => '/chosen_on' }],
    [PATCH => '/v1/data/example', { body => '{"chosen_on":1}',
     header => { 'X-Pupil-CSRF' => '<mark>' } }, 403, 'csrf'])
{
    my ($method, $path, $opt, $status, $slug, $want) = @$case;
    my $res = $school->case("HTTP/2, $method $path", pupil => $method =>
        $path, { %$opt, curl => 1 }, $status, $slug, $want // {});
    is $res && $res->version, '2', 'by HTTP/2';
}

done_testing;
