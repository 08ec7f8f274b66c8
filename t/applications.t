#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# docs/applications.md: its server, as it stands there, in front of two
# applications.

use lib 't/lib';
use Pupil::Test;
use Pupil::App;
use Pupil::Day;

my ($example) = slurp(root_dir() . '/docs/applications.md')
    =~ /^```nginx\n(.*?)^```/ms or die "no example\n";
my @app = map { Pupil::App->new } 1 .. 2;
my ($tls, $port) = (test_ca(), free_port());

# What is another machine's: ports and files.
my %here = ('listen 8443 ' => "listen 127.0.0.1:$port ",
            'school.example' => 'localhost',
            '127.0.0.1:8080' => '127.0.0.1:' . $app[0]->port,
            '127.0.0.1:8081' => '127.0.0.1:' . $app[1]->port,
            '/etc/ssl/school.crt' => $tls->{cert},
            '/etc/ssl/private/school.key' => $tls->{key},
            '/srv/www' => tmp_dir());
for my $there (sort keys %here) {
    is scalar($example =~ s/\Q$there\E/$here{$there}/g) > 0, 1,
        "the example has $there";
}

# Keys go with the request: each of them asks for them.
my $day = Pupil::Day->up(http => $example, conf => { pupil_key_cache => 'off' });
my ($pupil, $teacher) = map { my $there = $day->nginx->http;
    $there->{port} = $port;
    $there->{cookies} = $day->as($_)->cookies;
    $there } qw(pupil teacher);
my $nobody = $day->nginx->http;
$nobody->{port} = $port;

sub head ($res, $name) {
    return (Pupil::App::seen($res)->{head}{$name} // ['none'])->[0];
}

my $res = $pupil->get('/forum/');
is_status $res, 200, 'a pupil is in the forum';
like head($res, 'X-Pupil-User'), qr/^[0-9a-f]{32}$/, 'under a name';
is head($pupil->get('/forum/', header => { Connection => 'X-Pupil-User' }),
    'Connection'), 'none', 'which no client has a next proxy leave out';
is_deeply $day->outcomes($res), ['allowed'],
    'on record by the id that the application has, too';
is_problem $pupil->get('/reports/'), 403, 'not-granted',
    name => 'and not at the reports';

my $report = $teacher->get('/reports/');
is_status $report, 200, 'a teacher is';
my $names = $day->expect(200, $day->teacher->get('/v1/data/identity'))
    ->json->{records}[0];
is head($report, 'X-Pupil-User-Identity-Given-Name'), $names->{given_name},
    'with their name';
isnt head($report, 'X-Pupil-User'), head($teacher->get('/forum/'),
    'X-Pupil-User'), 'and is another in each';

$res = $nobody->get('/forum/page?n=2', header => { Accept => 'text/html' });
is_status $res, 302, 'who comes for a page';
is $res->header('location'), '/login.html?next=%2Fforum%2Fpage%3Fn%3D2',
    'is sent to log in';
is_status $nobody->get('/forum/assets/logo.svg'), 200,
    'what everybody may see';
is head($nobody->get('/forum/assets/logo.svg',
    header => { 'X-Pupil-User' => 'forged' }), 'X-Pupil-User'), 'none',
    'names nobody';

# What it promises of its connections: HTTP/2, uploads, sockets.
my $head = { 'X-Pupil-User' => head($pupil->get('/forum/'), 'X-Pupil-User') };
my $size = 100 * 1024 * 1024;
my $body = 'x' x $size;
for my $version ('1.1', '2') {
    $res = $pupil->curl(PUT => '/forum/', version => $version, body => $body,
                        type => 'application/octet-stream');
    is_status $res, 200, "HTTP/$version: an upload of 100 MB";
    is $res->version, $version, 'by that version';
    is Pupil::App::seen($res)->{size}, $size, 'is all there';
    is head($res, 'X-Pupil-User'), $head->{'X-Pupil-User'}, 'and from whom';
    is_deeply $day->outcomes($res), ['allowed'], 'on record';
    is_status $pupil->curl(PUT => '/forum/', version => $version,
        body => "x$body", type => 'application/octet-stream'), 413,
        "HTTP/$version: one byte more is too large";
}
is_problem $nobody->curl(PUT => '/forum/', body => 'x' x 1_000_000,
    type => 'application/octet-stream'), 401, 'no-session',
    name => 'nobody uploads';

my $socket = $pupil->fresh;
@$socket{qw(cookies port)} = ($pupil->cookies, $port);
my %upgrade = (Upgrade => 'websocket', Connection => 'Upgrade');
like Pupil::App::upgraded($socket, '/forum/', \%upgrade, 'early'),
    qr{^HTTP/1.1 101 }, 'a socket is upgraded';
$socket->send_raw('later');
ok Pupil::App::echoed($socket, 'earlylater'), 'and what is sent comes back';
$socket->close;
is_problem $nobody->get('/forum/', header => \%upgrade), 401, 'no-session',
    name => 'nobody has a socket';
is_problem $pupil->get('/forum/', header => { %upgrade,
    Origin => 'https://elsewhere.example' }), 403, 'origin',
    name => 'nor has another site, in somebody\'s name';

# Of each header field that is documented, and no other.
my ($table) = slurp(root_dir() . '/docs/applications.md')
    =~ /^\| header field.*?\n\n/ms ? $& : die "no table\n";
ok index($table, "`$_`") >= 0, "$_ is documented" for
    map { s/Family/Given/r } grep { /^X-Pupil/ }
    sort keys %{ Pupil::App::seen($report)->{head} };

done_testing;
