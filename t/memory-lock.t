#!/usr/bin/perl

# A worker that cannot lock memory for keys stays up, answers 503, and says why
# once, with what to do about it.

use lib 't/lib';
use Pupil::Test;

# Sanitizers make mlock() a function that does nothing.
if ($ENV{PUPIL_SANITIZE}) {
    pass 'not under sanitizers';
    done_testing;
    exit;
}

my $site = pupil_up(import => 1);
my $teacher = $site->person('CBeane');

# As where LimitMEMLOCK is low and nobody may raise it; root's workers lose
# what the master may, but only if they are given another user.
sub limited ($bytes) {
    return ((am_root() ? ('setpriv', '--bounding-set',
                          '-sys_resource,-ipc_lock') : ()),
            'prlimit', "--memlock=$bytes:$bytes");
}

sub limits ($nginx) {
    return map { slurp("/proc/$_/limits") =~ /^Max locked memory +(\w+)/m }
           $nginx->workers;
}

sub is_down ($nginx, $limit) {
    my $http = $nginx->http;
    is join(' ', limits($nginx)), "$limit $limit", "$limit: is the limit";
    wait_until(60, 'the databases', sub {
        my $now = $http->get('/status')->json;
        return $now->{database_data}{connections}
               && $now->{database_keys}{connections};
    });

    for my $ask ([GET => '/v1/session'], [GET => '/v1/homework'],
                 [GET => '/v1/data/identity'], [POST => '/v1/login',
                 json => { identifier => $teacher->{login},
                           password => $teacher->{password} }])
    {
        my ($method, $path, @body) = @$ask;
        is_problem $http->request($method, $path, @body,
            header => { Cookie => '__Host-pupil=' . 'A' x 43 }),
            503, 'unavailable', name => "$limit: $method $path 503";
    }
    is_status $http->get('/status/live'), 200, "$limit: the worker lives";
    my $ready = $http->get('/status/ready');
    is_status $ready, 503, "$limit: but is not ready";
    like $ready->json->{why}, qr/memory/, "$limit: because of memory";
    $nginx->http->get('/v1/session') for 1 .. 10;

    for my $worker ($nginx->workers) {
        my @lines = $nginx->log_text =~ /^(.*\[crit\] $worker#.*)$/mg;
        is scalar(@lines), 1, "$limit: one line of worker $worker";
        like $lines[0] // '', qr/cannot\ lock\ \d+\ KiB.*RLIMIT_MEMLOCK\ of
            .*LimitMEMLOCK=.*answers\ 503/x, "$limit: with what to do";
    }
    my @master = $nginx->log_text =~ /\[warn\].*(LimitMEMLOCK)/g;
    is scalar(@master), 1, "$limit: the master says that it cannot raise it";
    return $http;
}


# ---- nothing may be locked at all: the master, too, keeps a key

my $nginx = $site->nginx(wrap => [limited(0)]);
ok !eval { $nginx->start }, 'nothing: refused';
like $@, qr/pupil_master_key: cannot lock \d+ KiB.*LimitMEMLOCK=/,
    'nothing: with what to do';
$nginx->disown;


# ---- the master has what it needs, its workers have not

$nginx = $site->nginx(workers => 2, wrap => [limited(65536)])->start;
my @workers = $nginx->workers;
is_down($nginx, 65536);
is join(' ', $nginx->workers), "@workers", 'little: no worker has ended';
$nginx->quit;


# ---- room for a small cache, which is what the message asks for

my $room = 2 << 20;
$nginx = $site->nginx(workers => 2, wrap => [limited($room)])->start;
is_down($nginx, $room);
$nginx->set(http => $site->http_conf(
    pupil => "pupil_key_cache owners=1024;\n"))->reload(wait => 1);
is join(' ', limits($nginx)), "$room $room", 'room: within the same limit';
my $http = $nginx->http;
ok eval { wait_until(60, 'ready', sub {
    $http->get('/status/ready')->status == 200 }) }, 'room: ready';
is_status $http->login(@$teacher{qw(login password)}), 200, 'room: a log-in';
is_status $http->get('/v1/data/identity'), 200, 'room: keys are cached';

my ($locked) = map { slurp("/proc/$_/status") =~ /^VmLck:\s+(\d+) kB/m }
               $nginx->workers;
cmp_ok $locked, '>', 100, "room: in locked memory: $locked KiB";

done_testing;
