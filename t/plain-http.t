#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Every location of Pupil's refuses plain HTTP, before it reads a password or
# looks at a session, unless the configuration says that TLS ends in front.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up(import => 1);
my $person = $site->person('CBeane');
my $plain = free_port();
my $nginx = $site->nginx;
my $server = $nginx->{server};
my $both = "listen 127.0.0.1:$plain;\n$server";
$nginx->set(server => $both)->start;
my $tls = $nginx->http;
my $http = Pupil::HTTP->new(port => $plain);

# A path of each endpoint's, below its location.
my @paths = map { m{^location (?:= )?(/\S*)} ? $1 : () } split /\n/, $server;
cmp_ok scalar(@paths), '>=', 6, 'locations of all endpoints';


# ---- refused

for my $path (@paths) {
    is_problem $http->get($path), 403, 'plain-http', name => "plain HTTP: $path";
}
is_problem $http->get('/status/live'), 403, 'plain-http',
    name => 'the status, too';
my $count = 'SELECT count(*) FROM pupil.audit_record'
    . " WHERE role IS DISTINCT FROM 'gateway'";
my $before = $site->db->selectrow_array($count);
my $res = $http->login(@$person{qw(login password)});
is_problem $res, 403, 'plain-http', name => 'a log-in';
is $res->header('set-cookie'), undef, 'gives no cookie';
is $site->db->selectrow_array($count), $before, 'and asks nothing';

is_status $tls->login(@$person{qw(login password)}), 200, 'over TLS it serves';
$http->{cookies} = { %{ $tls->cookies } };
is_problem $http->get('/v1/session'), 403, 'plain-http',
    name => 'a session that was sent in the clear';
is_status $tls->get('/v1/session'), 200, 'goes on over TLS';
is $tls->curl(GET => '/v1/session')->status, 200, 'over HTTP/2';


# ---- behind a proxy that ends TLS

$nginx->set(server => $both
    . 'location /proxied/session { pupil_session; pupil_behind_proxy on; }')
      ->reload(wait => 1);
is_status $http->get('/proxied/session'), 200,
    'where the configuration says so, it serves';
is_status $tls->get('/proxied/session'), 200, 'and over TLS';
is_problem $http->get('/v1/session'), 403, 'plain-http', name => 'and no other';

$nginx->set(http => "pupil_behind_proxy on;\n$nginx->{http}")
      ->reload(wait => 1);
is_status $http->get('/v1/session'), 200, 'for all locations at once';
is_status $http->get('/status/live'), 200, 'the status, too';

done_testing;
