#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The fourteen cases of the Basic RP profile of OpenID's conformance suite that
# ask what a client does with an ID token or a UserInfo answer that is not as it
# has to be, by their names there (oidcc-client-test-...).  Two are to be
# believed, and one does not apply: Pupil asks for no UserInfo.  A token that
# names none of several keys may be refused or tried with each: it is refused.

use lib 't/lib';
use Pupil::Test;
use Pupil::Provider;

my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my $nginx = $site->nginx(conf => { pupil_login_password => 'off' },
    server => $idp->server_conf . 'location /v1/login/ { pupil_login; }')
    ->start;
my $pupil = $site->person('OKlein');

my $ALGORITHM = 'its algorithm is not one of RS256, PS256 and ES256';

# What the provider does, and why it is refused; without that it is believed.
my %cases = (
    'invalid-iss' => ['wrong_iss', 'it is of another issuer'],
    'missing-sub' => ['no_sub', 'it is about nobody'],
    'invalid-aud' => ['wrong_aud', 'it is not for this client'],
    'missing-aud' => ['no_aud', 'it is not for this client'],
    'missing-iat' => ['no_iat', 'it is not of the time of this log-in'],
    'nonce-invalid' => ['wrong_nonce', 'it is of another log-in'],
    'kid-absent-single-jwks' => ['no_kid'],
    'kid-absent-multiple-jwks' => ['no_kid',
                                  'no key of the provider goes with it'],
    'idtoken-sig-rs256' => ['good'],
    'idtoken-sig-none' => ['alg_none', $ALGORITHM],
    'invalid-sig-rs256' => ['bad_signature', 'its signature is wrong'],
    'invalid-sig-es256' => ['bad_es256', 'its signature is wrong'],
    'invalid-sig-hs256' => ['hs256', $ALGORITHM],
    'userinfo-invalid-sub' => ['good'],     # which nobody asks for
);
is scalar(keys %cases), 14, 'cases';

# And one that the suite has not.
$cases{'(missing-iss)'} = ['no_iss', 'it is of another issuer'];

sub sessions () {
    return $site->db->selectrow_array('SELECT count(*) FROM pupil.session');
}

# Why tokens were refused since that length of the log.
sub doubted ($from) {
    return join ' ', substr($nginx->log_text, $from)
        =~ /log-in provider "uni": an ID token: ([^;]*)/g;
}

sub try_case ($name) {
    my ($mode, $why) = @{ delete $cases{$name} };
    my ($http, $before, $logged) = ($nginx->http, sessions(),
                                    length $nginx->log_text);
    $idp->tell(mode => $mode);
    my $res = $idp->visit($http);
    if (!defined $why) {
        is_status $res, 303, "$name: is believed";
        is $http->get('/v1/session')->json->{user}{id}, $pupil->{id},
            '... as who it is';
        return;
    }
    is_problem $res, 403, 'login-doubted', name => "$name: is refused";
    is $http->cookies->{'__Host-pupil'}, undef, '... without a session';
    is sessions(), $before, '... of anybody';
    is doubted($logged), $why, "... as $why";
}

$idp->tell(claims => { uniid => $pupil->{login} }, alone => 1);
try_case('kid-absent-single-jwks');
$idp->tell(mode => 'good', rotate => 1);
is_status $idp->visit($nginx->http), 303, 'from now on there are several keys';
try_case($_) for sort keys %cases;
is $idp->tell->{userinfo}, 0, 'UserInfo is offered, and nobody asks for it';

done_testing;
