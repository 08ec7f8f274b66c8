#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I1: one attempt has one record.  Whoever was known at a browser by a password
# of before counts there first, and then as a stranger does: where that has to
# wait, it is one attempt that was refused.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Time::HiRes qw(sleep);

use constant FREE => 5;             # guesses at an account without a delay

my $day = Pupil::Day->up(workers => 1);
my ($site, $db, $nginx) = ($day->site, $day->db, $day->nginx);
my $pupil = $day->person('pupil');

sub login ($http) {
    delete $http->cookies->{'__Host-pupil'};
    return $http->login(@$pupil{qw(login password)});
}

# What is on record of each, in the end.
sub recorded (@answers) {
    sleep 2;
    return [map { join ' ', @{ $day->outcomes($_) } } @answers];
}

# Those that strangers fill wait for an hour from now on, and are not told of.
sub guessed_at () {
    $db->do('DELETE FROM pupil.login_throttle');
    $nginx->http->login($pupil->{login}, 'not it') for 0 .. FREE;
    $db->do("UPDATE pupil.login_throttle SET not_before = clock_timestamp()"
            . " + interval '1 hour' WHERE not_before > last_at");
}


my $browser = $nginx->http;
is login($browser)->status, 200, 'somebody logs in';
my $kept = { %{ $browser->cookies } };
$site->password($pupil->{login}, $pupil->{password});
guessed_at();

my @answers = map { $_ == 3 ? login($nginx->http) : login($browser) } 0 .. 4;
is_problem $_, 429, 'throttled' for @answers;
is_deeply recorded(@answers), ['refused', 'refused', 'refused', 'throttled',
    'refused'], 'each attempt that counts has one record, a stranger one';
is_deeply { %{ $browser->cookies } },
    { map { $_ => $kept->{$_} } grep { !/pupil$/ } keys %$kept },
    'the browser has nothing new';

# What it had of its own is used up, too: the first of that window is told.
login($browser) while $db->selectrow_array('SELECT count(*) FROM'
    . " pupil.login_throttle WHERE not_before > last_at") < 3;
$db->do("UPDATE pupil.login_throttle SET not_before = clock_timestamp()"
        . " + interval '1 hour' WHERE not_before > last_at");
@answers = map { login($browser) } 1 .. 3;
is_problem $_, 429, 'throttled' for @answers;
is_deeply recorded(@answers), ['throttled', '', ''],
    'where that is used up, the first that waits';

done_testing;
