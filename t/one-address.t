#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# One address for many tenants, as docs/operations.md has it: who comes says
# which is theirs, which selects where their credentials are checked, and no
# more.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Provider;

my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my $there = Pupil::Day::neighbour($site);
my %of = (north => $site, south => $there);
my %teacher = map { $_ => $of{$_}->person('CBeane', "A password of $_, 2026") }
              keys %of;
isnt $teacher{north}{id}, $teacher{south}{id}, 'one log-in name, two accounts';


# ---- the recipe: its maps, and what it says of choosing

my ($recipe) = slurp(root_dir() . '/docs/operations.md')
    =~ /^### One address for many tenants\n.*?^```nginx\n(.*?)^```/ms;
my ($maps, $server) = ($recipe // '') =~ /^(.*?)^server \{\n(.*)^\}\n\z/ms;
$maps =~ s/^(\s+(north|south)\s+)[0-9a-f-]{36};/$1 . $of{$2}->tenant . ';'/gme;
my ($choose) = $server =~ /^(    location ~ .*?^    \}\n)/ms;
my ($tenant) = $server =~ /^    pupil_tenant (.*?);/m;
my $nginx = $site->nginx(conf => { pupil_tenant => $tenant }, http => $maps,
    server => $choose . $idp->server_conf
              . 'location /v1/login/ { pupil_login; }')->start;

sub client (@choice) {
    my $http = $nginx->http;
    choose($http, @choice) if @choice;
    return $http;
}

sub choose ($http, $school, %header) {
    $http->csrf(undef);
    return $http->get("/choose/$school", header => {
        'Sec-Fetch-Site' => 'same-origin', %header });
}

sub log_in ($http, $whose) {
    return $http->login(@{ $teacher{$whose} }{qw(login password)});
}

sub who ($http) { $http->get('/v1/session')->json->{user}{id} }

sub records ($school) {
    return scalar $of{$school}->db->selectrow_array('SELECT count(*) FROM'
        . " pupil.audit_record WHERE tenant = ? AND role <> 'gateway'", {},
        $of{$school}->tenant);
}


# ---- who has chosen

is_problem client()->get('/v1/session'), 404, 'unknown-tenant',
    name => 'who has not chosen';
is_problem log_in(client(), 'north'), 404, 'unknown-tenant',
    name => 'nor is there a log-in';
my $http = client();
my $res = choose($http, 'north');
is_status $res, 303, 'whoever chooses';
like $res->header('location'), qr{/login\.html$}, 'goes on to log in';
is $res->header('set-cookie'), '__Host-pupil-school=north; Path=/; Secure;'
    . ' HttpOnly; SameSite=Lax; Max-Age=31536000', 'and it is kept';
my %before = map { $_ => records($_) } keys %of;
is_status log_in($http, 'north'), 200, 'and logs in';
is who($http), $teacher{north}{id}, 'as who they are there';
cmp_ok records('north'), '>', $before{north}, 'which is on record there';
is records('south'), $before{south}, 'and nowhere else';


# ---- what is of one tenant is nothing in another

my $north = { %{ $http->cookies } };
my $known = records('north');
choose($http, 'south');
is_problem $http->get('/v1/session'), 401, 'no-session',
    name => 'who chooses another has no session there';
is_status log_in($http, 'north'), 401, 'nor does the password count';
is_status log_in($http, 'south'), 200, 'that of there does';
is who($http), $teacher{south}{id}, 'and is another account';
is records('north'), $known, 'of which the first knows nothing';
$http = client();
$http->{cookies} = { %$north, '__Host-pupil-school' => 'south' };
is_problem $http->get('/v1/session'), 401, 'no-session',
    name => 'a session that is carried over';
$http->{cookies} = $north;
is who($http), $teacher{north}{id}, 'where it belongs it is good';


# ---- what is no choice

for my $choice ('east', $site->tenant, 'northx', 'xnorth', 'north,south', '') {
    my $other = client();
    $other->{cookies} = { %$north, '__Host-pupil-school' => $choice };
    is_problem $other->get('/v1/session'), 404, 'unknown-tenant',
        name => "\"$choice\"";
}
$http = client();
$http->{cookies} = { %$north };
is who($http), $teacher{north}{id}, 'a session';
is $http->get('/v1/session', header => { 'X-Pupil-School' => 'south' })
    ->json->{user}{id}, $teacher{north}{id}, 'a header chooses nothing';
is_status $http->get('/v1/session?school=south'), 422, 'nor does an argument';
my $before = records('south');
$res = client('north')->post('/v1/login', json => { school => 'south',
    identifier => $teacher{south}{login},
    password => $teacher{south}{password} });
is_status $res, 422, 'nor a body';
is records('south'), $before, 'and nothing is on record there';
for my $site_of ('cross-site', 'same-site') {
    my $victim = client('north');
    is_status choose($victim, 'south', 'Sec-Fetch-Site' => $site_of), 403,
        "a link of another site ($site_of)";
    is $victim->cookies->{'__Host-pupil-school'}, 'north', 'chooses for nobody';
}


# ---- a provider

$idp->tell(claims => { uniid => $teacher{north}{login} });
$http = client('north');
is_status $idp->visit($http), 303, 'the provider\'s word';
is who($http), $teacher{north}{id}, 'is about an account of who was chosen';
choose($http, 'south');
is_problem $http->get('/v1/session'), 401, 'no-session',
    name => 'who changes is not logged in';
is_status $idp->visit($http), 303, 'but by a fresh word';
is who($http), $teacher{south}{id}, 'as who they are there';
$http = client('north');
my $back = $idp->authorize($http->get('/v1/login/uni'));
choose($http, 'south');
is_problem $http->get($back), 400, 'login-flow',
    name => 'a log-in that began for one ends for no other';


# ---- which says nothing to a map, as there is no cookie

$idp->tell(claims => { uniid => $teacher{north}{login}, sub => 'f:2' });
$http = client('north');
is_status $idp->visit($http), 303, 'who logs in';
my $told = $nginx->http->post('/v1/login/uni/backchannel-logout',
    $idp->logout_form($idp->logout_token(claims => { sub => 'f:2' })));
is_problem $told, 404, 'unknown-tenant', name => 'and out there, as is told';
is who($http), $teacher{north}{id}, 'is logged in here still';
my ($path, $answer) = split /\?/, $idp->authorize(
    client('north')->get('/v1/login/uni')), 2;
is_problem $nginx->http->post($path, body => $answer,
    type => 'application/x-www-form-urlencoded'), 404, 'unknown-tenant',
    name => 'nor is an answer by form of anybody';

done_testing;
