#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Logging in at an OpenID provider: the way there and back, and what of a
# provider's word is not believed.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Provider;

use constant FLOWS => 5;            # of a browser at once

my $idp = Pupil::Provider->new;
my $clock = Pupil::Clock->new;
my $site = pupil_up(import => 1);
my $nginx = $site->nginx(conf => { pupil_login_password => 'off' },
    server => $idp->server_conf . 'location /v1/login/ { pupil_login; }')
    ->by($clock);
is $nginx->test->{code}, 0, 'nginx takes a provider';
$nginx->start;
my $pupil = $site->person('OKlein');
my $audit = sub ($request) {
    $site->db->selectall_arrayref('SELECT outcome, actor, role, subjects'
        . " FROM pupil.audit_record WHERE request = ? AND role <> 'gateway'",
        { Slice => {} }, $request);
};
my $sessions = sub { $site->db->selectrow_array(
    'SELECT count(*) FROM pupil.session') };


# ---- there and back

$idp->tell(claims => { uniid => $pupil->{login} });

my $http = $nginx->http;
my $res = $http->get('/v1/login/uni');
is_status $res, 303, 'the browser is sent to the provider';
my $to = $res->header('location') // '';
like $to, qr{^\Q${\$idp->issuer}\E/auth\?response_type=code&client_id=pupil&},
    'where it asks for a code';
like $to, qr/&scope=openid&state=[\w-]{43}&nonce=[\w-]{43}&/, 'of this log-in';
like $to, qr/&code_challenge=[\w-]{43}&code_challenge_method=S256$/,
    'with PKCE';
my ($cookie) = grep { /^__Host-pupil-flow\./ } $res->headers('set-cookie');
like $cookie, qr/^__Host-pupil-flow\.[\w-]{16}=[\w-]{54}; Path=\/; Secure; /,
    'in a cookie';
like $cookie, qr/HttpOnly; SameSite=Lax; Max-Age=600$/, 'for ten minutes';

my $back = $idp->authorize($res);
$res = $http->get($back);
is_status $res, 303, 'it comes back, and is logged in';
is $res->header('location'), '/', 'and goes on';
is $http->get('/v1/session')->json->{user}{id}, $pupil->{id}, 'as who it is';
is_deeply $audit->($res->request_id), [{ outcome => 'allowed', role => 'pupil',
    actor => $pupil->{id}, subjects => [] }], 'on record' or
    diag explain $audit->($res->request_id);
is_deeply [grep { /flow/ } keys %{ $http->cookies }], [], 'its flow is over';
is_deeply [grep { /device/ } keys %{ $http->cookies }], [],
    'and the browser is known for nobody';

my $seen = $idp->tell;
is_deeply [grep { /cookie|x-|authorization|user-agent/ }
           sort keys %{ $seen->{headers} }], [],
    'nothing of the client goes to the provider';
is_deeply [map { index $res->head . $res->body, $_ } @{ $seen->{given} }],
    [-1, -1], 'and neither of its tokens reaches the client';
is_problem $http->get($back), 400, 'login-flow', name => 'not a second time';


# ---- keys that change

$idp->tell(mode => 'good', rotate => 1);
my $asked = $idp->tell->{jwks};
is_status $idp->visit($nginx->http), 303, 'a key that is new';
is $idp->tell->{jwks}, $asked + 1, 'is asked for';
$idp->tell(mode => 'unknown_kid');
is_problem $idp->visit($nginx->http), 403, 'login-doubted',
    name => 'one that is nobody\'s' for 1 .. 3;
is $idp->tell->{jwks}, $asked + 1, 'is not asked for each time';


# ---- what is not believed

my $before = $sessions->();
my %refused = map { $_ => [403, 'login-doubted'] } qw(bad_signature
    another_key padding alg_none hs256 wrong_alg wrong_iss wrong_aud no_azp
    wrong_azp wrong_nonce no_nonce no_sub no_iat expired future stale
    wrong_at_hash contact no_group no_uniid twice no_id_token no_json);
$refused{$_} = [502, 'gateway'] for qw(status large cut);

for my $mode (sort keys %refused) {
    $idp->tell(mode => $mode);
    $http = $nginx->http;
    $res = $idp->visit($http);
    is_problem $res, @{ $refused{$mode} }, name => "refused: $mode";
    is $http->cookies->{'__Host-pupil'}, undef, "$mode: no session";
    next if $refused{$mode}[0] != 403;
    is_deeply [map { $_->{outcome} } @{ $audit->($res->request_id) }],
        ['refused'], "$mode: on record";
}
is $sessions->(), $before, 'nobody of them is logged in';

