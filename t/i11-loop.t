#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I11: the event loop never blocks.  Every system call of a worker is traced
# from its first turn on: its loop waits in epoll_wait alone, opens nothing,
# connects to nothing, resolves no name, and syncs no file.  And a database
# that says nothing, or a password that takes a second, delays nobody else.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use Time::HiRes qw(time);

my $day = Pupil::Day->up(workers => 1,
    conf => { pupil_pool => 'data statement_timeout=2s connect_timeout=3s' },
    server => 'location = /ping { return 200 "pong"; }');
my ($nginx, $pg) = ($day->nginx, $day->pg);
$day->all_here->work;

# The longest that a client of something else had to wait, while $code ran.
sub longest_ping ($code) {
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        eval { $code->() };
        POSIX::_exit($@ ? 1 : 0);
    }
    my $ping = $nginx->http(timeout => 120);
    $ping->get('/ping');
    my $longest = 0;
    until (process_ends($pid, 0)) {
        my $from = time;
        my $res = $ping->get('/ping');
        my $took = time - $from;
        die "no pong\n" if $res->body ne 'pong';
        $longest = $took if $took > $longest;
        select undef, undef, undef, 0.005;
    }
    return $longest;
}


# ---- what a worker asks of the system

# System calls that may wait for something else than the loop's own wait.
my $BLOCKING = qr/^(?:connect|open|openat|creat|fsync|fdatasync|msync
    |sync_file_range|poll|ppoll|select|pselect6|nanosleep|clock_nanosleep
    |flock|wait4|waitid|pause|rt_sigtimedwait|fallocate|rename|unlink
    |renameat2?|unlinkat|stat|statx|newfstatat|execve|fork|vfork)\(/x;

sub trace ($code) {
    my $file = tmp_dir() . '/trace';
    spew($file, '', 0666);
    my $pid = start_process(['strace', '-f', '-qq', '-T', '-o', $file,
        '-e', 'trace=%file,%net,%process,/fsync|fdatasync|msync|sync_file'
        . '|poll|select|nanosleep|flock|pause|sigtimedwait|fallocate|futex'
        . '|epoll_wait|read|write', '-p', $nginx->pid]);
    wait_until(60, 'strace', sub {
        slurp('/proc/' . $nginx->pid . '/status') =~ /^TracerPid:\s+[1-9]/m
    });
    $code->();
    kill INT => $pid;
    process_ends($pid, 60) or kill KILL => $pid;
    return slurp($file);
}

# The calls of a thread behind its first turn of the loop.
sub calls_of ($trace, $tid) {
    my ($loop, @calls) = (0);
    for my $line (split /\n/, $trace) {
        next if $line !~ /^$tid\s+(.*)/;
        my $call = $1;
        $loop ||= $call =~ /^epoll_wait\(/;
        push @calls, $call =~ s/^<\.\.\. (\w+) resumed>/$1(/r if $loop;
    }
    return @calls;
}

SKIP: {
    skip 'not under sanitizers', 7 if $ENV{PUPIL_SANITIZE};
    skip 'nothing may be traced here', 7
        if run_cmd('strace', '-qq', '-o', '/dev/null', 'true')->{code};

    my ($worker, $served) = (0, 0);
    my $trace = trace(sub {
        $day->reload;
        ($worker) = $nginx->workers;
        for my $ask ($day->requests) {
            my $res = $day->ask($ask);
            $served++ if $res->status == $ask->{status};
        }
        # Lost connections are made anew meanwhile.
        $day->db->do('SELECT pg_terminate_backend(pid) FROM'
            . " pg_stat_activity WHERE usename ~ '^pupil_(gateway|keeper)'");
        $day->ready;
        $day->pupil->get('/v1/homework');
    });
    is $served, scalar(() = $day->requests), 'all is served meanwhile';

    my @calls = calls_of($trace, $worker);
    cmp_ok scalar(@calls), '>', 500, 'the calls of the loop are known';
    # libpq looks, without waiting, whether a connection has ended.
    is_deeply [grep { $_ =~ $BLOCKING && !/^poll\(.*, 0\) =/ } @calls], [],
        'none of them could block';
    my @slow = grep { !/^epoll_wait/ && /<(\d+\.\d+)>$/ && $1 > 0.25 } @calls;
    is_deeply \@slow, [], 'none took long';
    is_deeply [grep { /^futex\(.*FUTEX_WAIT/ && /<(\d+\.\d+)>$/
                      && $1 > 0.05 } @calls], [], 'no lock is waited for';

    # Others do what the loop does not: the detector sees it.
    my @others = map { /^(\d+)\s+(.*)/ && $1 != $worker
                       && $1 != $nginx->pid ? $2 : () } split /\n/, $trace;
    ok((grep { /^connect\(/ } @others), 'a helper thread connects');
    ok((grep { $_ =~ $BLOCKING && /^open/ } @others), 'and opens files');
}

# No socket of a worker blocks.
my ($worker) = $nginx->workers;
my @blocking = grep {
    my $to = readlink "/proc/$worker/fd/$_";
    my ($flags) = slurp("/proc/$worker/fdinfo/$_") =~ /^flags:\s+(\d+)/m;
    defined $to && $to =~ /^socket:/ && !(oct($flags) & 04000)
} map { m{(\d+)$} } glob "/proc/$worker/fd/*";
# One of a pair to the master is as nginx makes it.
cmp_ok scalar(@blocking), '<=', 1, 'sockets do not block';


# ---- a database that says nothing

# All of it: what a pool that grows asks for as well.
is $day->pupil->get('/v1/homework')->status, 200, 'the database answers';
$day->site->pg->freeze;
my $longest = longest_ping(sub {
    my $http = $nginx->http(timeout => 300);
    $http->{cookies} = { %{ $day->pupil->cookies } };
    die if $http->get('/v1/homework')->status != 503;
});
is $? >> 8, 0, 'a request whose database says nothing is answered 503';
cmp_ok $longest, '<', 0.5, sprintf 'nobody else waits (%.0f ms)',
    1000 * $longest;
$day->site->pg->thaw;
$day->ready;


# ---- one that accepts and says nothing

my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 64,
    LocalPort => free_port(), ReuseAddr => 1);
my $gateway = $day->site->gateway('pupil', host => '127.0.0.1',
    port => $silent->sockport, sslmode => 'disable');
$nginx->set(http => $day->site->http_conf(conf => {
    pupil_database => qq("$gateway"),
    pupil_pool => 'data connect_timeout=2s' }))->reload;
select undef, undef, undef, 0.5;
my ($unknown) = $day->unknown;
$longest = longest_ping(sub {
    my $until = time + 3;
    while (time < $until) {
        $nginx->http->get('/v1/session',
            header => { Cookie => "__Host-pupil=$unknown" });
        select undef, undef, undef, 0.1;
    }
});
cmp_ok $longest, '<', 0.5, sprintf 'nobody waits for a connection'
    . ' (%.0f ms)', 1000 * $longest;
close $silent;


# ---- a password that takes its time

$day->reload(http => $day->site->http_conf(conf => {
    pupil_password_hash => 'memory=128m iterations=5' }));
$day->db->do('DELETE FROM pupil.login_throttle');
# Made anew, at the cost in force, with the first log-in.
my $login = sub { $nginx->http->login(@{ $day->person('pupil') }
                                       {qw(login password)}) };
$login->() for 1 .. 2;
my $took = 0;
$longest = longest_ping(sub {
    my $from = time;
    $login->()->status == 200 or die;
    spew(tmp_dir() . '/took', time - $from);
});
$took = slurp(tmp_dir() . '/took');
cmp_ok $took, '>', 3 * $longest, sprintf 'a log-in takes %.0f ms', 1000 * $took;
cmp_ok $longest, '<', 0.3, sprintf 'nobody else waits (%.0f ms)',
    1000 * $longest;

done_testing;
