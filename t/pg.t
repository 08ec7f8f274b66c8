#!/usr/bin/perl

# ngx_libpq by itself: a module that has nothing else of this repository in it
# (t/pg) runs statements against a real server.

use lib 't/lib';
use Pupil::Test;

$ENV{PUPIL_MODULE} = build_dir() . '/t/ngx_http_libpq_test_module.so';

my $pg = Pupil::Postgres->new(tls => 1, conf => { log_statement => 'all' });
$pg->start;
my $db = $pg->dbh;
$db->do($_) for
    "CREATE ROLE app LOGIN PASSWORD 'app-password'",
    'CREATE SCHEMA s',
    'CREATE TYPE s.mood AS ENUM (\'glad\', \'sad\')',
    'CREATE TABLE s.grows (a int)',
    'INSERT INTO s.grows VALUES (1)',
    'CREATE TABLE s.kept (a int PRIMARY KEY)',
    'GRANT USAGE ON SCHEMA s TO app',
    'GRANT ALL ON ALL TABLES IN SCHEMA s TO app';

sub database ($user = 'app', $password = 'app-password') {
    return 'libpq_database "' . $pg->conninfo('postgres', host => 'tcp',
        user => $user, password => $password) . '";';
}

my $kept = 'WITH i AS (INSERT INTO s.kept VALUES ($2) RETURNING a) '
         . 'SELECT $1, a FROM i';
my @echo = (['bool', 't', 'true'], ['int4', '2147483647', '2147483647'],
            ['text', "na\xc3\xafve", "na\xc3\xafve"], ['text', '', ''],
            ['bytea', '00ff10', '00ff10'],
            ['uuid', '00112233445566778899aabbccddeeff',
             '00112233445566778899aabbccddeeff'],
            ['timestamptz', '1700000000123456', '1700000000123456'],
            ['uuid[]', join(',', map { $_ x 32 } 'a', '7'),
             '2:' . join(',', map { $_ x 32 } 'a', '7')],
            ['uuid[]', '', '0:'],
            ['int4[]', '5,6', '{5,6}', '::text'],
            ['text[]', 'x,NULL,y z', '{x,NULL,"y z"}', '::text'],
            ['bytea[]', 'aa,bb', '{"\\\\xaa","\\\\xbb"}', '::text']);

