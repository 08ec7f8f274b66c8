#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A provider whose answer comes as a form: a POST of its own site, with which
# browsers send no cookie that is SameSite=Lax.  Who was logged in before, and at
# which tenant, counts all the same; and whose log-in it is.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Provider;

my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my %of = (north => $site, south => Pupil::Day::neighbour($site));
my %teacher = map { $_ => $of{$_}->person('CBeane', "A password of $_, 2026") }
              keys %of;
my $CLAIM = 'profile=sub claim=uniid shared_names';
my $nginx = $site->nginx(server => join '',
    $idp->server_conf(name => 'query', words => $CLAIM),
    map({ $idp->server_conf(name => $_, words => "$CLAIM form_post") }
        qw(form other)),
    'location /v1/login/ { pupil_login; }')->start;
my ($SESSION, $TENANT, $ANSWER) = map { "__Host-pupil$_" } '', '-tenant',
    '-answer';

sub status ($session, $at = $nginx) {
    my $http = $at->http;
    $http->{cookies} = { %$session };
    return $http->get('/v1/session')->status;
}

sub who ($http) { ($http->get('/v1/session')->json->{user} // {})->{id} }

$idp->tell(claims => { uniid => 'CBeane' });


# ---- there and back

my $http = $nginx->http;
my $sent = $http->get('/v1/login/form');
is_deeply [grep { !/; SameSite=Lax/ } $sent->headers('set-cookie')], [],
    'no cookie goes with what other sites send';
my ($path, $form) = split /\?/, $idp->authorize($sent), 2;
my $res = $idp->post_form($http, $path, $form);
is_status $res, 303, 'a form of another site';
is Pupil::Provider::behind($res->header('location') // ''), $path,
    'goes on to a page of ours, without the code in its line';
like +($res->headers('set-cookie'))[0], qr/^\Q$ANSWER\E=code=[\w.%&=-]+;\ Path=\/;
    \ Secure;\ HttpOnly;\ SameSite=Lax;\ Max-Age=600$/x, 'but in a cookie';
is who($http), undef, 'which logs nobody in yet';
is_status $http->get($path), 303, 'that page does';
is who($http), $teacher{north}{id}, 'who it is';
is_deeply [keys %{ $http->cookies }], [$SESSION], 'and no other cookie is left';
is_problem $http->get($path), 400, 'malformed', name => 'that was all of it';
$idp->post_form($http, $path, $form);
is_problem $http->get($path), 400, 'login-flow', name => 'it counts once';
is $http->cookies->{$ANSWER}, undef, 'and is kept no longer';


# ---- who was logged in before

for my $before (qw(query form)) {
    for my $behind ('', '/step-up') {
        $http = $nginx->http;
        $before eq 'form'
            ? $idp->by_form($http, $http->get('/v1/login/form'))
            : $idp->visit($http, 'query');
        my $old = { %{ $http->cookies } };
        $res = $idp->by_form($http, $http->get("/v1/login/form$behind"));
        is $res->header('location'), '/', "over one by $before$behind";
        is_deeply [map { status($_) } $old, $http->cookies], [401, 200],
            'that ends';
    }
}


# ---- several tabs

$http = $nginx->http;
my @tabs = map { $http->get('/v1/login/form') } 1 .. 3;
my @sessions = map {
    is $idp->by_form($http, $_)->header('location'), '/', 'a tab comes back';
    +{ %{ $http->cookies } };
} reverse @tabs;
is_deeply [map { status($_) } @sessions], [401, 401, 200],
    'of which the last is logged in alone';


# ---- whose log-in it is not

sub begun ($http, $name = 'form') {
    return split /\?/, $idp->authorize($http->get("/v1/login/$name")), 2;
}

my $victim = $nginx->http;
$idp->by_form($victim, $victim->get('/v1/login/form'));
my $session = { %{ $victim->cookies } };
begun($victim);
($path, $form) = begun($nginx->http);
$idp->post_form($victim, $path, $form);
is_problem $victim->get($path), 400, 'login-flow',
    name => 'an answer to another browser';
is status($session), 200, 'ends nothing';
is $victim->cookies->{$SESSION}, $session->{$SESSION}, 'and logs nobody in';

($path, $form) = begun($victim);
$idp->post_form($victim, $path, $form);
is_problem $victim->get($path =~ s/form/other/r), 400, 'login-flow',
    name => 'an answer of another provider';

($path, $form) = begun($victim);
$idp->post_form($victim, $path, $form);
my $kept = $victim->cookies->{$ANSWER};
for my $forged ($kept =~ s/state=\K./-/r, $kept =~ s/code=\K\w+/guessed/r,
                "$kept&$kept", 'x', '') {
    $victim->{cookies}{$ANSWER} = $forged;
    $res = $victim->get($path);
    cmp_ok $res->status, '>=', 400, 'what nobody sent';
    cmp_ok $res->status, '<', 500, 'is refused';
}
is status($session), 200, 'and ends nothing';


# ---- a provider that answers by its query

my ($other, $query) = begun($victim, 'query');
$res = $idp->post_form($victim, $other, $query);
is_problem $res, 405, 'method-not-allowed', name => 'a form of another';
is $res->header('allow'), 'GET, HEAD', 'is told how it comes';
is_deeply [$res->headers('set-cookie')], [], 'and plants nothing';
is_status $victim->get("$other?$query"), 303, 'the log-in is good still';


# ---- how much

my $state = 'x' x 43;
is_status $idp->post_form($victim, $path, "state=$state&code=" . 'x' x 2048),
    303, 'a long code';
is length($victim->cookies->{$ANSWER}), 2048 + 43 + length 'code=&state=',
    'fits';
is_problem $idp->post_form($victim, $path, "state=$state&code=" . '%2F' x 2048),
    400, 'malformed', name => 'one that no browser keeps';


# ---- one address, many tenants

my $tenants = join "\n", map { "pupil_login_tenant $_ id=$of{$_}{tenant};" }
                         sort keys %of;
my $shared = $site->nginx(conf => { pupil_tenant => $of{north}{tenant} },
    server => "$tenants\n"
              . $idp->server_conf(name => 'form', words => "$CLAIM form_post")
              . "location /v1/login/ { pupil_login; }\n")->start;

sub choose ($http, $tenant) {
    $http->csrf(undef);
    is_status $http->post('/v1/login/tenant', json => { tenant => $tenant }),
        200, "$tenant is chosen";
}

$http = $shared->http;
$session = undef;
for my $tenant (undef, qw(south south north)) {
    choose($http, $tenant) if $tenant;
    $res = $idp->by_form($http, $http->get('/v1/login/form'));
    is $res->header('location'), '/', 'in';
    is who($http), $teacher{ $tenant // 'north' }{id}, 'at '
        . ($tenant // 'the address\'s own');
    is status($session, $shared), 401, 'and out where they were' if $session;
    $session = { map { $_ => $http->cookies->{$_} } $SESSION, $TENANT };
}
$sent = $http->get('/v1/login/form');
choose($http, 'south');
is_problem $idp->by_form($http, $sent), 400, 'login-flow',
    name => 'what began at one ends at no other';

done_testing;
