#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A provider whose answer comes as a form: a POST of its own site, with which
# browsers send no cookie that is SameSite=Lax.  Who was logged in before, and at
# which tenant, counts all the same; and whose log-in it is.

use lib 't/lib';
use MIME::Base64 qw(decode_base64url);
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
my ($SESSION, $TENANT) = map { "__Host-pupil$_" } '', '-tenant';

sub status ($session, $at = $nginx) {
    my $http = $at->http;
    $http->{cookies} = { %$session };
    return $http->get('/v1/session')->status;
}

# The page of ours that a form of another site goes on to.
sub page ($http, $path, $form) {
    my $res = $idp->post_form($http, $path, $form);
    return Pupil::Provider::behind($res->header('location') // '');
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
my $page = Pupil::Provider::behind($res->header('location') // '');
like $page, qr/^\Q$path\E\?answer=[\w-]{100,}$/, 'goes on to a page of ours';
my %said = map { split /=/, $_, 2 } split /&/, $form;
unlike decode_base64url($page =~ s/.*=//r), qr/\Q$_\E/, 'it is sealed there'
    for @said{qw(code state)};
is_deeply [$res->headers('set-cookie')], [], 'by no cookie';
is who($http), undef, 'which logs nobody in yet';
is_status $http->get($page), 303, 'that page does';
is who($http), $teacher{north}{id}, 'who it is';
is_deeply [keys %{ $http->cookies }], [$SESSION], 'and no other cookie is left';
is_problem $http->get($path), 400, 'malformed', name => 'that was all of it';
is_problem $http->get($_), 400, 'login-flow', name => 'it counts once'
    for $page, page($http, $path, $form);


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

$http = $nginx->http;
my @pages = map { page($http, split /\?/, $idp->authorize($_), 2) }
            map { $http->get("/v1/login/$_") } qw(form form other);
$idp->post_form($http, $path, 'state=' . 'x' x 43 . "&code=junk$_") for 1 .. 9;
is_deeply [keys %{ $http->cookies }], [grep { /flow/ } keys %{ $http->cookies }],
    'no other site\'s form leaves anything in a browser';
is $http->get($_)->header('location'), '/', 'nor takes a tab\'s answer away'
    for @pages;


# ---- whose log-in it is not

sub begun ($http, $name = 'form') {
    return split /\?/, $idp->authorize($http->get("/v1/login/$name")), 2;
}

my $victim = $nginx->http;
$idp->by_form($victim, $victim->get('/v1/login/form'));
my $session = { %{ $victim->cookies } };
begun($victim);
($path, $form) = begun($nginx->http);
is_problem $victim->get(page($victim, $path, $form)), 400, 'login-flow',
    name => 'an answer to another browser';
is status($session), 200, 'ends nothing';
is $victim->cookies->{$SESSION}, $session->{$SESSION}, 'and logs nobody in';

($path, $form) = begun($victim);
is_problem $victim->get(page($victim, $path =~ s/form/other/r, $form)), 400,
    'login-flow', name => 'an answer of another provider';

($path, $form) = begun($victim);
$page = page($victim, $path, $form);
for my $forged ($page =~ s/form/other/r, $page =~ s/=\K(.)/$1 eq 'A' ? 'B' : 'A'/er,
                "$page&x=1", "$path?answer=x", "$path?answer=",
                "$path?answer=" . 'A' x 3000) {
    is_problem $victim->get($forged), 400, 'malformed',
        name => 'what nobody sealed';
}
is status($session), 200, 'and ends nothing';
is_status $victim->get($page), 303, 'what was sealed is good still';


# ---- a provider that answers by its query

my ($other, $query) = begun($victim, 'query');
$res = $idp->post_form($victim, $other, $query);
is_problem $res, 405, 'method-not-allowed', name => 'a form of another';
is $res->header('allow'), 'GET, HEAD', 'is told how it comes';
is_deeply [$res->headers('set-cookie')], [], 'and plants nothing';
is_status $victim->get("$other?$query"), 303, 'the log-in is good still';


# ---- how much

my $state = 'x' x 43;
my $long = page($victim, $path, "state=$state&code=" . 'x' x 2048);
cmp_ok length $long, '<', 4000, 'a long code fits in a line';
is_problem $victim->get($long), 400, 'login-flow', name => 'which is read';
is_problem $idp->post_form($victim, $path, "state=$state&code=" . '%2F' x 2048),
    400, 'malformed', name => 'one that is too long for it';


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
