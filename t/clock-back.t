#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Clocks that are set back, as where a machine starts by one that is ahead: who
# knows their password logs in, whoever has logged in under the clock of before,
# and what is stored is shown.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;

my $clock = Pupil::Clock->new;
my $day = Pupil::Day->up(start => 0, workers => 1);
$clock->of_all($day->pg);
my $nginx = $day->nginx;
$nginx->start;
$day->ready;
my @who = map { $day->person($_) } qw(pupil teacher);

sub login ($who, $password = $who->{password}) {
    return $nginx->http->login($who->{login}, $password);
}

is_status login($_), 200, "$_->{login}: by a clock that is ahead" for @who;
my $kept = $day->as('pupil');
is_status $kept->get('/v1/session'), 200, 'a session';

$clock->forward(-45);
is_status login($_), 200, "$_->{login}: by one that was set back" for @who;
my $res = $kept->get('/v1/session');
is_status $res, 200, 'the session goes on';
ok $res->json->{user}{display_name}, 'and is whose it was';
unlike $nginx->log_text, qr/disagree about the version/,
    'nobody looks for a key that was lost';

# Guesses are delayed all the same.
is_status login($who[0], 'no'), 401, 'a wrong password';
my $guesses = 1;
$guesses++ until $guesses == 30 || login($who[0], 'no')->status == 429;
cmp_ok $guesses, '<', 30, 'who goes on guessing waits';

done_testing;