for my $mode (qw(es256 ps256 good)) {
    $idp->tell(mode => $mode);
    is_status $idp->visit($nginx->http), 303, "believed: $mode";
}


# ---- whom the audit does not take (I1)

for my $whose ($pupil->{login}, 'nobody-of-ours') {
    $idp->tell(mode => 'good', claims => { uniid => $whose });
    $http = $nginx->http;
    $back = $idp->authorize($http->get('/v1/login/uni'));
    $before = $sessions->();
    $site->db->do('REVOKE INSERT ON pupil.audit_record FROM pupil_gateway');
    $res = $http->get($back);
    $site->db->do('GRANT INSERT ON pupil.audit_record TO pupil_gateway');
    is $res->status, 503, 'nobody is let in, or told, without a record';
    is $http->cookies->{'__Host-pupil'}, undef, 'no cookie';
    is $sessions->(), $before, 'and no session';
}
ok eval { wait_until(60, 'the audit', sub {
    $nginx->http->get('/status/ready')->status == 200 }) }, 'it is back';


# ---- whom nobody knows

$idp->tell(mode => 'good', claims => { uniid => 'nobody-of-ours' });
$res = $idp->visit($nginx->http);
is_problem $res, 403, 'unknown-account';
like $res->json->{detail}, qr/Ask its administrator/, 'says whom to ask';
is_deeply $audit->($res->request_id), [{ outcome => 'refused', role => 'none',
    actor => undef, subjects => [] }], 'is on record'
    or diag explain $audit->($res->request_id);
unlike $nginx->log_text, qr/nobody-of-ours/, 'and in no log';

$site->ctl_ok('subject', 'lock', $pupil->{id}, '--reference', 'x',
              $site->ctl_where);
$idp->tell(claims => { uniid => $pupil->{login} });
is_problem $idp->visit($nginx->http), 403, 'unknown-account',
    name => 'a locked account';


# ---- answers that are none

$http = $nginx->http;
$back = $idp->authorize($http->get('/v1/login/uni'));
my ($state) = $back =~ /state=([\w-]+)/;
is_problem $nginx->http->get($back), 400, 'login-flow',
    name => 'in another browser';
my ($code) = $back =~ /code=([^&]+)/;
for my $more ("state=$state", 'state=x', "code=$code", 'code=x', 'iss=x&iss=x',
              'error=x&error=x') {
    is_problem $http->get("$back&$more"), 400, 'malformed',
        name => 'a parameter twice: ' . $more =~ s/=.*//r;
}
is_problem $http->get("/v1/login/uni/callback?error=access_denied"
    . "&state=$state"), 403, 'login-denied', name => 'the provider says no';
is_problem $http->get($back), 400, 'login-flow', name => 'that was its end';
is_problem $nginx->http->get('/v1/login/else'), 404, 'not-found',
    name => 'a provider that is not there';
is_problem $nginx->http->get('/v1/login/uni/callback'), 400, 'malformed',
    name => 'nothing';
is_problem $http->get('/v1/login/uni?x=1'), 422, 'invalid',
    name => 'an argument';

$http = $nginx->http;
$back = $idp->authorize($http->get('/v1/login/uni'));
is_problem $http->get($back =~ s/code=\w+/code=guessed/r), 403,
    'login-denied', name => 'a code that the provider does not know';


# ---- tabs

$site->ctl_ok('subject', 'unlock', $pupil->{id}, '--reference', 'x',
              $site->ctl_where);
$http = $nginx->http;
my @tabs = map { $idp->authorize($http->get('/v1/login/uni')) } 1 .. 3;
is scalar(grep { /flow/ } keys %{ $http->cookies }), 3, 'three tabs at once';
is_status $http->get($_), 303, 'each comes back' for reverse @tabs;

# Each a second later, so that it is said which is the oldest.
$http = $nginx->http;
@tabs = map { $clock->forward(1); $idp->authorize($http->get('/v1/login/uni')) }
        1 .. FLOWS + 3;
is_deeply [sort grep { /flow/ } keys %{ $http->cookies }],
    [sort map { '__Host-pupil-flow.' . (/state=([\w-]{16})/)[0] }
          @tabs[-FLOWS .. -1]], 'cookies do not pile up: the newest stay';
is_problem $http->get($_), 400, 'login-flow', name => 'the oldest are none'
    for @tabs[0 .. 2];
is_status $http->get($_), 303, 'one of the newest comes back'
    for reverse @tabs[-FLOWS .. -1];
is $http->get('/v1/session')->json->{user}{id}, $pupil->{id}, 'as who it is';

done_testing;