my $server = join "\n", 'location /stats { libpq_stats; }',
    'location /bare/stats { libpq_stats; libpq_bare on; }',
    (map { my ($i, $type, $cast) = ($_, $echo[$_][0], $echo[$_][3] // '');
           "location /echo$i { libpq_bare on; "
           . "libpq_query 'SELECT \$1, \$2$cast' $type; }" } 0 .. $#echo),
    <<"";
location /who { libpq_query "SELECT \$1, current_setting('app.tenant'),
    current_setting('work_mem')"; }
location /isolation { libpq_query "SELECT \$1, 'of two'"; libpq_query
    "SELECT \$1, current_setting('transaction_isolation')"; }
location /bare/isolation { libpq_bare on; libpq_query "SELECT \$1, 'of two'";
    libpq_query "SELECT \$1, current_setting('transaction_isolation')"; }
location /two { libpq_bare on; libpq_query "SELECT \$1, \$2" int4;
                libpq_query "SELECT \$1, \$2, n FROM generate_series(1, 2) n"
                text; }
location /mood { libpq_bare on;
                 libpq_query "SELECT \$1, 'sad'::s.mood, NULL::text"; }
location /dates { libpq_bare on; libpq_query "SELECT \$1, v::date FROM unnest(
    ARRAY['1970-01-01', '2026-11-21', '0001-01-01', '5874897-12-31',
          'infinity', '-infinity', NULL]) v"; }
location /divide { libpq_bare on; libpq_query "SELECT \$1, 7 / \$2" int4; }
location /grow { libpq_query "SELECT \$1, g.* FROM s.grows g"; }
location /bare/grow { libpq_bare on;
                      libpq_query "SELECT \$1, g.* FROM s.grows g"; }
location /sleep { libpq_bare on;
    libpq_query "SELECT \$1, 'slept' FROM pg_sleep(\$2 / 1000.0)" int4; }
location /keep { libpq_bare on; libpq_query "$kept" int4;
    libpq_query "SELECT \$1, 7 / \$2" int4; }
location /parts { libpq_bare on; libpq_query "$kept" int4; libpq_part;
    libpq_query "SELECT \$1, pg_xact_status(xmin::text::xid8), 7 / \$3
        FROM s.kept WHERE a = \$2" int4 int4;
    libpq_query "$kept" int4; }
location /parts/grow { libpq_bare on; libpq_query "$kept" int4; libpq_part;
    libpq_query "SELECT \$1, g.* FROM s.grows g"; }
location /nonce { libpq_bare on; libpq_query "SELECT \$1 + 1"; }
location /norow { libpq_bare on; libpq_query "SELECT \$1 WHERE false"; }

# LeakSanitizer is off for the reason that t/transport.t gives.
my $nginx = Pupil::Nginx->new(server => $server, log_level => 'debug',
    asan => 'detect_leaks=0',
    http => database() . 'libpq_connections 1; libpq_depth 1; libpq_queue 1;'
            . 'libpq_listen news; libpq_check "SELECT $1 || \'\'";');

$nginx->start;
my $http = $nginx->http;

sub get ($path, $client = $http) { $client->get($path)->body }

sub stats ($pool = '') {
    return { map { /(\w+)=(\S*)/ } split ' ', get("$pool/stats") };
}

sub up ($pool) {
    wait_until(60, 'a connection', sub { stats($pool)->{up} });
}

sub refused_log ($why) {
    $nginx->allow_log(qr/exchange on "\w+" refused: .*$why/);
    like $nginx->log_text, qr/\[alert\].*exchange on "\w+" refused: .*$why/,
        'and the log says why';
}

up($_) for '', '/bare';


# ---- values

for my $i (0 .. $#echo) {
    my ($type, $in, $out) = @{ $echo[$i] };
    my $arg = $in =~ s/(\W)/sprintf '%%%02x', ord $1/ger;
    is get("/echo$i?p1=$arg"), "ok\n$out\n", "$type $in";
    is get("/echo$i"), "ok\nNULL\n", "$type NULL";
}

is get('/two?p1=5&p2=x'), "ok\n5\nx|1\nx|2\n", 'two statements, an exchange';
is get('/dates'), join("\n", 'ok', 0, 20778, -719162, 2145042905, 2147483647,
    -2147483648, 'NULL', ''), 'dates are days since 1970';
is get('/dates?as=int4'), "ok\n" . "unreadable\n" x 7, 'and no numbers';
is get('/echo1?p1=1&as=date'), "ok\nunreadable\n", 'nor numbers dates';
is get('/mood?as=text'), "ok\nsad|NULL\n", 'an enum is text';

for my $as (grep { $_ ne 'int4' } map { $_->[0] } @echo[0 .. 7]) {
    is get("/echo1?p1=1&as=$as"), "ok\nunreadable\n", "no int4 as $as";
    is get("/echo1?as=$as"), "ok\nunreadable\n", "nor a NULL";
}

is get('/echo1?p1=1&t1=text'), "refused\n", 'a setter of another type';
refused_log('a parameter has another type');
is get('/two?p1=1&p2=x&n=1'), "refused\n", 'too few parameters';
refused_log('parameters of the last statement');
is get('/two?p1=1&p2=x&n=0'), "refused\n", 'of the first statement';
refused_log('parameters of a statement are missing');
is get('/divide?p1=1&more=1'), "refused\n", 'one too many';
refused_log('a parameter is one too many');
is get('/divide?p1=1&t1=text&more=1'), "refused\n", 'two faults';
is scalar(() = $nginx->log_text =~ /has another type/g), 2,
    'the first one is said';


# ---- errors, which undo their exchange alone

is get('/divide?p1=0'), "error 22012\n", 'an SQLSTATE';
is get('/keep?p1=1&p2=0&writes=1'), "error 22012\n", 'in the second statement';
is get('/keep?p1=1&p2=1&writes=1'), "ok\n1\n7\n", 'the first was undone';
is get('/keep?p1=1&p2=1&writes=1'), "error 23505\n", 'and is done now';
is get('/divide?p1=7'), "ok\n1\n", 'all is well';


# ---- parts, of which each is a transaction

sub kept_now () {
    return join ' ', @{ $db->selectcol_arrayref(
        'SELECT a FROM s.kept WHERE a >= 10 ORDER BY a') };
}

is get('/parts?p1=10&p2=10&p3=1&p4=11'), "ok\n10\ncommitted|7\n11\n",
    'what ends a part is committed before the next';
is get('/parts?p1=12&p2=12&p3=0&p4=13'), "error 22012\n", 'an error in a part';
is kept_now(), '10 11 12', 'undoes that part, and none before it';
is get('/parts?p1=12&p2=12&p3=1&p4=14'), "error 23505\n",
    'after an error in the first';
is kept_now(), '10 11 12 14', 'the next runs all the same';
is get('/parts?p1=15&p2=15&p3=1&p4=16&part=1'), "refused\n", 'an empty part';
refused_log('a part of it is empty');
is get('/divide?p1=7'), "ok\n1\n", 'all is well';


# ---- the session's setting

$pg->new_log;
is get("/who?setting=$_"), "ok\n$_|1234kB\n", "the setting is $_"
    for qw(red red tan red), 'x' x 63;
is scalar(() = $pg->new_log =~ /execute p0: .*set_config/g), 4,
    'it is set where it changes';

is get("/isolation?setting=red$_->[0]"), "ok\nof two\n$_->[1]\n", $_->[2] for
    ['', 'repeatable read', 'what does not write sees one moment'],
    ['&writes=1', 'read committed', 'what writes sees what others have written'],
    ['', 'repeatable read', 'and each again, on the same connection'];
is get('/bare/isolation'), "ok\nof two\nread committed\n",
    'none does of a pool that does not ask for it';

is get('/who'), "refused\n", 'none is refused';
refused_log('it has no tenant');
for my $setting ('', 'x' x 64) {
    is get("/who?setting=$setting"), "refused\n",
        'so is one that is ' . length $setting;
}
refused_log('its session setting is empty or too long');
is get('/divide?p1=7&setting=red'), "refused\n",
    'and one for a pool that names none';
refused_log('its pool names no session setting');
is get('/who?setting=red&settings=2'), "refused\n", 'and a second one';
refused_log('its session setting is said twice');
is get('/who?setting=red&late=1'), "refused\n", 'and one behind a statement';
refused_log('its session setting comes behind a statement');


# ---- a table that changes: prepared anew, and sent once more

for my $pool ('', '/bare') {
    my $path = "$pool/grow?" . ($pool ? '' : 'setting=red');
    my $columns = () = get($path) =~ /\||$/g;
    $db->do("ALTER TABLE s.grows ADD COLUMN b$columns int DEFAULT 5");
    my $before = stats($pool)->{retried};
    like get($path), qr/^ok\n1(\|5)+\n$/, 'the new column is there';
    is stats($pool)->{retried}, $before + 1, 'at the second try';
}

like get('/parts/grow?p1=20'), qr/^ok\n20\n1(\|5)+\n$/, 'two parts';
$db->do('ALTER TABLE s.grows ADD COLUMN c int DEFAULT 5');
my $retried = stats('/bare')->{retried};
like get('/parts/grow?p1=21'), qr/^ok\n21\n1(\|5)+\n$/,
    'a part that fails is sent again, without the one that is committed';
is stats('/bare')->{retried}, $retried + 1, 'which would fail';


# ---- answers that are not of their statement

for my $path ('/nonce', '/norow') {
    my $before = stats('/bare')->{mismatches};
    is get($path), "unavailable\n", "$path: no answer";
    is stats('/bare')->{mismatches}, $before + 1, 'it is counted';
    up('/bare');
}
$nginx->allow_log(qr/ the answer to statement "p\d+" on "bare" does not carry/);


# ---- one in flight, one in the queue, and no more

my @client = map { $nginx->http } 1 .. 3;
$client[0]->send_raw($client[0]->request_bytes(GET => '/sleep?p1=600'));
wait_until(60, 'it to be sent', sub { stats('/bare')->{inflight} });
$client[1]->send_raw($client[1]->request_bytes(GET => '/divide?p1=7'));
wait_until(60, 'it to be queued', sub { stats('/bare')->{queued} });
my $third = $client[2]->get('/divide?p1=7');
is $third->status . ' ' . $third->body, "503 busy\n", 'the third is refused';
is $client[0]->read_response->body, "ok\nslept\n", 'the first is answered';
is $client[1]->read_response->body, "ok\n1\n", 'then the second';


# ---- nobody waits

is get('/sleep?p1=300&detach=1'), "detached\n", 'detached when sent';
is get('/keep?p1=2&p2=1&detach=1'), "detached\n", 'a read: dropped';
is get('/keep?p1=3&p2=1&writes=1&detach=1'), "detached\n", 'a write: kept';
wait_until(60, 'the pool to be idle', sub {
    my $s = stats('/bare'); !$s->{inflight} && !$s->{queued} });
is join(' ', map { @$_ } @{ $db->selectall_arrayref(
    'SELECT a FROM s.kept WHERE a < 10 ORDER BY a') }), '1 3', 'that is what was done';

$client[0]->send_raw($client[0]->request_bytes(GET => '/sleep?p1=300'));
wait_until(60, 'it to be sent', sub { stats('/bare')->{inflight} });
$client[0]->reset;
wait_until(60, 'it to end', sub { !stats('/bare')->{inflight} });
is get('/divide?p1=7'), "ok\n1\n", 'a client that goes away harms nobody';


# ---- a connection that is lost

$client[0]->send_raw($client[0]->request_bytes(GET => '/sleep?p1=9000'));
wait_until(60, 'it to be sent', sub { stats('/bare')->{inflight} });
$db->do(q{SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE usename = 'app'});
is $client[0]->read_response->body, "unavailable\n", 'a lost connection';
up($_) for '', '/bare';
is get('/divide?p1=7'), "ok\n1\n", 'another one serves';
is get('/who?setting=red'), "ok\nred|1234kB\n", 'with the setting';
cmp_ok stats()->{reconnects}, '>=', 1, 'reconnects are counted';


# ---- notifications

wait_until(60, 'to listen', sub { stats()->{listening} });
my $gaps = stats()->{gaps};
cmp_ok $gaps, '>=', 2, 'a gap is told each time that it begins to listen';
$db->do(q{NOTIFY news, 'extra'});
wait_until(60, 'it to be heard', sub { stats()->{notified} == 1 });
is stats()->{payload}, 'extra', 'with its payload';
my $beats = stats()->{heartbeats};
wait_until(60, 'a heartbeat', sub { stats()->{heartbeats} > $beats });


# ---- what is logged, and measured

my $log = join "\n", grep { / libpq "/ } split /\n/, $nginx->log_text;
like $log, qr/\[debug\] .*libpq "bare": $_/, "a debug line: $_"
    for 'connection 0 connecting', 'connection 0 connected',
        'connection 0 prepares p\d', 'connection 0 lost', 'exchange 1 created',
        'exchange \d+ queued', 'exchange 1 sent on connection 0',
        'exchange 1: result of p\d, 1 rows', 'exchange 1: Sync',
        'exchange 1 committed', 'exchange \d+ refused: SQLSTATE 22012',
        'exchange \d+ detached', 'exchange \d+ is tried once more',
        'listening on "news"';
like $log, qr/libpq "set": connection 0: another tenant, for exchange \d/,
    'and of a setting';
unlike $log, qr/na..ve|\bred\b|\btan\b|app-password|00112233/, 'none with a value';
cmp_ok stats()->{callbacks}, '>', 50, 'callbacks are measured';
cmp_ok stats()->{requests_us}, '>', 0, 'the user\'s own kind, too';


# ---- what is not accepted

sub not_up ($http_conf, $why) {
    my $seen = length $nginx->log_text;
    $nginx->set(http => $http_conf)->reload(wait => 1);
    wait_until(60, 'a line', sub { substr($nginx->log_text, $seen) =~ $why });
    is get('/who?setting=red', $nginx->http), "down\n", "$why: down at once";
}

not_up(database('postgres', $pg->superuser_password),
       qr/libpq test: database "set": role "postgres" is a superuser/);
is get('/divide?p1=7', $nginx->http), "ok\n1\n", 'a pool that does not ask';
not_up(database() . 'libpq_check "SELECT \'bad\'";',
       qr/libpq test: database "set": all is not well \(0 of 4/);
not_up(database() . 'libpq_check "SELECT pg_sleep(9)";',
       qr/database "set": a query on a new connection took too long/);


# ---- the end of a worker: its threads end while OpenSSL cleans up

my $ends = Pupil::Nginx->new(workers => 2, log_level => 'notice',
    server => 'location /stats { libpq_stats; }',
    asan => 'detect_leaks=0',
    http => database() . 'libpq_connections 20; '
            . 'libpq_check "SELECT \'ok\'";');
for (1 .. 6) {
    $ends->start;
    wait_until(60, 'connections', sub {
        $ends->http->get('/stats')->body =~ /up=20 / });
    ok $ends->quit, 'nginx ends';
}
is join("\n", $ends->log_text =~ /.*exited on signal.*/g), '',
    'and none of its workers crashes';

done_testing;
