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

# Of each header field that is documented, and no other.
my ($table) = slurp(root_dir() . '/docs/applications.md')
    =~ /^\| header field.*?\n\n/ms ? $& : die "no table\n";
ok index($table, "`$_`") >= 0, "$_ is documented" for
    map { s/Family/Given/r } grep { /^X-Pupil/ }
    sort keys %{ Pupil::App::seen($report)->{head} };

done_testing;
