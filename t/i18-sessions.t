#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: a session that its owner ends elsewhere is dead on every worker of every
# host, and stays so: when the data database is as it was before, after a
# reload and a restart, and with a zone that is full.  Those that nobody ended
# live on.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my %conf = (workers => 2,
            conf => { pupil_session_zone => 'pupil_sessions:256k valid=5m' });
my $day = Pupil::Day->up(%conf);
my @hosts = ($day->nginx, $day->site->nginx(%conf)->start);
my ($db, $id) = ($day->db, $day->person('pupil')->{id});

sub ready () { $_->wait_ready for @hosts }

# A client of each worker of each host.
sub clients () {
    return map { my %of = $_->client_of_each; values %of } @hosts;
}

sub log_in () {
    my $http = $hosts[0]->http;
    die if $http->enter(@{ $day->person('pupil') }{qw(login password)})->status
        != 200;
    return $http;
}

ready();
my @clients = clients();
is scalar(@clients), 4, 'two hosts with two workers each';

sub statuses ($session) {
    my $cookie = '__Host-pupil=' . $session->cookies->{'__Host-pupil'};
    return join ' ', map { $_->get('/v1/session',
        header => { Cookie => $cookie })->status } @clients;
}

sub dies ($session, $name) {
    my $last;
    eval { wait_until(60, $name, sub {
        ($last = statuses($session)) eq '401 401 401 401' }) };
    is $last, '401 401 401 401', $name;
}

sub lives ($session, $name) {
    is statuses($session), '200 200 200 200', $name;
}

sub end_elsewhere ($session) {
    my ($own) = grep { $_->{current} }
        @{ $session->get('/v1/me/sessions')->json->{sessions} // [] };
    return '/v1/me/sessions/' . ($own ? $own->{id} : uuid());
}


# ---- on all of them, though each has them in its zone

my ($mine, $one, @more) = map { log_in() } 1 .. 4;
lives($_, 'it is known to all workers') for $mine, $one, @more;
my $before = $day->rows_of('pupil.session', $id);

is $mine->delete(end_elsewhere($one))->status, 204, 'one ends';
dies($one, 'one: dead on all workers of both hosts');
lives($_, 'no other is') for $mine, @more;
is $mine->delete('/v1/me/sessions')->status, 204, 'all others end';
dies($_, 'all others: dead on all workers of both hosts') for @more;
lives($mine, 'but for the one that asked');


# ---- as it was before

$day->put_back($before);
dies($_, 'put back: dead') for $one, @more;
lives($mine, 'put back: who asked lives');
is scalar(@{ $mine->get('/v1/me/sessions')->json->{sessions} // [] }), 1,
    'and is shown no other';

$_->reload(wait => 1) for @hosts;
ready();
@clients = clients();
dies($_, 'after a reload: dead') for $one, @more;
lives($mine, 'after a reload: who asked lives');

$_->quit for @hosts;
$_->start for @hosts;
ready();
@clients = clients();
dies($_, 'after a restart: dead') for $one, @more;
lives($mine, 'after a restart: who asked lives');


# ---- a zone that is full

my $size = $hosts[0]->http->get('/status')->json->{sessions}{zone_entries_max};
cmp_ok $size, '>', 100, "the zone has $size places";
my $last = log_in();
$before = $day->rows_of('pupil.session', $id);
my @crowd = $day->sessions($day->person('teacher')->{id}, n => 2 * $size);
my $crowd = sub ($http) {
    return scalar grep { $_->status != 200 } map { $http->get('/v1/session',
        header => { Cookie => "__Host-pupil=$_" }) } @crowd;
};
is $crowd->($_), 0, 'more sessions than that' for map { $_->http } @hosts;
lives($_, 'a full zone: they live') for $mine, $last;
is $mine->delete('/v1/me/sessions')->status, 204, 'a full zone: one ends';
dies($last, 'a full zone: dead');
$day->put_back($before);
dies($last, 'a full zone: dead when it is put back');
lives($mine, 'a full zone: who asked lives');

done_testing;
