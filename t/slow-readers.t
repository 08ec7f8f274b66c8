#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Clients that ask and do not read, over HTTP/2: what waits for them is the
# answer, and nothing of what it was made of; and no more of that than
# pupil_unsent_answers allows a session and a worker.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::HTTP2;

use constant { READERS => 7, SUBMISSIONS => 50, ANSWER => 8_000 };

my $patient = "send_timeout 10m;\n";
my $day = Pupil::Day->up(workers => 1, http => $patient);
my ($worker) = $day->nginx->workers;
my $homework = $day->assign;
my $text = join '', map { chr 97 + $_ % 26 } 1 .. ANSWER;
for my $who (qw(pupil classmate)) {
    $day->expect(200, $day->as($who)->post('/v1/progress', json => [
        map { $day->answer($homework, 0, answer => $text) }
        1 .. SUBMISSIONS / 2])) for 1 .. 2;
}
my $path = '/v1/progress?limit=' . SUBMISSIONS;
my $length = length $day->pupil->get($path)->body;
cmp_ok $length, '>', SUBMISSIONS * ANSWER, 'an answer is large';

sub status () { $day->nginx->http->get('/status')->json }
sub answered () { status()->{requests}{progress}{'2xx'} }

# So many answers for somebody who reads none of them, one after another.
sub stall ($who, $n) {
    my $cookies = $day->as($who)->cookies;
    my $h2 = Pupil::HTTP2->new(port => $day->nginx->port, window => 0)->hello;
    for my $stream (map { 2 * $_ - 1 } 1 .. $n) {
        my $before = answered();
        $h2->headers($stream, [':method' => 'GET', ':scheme' => 'https',
            ':authority' => 'localhost', ':path' => $path,
            cookie => join '; ', map { "$_=$cookies->{$_}" } keys %$cookies],
            end => 1);
        wait_until(60, 'it is answered', sub { answered() == $before + 1 });
    }
    return $h2;
}


# ---- the memory of each is its answer

my @first = (stall(pupil => 2), stall(classmate => 2));
my $before = process_rss($worker);
my $stalled = stall(pupil => READERS);
my $each = 1024 * (process_rss($worker) - $before) / READERS;
SKIP: {
    skip 'sanitizers keep what is freed', 1 if $ENV{PUPIL_SANITIZE};
    cmp_ok $each, '<', 1.5 * $length + 64 * 1024,
        'a reader that does not read holds its answer and little else';
}
is_status $day->classmate->get($path), 200, 'others are served';
$_->close for $stalled, @first;
wait_until(60, 'they have gone', sub { !status()->{unsent}{answers} });


# ---- a session, and a worker, have so many of them

$day->reload(http => $patient . $day->site->http_conf(
    pupil => "pupil_unsent_answers session=1m worker=1500k;\n"));
($worker) = $day->nginx->workers;
$stalled = stall(pupil => READERS);
wait_until(60, 'what is too much ends', sub {
    status()->{unsent}{answers} == 2 });
my $unsent = status()->{unsent};
is $unsent->{ended}, READERS - 2, 'of a session those that wait longest end';
cmp_ok $unsent->{bytes}, '<', 1024 * 1024, 'within what is allowed';

my $other = stall(classmate => 2);
wait_until(60, 'what is too much of all ends', sub {
    status()->{unsent}{answers} == 3 });
cmp_ok status()->{unsent}{bytes}, '<', 1500 * 1024,
    'and all of them together';
is length $day->pupil->get($path)->body, $length,
    'a session whose answers wait is served when it reads';
$_->close for $stalled, $other;
wait_until(60, 'nothing waits', sub { !status()->{unsent}{answers} });
is status()->{unsent}{bytes}, 0, 'and nothing is counted';

done_testing;
