#!/usr/bin/perl

# The test library itself: that it starts what it says, and that its checks
# find what they are for.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;

# What is provoked here is no alarm of the run that this is a part of.
delete $ENV{PUPIL_ALARM};


# ---- PostgreSQL

my $pg = Pupil::Postgres->new(tls => 1)->start;
is $pg->dbh->selectrow_array('SELECT 6 * 7'), 42, 'PostgreSQL answers';
like $pg->dbh->selectrow_array('SHOW server_version'), qr/^15\./, 'it is 15';

my $tcp = run_cmd('psql', '-XAtc', 'SELECT ssl FROM pg_stat_ssl '
    . 'WHERE pid = pg_backend_pid()', $pg->conninfo('postgres', host => 'tcp'));
is $tcp->{out}, "t\n", 'TLS with verify-full over TCP' or diag $tcp->{err};

$pg->dbh->do('CREATE TABLE kept AS SELECT 1 AS n');
$pg->kill9;
ok !eval { $pg->connect('postgres') }, 'killed, it answers no more';
$pg->start;
is $pg->dbh->selectrow_array('SELECT n FROM kept'), 1, 'started again';
my $old = $pg->pid;
$pg->restart('immediate');
isnt $pg->pid, $old, 'restarted';
is $pg->dbh->selectrow_array('SELECT n FROM kept'), 1, 'and answers';


# ---- clocks

my $clock = Pupil::Clock->new;
$pg->by($clock)->restart;
my $hours = 'SELECT round(extract(epoch FROM clock_timestamp() - ?) / 3600)';
my $now = $pg->dbh->selectrow_array('SELECT clock_timestamp()');
$clock->forward(7200);
is $pg->dbh->selectrow_array($hours, {}, $now), 2, 'a clock goes forward';

# Both ways at once, so that it does not matter how long they take.
my $fast = run_cmd($^X, '-MTime::HiRes=time,clock_gettime,CLOCK_MONOTONIC',
    '-e', <<'END', { env => Pupil::Clock->new(speed => 10)->env });
my ($time, $clock) = (time, clock_gettime(CLOCK_MONOTONIC));
sleep 5;
$clock = clock_gettime(CLOCK_MONOTONIC) - $clock;
print $clock >= 5 && $clock > 5 * (time() - $time) ? 'fast' : $clock;
END
is $fast->{out}, 'fast', 'and is fast, as is who sleeps by it' or diag $fast->{err};


# ---- programs

my $slow = run_cmd('sh', '-c', 'trap "echo ends >&2; exit 3" TERM; echo on >&2;'
    . ' while :; do sleep 0.05; done', { timeout => 5 });
like $slow->{err}, qr/ends\n# cut short\n\z/, 'who is cut short may end, and it says so';
is $slow->{code}, 3, '... as it ended';


# ---- sites

my @sites = (pupil_up(), pupil_up(), pupil_up(own => 1));
is $_->ctl(qw(user list), $_->ctl_where)->{code}, 0, 'a site answers' for @sites;
my %tenants = map { $_->tenant => 1 } @sites;
is keys %tenants, 3, 'each has a tenant of its own';

# What a copy was made of is what there is now.
my $of = tmp_dir() . '/of';
mkdir $of;
spew("$of/x.sql", 'SELECT 1');
my $name = Pupil::Site::Made::made_of($of);
is Pupil::Site::Made::made_of($of), $name, 'a copy that is of what there is';
utime 1, 1, "$of/x.sql";
isnt Pupil::Site::Made::made_of($of), $name, 'and is not, of a file that changed';


# ---- nginx and the client

