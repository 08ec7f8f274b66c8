#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Clocks that jump, by ten years: a session that was made, or seen, under a
# clock that was ahead lives no longer when that is mended, but is over.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use constant YEARS => 10 * 365 * 86400;

my $day = Pupil::Day->up;
my $nginx = $day->nginx;
my $id = $day->person('pupil')->{id};

sub status (%at) {
    my ($token) = $day->sessions($id, %at);
    return $nginx->http->get('/v1/session',
                             header => { Cookie => "__Host-pupil=$token" })
        ->status;
}

is status(), 200, 'a session';
is status(created => -7000, seen => -7000), 200, 'one of before';
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

done_testing;
