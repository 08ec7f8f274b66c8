#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I4, I10: who is named in TLS and who is named by Host agree, or the answer is
# 421: nobody mixes the tenant of one server with the denials of another's.

use lib 't/lib';
use JSON::XS qw(decode_json);
use Pupil::Test;

my $site = pupil_up(import => 1);
my $other = decode_json($site->ctl_ok('tenant', 'add', 'Another', '--json',
                                      $site->ctl_databases)->{out})->{tenant};
my $person = $site->person('CBeane');

# Two servers at one address; the first denies what the second does not.
my $nginx = $site->nginx(conf => { pupil_tenant => '$by_name' });
my ($first, $ca) = ($nginx->{server}, test_ca());
my $map = <<"";
map \$ssl_server_name \$by_name {
    localhost     @{[$site->tenant]};
    two.localhost $other;
}

my $second = <<"";
server {
    listen 127.0.0.1:@{[$nginx->port]};
    server_name two.localhost;
    ssl_certificate $ca->{cert}; ssl_certificate_key $ca->{key};
    $first
}

my $http_conf = "$map$nginx->{http}$second";
$nginx->set(http => $http_conf,
            server => "pupil_deny identity relation=self;\n$first")->start;

my $http = $nginx->http;
is_status $http->login(@$person{qw(login password)}), 200, 'a log-in';
sub at ($name) {
    return $http->get('/v1/data/identity',
                      header => { Host => $name . ':' . $nginx->port });
}


# ---- both names agree

is_problem at('localhost'), 403, 'not-granted', name => 'the same name';
is_problem at('LocalHost'), 403, 'not-granted', name => 'in another case';
is_problem at('localhost.'), 403, 'not-granted', name => 'with the last dot';


# ---- they do not

is_problem at('two.localhost'), 421, 'misdirected',
    name => 'the name of another server is not served here';
is_problem at('three.localhost'), 421, 'misdirected', name => 'nor nobody\'s';
is_problem $http->curl(GET => '/v1/data/identity',
                       header => { Host => 'two.localhost' }),
    421, 'misdirected', name => 'over HTTP/2';
is_problem $http->post('/v1/login', header => { Host => 'two.localhost' },
    json => { identifier => 'x', password => 'y' }), 421, 'misdirected',
    name => 'a log-in';
is_problem $http->get('/status/live', header => { Host => 'two.localhost' }),
    421, 'misdirected', name => 'the status';
is_problem at('localhost'), 403, 'not-granted',
    name => 'the connection goes on';


# ---- behind a proxy, whose connection to here has a name of its own

$nginx->set(http => "pupil_behind_proxy on;\n$http_conf")->reload(wait => 1);
is_status at('two.localhost'), 200, 'names may differ where TLS is a proxy\'s';

done_testing;
