#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Log-in at an OpenID provider that hangs, is away, answers by form or over a
# way that is not safe; other requests go on (I11).

use lib 't/lib';
use Pupil::Test;
use Pupil::Provider;

my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my $conf = sub ($path, %opt) {
    my $conf = $idp->server_conf(%opt);
    $conf =~ s/^(pupil_login_provider.*?;)//ms;
    return $conf . "location $path/ { pupil_login; $1 }\n";
};
my $nginx = $site->nginx(server => join '',
    $conf->('/v1/login', name => 'form',
            words => "profile=uni-login form_post after=/app/"),
    $conf->('/strict/login', name => 'strict', words => 'profile=uni-login'
            . ' loa=Hoej,ToFaktor prefix=uni: max_age=1h acr_values=high prompt=login'),
    $conf->('/eppn/login', name => 'eppn', words => 'profile=eppn'),
    $conf->('/page/login', name => 'page',
            timeout => '60s',
            words => 'profile=uni-login failed=/app/login?lang=da'),
    $conf->('/away/login', name => 'away', issuer => 'https://localhost:1/x'),
    $conf->('/plain/login', name => 'plain', verify => ''),
    $conf->('/none/login', name => 'none') =~ s{through=\S+}{through=/none/}r,
    $conf->('/slow/login', name => 'slow', timeout => '1s'),
    $conf->('/deaf/login', name => 'deaf', timeout => '60s',
            issuer => $idp->issuer . '/deaf',
            words => 'profile=uni-login failed=/app/login'),
    $conf->('/mute/login', name => 'mute', timeout => '60s',
            issuer => $idp->issuer . '/deaf'));
is $nginx->test->{code}, 0, 'nginx takes providers';
$nginx->start;
my $pupil = $site->person('OKlein');
$idp->tell(claims => { uniid => $pupil->{login} });


# ---- those that do not answer while a request may last: what comes of it is
# ---- read below.  Of the second, another has asked already.

my @deaf = map {
    my $client = $nginx->http;
    $client->connect;
    $client->send_raw($client->request_bytes(GET => $_));
    $client;
} ('/deaf/login/deaf') x 2, '/deaf/login/deaf/logout',
    '/deaf/login/deaf/step-up', '/mute/login/mute';
my $mute = pop @deaf;
my $late = $nginx->http;
my $late_back = $idp->authorize($late->get('/page/login/page'));
$idp->tell(mode => 'hang');
$late->connect if !$late->socket;
$late->send_raw($late->request_bytes(GET => $late_back));
wait_until(60, 'the provider to be asked', sub { $idp->tell->{token} == 1 });
$idp->tell(mode => 'good');


# ---- a form, from the provider's page

my $http = $nginx->http;
my $res = $http->get('/v1/login/form');
is_status $res, 303, 'to a provider that answers by form';
like $res->header('location'), qr/&response_mode=form_post$/, 'as is asked';

my ($path, $form) = split /\?/, $idp->authorize($res), 2;
my $posted = sub ($client) {
    my $answer = $idp->post_form($client, $path, $form);
    is_status $answer, 303, 'the form comes back';
    return $client->get(Pupil::Provider::behind($answer->header('location')));
};
is_problem $posted->($nginx->http), 400, 'login-flow',
    name => 'in another browser';
is_problem $http->post($path, body => $form, type => 'application/json'), 415,
    'media-type', name => 'no form';
$res = $posted->($http);
is_status $res, 303, 'in the one that began';
is $res->header('location'), '/app/', 'to where after= says';
is $http->get('/v1/session')->json->{user}{id}, $pupil->{id}, 'logged in';
is_problem $posted->($http), 400, 'login-flow', name => 'once';
is_problem $http->post('/v1/login/form', json => {}), 405,
    'method-not-allowed', name => 'a POST to where one begins';


# ---- and out again

$res = $http->get('/v1/login/form/logout');
is_status $res, 303, 'the browser is sent to log out there';
is $res->header('location'), $idp->issuer . '/end?client_id=pupil'
    . '&post_logout_redirect_uri=' . $nginx->url =~ s{[:/]}
    {sprintf '%%%02X', ord $&}ger . '%2Fapp%2F', 'and back to after=';
is_status $http->get('/v1/session'), 200, 'which ends nothing here';
is_problem $http->get('/v1/login/form/logout?x=1'), 422, 'invalid',
    name => 'an argument';


# ---- what a directive asks for

my $strict = sub (%claims) {
    $idp->tell(claims => { uniid => 'x', %claims });
    my $client = $nginx->http;
    my $sent = $client->get('/strict/login/strict');
    like $sent->header('location'),
        qr/&acr_values=high&max_age=3600&prompt=login$/,
        'the provider is asked for it' if !%claims;
    return $client->get($idp->authorize($sent));
};
is_problem $strict->(), 403, 'unknown-account', name => 'a name with a prefix';
is_problem $strict->(unilogin_loa => 'EnFaktor'), 403, 'login-doubted',
    name => 'a level of assurance that is not enough';
