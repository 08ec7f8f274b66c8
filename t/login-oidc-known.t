#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What a worker knows of a provider: one request asks for it, and the others
# wait; a provider that does not answer is not asked again by whoever comes, nor
# does a clock that was ahead keep a new key from being looked for.

use lib 't/lib';
use IO::Select;
use IO::Socket::INET;
use Pupil::Test;
use Pupil::Clock;
use Pupil::Provider;

my ($AHEAD, $AGAIN, $MANY) = (45, 30, 12);     # seconds, requests

my $idp = Pupil::Provider->new;
my $down = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 100)
    or die $!;
my $site = pupil_up(import => 1);
my $clock = Pupil::Clock->new(ahead => $AHEAD);
my $nginx = $site->nginx(workers => 1, server =>
    $idp->server_conf(words => 'profile=uni-login shared_names')
    . join('', map { Pupil::Provider->at($down->sockport)->server_conf(
        name => $_, words => 'profile=uni-login shared_names') } qw(down gone))
    . "location /v1/login/ { pupil_login; }\n")->by($clock)->start->wait_ready;
my $pupil = $site->person('OKlein');

sub begun ($name, $n) {
    my @at_once = map { $nginx->http(timeout => 300)->connect } 1 .. $n;
    $_->send_raw($_->request_bytes(GET => "/v1/login/$name")) for @at_once;
    return @at_once;
}

# The next connection to the one that does not answer.
sub asked { IO::Select->new($down)->can_read(60) ? $down->accept : undef }
sub is_asked { scalar IO::Select->new($down)->can_read(0) }


# ---- a worker that has just begun

is_deeply [map { $_->read_response->status } begun(uni => $MANY)],
    [(303) x $MANY], 'many begin at once';
is $idp->tell->{discovery}, 1, 'the provider is asked once';

my ($first) = begun(down => 1);
my $ask = asked();
ok $ask, 'one that does not answer is asked';
my @others = begun(down => 3);
$first->reset;
ok asked(), 'again, by another, when who asked has gone';
is_problem $_->read_response, 502, 'gateway', name => 'nothing comes of it'
    for @others;
ok !is_asked(), 'it was asked for all of them';


# ---- anybody makes up tokens

sub out {
    return $nginx->http->post('/v1/login/gone/backchannel-logout',
        body => 'logout_token=a.b.c',
        type => 'application/x-www-form-urlencoded');
}

my $from = time;
my ($out) = begun(gone => 1);
ok asked(), 'another that does not answer is asked';
is_problem $out->read_response, 502, 'gateway', name => 'in vain';
my @res = map { out() } 1 .. $MANY;
is_problem $_, 502, 'gateway', name => 'a token that is made up' for @res;
SKIP: {
    skip 'half a minute has passed', 1 if time - $from >= $AGAIN - 1;
    ok !is_asked(), 'asks it for nothing';
}


# ---- a clock that was ahead

sub visit (%more) {
    my $at = int(time) + $clock->ahead;
    $idp->tell(mode => 'good', %more, claims => { uniid => $pupil->{login},
        iat => $at, exp => $at + 300, auth_time => $at });
    return $idp->visit($nginx->http)->status;
}

is visit(), 303, 'logged in';
is visit(rotate => 1), 303, 'by another key';
$clock->forward(-$AHEAD);
is visit(), 303, 'the clock is right again';
$idp->tell(rotate => 1);
$clock->faster(10);
ok eval { wait_until(60, '', sub { visit() == 303 }); 1 },
    'by a third key, half a minute after the second';

done_testing;
