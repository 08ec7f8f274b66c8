#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A provider has a new key, and a stranger has just made up the name of one: who
# logs out there is not told to be a liar, and who logs in there is let in.

use lib 't/lib';
use Pupil::Test;
use Pupil::Provider;

my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my $nginx = $site->nginx(workers => 1, server =>
    $idp->server_conf(words => 'profile=uni-login failed=/login')
    . 'location /v1/login/ { pupil_login; }')->start->wait_ready;
my $pupil = $site->person('OKlein');

sub login (%claims) {
    $idp->tell(mode => 'good',
               claims => { uniid => $pupil->{login}, sub => 'f:1', %claims });
    my $http = $nginx->http;
    my $res = $idp->visit($http);
    is $res->header('location'), '/', "$claims{sid} logs in";
    return $http;
}

sub out ($token) {
    return $nginx->http->post('/v1/login/uni/backchannel-logout',
                              $idp->logout_form($token));
}

my $browser = login(sid => 's1');
my @made_up = map { $idp->logout_token(claims => { sid => 's1' },
                                       mode => 'unknown_kid') } 1 .. 2;
is_problem out($made_up[0]), 400, 'logout-token',
    name => 'a key that the provider has not';

$idp->tell(mode => 'good', rotate => 1);
my $token = $idp->logout_token(claims => { sid => 's1' });
for my $case (['a key that it may have', $token],
              ['the next that is made up', $made_up[1]])
{
    my $res = out($case->[1]);
    is_problem $res, 503, 'unavailable', name => $case->[0];
    cmp_ok $res->header('retry-after'), '<=', 30, "$case->[0]: when again";
    cmp_ok $res->header('retry-after'), '>', 0, "$case->[0]: not at once";
}
is $browser->get('/v1/session')->status, 200, 'nobody is logged out yet';

login(sid => 's2');
is_status out($token), 200, 'by which the key is known, and the token counts';
is $browser->get('/v1/session')->status, 401, 'the session has ended';

done_testing;