my $nginx = Pupil::Nginx->new(load => 0, tls => 1, workers => 2,
    server => 'location /text { return 200 "hello"; }
               location /json { default_type application/json;
                   add_header Set-Cookie "__Host-pupil=abc; Path=/; Secure";
                   return 200 \'{"session":{"csrf_token":"t1"}}\'; }
               location /gone { add_header Set-Cookie
                   "__Host-pupil=; Path=/; Max-Age=0"; return 204; }
               location /echo { return 200 "$http_cookie|$http_x_pupil_csrf"; }
               location /chunked {
                   return 200 "$http_transfer_encoding"; }
               location /big { client_max_body_size 1k; }');

is $nginx->test->{code}, 0, 'nginx -t accepts the template'
    or diag $nginx->test->{err};
$nginx->start;
is scalar(my @workers = $nginx->workers), 2, 'two workers';

my $http = $nginx->http;
is $http->get('/text')->body, 'hello', 'a response over TLS';
my $socket = $http->socket;
is $http->get('/text')->status, 200, 'a second one';
is $http->socket, $socket, 'on the same connection';
is $http->head('/text')->body, '', 'HEAD has no body';

is $http->get('/json')->json->{session}{csrf_token}, 't1', 'JSON';
is $http->post('/echo', body => '')->body, '__Host-pupil=abc|t1',
    'cookie and CSRF token go along with a POST';
is $http->get('/echo')->body, '__Host-pupil=abc|', 'GET carries no token';
is $http->fresh->get('/echo')->body, '|', 'a fresh client has neither';
$http->get('/gone');
is $http->get('/echo')->body, '|', 'Max-Age=0 drops the cookie';

is join(',', map { $_->body } $http->pipeline(map { [GET => '/text'] } 1 .. 5)),
    join(',', ('hello') x 5), 'five pipelined';
is $http->post('/big', body => 'x' x 5000)->status, 413, 'a body too large';
$http->connect;
$socket = $http->socket;
is $http->post('/chunked', body => 'x' x 5000, chunked => 999)->body,
    'chunked', 'a body in chunks';
is $http->get('/text')->body, 'hello', 'well-formed ones: the next request';
is $http->socket, $socket, 'uses the same connection';
$http->send_raw("BLAH\r\n\r\n");
is $http->read_response->status, 400, 'raw bytes';

my $h2 = $nginx->http->curl(GET => '/text');
is $h2->version, 2, 'HTTP/2 by curl';
is $h2->body, 'hello', 'and its body';
is $nginx->http->curl(HEAD => '/text')->status, 200, 'HEAD by curl';

cmp_ok $nginx->fds, '>', 10, 'descriptors are counted';
cmp_ok $nginx->rss, '>', 1000, 'memory is measured';

my @before = $nginx->workers;
$nginx->reload(wait => 1);
my @after = $nginx->workers;
ok !(grep { my $pid = $_; grep { $pid == $_ } @before } @after),
    'a reload brings new workers';
$nginx->kill_worker;
wait_until(60, 'a new worker', sub { $nginx->workers == 2 });
is $nginx->http->get('/text')->status, 200, 'a killed worker is replaced';
is_deeply [$nginx->bad_lines], [], 'its death was announced';


# ---- detectors

sub broken ($what, $line, $finds) {
    my $dir = $nginx->dir;
    open my $log, '>>', "$dir/error.log" or die "$dir: $!\n";
    print {$log} "2026/01/01 00:00:00 $line\n";
    close $log;
    is scalar($nginx->bad_lines), $finds, $what;
}

broken('an error is no alert', '[error] 1#1: x', 0);
broken('[alert] is found', '[alert] 1#1: x', 1);
broken('[emerg] is found', '[emerg] 1#1: x', 2);
broken('ASan is found', '==1==ERROR: AddressSanitizer: x', 3);
broken('LSan is found', '==1==ERROR: LeakSanitizer: x', 4);
broken('UBSan is found', 'a.c:1:2: runtime error: x', 5);
$nginx->allow_log(qr/./);
is scalar($nginx->bad_lines), 0, 'what is expected is let through';

for my $case (['address', 'char *p = malloc(8); p[n + 7] = 1; free(p);'],
              ['undefined', 'int big = 2147483646; n += big; n += big;'],
              ['leak', 'char *volatile p = malloc(8); p = 0; n = p != 0;'])
{
    my ($kind, $code) = @$case;
    my $flag = $kind eq 'leak' ? 'address' : $kind;
    my $program = tmp_dir() . "/$kind";
    spew("$program.c", "#include <stdlib.h>\nint main(int n, char **v)\n"
         . "{ (void) v; $code return n == 7; }\n");
    my $cc = run_cmd('gcc', "-fsanitize=$flag", '-o', $program, "$program.c");
    is $cc->{code}, 0, "a program with a fault: $kind" or diag $cc->{err};

    my $run = run_cmd($program, { as => Pupil::Nginx::user(),
                                  env => $nginx->sanitizer_env });
    my @reports = (sanitizer_reports(), $run->{err} || ());
    is scalar(@reports), 1, 'its report is found';
    unlink glob Pupil::Util::report_dir() . '/*';
}

# A whole test file whose only fault is in the log must fail.
for my $case ([0, ''], [1, '[alert] 7#7: broken'], [2, 'died']) {
    my ($number, $line) = @$case;
    my $file = spew(tmp_dir() . "/case$number.t", <<"");
use lib '@{[root_dir()]}/t/lib';
use Pupil::Test;
my \$nginx = Pupil::Nginx->new(load => 0)->start;
open my \$log, '>>', \$nginx->error_log or die;
print {\$log} "$line\\n";
close \$log;
ok 1, 'fine';
die "died" if '$line' eq 'died';
done_testing;

    my $run = run_cmd($^X, $file, { env => { TMPDIR => tmp_dir(),
                                             PUPIL_BUILD => build_dir() } });
    my $fails = $number != 0;
    is !!$run->{code}, $fails, "a test file with '$line' in its log"
        . ($fails ? ' fails' : ' passes') or diag $run->{out}, $run->{err};
    like $run->{out}, qr/^not ok \d+ - no alert/m, 'by the last test'
        if $number == 1;
}

# A worker that does not end must be noticed.
my $stuck = Pupil::Nginx->new(load => 0)->start->disown;
my ($worker) = $stuck->workers;
kill STOP => $worker;
ok !$stuck->quit(1), 'a worker that hangs is not a graceful end';
kill CONT => $worker;
like join('', $stuck->bad_lines), qr/SIGQUIT/, 'and is complained about';

# Problem documents: a good one, and each fault.
my %head = ('content-type' => 'application/problem+json; charset=utf-8',
            'cache-control' => 'no-store',
            'x-content-type-options' => 'nosniff',
            'x-request-id' => 'r-12345678');
my %body = (type => 'urn:pupil:problem:invalid', title => 'Invalid',
            status => 422, instance => 'r-12345678',
            errors => [{ field => '/a', rule => 'maximum' }]);

sub document ($head, $body) {
    my $res = Pupil::HTTP::Response->parse_head(join "\r\n",
        'HTTP/1.1 422 X', map { "$_: $head->{$_}" } sort keys %$head);
    $res->body(json_of($body));
    return scalar(my @faults = problem_faults($res, 422, 'invalid',
        field => '/a', rule => 'maximum'));
}

is document(\%head, \%body), 0, 'a proper problem document';
is_problem(do {
    my $res = Pupil::HTTP::Response->parse_head(join "\r\n", 'HTTP/1.1 422 X',
        map { "$_: $head{$_}" } sort keys %head);
    $res->body(json_of(\%body));
    $res;
}, 422, 'invalid', rule => 'maximum');
for my $name (sort keys %head) {
    cmp_ok document({ %head, $name => 'x' }, \%body), '>=', 1, "wrong $name";
}
for my $name (sort keys %body) {
    my %less = %body;
    delete $less{$name};
    cmp_ok document(\%head, \%less), '>=', 1, "no $name";
}
is document(\%head, { %body, more => 1 }), 1, 'an unknown member';

# ---- what is red beside others runs again, alone, and is named

my $again = 1;
sub runs (@bodies) {
    my $dir = tmp_dir() . '/runs' . ++state $n;
    mkdir $dir or die "$dir: $!\n";
    my @files = map { my $file = "$dir/$_.t";
                      spew($file, "use Test::More tests => 1;\n$bodies[$_]");
                      $file } keys @bodies;
    return run_cmd('t/lib/prove.sh', 2, @files,
                   { env => { PUPIL_AGAIN => $again } });
}

my $green = 'ok 1;';
my $red = 'ok 0;';
my $once = 'ok -e "$0.seen"; open my $seen, ">", "$0.seen";';

my $runs = runs($green, $once);
is $runs->{code}, 0, 'red once, and green alone';
like $runs->{out}, qr/^Red once, and something to mend: \S+1\.t$/m, 'is named';
$runs = runs($green, $once, $red);
isnt $runs->{code}, 0, 'red twice is red';
unlike $runs->{out}, qr/^Red once/m, 'and no once';
isnt runs($once)->{code}, 0, 'one file has nothing beside it';
isnt runs(($once) x 7)->{code}, 0, 'many are no stall';
isnt runs($green, $once . 'open my $a, ">", $ENV{PUPIL_ALARM};')->{code}, 0,
    'an alarm is no stall';
$again = 0;
isnt runs($green, $once)->{code}, 0, 'nor is it run again unasked';
$again = 1;
$runs = runs($green, $green);
is $runs->{code}, 0, 'green is green';
unlike $runs->{out}, qr/^Red/m, 'and has run once';

done_testing;
