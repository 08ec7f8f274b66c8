#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A provider answers with a page in place of its document and its keys, as one
# does whose servers are being worked at: what is known of it is used on.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Provider;

my ($HOUR, $MINUTE) = (3600, 60);

my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my $clock = Pupil::Clock->new;
my $nginx = $site->nginx(workers => 1, server => join '',
    'location /v1/login/ { pupil_login; }', map {
        $idp->server_conf(name => $_, words => 'profile=uni-login'
                          . ' failed=/login shared_names') } qw(uni new));
$nginx->by($clock)->start->wait_ready;
$idp->tell(claims => { uniid => $site->person('OKlein')->{login} });

sub passes ($seconds) {
    $clock->pass($seconds);
    $nginx->wait_ready;
}

sub page ($res) { $res->header('location') }
sub visit { page($idp->visit($nginx->http)) }

is visit(), '/', 'somebody logs in, and the provider is known';


# ---- a page in place of both

passes($HOUR + $MINUTE);
my $before = $idp->tell(mode => 'page');
is visit(), '/', 'an hour later it has a page for both, and they log in';
my $after = $idp->tell;
is $after->{discovery}, $before->{discovery} + 1, 'its document was asked for';
is $after->{jwks}, $before->{jwks} + 1, 'and its keys';
like $nginx->log_text, qr/"uni": $_: /, "the log has $_"
    for 'its discovery document', 'its keys';
is page($nginx->http->get('/v1/login/new')), '/login?login=gateway',
    'of whom nothing is known nobody is sent on';


# ---- a key that is new

$idp->tell(rotate => 1);
my $token = $idp->logout_token(claims => { sid => 'x' });
my $out = sub {
    return $nginx->http->post('/v1/login/uni/backchannel-logout',
                              $idp->logout_form($token));
};
for my $mode (qw(page down)) {
    $idp->tell(mode => $mode);
    is visit(), '/login?login=gateway', "$mode: one that cannot be asked for";
    is_problem $out->(), 502, 'gateway', name => 'refuses no log-out token';
    passes($MINUTE);
}

passes($HOUR + $MINUTE);
$before = $idp->tell(mode => 'good');
is visit(), '/', 'once it is back';
is $idp->tell->{discovery}, $before->{discovery} + 1, 'it is known anew';
is_status $out->(), 200, 'and what comes again is believed';


# ---- keys that nobody has heard of for a day

$idp->tell(mode => 'no_keys');
passes(23 * $HOUR);
is visit(), '/', 'what is known of its keys counts for most of a day';
passes($HOUR);
is visit(), '/login?login=gateway', 'and no longer';
is_problem $out->(), 502, 'gateway', name => 'nor for a log-out token';
is visit(), '/login?login=gateway', 'nor for who comes next';
$idp->tell(mode => 'good');
passes($MINUTE);
is visit(), '/', 'once it is back';


# ---- nor of its document

sub begun () { page($nginx->http->get('/v1/login/uni')) }

passes($HOUR + $MINUTE);
is visit(), '/', 'both are known anew';
$idp->tell(mode => 'page');
passes(23 * $HOUR);
is visit(), '/', 'what is known of its document counts for most of a day';
my $late = $nginx->http;
my $back = $idp->authorize($late->get('/v1/login/uni'));
passes($HOUR);
is begun(), '/login?login=gateway', 'and no longer: nobody is sent on';
is page($late->get($back)), '/login?login=gateway', 'nor has who comes back';
is_problem $out->(), 502, 'gateway', name => 'a log-out token is not believed';
is begun(), '/login?login=gateway', 'nor is who comes next sent on';
$idp->tell(mode => 'good');
passes($MINUTE);
is visit(), '/', 'once it is back';

done_testing;
