#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupil_key_cache: owners' keys stay with the worker, or, with off, go with the
# request that asked for them.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;

my $class = Pupil::Class->up;
my ($site, $nginx) = ($class->site, $class->nginx);
my $homework = $class->assign;
my @paths = ('/v1/homework', "/v1/homework/$homework->{id}",
             '/v1/data/identity');
$class->pupil;

sub keys_of_nginx () { $nginx->http->get('/status')->json->{key_cache} }

# How often the key store is asked by requests that are all served.
sub fetches ($name, @requests) {
    my $before = keys_of_nginx()->{fetches};
    for my $request (@requests) {
        my ($who, @request) = @$request;
        my $res = $class->as($who)->request(@request);
        is int($res->status / 100), 2, "$name: $request[0] $request[1]"
            or diag $res->text;
    }
    return keys_of_nginx()->{fetches} - $before;
}

my @reads = map { [pupil => GET => $_] } @paths;
fetches('first', @reads);
is fetches('cached', @reads), 0, 'keys that are known are not asked for';
cmp_ok keys_of_nginx()->{owners}, '>=', 2, 'they are kept';


# ---- a request that waits, and a younger one that puts the key meanwhile

is_status $class->pupil->patch('/v1/data/example',
    json => { favourite_subjects => 'Kemi' }), 200, 'something to open';
$nginx->set;
$nginx->reload(wait => 1);
wait_until(60, 'all connections', sub { $nginx->http->get('/status')
    ->json->{database_data}{connections} == 6 });
$_->close for map { $class->as($_) } qw(pupil teacher);

my $older = $class->pupil->fresh;
%{ $older->cookies } = %{ $class->pupil->cookies };
my $lock = $site->pg->connect('pupil', AutoCommit => 0);
$lock->do('LOCK TABLE data.identity IN ACCESS EXCLUSIVE MODE');
$older->connect;
$older->send_raw($older->request_bytes(GET => '/v1/data/identity'));
wait_until(60, 'it waits', sub { $site->db->selectrow_array(
    "SELECT 1 FROM pg_locks WHERE NOT granted") });
is fetches('the younger', [pupil => GET => '/v1/data/example']), 1,
    'the younger one fetches the key';
my $asked = keys_of_nginx()->{fetches};
$lock->rollback;
$lock->disconnect;
is $older->read_response->status, 200, 'the older one is served';
is keys_of_nginx()->{fetches}, $asked, 'with that key';


# ---- off

# Requests without end ask for more than such a small school should need.
$site->keystore->do('INSERT INTO keystore.setting (tenant, keys_a_minute)'
    . ' VALUES (?, 1000000)', {}, $site->tenant);
# All of them have places, and wait as long as a busy machine lets them.
$nginx->set(http => $site->http_conf(pupil => <<'END'));
pupil_key_cache off;
pupil_pool data depth=16;
pupil_pool keys depth=16;
pupil_request_timeout 1m;
END
$nginx->reload(wait => 1);
wait_until(60, 'ready', sub {
    $nginx->http->get('/status/ready')->status == 200 });
$_->close for map { $class->as($_) } qw(pupil teacher);

cmp_ok fetches('off', @reads), '>=', 3, 'off: each request asks';
cmp_ok fetches('off again', @reads), '>=', 3, 'off: and asks again';
cmp_ok fetches('writes',
    [pupil => POST => '/v1/progress', json => $class->answer($homework)],
    [pupil => PATCH => '/v1/data/example',
     json => { favourite_subjects => 'Astronomi' }],
    [teacher => POST => '/v1/homework', json => $class->body],
    [teacher => GET => "/v1/homework/$homework->{id}/progress"]), '>=', 4,
    'off: those that write, too';
is keys_of_nginx()->{owners}, 0, 'off: nothing is kept';

# Requests that need the same keys at once.
my @clients = map { $class->pupil->fresh } 1 .. 30;
for my $i (0 .. $#clients) {
    my $client = $clients[$i];
    %{ $client->cookies } = %{ $class->pupil->cookies };
    $client->connect;
    $client->send_raw($client->request_bytes(GET => $paths[$i % @paths]));
}
is scalar(grep { $_->read_response->status == 200 } @clients), 30,
    'off: many at once are served';
is keys_of_nginx()->{owners}, 0, 'off: and nothing is kept';

# Without end, each beginning when another ends and takes its keys along.
my @all = (@clients, map { my $client = $class->teacher->fresh;
                           %{ $client->cookies } = %{ $class->teacher->cookies };
                           $client->connect; $client } 1 .. 20);
my %status;
for my $n (0 .. 3000 + $#all) {
    my ($round, $i) = (int($n / @all), $n % @all);
    $status{ $all[$i]->read_response->status }++ if $round > 0;
    my $path = $i < 30 ? $paths[$n % @paths]
             : $n % 3 ? "/v1/homework/$homework->{id}/progress"
                      : '/v1/homework';
    $all[$i]->send_raw($all[$i]->request_bytes(GET => $path)) if $n < 3000;
}
is_deeply \%status, { 200 => 3000 }, 'off: nobody takes the keys of another';

# Without the key store there is nothing to open with.
$site->keystore->do('ALTER ROLE pupil_keeper NOLOGIN');
$site->keystore->do('SELECT pg_terminate_backend(pid) FROM pg_stat_activity'
                    . " WHERE usename = 'pupil_keeper'");
wait_until(60, 'no keys', sub {
    $class->pupil->get('/v1/data/identity')->status == 503 });
is_problem $class->pupil->get('/v1/data/identity'), 503, 'unavailable',
    name => 'off: no key store, no answer';
$site->keystore->do('ALTER ROLE pupil_keeper LOGIN');
wait_until(60, 'keys again', sub {
    $class->pupil->get('/v1/data/identity')->status == 200 });

done_testing;
