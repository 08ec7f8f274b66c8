#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Clocks that jump, by ten years: a session that was made, or seen, under a
# clock that was ahead lives no longer when that is mended, but is over.  By
# rows as such clocks write them, and with a host whose clock jumps.  By a right
# clock one ends that nobody uses.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;

use constant YEARS => 10 * 365 * 86400;

my $day = Pupil::Day->up(start => 0,
                         conf => { pupil_request_timeout => '5s' });
my $nginx = $day->nginx;
my $clock = Pupil::Clock->new;
$nginx->by($clock)->start;
$day->ready;
my $id = $day->person('pupil')->{id};

sub status (%at) {
    my ($token) = $day->sessions($id, %at);
    return $nginx->http->get('/v1/session',
                             header => { Cookie => "__Host-pupil=$token" })
        ->status;
}

is status(), 200, 'a session';
is status(created => -7000, seen => -7000), 200, 'one of before';
is status(created => -7300, seen => -7300), 401,
    'one that nobody has used for over two hours';
is status(created => -7300, seen => -100), 200, 'one of then that is in use';
is status(created => 30, seen => 30), 200,
    'of a host whose clock is ahead by as little as is allowed';
is status(created => YEARS, seen => YEARS, expires => YEARS + 3600), 401,
    'one that was made by a clock that was ahead';
is status(created => -3600, seen => YEARS), 401, 'that was seen by one';
is status(created => -3600, expires => YEARS, seen => -60), 200,
    'a row says until when, and the location has the last word:';
is status(created => -13 * 3600, expires => YEARS, seen => -60), 401,
    'it ends';
is status(created => -YEARS, seen => -YEARS, expires => -YEARS + 3600), 401,
    'one that was made by a clock that was behind';


# ---- a host whose clock jumps, and is put right

my %who = %{ $day->person('pupil') };

sub log_in () {
    my $http = $nginx->http;
    my $res = $http->enter(@who{qw(login password)});
    die $res->text if $res->status != 200;
    return $http;
}

sub says ($http) {
    my $res;
    wait_until(60, 'an answer', sub {
        ($res = $http->get('/v1/session'))->status != 503 });
    return $res->status;
}

sub until_ ($http) {
    return $http->get('/v1/session')->json->{session}{expires_at};
}

my $before = log_in();
my $until = until_($before);
for my $jump (YEARS, -YEARS) {
    $clock->forward($jump);
    is says($before), 401, 'ten years away a session is none';
    $clock->forward(-$jump);
    is says($before), 200, 'put right, it is one';
    is until_($before), $until, 'that lives no longer than it would have';
}


# Where no month of the log is, nobody is let in.
for my $jump (YEARS, -YEARS) {
    $clock->forward($jump);
    is_problem $nginx->http->login(@who{qw(login password)}), 503,
        'unavailable', name => 'nobody logs in under such a clock';
    $clock->forward(-$jump);
}
is says(log_in()), 200, 'who logs in by the right time is in';

done_testing;
