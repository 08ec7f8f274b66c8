#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Sessions that somebody revokes are dead on each worker of two hosts within a
# second: one, all of one's own but that which asks, all of somebody's, all of a
# tenant's.  Each is in every worker's zone, which would serve it for minutes.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Time::HiRes qw(time);

use constant { SOON => 1, TRIES => 5 };     # a machine may be busy

my %conf = (workers => 2,
            conf => { pupil_session_zone => 'pupil_sessions:1m valid=5m' });
my $day = Pupil::Day->up(%conf);
my $site = $day->site;
my @hosts = ($day->nginx, $site->nginx(%conf)->start);
$_->wait_ready for @hosts;
my @clients = map { my %of = $_->client_of_each; values %of } @hosts;
is scalar(@clients), 4, 'two hosts with two workers each';
wait_until(60, 'all workers to listen', sub {
    !grep { $_->get('/status')->json->{sessions}{listening} != 1 } @clients });

my %person = map { $_ => $day->person($_) } qw(pupil classmate);

# What is answered once it is not 503, as by a machine that is busy.
sub answered ($ask) {
    my $res;
    wait_until(60, 'an answer', sub { ($res = $ask->())->status != 503 });
    return $res;
}

sub log_in ($who) {
    my $http = $hosts[0]->http;
    my $res = answered(sub {
        $http->enter(@{ $person{$who} }{qw(login password)}) });
    die $res->text if $res->status != 200;
    return $http;
}

# What each worker says of these sessions.
sub statuses (@sessions) {
    my %seen;
    for my $session (@sessions) {
        my $cookie = '__Host-pupil=' . $session->cookies->{'__Host-pupil'};
        for my $client (@clients) {
            $seen{ answered(sub { $client->get('/v1/session',
                header => { Cookie => $cookie }) })->status }++;
        }
    }
    return join ' ', map { "$seen{$_}x$_" } sort keys %seen;
}

sub ctl (@words) { sub { $site->ctl_ok(@words, $site->ctl_where) } }

sub id_of ($session) {
    my ($own) = grep { $_->{current} }
                @{ $session->get('/v1/me/sessions')->json->{sessions} };
    return $own->{id};
}

# By what: who logs in, how many of them then are to be dead, the others not;
# what ends them, told by who logged in.
my @cases = (
    ['one of one\'s own', [qw(pupil pupil classmate)], 1, sub ($one, $mine, @) {
        my $path = '/v1/me/sessions/' . id_of($one);
        return sub { die if $mine->delete($path)->status != 204 };
    }],
    ['all others of one\'s own', [qw(pupil pupil pupil classmate)], 2,
     sub (@all) {
        return sub { die if $all[2]->delete('/v1/me/sessions')->status != 204 };
    }],
    ['all of somebody\'s', [qw(pupil pupil classmate)], 2, sub (@) {
        ctl(qw(user sessions), $person{pupil}{login}, '--end') }],
    ['all of a tenant\'s', [qw(pupil classmate)], 2, sub (@) {
        ctl(qw(tenant sessions --end)) }],
);

# Seconds until they were, by the best of some tries; and what is left then.
sub soonest ($who, $n, $how) {
    my ($best, $dead, $left) = (99);
    for (1 .. TRIES) {
        my @all = map { log_in($_) } @$who;
        die 'a session that is none' if statuses(@all) ne 4 * @all . 'x200'
            || statuses(@all) ne 4 * @all . 'x200';
        my $end = $how->(@all);
        $end->();
        my $began = time;
        my @ended = @all[0 .. $n - 1];
        wait_until(60, 'their end',
                   sub { ($dead = statuses(@ended)) eq 4 * $n . 'x401' });
        my $took = time - $began;
        $left = statuses(@all[$n .. $#all]);
        $best = $took if $took < $best;
        last if $best < SOON;
    }
    return ($best, $left);
}

for my $case (@cases) {
    my ($name, $who, $n, $how) = @$case;
    my ($took, $left) = soonest($who, $n, $how);
    cmp_ok $took, '<', SOON, sprintf '%s: dead on all after %.2f s', $name,
        $took;
    is $left, @$who > $n ? 4 * (@$who - $n) . 'x200' : '',
        "$name: and no other";
}

done_testing;