is_problem $strict->(auth_time => time - 7200), 403, 'login-doubted',
    name => 'a password of too long ago';
$site->ctl_ok('user', 'add', 'uni:x', 'dpo', $site->ctl_where);
is_status $strict->(), 303, 'an account with that name';
for my $at (undef, time + 7200, -1, 'today', [time], '' . time) {
    is_problem $strict->(auth_time => $at), 403, 'login-doubted',
        name => 'max_age, and auth_time is ' . json_of($at);
}
is_status $strict->(auth_time => time), 303, 'a password of now';


# ---- spellings

my $spelt = sub ($where, %claims) {
    $idp->tell(claims => \%claims);
    my $client = $nginx->http;
    return $client->get($idp->authorize($client->get($where)));
};
is_problem $spelt->('/slow/login/slow', uniid => lc $pupil->{login}), 403,
    'unknown-account', name => 'of a UniID another spelling is somebody else';
is_status $spelt->('/slow/login/slow', uniid => $pupil->{login}), 303,
    'the same is the same';
$idp->tell(mode => 'escaped');
is_status $spelt->('/slow/login/slow', uniid => $pupil->{login}), 303,
    'also where its JSON is written with escapes';
$idp->tell(mode => 'good');
is_status $spelt->('/eppn/login/eppn', eppn => lc $pupil->{login}), 303,
    'of an eppn case does not matter';


# ---- a page for what failed

$idp->tell(claims => { uniid => 'nobody-of-ours' });
my $lost = $nginx->http;
$path = $idp->authorize($lost->get('/page/login/page'));
$res = $nginx->http->get($path);
is_status $res, 303, 'to a page, in another browser';
is $res->header('location'), '/app/login?lang=da&login=login-flow',
    'which is told what went wrong';
$res = $lost->get($path);
is $res->header('location'), '/app/login?lang=da&login=unknown-account',
    'whom nobody knows';
is $site->db->selectrow_array("SELECT outcome FROM pupil.audit_record
    WHERE request = ? AND role <> 'gateway'", {}, $res->request_id), 'refused',
    'on record as ever';
is $lost->cookies->{'__Host-pupil'}, undef, 'and not logged in';


# ---- ways that do not do

is_problem $nginx->http->get('/away/login/away'), 502, 'gateway',
    name => 'another issuer than its document has';
like $nginx->log_text, qr/"away": its discovery document: the answer has/,
    'the log says so';
is_problem $nginx->http->get('/plain/login/plain'), 502, 'gateway',
    name => 'a location that does not verify';
like $nginx->log_text, qr/"plain": .*"proxy_ssl_verify on;"/,
    'the log says what to add';
is_problem $nginx->http->get('/none/login/none'), 502, 'gateway',
    name => 'no location';
like $nginx->log_text, qr/"none": .*through= names no location/,
    'the log says it';


# ---- one that hangs

$idp->tell(mode => 'hang', claims => { uniid => $pupil->{login} });
my @waiting = map {
    my $client = $nginx->http;
    my $back = $idp->authorize($client->get('/slow/login/slow'));
    $client->connect if !$client->socket;
    $client->send_raw($client->request_bytes(GET => $back));
    $client;
} 1 .. 5;
my $held = $nginx->http;
my $held_back = $idp->authorize($held->get('/slow/login/slow'));
$held->send_raw($held->request_bytes(GET => $held_back));
$held->reset;
wait_until(60, 'the provider to be asked',
           sub { $idp->tell->{token} >= 5 });
is_status $http->get('/v1/session'), 200, 'meanwhile others are served';
is_problem $_->read_response, 502, 'gateway', name => 'it ends'
    for @waiting;

for my $client (@deaf) {
    $res = $client->read_response;
    is_status $res, 303, 'one that does not answer: a browser is sent on';
    is $res->header('location'), '/app/login?login=gateway', 'and told why';
}
$res = $late->read_response;
is_status $res, 303, 'so is who has come back';
is $res->header('location'), '/app/login?lang=da&login=gateway', 'told why';
is_deeply [grep { /^__Host-pupil=/ } $res->headers('set-cookie')], [],
    'and not logged in';
is_problem $mute->read_response, 503, 'unavailable', name => 'without a page';


# ---- what is known of a provider

my $before = $idp->tell;
$nginx->http->get('/v1/login/form') for 1 .. 4;
is $idp->tell->{discovery}, $before->{discovery}, 'is kept';

done_testing;
