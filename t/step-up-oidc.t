#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Step-up of who logs in at an OpenID provider: a proof is as old as that says,
# whatever the age of the session here, and is asked for anew there.

use lib 't/lib';
use Pupil::Test;
use Pupil::Provider;

my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my $nginx = $site->nginx(server => $idp->server_conf . <<"")->start;
location /now/data/ { pupil_data; pupil_step_up pupil=10m; }

my $pupil = $site->person('OKlein');

# Somebody of whom the provider says that it was so many seconds ago.
sub said ($ago, %tell) {
    $idp->tell(mode => 'good', %tell, claims => { uniid => $pupil->{login},
        defined $ago ? (auth_time => int(time) - $ago) : () });
}

sub log_in ($http, $behind = '') {
    my $sent = $http->get("/v1/login/uni$behind");
    is_status $sent, 303, 'to the provider';
    is_status $http->get($idp->authorize($sent)), 303, 'and back';
    return $sent->header('location');
}


# ---- as old as the provider says

my $http = $nginx->http;
said(20 * 60);
unlike log_in($http), qr/max_age|prompt/, 'a log-in asks for nothing';
is_status $http->get('/v1/session'), 200, 'and is one';
is_problem $http->get('/now/data/'), 401, 'step-up-required',
    name => 'who was known there for long has not proved it now';

my $old = $http->cookies->{'__Host-pupil'};
said(0);
like log_in($http, '/step-up'), qr/[&?]max_age=0&prompt=login$/,
    'a step-up asks whom the provider knows, too';
is_status $http->get('/now/data/'), 200, 'who has done it has';
is_problem $nginx->http->get('/v1/session', header => {
    Cookie => "__Host-pupil=$old" }), 401, 'no-session',
    name => 'the token of before is dead';
is $http->get('/v1/session')->json->{user}{id}, $pupil->{id}, 'whose it is';


# ---- what was asked for does not count, but what the provider says

said(20 * 60);
log_in($http, '/step-up');
is_problem $http->get('/now/data/'), 401, 'step-up-required',
    name => 'a browser that has left out what was asked';

said(undef, mode => 'no_auth_time');
log_in($http = $nginx->http, '/step-up');
is_status $http->get('/v1/session'), 200, 'of a provider that says nothing';
is_problem $http->get('/now/data/'), 401, 'step-up-required',
    name => 'nothing is believed';

said(-30);
log_in($http);
is_status $http->get('/now/data/'), 200, 'one whose clock is ahead a little';
is $site->db->selectrow_array('SELECT count(*) FROM pupil.session'
    . ' WHERE proved_at > created_at'), 0, 'proves it now';

is_problem $http->get('/v1/login/uni/step-up?x=1'), 422, 'invalid',
    name => 'an argument';
is_problem $http->get('/v1/login/other/step-up'), 404, 'not-found',
    name => 'no such provider';

done_testing;
