#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# GET /v1/login: which ways to log in there are, and what people call them, as
# the configuration has it; nothing of anybody's, which a browser may keep.

use lib 't/lib';
use utf8;
use Encode ();
use Pupil::Test;
use Pupil::Day;
use Pupil::Provider;

my $PAGE = 'https://school.example/?password';
my $site = pupil_up(import => 1);
my $there = Pupil::Day::neighbour($site);
my $idp = Pupil::Provider->at(free_port());
my ($school) = $site->db->selectrow_array('SELECT institution FROM'
    . ' pupil.institution LIMIT 1');

sub provider ($name, $words) {
    return $idp->server_conf(name => $name, words => "profile=uni-login $words")
        =~ s/.*^(pupil_login_provider)/$1/msr;
}

sub sign_up ($tenant) {
    return "pupil_sign_up tenant=$tenant institution=$school trial=30d"
        . ' page=https://school.example/?sign-up;';
}

my %way = (
    plain => '',
    off => "pupil_login_password off; pupil_mail sv forgotten=$PAGE;"
           . sign_up($site->tenant),
    staff => "pupil_login_password staff; pupil_mail sv forgotten=$PAGE;",
    mail => 'pupil_mail sv second_factor;',
    sign => sign_up($site->tenant),
    elsewhere => sign_up($there->tenant),
    two => provider(uni => '"title=UNI-Login för elever"')
           . provider(skol => ''),
    shared => 'pupil_login_tenant north id=' . $site->tenant
              . ' "title=Nordskolen \"Å\""; pupil_login_tenant south id='
              . $there->tenant . ';',
    chosen => sign_up($site->tenant) . 'pupil_login_tenant north id='
              . $site->tenant . '; pupil_login_tenant south id='
              . $there->tenant . ';',
    mapped => sign_up($site->tenant) . 'pupil_tenant $mapped;',
);
my $nginx = $site->nginx(conf => { pupil_login_password => 'all' },
    http => 'map $cookie_school $mapped { default ' . $site->tenant
            . '; south ' . $there->tenant . "; }\n",
    server => Encode::encode_utf8(join '', map {
        "location /$_/login { pupil_login; $way{$_} }\n" } sort keys %way));
is $nginx->test->{code}, 0, 'nginx takes titles' or diag $nginx->test->{err};
$nginx->start->wait_ready;
my $http = $nginx->http;

my %none = (password => 'all', forgotten => JSON::XS::false,
            sign_up => JSON::XS::false, providers => [], tenants => []);
my $true = JSON::XS::true;

for my $case ([plain => 'nothing but a password'],
    [off => 'no password, and nothing that needs one', password => 'off'],
    [staff => 'for staff', password => 'staff', forgotten => $true],
    [mail => 'mail that has no page'],
    [sign => 'who signs up', sign_up => $true],
    [elsewhere => 'who signs up elsewhere'],
    [two => 'providers, in their order', providers => [
        { name => 'uni', title => 'UNI-Login för elever' },
        { name => 'skol', title => 'skol' }]],
    [shared => 'tenants that share the address', tenants => [
        { name => 'north', title => 'Nordskolen "Å"' },
        { name => 'south', title => 'south' }]])
{
    my ($path, $name, %more) = @$case;
    my $res = $http->get("/$path/login");
    is_status $res, 200, $name;
    is_deeply $res->json, { %none, %more }, "$name: as is configured"
        or diag $res->body;
}


# ---- who signs up where one tenant of several is chosen

my $chooses = $nginx->http;
for my $case ([north => $true], [south => JSON::XS::false]) {
    my ($tenant, $signs) = @$case;
    $chooses->csrf(undef);
    is_status $chooses->post('/chosen/login/tenant',
                             json => { tenant => $tenant }), 200, $tenant;
    my $res = $chooses->get('/chosen/login');
    is $res->json->{sign_up}, $signs, 'is told its own';
    is $res->header('cache-control'), 'no-store', 'which nobody keeps';
    $res = $nginx->http->get('/mapped/login',
                             header => { Cookie => "school=$tenant" });
    is $res->json->{sign_up}, $signs, 'so by a map';
    is $res->header('cache-control'), 'no-store', 'nor that';
}
is $http->get("/$_/login")->header('cache-control'), 'private, max-age=300',
    "$_: of any" for qw(plain shared sign);


# ---- nobody's, and to be kept

my $records = 'SELECT count(*) FROM pupil.audit_record WHERE role <>'
              . " 'gateway'";
my $before = $site->db->selectrow_array($records);
my $res = $http->get('/two/login');
is $res->header('cache-control'), 'private, max-age=300', 'for five minutes';
is_deeply [$res->headers('set-cookie')], [], 'no cookie';
is $site->db->selectrow_array($records), $before, 'of which nothing is on record';
my $pupil = $site->person('OKlein');
my $in = $nginx->http;
is_status $in->login(@$pupil{qw(login password)}), 200, 'who is logged in';
is $in->get('/two/login')->body, $res->body, 'is told the same';
is_status $http->head('/two/login'), 200, 'HEAD';
$res = $http->get('/two/login?x=1');
is_problem $res, 422, 'invalid', field => 'x', name => 'an argument';
is $res->header('cache-control'), 'no-store', 'which nobody keeps';
unlike $http->get('/two/login')->body, qr/client|secret|issuer|localhost/,
    'and no more of a provider';

done_testing;
