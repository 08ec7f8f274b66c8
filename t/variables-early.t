#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# $pupil_request_id and $pupil_role before nginx has chosen a location: in a
# server's set and if, and in a location that rewrites to another.  What counts
# for a request is the location that handles it.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $site = pupil_up(import => 1);
my $there = Pupil::Day::neighbour($site);
my $person = $site->person('CBeane');
my $other = $there->tenant;
my $plugins = Pupil::Nginx::plugins();

my $nginx = $site->nginx(server => <<"")->start;
set \$rid \$pupil_request_id;
if (\$pupil_role = dpo) { return 418; }
add_header X-Early \$rid always;
location /old/ {
    pupil_tenant $other;
    pupil_deny identity.family_name;
    pupil_data;
    set \$seen \$pupil_request_id;
    if (\$arg_new) { rewrite ^/old/(.*)\$ /v1/data/\$1? last; }
}

my $http = $nginx->http;
ok eval { wait_until(60, 'ready', sub {
    $http->get('/status/ready')->status == 200 }) }, 'set in a server: ready';

my $res = $http->get('/v1/session');
is_problem $res, 401, 'no-session', name => 'no session';
is $res->header('X-Early'), $res->request_id, 'the id is the same later';

is_status $http->login(@$person{qw(login password)}), 200, 'a log-in';
$res = $http->get('/v1/session');
is_status $res, 200, 'a session';
$res = $http->get('/v1/data/identity');
is_status $res, 200, 'its data';
ok $res->json->{records}[0]{family_name}, 'with the name';

is_problem $http->get('/old/identity'), 401, 'no-session',
    name => 'a location of another tenant';
$res = $http->get('/old/identity?new=1');
is_status $res, 200, 'rewritten to one of this';
ok $res->json->{records}[0]{family_name},
    'and nothing is denied of what the first one denies';
is_status $http->get('/v1/session'), 200, 'the workers live';

done_testing;
