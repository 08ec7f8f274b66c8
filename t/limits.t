#!/usr/bin/perl

# The bounds of pupil_pool and pupil_password_hash: what is over depth and
# queue is told at once to come back, what waits for long enough, too, and a
# statement that waits for a lock takes nobody with it.

use lib 't/lib';
use Pupil::Test;
use Time::HiRes qw(sleep time);

my $site = pupil_up(import => 1);
my $teacher = $site->person('CBeane');
my $nginx = $site->nginx(http => 'pupil_password_hash queue=2;', conf => {
    pupil_pool => 'data connections=2 statement_timeout=1s' })->start;
my $http = $nginx->http;
is_status $http->login(@$teacher{qw(login password)}), 200, 'a log-in';
is_status $http->get("/v1/data/$_"), 200, "$_ has keys and a session"
    for qw(example identity);

# Connections that ask at once; their answers and how long each took.
sub ask_all (@paths) {
    return [map {
        my $one = $nginx->http;
        $one->{cookies} = { %{ $http->cookies } };
        $one->connect;
        $one->send_raw($one->request_bytes(GET => $_));
        [$one, time];
    } @paths];
}

sub answers ($asked) {
    return map { my $res = $_->[0]->read_response;
                 [$res, time - $_->[1]] } @$asked;
}

sub pool () { $nginx->http->get('/status')->json->{database_data} }

# A lock that keeps whoever reads preferences waiting.
my $holder = $site->pg->connect('pupil', AutoCommit => 0);
sub hold () { $holder->do('LOCK TABLE data.example IN ACCESS EXCLUSIVE MODE') }
sub release () { $holder->rollback }

sub reload ($pool) {
    $nginx->set(http => $site->http_conf(conf => { pupil_pool => "data $pool" },
        pupil => "pupil_password_hash queue=2;\n"));
    $nginx->reload(wait => 1);
    wait_until(60, 'ready', sub {
        $nginx->http->get('/status/ready')->status == 200 });
    # it asks the database about partitions, once for a while
    wait_until(60, 'that to end', sub { pool()->{in_flight} == 0 });
    $http->close;
    is_status $http->get("/v1/data/$_"), 200, "$pool: $_"
        for qw(example identity);
}


# ---- a lock

hold();
my @blocked = answers(ask_all('/v1/data/example'));
is_problem $blocked[0][0], 503, 'unavailable', name => 'a locked table: 503';
ok $blocked[0][1] > 0.8 && $blocked[0][1] < 3.5,
    sprintf 'a locked table: after %.2f s', $blocked[0][1];

my $asked = ask_all('/v1/data/example');
sleep 0.1;
my @others = answers(ask_all(('/v1/data/identity') x 2));
is join(' ', map { $_->[0]->status } @others), '200 200',
    'a locked table: others go on';
cmp_ok $others[0][1], '<', 0.8, 'a locked table: the other connection at once';
is((answers($asked))[0][0]->status, 503, 'a locked table: it alone is 503');
release();
my $pool = pool();
is $pool->{reconnects}, 0, 'a locked table: costs no connection';
is $pool->{connections}, 2, 'a locked table: both are there';
is_status $http->get('/v1/data/example'), 200, 'unlocked: served again';


# ---- neighbours on one connection

reload('connections=1 depth=4 statement_timeout=1s');
hold();
$asked = ask_all('/v1/data/example', ('/v1/data/identity') x 2);
@others = answers($asked);
is join(' ', map { $_->[0]->status } @others), '503 200 200',
    'one connection: who waits behind it is served';
is $_->[0]->json->{records}[0]{given_name}, 'Craig', 'with what was asked'
    for @others[1, 2];
release();


# ---- depth and queue

reload('connections=1 depth=2 queue=3');

# Four that have all places there are, of a table that is locked.  The worker
# asks of its own now and then: where it has one of them, once more.
sub places () {
    while (1) {
        hold();
        my $refused = pool()->{refused};
        my $four = ask_all(('/v1/data/example') x 4);
        wait_until(60, 'all places to be taken', sub {
            $pool = pool();
            return $pool->{refused} > $refused
                   || ($pool->{in_flight} + $pool->{queued} == 4
                       && $pool->{queued} >= 3);
        });
        return $four if $pool->{refused} == $refused;
        release();
        answers($four);
    }
}

$asked = places();
my @over = answers(ask_all(('/v1/data/example') x 4));
is_problem $_->[0], 503, 'busy', name => 'over it: 503 busy' for @over;
cmp_ok $over[0][1], '<', 0.5, sprintf 'over it: after %.2f s', $over[0][1];
cmp_ok pool()->{refused}, '>=', 4, 'over it: refused, and counted';
release();
is join(' ', map { $_->[0]->status } answers($asked)), '200 200 200 200',
    'unlocked: all that had a place are served';

$asked = places();
for my $late (answers($asked)) {
    is_problem $late->[0], 503, 'unavailable', name => 'queued for long: 503';
    ok $late->[1] > 0.8 && $late->[1] < 3.5,
        sprintf 'queued for long: after %.2f s', $late->[1];
}
release();
is_status $http->get('/v1/data/example'), 200, 'unlocked: served again';

# Nothing is queued, and the one place is taken by who is not answered.
reload('connections=1 depth=1 queue=0 statement_timeout=1s');
my $backend = $site->db->selectrow_array('SELECT pid FROM pg_stat_activity'
    . " WHERE usename = 'pupil_gateway' AND query LIKE '%audit_record%'");
kill STOP => $backend;
$asked = ask_all('/v1/data/example');
wait_until(60, 'the place to be taken', sub { pool()->{in_flight} == 1 });
is_problem $http->get('/v1/data/identity'), 503, 'busy',
    name => 'queue=0: busy';
kill CONT => $backend;
is((answers($asked))[0][0]->status, 200, 'queue=0: the one in work is served');


# ---- log-ins

reload('connections=4');
my @guests = map { $nginx->http } 1 .. 12;
$_->connect for @guests;
$_->send_raw($_->request_bytes(POST => '/v1/login', json => {
    identifier => 'guest' . $_->socket->sockport, password => 'x' }))
    for @guests;
my %count;
for (@guests) {
    my $res = $_->read_response('POST');
    $count{ $res->status }++;
    is_problem $res, 503, 'busy', name => 'a log-in too many: busy'
        if $res->status == 503;
}
is join(' ', sort keys %count), '401 503', 'log-ins: hashed or busy';
cmp_ok $count{401}, '>=', 2, "log-ins: $count{401} had a place";
is_status $nginx->http->login(@$teacher{qw(login password)}), 200,
    'log-ins: afterwards all is well';
my $login = $nginx->http->get('/status')->json->{login};
is $login->{busy}, $count{503}, 'log-ins: the busy are counted';
is $login->{in_progress}, 0, 'log-ins: none is left';

done_testing;
