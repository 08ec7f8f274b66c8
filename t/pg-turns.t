#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# ngx_libpq by itself: exchanges with one key take turns, those with one setting
# have a share, what meets a lock is sent again, and nothing waits behind what
# waits.

use lib 't/lib';
use Pupil::Test;

$ENV{PUPIL_MODULE} = build_dir() . '/t/ngx_http_libpq_test_module.so';

my $pg = Pupil::Postgres->new(tls => 1);
$pg->start;
my $db = $pg->dbh;
$db->do($_) for
    "CREATE ROLE app LOGIN PASSWORD 'app-password'",
    'CREATE SCHEMA s',
    'CREATE TABLE s.kept (a int PRIMARY KEY)',
    'CREATE TABLE s.told (a int)',
    'GRANT USAGE ON SCHEMA s TO app',
    'GRANT ALL ON ALL TABLES IN SCHEMA s TO app';

my $keep = 'WITH i AS (INSERT INTO s.kept VALUES ($2) RETURNING a) '
         . 'SELECT $1, a FROM i';
my $sleep = q(SELECT $1, 'slept' FROM pg_sleep($2 / 1000.0));
my $database = 'libpq_database "' . $pg->conninfo('postgres', host => 'tcp',
    user => 'app', password => 'app-password') . '";';

# Two connections, which serve reads and writes alike, with four places each.
my $nginx = Pupil::Nginx->new(asan => 'detect_leaks=0',
    http => "$database libpq_connections 2; libpq_depth 4; libpq_queue 8;",
    server => <<"END")->start;
location /stats { libpq_stats; }
location /sleep { libpq_query "$sleep" int4; }
location /who { libpq_query "SELECT \$1, current_setting('app.tenant')"; }
location /keep { libpq_query "$keep" int4; }
location /parts { libpq_query "$keep" int4; libpq_part;
    libpq_query "SELECT \$1, count(*) FROM s.told"; }
location /count { libpq_query "SELECT \$1, count(*) FROM s.kept"; }
END

sub get ($path) { $nginx->http->get($path)->body }
sub stats () { return { map { /(\w+)=(\S*)/ } split ' ', get('/stats') } }

sub ask ($path) {
    my $http = $nginx->http->connect;
    $http->send_raw($http->request_bytes(GET => $path));
    return $http;
}

sub answers (@asked) { return map { $_->read_response->body } @asked }

sub readable ($http) {
    vec(my $bits = '', fileno $http->socket, 1) = 1;
    return scalar select $bits, undef, undef, 0;
}

sub come_to ($name, %want) {
    wait_until(60, $name, sub {
        my $stats = stats();
        return !grep { $stats->{$_} != $want{$_} } keys %want });
    pass $name;
}

wait_until(60, 'connections', sub { stats()->{up} == 2 });


# ---- turns

my @asked = map { ask("/sleep?p1=400&setting=red&key=$_") } qw(a a a);
come_to('of one key one is sent', inflight => 1, queued => 2);
push @asked, ask('/sleep?p1=400&setting=red&key=b'),
             ask('/sleep?p1=400&setting=tan&key=a');
come_to('of another, and of another setting, too', inflight => 3, queued => 2);
is join('', answers(@asked)), "ok\nslept\n" x 5, 'each has its turn';
$asked[0]->send_raw($asked[0]->request_bytes(GET =>
    '/sleep?p1=400&setting=red&key=a'));
come_to('one is sent', inflight => 1, queued => 0);
push @asked, ask('/sleep?p1=0&setting=red&key=a');
is get('/sleep?p1=0&setting=red&key=a&detach=1'), "detached\n",
    'one goes that waited';
my $last = ask('/sleep?p1=0&setting=red&key=a');
is join('', answers(@asked[0, -1], $last)), "ok\nslept\n" x 3,
    'it holds nobody up';
is get("/who?setting=red&key=$_"), "refused\n", 'a key of ' . length $_
    for '', 'x' x 33;
$nginx->allow_log(qr/exchange on "set" refused: its key is empty or too long/);


# ---- shares

is get('/who?setting=tan'), "ok\ntan\n", 'there are two';
@asked = map { ask('/sleep?p1=200&setting=red') } 1 .. 8;
come_to('one has half of the places, and of the queue', inflight => 4,
        queued => 4);
is get('/sleep?p1=0&setting=red'), "busy\n", 'and no more';
is get('/who?setting=tan'), "ok\ntan\n", 'the other is served';
cmp_ok scalar(grep { !readable($_) } @asked), '>=', 1, 'before it';
is join('', answers(@asked)), "ok\nslept\n" x 8, 'all are, in the end';


# ---- locks

my $lock = $pg->connect('postgres', AutoCommit => 0);
$lock->do('LOCK TABLE s.kept IN ACCESS EXCLUSIVE MODE');
@asked = (ask('/keep?p1=1&setting=red&key=a&writes=1'),
          ask('/parts?p1=2&setting=red&key=b&writes=1'),
          ask('/count?setting=tan'));
wait_until(60, 'each to meet it', sub { stats()->{locked} >= 6 });
is get('/who?setting=red'), "ok\nred\n", 'who does not need it goes on';
is scalar(grep { readable($_) } @asked), 0, 'who does waits';
$lock->rollback;
my @answers = answers(@asked);
is join('', @answers[0, 1]), "ok\n1\nok\n2\n0\n", 'and is served then';
like $answers[2], qr/^ok\n[012]\n$/, 'readers, too';
is $db->selectrow_array('SELECT count(*) FROM s.kept'), 2, 'once';

$lock->do('LOCK TABLE s.told IN ACCESS EXCLUSIVE MODE');
@asked = ask('/parts?p1=3&setting=red&writes=1');
wait_until(60, 'it to meet it', sub { stats()->{inflight} + stats()->{queued} });
is((answers(@asked))[0], "error 55P03\n", 'a lock that stays');
$lock->rollback;
is $db->selectrow_array('SELECT count(*) FROM s.kept'), 3,
    'a part that was committed is not sent again';
come_to('nothing is left', inflight => 0, queued => 0);

done_testing;
