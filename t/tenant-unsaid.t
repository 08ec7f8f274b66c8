#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# One address for many tenants, where nobody signs of which somebody is: they
# log in by a password, or at a provider that says nothing of schools, where
# they have chosen to be.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Provider;

my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my %of = (north => $site, south => Pupil::Day::neighbour($site));
my %teacher = map { $_ => $of{$_}->person('CBeane', "A password of $_, 2026") }
              keys %of;
my $tenants = join "\n", map { "pupil_login_tenant $_ id=$of{$_}{tenant};" }
                         sort keys %of;
my $nginx = $site->nginx(conf => { pupil_tenant => $of{north}{tenant} },
    server => "$tenants\n"
              . $idp->server_conf(words => 'profile=sub claim=uniid')
              . "location /v1/login/ { pupil_login; }\n")->start;
my ($SESSION, $TENANT) = map { "__Host-pupil$_" } '', '-tenant';

sub choose ($http, $tenant) {
    $http->csrf(undef);
    is_status $http->post('/v1/login/tenant', json => { tenant => $tenant }),
        200, "$tenant is chosen";
}

sub session ($http, $tenant) {
    return { $SESSION => $http->cookies->{$SESSION}, $TENANT => $tenant };
}

sub status ($session) {
    my $http = $nginx->http;
    $http->{cookies} = { %$session };
    return $http->get('/v1/session')->status;
}

sub who ($http) { ($http->get('/v1/session')->json->{user} // {})->{id} }


# ---- the provider's log-out

sub there ($tenant, $times = 1) {
    $idp->tell(claims => { uniid => 'CBeane', sub => "f:$tenant:$times",
                           sid => "s-$tenant:$times" });
    my $http = $nginx->http;
    choose($http, $tenant);
    is_status $idp->visit($http), 303, "in at $tenant, by the provider";
    is who($http), $teacher{$tenant}{id}, 'as who they are there';
    return session($http, $tenant);
}

sub out ($token, $with = {}) {
    my $http = $nginx->http;
    $http->{cookies} = { %$with };
    return $http->post('/v1/login/uni/backchannel-logout',
                       $idp->logout_form($token));
}

sub records ($res) {
    return { map { @$_ } @{ $site->db->selectall_arrayref(
        'SELECT tenant, count(*) FROM pupil.audit_event WHERE request = ?'
        . ' GROUP BY 1', {}, $res->request_id) } };
}

my %session = map { $_ => there($_) } sort keys %of;
for my $tenant (sort keys %of) {
    my ($other) = grep { $_ ne $tenant } keys %of;
    my $token = $idp->logout_token(claims => { sub => "f:$tenant:1",
                                               sid => "s-$tenant:1" });
    is_status out($token), 200, "who logs out there, and was at $tenant";
    is status($session{$tenant}), 401, 'is logged out here';
    is_problem out($token), 400, 'logout-token', name => 'it counts once';
    is status($session{$other}), $other gt $tenant ? 200 : 401,
        'and is no log-out of somebody else';
}
my $res = out($idp->logout_token(claims => { sub => 'nobody' }),
              { $TENANT => 'south' });
is_status $res, 200, 'whom nobody knows is logged out already';
is_deeply records($res), { $of{north}{tenant} => 1 },
    'on record once, where the address is at home, whatever a cookie says';


# ---- a session ends where it was, when somebody logs in elsewhere

sub log_in ($http, $tenant) {
    is_status $http->login(@{ $teacher{$tenant} }{qw(login password)}), 200,
        "in at $tenant, by a password";
    return session($http, $tenant);
}

sub by_word ($http, $tenant) {
    $idp->tell(claims => { uniid => 'CBeane', sub => "f:$tenant:2" });
    is_status $idp->visit($http), 303, "in at $tenant, by the provider";
    return session($http, $tenant);
}

for my $in (\&log_in, \&by_word) {
    my $http = $nginx->http;
    choose($http, 'north');
    my $before = $in->($http, 'north');
    my $again = $in->($http, 'north');
    is_deeply [map { status($_) } $before, $again], [401, 200],
        'over it, at the same';
    choose($http, $_) for qw(south north south south);
    is status($again), 200, 'choosing ends nothing';
    my $next = $in->($http, 'south');
    is_deeply [map { status($_) } $again, $next], [401, 200],
        'at another, once it is chosen';
    is who($http), $teacher{south}{id}, 'as who they are there';
    my $last = $in->($http, 'south');
    is_deeply [map { status($_) } $next, $last], [401, 200],
        'and over that one, as of it';
    choose($http, 'north');
    choose($http, 'south');
    is who($http), $teacher{south}{id}, 'who chooses and comes back is there';
    is $http->cookies->{$TENANT}, 'south', 'and nowhere else';
}
my $http = $nginx->http;
choose($http, 'south');
is $http->cookies->{$TENANT}, 'south', 'who has no session is nowhere yet';
for my $cookie ('south.', 'south.east', 'south.north.east', '.north', 'north.',
                "south.$of{north}{tenant}") {
    $http = $nginx->http;
    $http->{cookies} = { $TENANT => $cookie };
    my $tenant = $cookie =~ /^south/ ? 'south' : 'north';
    log_in($http, $tenant);
    is who($http), $teacher{$tenant}{id}, "\"$cookie\" selects, and no more";
}

done_testing;
