#!/usr/bin/perl

# pupil_probe: what /status says about the event loop fits what the kernel
# accounts; the largest bodies hold it no longer than they may; off, no clock
# is read.

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;

# A session zone that takes long to be wiped, as a lost listener asks for.
my $class = Pupil::Class->up(conf => {
    pupil_probe => 'on', pupil_session_zone => 'pupil_sessions:128m' });
my $nginx = $class->nginx;
my $homework = $class->assign;
my $path = "/v1/homework/$homework->{id}";
my $sanitized = $ENV{PUPIL_SANITIZE};

sub event_loop () {
    return $nginx->http->get('/status')->json->{event_loop};
}

# CPU of the worker's first thread, in microseconds.
sub worker_us () {
    my ($pid) = $nginx->workers;
    return (split ' ', slurp("/proc/$pid/task/$pid/schedstat"))[0] / 1000;
}


my $before = event_loop();
my $cpu = worker_us();
is $before->{probe}, 1, 'it is on';

my @clients = map { my $http = $class->pupil->fresh;
                    %{ $http->cookies } = %{ $class->pupil->cookies };
                    $http->connect; $http } 1 .. 16;
my $answered = 0;
for my $round (1 .. 20) {
    $_->send_raw($_->request_bytes('GET', $path)) for @clients;
    $answered += grep { $_->read_response->status == 200 } @clients;
}
is $answered, 320, 'all are answered';

my $after = event_loop();
$cpu = worker_us() - $cpu;
my $busy = $after->{busy_us} - $before->{busy_us};
cmp_ok $after->{callbacks} - $before->{callbacks}, '>=', 2 * $answered,
    'callbacks are counted';
cmp_ok $busy, '<', $cpu, 'they took less than the worker did in all';
cmp_ok $busy, '>', $cpu / 10, 'and a good part of that';
cmp_ok $after->{longest_us}, '>', $busy / $after->{callbacks},
    'the longest is longer than the mean';
cmp_ok $after->{longest_us}, '<=', $after->{busy_us}, 'and no more than all';
my @kinds = qw(request body resume cleanup database audit timer thread);
is scalar(grep { $after->{"${_}_longest_us"} > $after->{longest_us} } @kinds),
    0, 'no kind has a longer one';
cmp_ok $after->{"${_}_longest_us"}, '>', 0, "$_ is measured"
    for qw(request body resume cleanup database audit thread);
is $after->{over_5ms}, 0, 'none took over 5 ms, from the start on'
    if !$sanitized;
cmp_ok $after->{over_1ms}, '>=', $after->{over_5ms},
    'what took over 5 ms took over 1 ms';


# ---- the largest bodies, by what is in them

my $room = 256 * 1024;
my @answer = (answer => { text => 'because ' x 1000 });
my @bodies = (
    [digits => '[' . '1' x ($room - 2) . ']', 200],
    ['empty objects' => '[' . '{},' x ($room / 3 - 1) . '{}]', 400],
    [escapes => '["' . '\\u00e9' x (($room - 4) / 6) . '"]', 200],
    ['submissions' => json_of([map { $class->answer($homework, $_ % 2,
                                                    @answer) } 1 .. 30]),
     200],
    ['not closed' => '["' . 'x' x ($room - 2), 400],
);
my $small = event_loop();
for my $body (@bodies) {
    my ($name, $bytes, $status) = @$body;
    is_status $class->pupil->post('/v1/progress', body => $bytes,
                                  type => 'application/json'), $status, $name;
}

my $large = event_loop();
cmp_ok $large->{body_longest_us}, '>', 2 * $small->{body_longest_us},
    'a body of the largest size takes longer';
cmp_ok $large->{longest_us}, '<=', 20_000, 'and none over 20 ms'
    if !$sanitized;
note json_of($large);


# ---- off

# Reads of the thread's CPU clock, by a worker of its own.
sub clock_reads ($probe) {
    my $file = tmp_dir() . '/trace';
    spew($file, '', 0666);
    $nginx->set(http => $class->site->http_conf(
        conf => { pupil_probe => $probe }));
    my $pid = start_process(['strace', '-f', '-qq', '-o', $file, '-e',
                             'trace=clock_gettime', '-p', $nginx->pid]);
    wait_until(60, 'strace', sub {
        slurp('/proc/' . $nginx->pid . '/status') =~ /^TracerPid:\s+[1-9]/m
    });
    $nginx->reload(wait => 1);
    wait_until(60, 'the worker to serve', sub {
        $nginx->http->get('/status/ready')->status == 200 });
    is_status $class->pupil->get($path), 200, "served: $probe";
    my $shown = event_loop();
    kill INT => $pid;
    process_ends($pid, 60) or kill KILL => $pid;
    return $shown, scalar(() = slurp($file) =~ /CLOCK_THREAD_CPUTIME_ID/g);
}

SKIP: {
    skip 'not under sanitizers', 5 if $sanitized;
    skip 'nothing may be traced here', 5
        if run_cmd('strace', '-qq', '-o', '/dev/null', 'true')->{code};

    my ($shown, $reads) = clock_reads('on');
    cmp_ok $reads, '>=', 2 * $shown->{callbacks}, 'on: two reads a callback';
    ($shown, $reads) = clock_reads('off');
    is $reads, 0, 'off: none';
    is_deeply $shown, { probe => 0 }, 'and nothing to show';
}

done_testing;
