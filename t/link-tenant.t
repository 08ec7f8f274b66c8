#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Where several tenants share an address, a link by mail says of which it is: it
# counts in any browser, selects where its token is looked at, and no more.

use lib 't/lib';
use Pupil::Test;
use Pupil::Alike;
use Pupil::Day;
use Pupil::Outbox;
use Pupil::Provider;
use Pupil::Relay;

my $PAGE = 'https://skolan.example/losenord';
my $NEW = 'a long walk along the shore';

my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my $there = Pupil::Day::neighbour($site);
my %of = (north => $site, south => $there);
my $at_home = bless { %$site, tenant => undef }, ref $site;
my ($home) = $at_home->ctl_ok('tenant', 'add', 'Den fælles adresse', '--json',
    $at_home->ctl_where)->{out} =~ /([0-9a-f-]{36})/;
Pupil::Outbox::addresses($_) for values %of;
my $relay = Pupil::Relay->new;
my $db = $site->db;
my ($school) = $db->selectrow_array('SELECT institution FROM'
    . ' pupil.institution WHERE tenant = ? LIMIT 1', {}, $there->tenant);
my $nginx = $site->nginx(conf => { pupil_tenant => $home,
        pupil_mail => "sv forgotten=$PAGE" },
    server => join "\n", 'location /v1/login/ { pupil_login; }',
        (map { "pupil_login_tenant $_ id=$of{$_}{tenant};" } sort keys %of),
        'pupil_sign_up tenant=' . $there->tenant . " institution=$school"
        . " page=$PAGE trial=30d;")->start;
my %teacher = map { $_ => $of{$_}->person('CBeane') } keys %of;

sub browser ($tenant = undef) {
    my $http = $nginx->http;
    $http->{cookies}{'__Host-pupil-tenant'} = $tenant if $tenant;
    return $http;
}

sub reset_by ($token, $http = browser()) {
    return $http->post('/v1/login/password', json => { token => $token,
                                                       new => $NEW });
}

sub confirm ($token, $http = browser()) {
    return $http->post('/v1/login/sign-up/confirm', json => {
        token => $token, given_name => 'Gudrun', new => $NEW });
}

# What the link of the one mail has behind its page.
sub mailed ($tenant) {
    my $site = $of{$tenant};
    $site->ctl_ok('work', $relay->options, $site->ctl_where);
    my ($mail) = $relay->mails;
    return ($mail->{body} =~ m{^\Q$PAGE\E#(\S+)$}m)[0];
}

sub records ($tenant) {
    return scalar $db->selectrow_array('SELECT count(*) FROM'
        . " pupil.audit_record WHERE tenant = ? AND role <> 'gateway'", {},
        $tenant);
}

# What is the same for a link of either kind: of which tenant it is, what uses
# it, and how that is seen.
sub link_of ($tenant, $behind, $use, $counts) {
    my ($name, $token) = $behind =~ /^(?:(\w+)\.)?([\w-]+)$/;
    is $name, $tenant, 'the link says of which tenant it is';
    my $unknown = $use->('north.' . 'A' x length $token);
    is_problem $unknown, 401, 'invalid-credentials', name => 'an unknown one';
    my %before = map { $_ => records($_) } $home,
                 map { $_->tenant } values %of;
    my ($other) = grep { $_ ne $tenant } sort keys %of;
    for my $as ("$other.", 'east.', '.', "$of{$tenant}{tenant}.",
                "$tenant.$tenant.", uc "$tenant.", '') {
        my $res = $use->("$as$token");
        is bytes($res), bytes($unknown), "as \"$as\": the same answer";
    }
    is records($_), $before{$_}, 'of which nothing is on record'
        for sort keys %before;
    $counts->("$tenant.$token", browser($other));
    is_problem $use->("$tenant.$token"), 401, 'invalid-credentials',
        name => 'and counts once';
}

# ---- a forgotten password

is_status browser('north')->post('/v1/login/forgotten', json => {
    identifier => $teacher{north}{login} }), 202, 'who has forgotten theirs';
link_of(north => mailed('north'), \&reset_by, sub ($token, $http) {
    my $res = reset_by($token, $http);
    is_status $res, 200, 'it counts in any browser';
    is scalar($res->headers('set-cookie')), 0, 'which it selects nothing for';
});
is browser('north')->login($teacher{north}{login}, $NEW)->status, 200,
    'the new password lets in, where it belongs';
is browser('south')->login($teacher{south}{login}, $NEW)->status, 401,
    'and nowhere else';

# ---- a sign-up

is_status browser('south')->post('/v1/login/sign-up', json => {
    email => 'gudrun@hemma.example', language => 'sv' }), 202, 'who signs up';
link_of(south => mailed('south'), \&confirm, sub ($token, $http) {
    is_status confirm($token, $http), 202, 'it counts in any browser';
});

done_testing;
