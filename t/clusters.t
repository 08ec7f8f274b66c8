#!/usr/bin/perl

# Data and key store in clusters of their own, as in production: without
# same_cluster, and with an outage each.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up(import => 1,
    keys => Pupil::Postgres->new(own_system => 1));
my ($data, $keys) = ($site->pg, $site->keys_pg);
my $teacher = $site->person('CBeane');

sub databases ($pg) {
    return join ' ', @{ $pg->dbh->selectcol_arrayref('SELECT datname'
        . " FROM pg_database WHERE datname LIKE 'pupil%'") };
}

sub roles ($pg) {
    return join ' ', @{ $pg->dbh->selectcol_arrayref('SELECT rolname'
        . " FROM pg_roles WHERE rolname LIKE 'pupil%' ORDER BY 1") };
}

is databases($data), 'pupil', 'one cluster has the data alone';
is databases($keys), 'pupil_keys', 'the other the keys alone';
is roles($data), 'pupil_gateway pupil_operator pupil_owner',
    'with the roles of the data';
is roles($keys), 'pupil_keeper pupil_keystore_owner pupil_operator',
    'and those of the key store';


# ---- apart, without same_cluster

my $nginx = $site->nginx->start;
unlike $nginx->conf_text, qr/same_cluster/, 'the worker is told nothing';
wait_until(60, 'ready', sub {
    $nginx->http->get('/status/ready')->status == 200 });
my $http = $nginx->http;
is_status $http->login(@$teacher{qw(login password)}), 200, 'a log-in';
is $http->get('/v1/data/identity')->json->{records}[0]{given_name}, 'Craig',
    'data is opened';

my $check = $site->ctl('check', $nginx->conf_file);
is $check->{code}, 0, 'pupilctl check finds nothing'
    or diag $check->{out}, $check->{err};

# One of both stops: a worker does without keys that it has.
$keys->stop;
wait_until(60, 'the key store to be missed', sub {
    $nginx->log_text =~ /database "keys".*are up\)/ });
is_status $http->get('/v1/data/identity'), 200,
    'without the key store: what is in the cache';
unlike $nginx->log_text, qr/database "data".*are up\)/,
    'the other cluster has no outage';
$keys->start;
$nginx->wait_log(qr/database "keys": all 4 connections are up again/);
is_status $http->get('/status/ready'), 200, 'and it is back';

# The other one stops: nothing without an audit.
my $seen = length $nginx->log_text;
$data->stop;
wait_until(60, 'the data to be missed', sub {
    $http->get('/v1/data/identity')->status == 503 });
is_problem $http->get('/v1/session'), 503, 'unavailable',
    name => 'without the data: 503';
$data->start;
wait_until(60, 'the data', sub {
    $http->get('/v1/data/identity')->status == 200 });
unlike substr($nginx->log_text, $seen), qr/database "keys"/,
    'of which the key store heard nothing';

done_testing;
