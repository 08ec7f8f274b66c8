#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# One address for many tenants, and a provider whose word says of which school
# somebody is: which is theirs comes from what the provider has signed, or from
# their choice of what it names.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Provider;

my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my $there = Pupil::Day::neighbour($site);
my %of = (north => $site, south => $there);
my $at_home = bless { %$site, tenant => undef }, ref $site;
my ($home) = $at_home->ctl_ok('tenant', 'add', 'Den fælles adresse', '--json',
    $at_home->ctl_where)->{out} =~ /([0-9a-f-]{36})/;
my %teacher = map { $_ => $of{$_}->person('CBeane', "A password of $_, 2026") }
              keys %of;
my %pupil = map { $_ => $of{$_}->person('OKlein') } keys %of;
my $db = $site->db;
my $clock = Pupil::Clock->new;

my $tenants = join "\n",
    "pupil_login_tenant north id=$of{north}{tenant} schools=280321,280322;",
    "pupil_login_tenant south id=$of{south}{tenant} schools=uni:280323;";
my $provider = $idp->server_conf(words =>
    'profile=uni-login choose=/choose failed=/login after=/app/');
my $nginx = $site->nginx(conf => { pupil_tenant => $home },
    server => $tenants . $provider
              . "location /v1/login/ { pupil_login; }\n")->by($clock)->start;
my ($SESSION, $CHOICE, $TENANT) = map { "__Host-pupil$_" } '', '-choice',
    '-tenant';
my $PATH = '/v1/login/uni/tenant';

# What the provider calls somebody is another word once they have logged out
# there: a log-in that begins in that same second counts as begun before.
my $times = 0;

sub there ($whose) { "f:$times:$whose->{login}" }

sub said ($whose, @schools) {
    $idp->tell(mode => 'good', claims => { uniid => $whose->{login},
        institution_ids => \@schools, sub => there($whose), sid => 's1' });
}

sub begin ($http, $behind = '') {
    return $idp->authorize($http->get("/v1/login/uni$behind"));
}

sub visit ($http) {
    my $res = $http->get(begin($http));
    is_status $res, 303, 'there and back';
    return $res->header('location');
}

sub choose ($http, $tenant, %opt) {
    $http->csrf(undef);
    return $http->post($PATH, json => { tenant => $tenant }, %opt);
}

sub who ($http) { ($http->get('/v1/session')->json->{user} // {})->{id} }

sub records ($tenant, $request = undef) {
    return [map { join ' ', map { $_ // 'nobody' } @$_ }
        @{ $db->selectall_arrayref('SELECT outcome, role, actor FROM'
        . " pupil.audit_record WHERE tenant = ? AND role <> 'gateway'"
        . ' AND request = coalesce(?, request) ORDER BY number', {}, $tenant,
        $request) }];
}

my %id = (home => $home, map { $_ => $of{$_}->tenant } keys %of);
sub counts () { +{ map { $_ => scalar @{ records($id{$_}) } } keys %id } }


# ---- of one school

my $before = counts();
said($pupil{south}, '280323');
my $http = $nginx->http;
is visit($http), '/app/', 'who is of one school is logged in';
is who($http), $pupil{south}{id}, 'as who they are there';
is $http->cookies->{$TENANT}, 'south', 'which the browser keeps';
my $after = counts();
cmp_ok $after->{south}, '>', $before->{south}, 'it is on record there';
is $after->{$_}, $before->{$_}, "and not at $_" for qw(north home);

said($pupil{north}, qw(280321 280322));
$http = $nginx->http;
my $res = $http->get(begin($http));
like join("\n", $res->headers('set-cookie')),
    qr/^\Q$TENANT\E=north; Path=\/; Secure; HttpOnly; SameSite=Lax$/m,
    'two schools of one tenant are no choice, and the cookie is no script\'s';
is who($http), $pupil{north}{id}, 'but an account';
said($pupil{north}, '280322', '280322', '999999', '280321');
is visit($nginx->http), '/app/', 'nor are codes twice, or of others';
$idp->tell(claims => { uniid => $pupil{north}{login},
                       institution_ids => '280322' });
is visit($http = $nginx->http), '/app/', 'a code that is no list is one, too';
is who($http), $pupil{north}{id}, 'of who it is of';


# ---- of none

my %none = ('a code of nobody\'s' => ['999999'], 'no code' => [],
    'a number' => [280321], 'a list in a list' => [['280321']],
    'a code with a prefix' => ['uni:280323'], 'a part of one' => ['28032'],
    'two in one' => ['280321,280322'], 'an empty one' => ['']);
for my $name (sort keys %none) {
    said($pupil{north}, @{ $none{$name} });
    $before = counts();
    $http = $nginx->http;
    $res = $http->get(begin($http));
    is $res->header('location'), '/login?login=unknown-school',
        "$name: the page says whom to ask";
    is $http->cookies->{$_}, undef, "$name: no cookie $_" for $SESSION, $TENANT;
    is_deeply records($id{home}, $res->request_id), ['refused none nobody'],
        "$name: it is on record, where the address is at home";
    $after = counts();
    is $after->{$_}, $before->{$_}, "$name: and not at $_" for qw(north south);
}
$idp->tell(claims => { uniid => $pupil{north}{login},
                       institution_ids => undef });
is visit($nginx->http), '/login?login=unknown-school', 'no claim at all';
said($pupil{north}, '280321');
$idp->tell(mode => $_->[0]), is visit($nginx->http), "/login?login=$_->[1]",
    "$_->[0] is not believed" for ['bad_signature', 'login-doubted'],
                                  ['twice', 'login-doubted'];

# whom the school that is named does not know
$idp->tell(mode => 'good', claims => { uniid => 'nobody-of-ours',
                                       institution_ids => ['280323'] });
$http = $nginx->http;
$res = $http->get(begin($http));
is $res->header('location'), '/login?login=unknown-account', 'whom nobody knows';
is_deeply records($id{south}, $res->request_id), ['refused none nobody'],
    'is on record at the school that is named';
is_deeply records($id{home}, $res->request_id), [], 'and nowhere else';


# ---- of several

said($teacher{north}, qw(280321 280323));
$before = counts();
$http = $nginx->http;
is visit($http), '/choose', 'who is of two schools chooses';
is_deeply counts(), $before, 'of which there is nothing to record yet';
is $http->cookies->{$SESSION}, undef, 'and is not logged in';
unlike $http->cookies->{$CHOICE}, qr/CBeane|28032|north|south/,
    'what they bring says nothing';
is_deeply $http->get($PATH)->json, { tenants => ['north', 'south'] },
    'they are told which';
my %ticket = %{ $http->cookies };

is_problem choose($http, 'east'), 422, 'invalid', name => 'no such tenant';
is_problem choose($http, 'north', header => { Origin =>
    'https://elsewhere.example' }), 403, 'origin', name => 'another site';
is_problem $http->get("$PATH?tenant=north"), 422, 'invalid',
    name => 'nor does a link choose';

$res = choose($http, 'south');
is_status $res, 200, 'and choose';
is_deeply [@{ $res->json->{user} }{qw(id role)}], [$teacher{south}{id},
    'teacher'], 'as whom they are told' or diag $res->text;
is $res->json->{session}{csrf_token}, $http->csrf, 'with a CSRF token';
is who($http), $teacher{south}{id}, 'so they are logged in';
is $http->cookies->{$CHOICE}, undef, 'the choice is over';
$after = counts();
cmp_ok $after->{south}, '>', $before->{south}, 'on record where they chose';
is $after->{$_}, $before->{$_}, "and not at $_" for qw(north home);

for my $tenant (qw(south north)) {
    # nor by who writes the database, and forgets that it was used
    $db->do('DELETE FROM pupil.login_throttle WHERE tenant = ?', {}, $home);
    my $again = $nginx->http;
    $again->{cookies} = { %ticket };
    is_problem choose($again, $tenant), 400, 'login-flow',
        name => "a choice counts once, and not for $tenant";
    is $again->cookies->{$SESSION}, undef, 'nor is there a session';
}


# ---- what is no choice

is_problem choose($nginx->http, 'north'), 400, 'login-flow',
    name => 'who was not asked';
is_problem $nginx->http->get($PATH), 400, 'login-flow',
    name => 'and is told nothing';

# A browser that may choose, with what another one may.
sub asked ($whose, @schools) {
    said($whose, @schools);
    my $http = $nginx->http;
    is visit($http), '/choose', 'somebody is asked';
    return $http;
}

my $mine = asked($teacher{north}, qw(280321 280323));
for my $at (10, 200, 1000) {
    my $bent = $nginx->http;
    my $text = $mine->cookies->{$CHOICE};
    substr($text, $at, 1) = substr($text, $at, 1) eq 'A' ? 'B' : 'A';
    $bent->{cookies} = { $CHOICE => $text };
    is_problem choose($bent, 'north'), 400, 'login-flow',
        name => "bent at $at";
}
for my $text ('', 'x', 'A' x length $mine->cookies->{$CHOICE}) {
    my $none = $nginx->http;
    $none->{cookies} = { $CHOICE => $text };
    is_problem choose($none, 'north'), 400, 'login-flow',
        name => 'made up: ' . substr($text, 0, 5);
}
my $SPEND = 'EXECUTE ON FUNCTION keystore.spend(bytea[], timestamptz,'
    . ' bytea)';
$site->keystore->do("REVOKE $SPEND FROM pupil_keeper");
is_problem choose($mine, 'north'), 503, 'unavailable',
    name => 'where the key store does not hear of it';
$site->keystore->do("GRANT $SPEND TO pupil_keeper");
is_status choose($mine, 'north'), 200, 'which did the right one no harm';
is who($mine), $teacher{north}{id}, 'whose it is';


# ---- the cookie selects, and no more

my %north = %{ $mine->cookies };
for my $tenant ('south', 'home', 'east', $home, $site->tenant, '', 'north,south')
{
    my $forged = $nginx->http;
    $forged->{cookies} = { %north, $TENANT => $tenant };
    is_problem $forged->get('/v1/session'), 401, 'no-session',
        name => "with \"$tenant\" the session is nobody's";
}
my $without = $nginx->http;
$without->{cookies} = { $SESSION => $north{$SESSION} };
is_problem $without->get('/v1/session'), 401, 'no-session', name => 'nor without';
$without->{cookies} = { %north };
is $without->get('/v1/session?tenant=south')->status, 422,
    'nor does an argument say it';
is who($without), $teacher{north}{id}, 'where it belongs it is good';


# ---- from one to the other, by a fresh word

said($teacher{north}, qw(280321 280323));
my %old = %{ $mine->cookies };
is visit($mine), '/choose', 'whoever wants to change is asked anew';
is who($mine), $teacher{north}{id}, 'and is who they were until they choose';
is_status choose($mine, 'south'), 200, 'the other one';
is who($mine), $teacher{south}{id}, 'who they are then';
my $stale = $nginx->http;
$stale->{cookies} = { %old };
is_problem $stale->get('/v1/session'), 401, 'no-session',
    name => 'the session of before has ended, where it was';
is scalar @{ $db->selectcol_arrayref('SELECT revocation FROM pupil.revocation') },
    0, 'and nothing is left to do';


# ---- a step-up, of who is logged in

said($teacher{north}, qw(280321 280323));
is_status $mine->get(begin($mine, '/step-up')), 303, 'a step-up asks, too';
is_status choose($mine, 'south'), 200, 'and goes on';
is who($mine), $teacher{south}{id}, 'as the same';


# ---- nothing says that two accounts are one person

# Somebody who is logged in at both, by one word of the provider.
my %both = map {
    my $http = asked($teacher{north}, qw(280321 280323));
    is_status choose($http, $_), 200, "in at $_";
    ($_ => $http);
} keys %of;

# All rows of a tenant, as text, in both databases.
sub rows_of ($tenant) {
    return join "\n", map {
        my $db = $_;
        map { @{ $db->selectcol_arrayref("SELECT t::text FROM $_ AS t"
                . ' WHERE tenant = ?', {}, $id{$tenant}) } }
            @{ $db->selectcol_arrayref('SELECT format(\'%I.%I\', n.nspname,'
                . ' c.relname) FROM pg_class c JOIN pg_namespace n'
                . ' ON n.oid = c.relnamespace JOIN pg_attribute a'
                . " ON a.attrelid = c.oid AND a.attname = 'tenant'"
                . " WHERE n.nspname IN ('pupil', 'data', 'keystore')"
                . " AND c.relkind IN ('r', 'p')") };
    } $db, $site->keystore;
}

# What somebody is known by there: of the provider's word, and of their names.
sub known_by ($tenant) {
    my @of = ({}, $id{$tenant}, $teacher{$tenant}{id});
    return map { @{ $db->selectcol_arrayref($_, @of) } }
        map({ "SELECT encode($_, 'hex') FROM pupil.session WHERE tenant = ?"
              . ' AND subject = ?' } qw(provider_subject provider_session)),
        "SELECT encode(term, 'hex') FROM pupil.blind_index WHERE tenant = ?"
        . ' AND owner = ?';
}

my %seen = map { $_ => rows_of($_) } keys %id;
unlike $seen{north}, qr/$id{south}|$teacher{south}{id}/, 'north names no south';
unlike $seen{south}, qr/$id{north}|$teacher{north}{id}/, 'south names no north';
unlike $seen{home}, qr/$id{north}|$id{south}|$teacher{north}{id}|$teacher{south}{id}/,
    'the address names neither';
for my $tenant (sort keys %of) {
    my @known = known_by($tenant);
    cmp_ok scalar(@known), '>=', 4, "known at $tenant by: " . @known;
    is_deeply [grep { !defined || index($seen{$tenant}, $_) < 0 } @known], [],
        '... which is seen there';
}

# Hashes, sealed values, keys and ids that two tenants have in common, beside
# what an audit record says of the configuration.
sub in_common (@tenants) {
    my %in;
    for my $tenant (@tenants) {
        $in{$_}{$tenant} = 1 for $seen{$tenant} =~ /[0-9a-f]{32,}/g,
            $seen{$tenant} =~ /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;
    }
    cmp_ok scalar(keys %in), '>', 100, 'of many: ' . keys %in;
    delete @in{ @{ $db->selectcol_arrayref("SELECT encode(shape, 'hex') FROM"
        . ' pupil.audit_shape UNION ALL'
        . " SELECT encode(policy, 'hex') FROM pupil.policy") } };
    return grep { keys %{ $in{$_} } > 1 } sort keys %in;
}
is_deeply [in_common(qw(north south home))], [],
    'nor have two of them a hash, a term of an index or an id in common';
is who($both{$_}), $teacher{$_}{id}, "still in at $_" for sort keys %both;
is_deeply $db->selectcol_arrayref('SELECT request FROM pupil.audit_record'
    . " WHERE role <> 'gateway' GROUP BY 1 HAVING count(DISTINCT tenant) > 1"),
    [], 'no request is on record with two of them';


# ---- the provider's log-out

sub out (%claims) {
    $times++;
    my $token = $idp->logout_token(claims => \%claims);
    return $nginx->http->post('/v1/login/uni/backchannel-logout',
                              $idp->logout_form($token)), $token;
}

my %at = map {
    my $http = asked($teacher{north}, qw(280321 280323));
    is_status choose($http, $_), 200, "in at $_";
    ($_ => $http);
} qw(north south);
my $other = $nginx->http;
said($pupil{north}, '280321');
is visit($other), '/app/', 'and somebody else';
$before = counts();
($res, my $token) = out(sub => there($teacher{north}));
is_status $res, 200, 'who logs out there';
for my $tenant (sort keys %at) {
    is_problem $at{$tenant}->get('/v1/session'), 401, 'no-session',
        name => "is logged out at $tenant";
}
$after = counts();
is who($other), $pupil{north}{id}, 'nobody else is';
is $after->{$_}, $before->{$_} + 1, "on record at $_" for qw(north south);
is $after->{home}, $before->{home}, 'and not where nobody was';
is_deeply $db->selectcol_arrayref('SELECT request FROM pupil.audit_record'
    . " WHERE role <> 'gateway' GROUP BY 1 HAVING count(DISTINCT tenant) > 1"),
    [], 'each by itself';
is_problem $nginx->http->post('/v1/login/uni/backchannel-logout',
    $idp->logout_form($token)), 400, 'logout-token', name => 'it counts once';
$before = counts();
($res) = out(sub => 'nobody');
is_status $res, 200, 'whom nobody knows is logged out already';
is_deeply records($id{home}, $res->request_id), ['not_found none nobody'],
    'on record once, where the address is at home';
$after = counts();
is $after->{$_}, $before->{$_}, "and not at $_" for qw(north south);

# beside a row in doubt, which is found where it is (I20)
%at = map {
    my $http = asked($teacher{north}, qw(280321 280323));
    is_status choose($http, $_), 200, "again in at $_";
    ($_ => $http);
} qw(north south);
my $swap = $db->prepare('UPDATE pupil.session SET role = ? WHERE tenant = ?'
    . ' AND subject = ?');
$nginx->allow_log(qr/\[crit\].*pupil\.session is not authentic/);
$swap->execute('dpo', $id{north}, $teacher{north}{id});
($res, $token) = out(sub => there($teacher{north}));
is_problem $res, 500, 'integrity', name => 'with a row that somebody wrote';
is_problem $at{south}->get('/v1/session'), 401, 'no-session',
    name => 'what is authentic ends, at whichever';
is_deeply [map { scalar grep { /^tampered/ }
                 @{ records($id{$_}, $res->request_id) } } qw(north south home)],
    [1, 0, 0], 'what was found is on record where it is';
$swap->execute('teacher', $id{north}, $teacher{north}{id});
is_status $nginx->http->post('/v1/login/uni/backchannel-logout',
    $idp->logout_form($token)), 200, 'and the token still counts';
is_problem $at{north}->get('/v1/session'), 401, 'no-session', name => 'there';

# who may choose, and logs out there before
my $under_way = asked($teacher{north}, qw(280321 280323));
($res) = out(sub => there($teacher{north}));
is_status $res, 200, 'a log-out meanwhile';
is_problem choose($under_way, 'south'), 403, 'login-denied',
    name => 'ends a choice';

is_status $other->delete('/v1/session'), 204, 'a log-out here';
is_problem $other->get('/v1/session'), 401, 'no-session', name => 'is one';


# ---- a choice before the password

$http = $nginx->http;
is_problem $http->login(@{ $teacher{south} }{qw(login password)}), 401,
    'invalid-credentials', name => 'nobody is at home where the address is';
for my $tenant (sort keys %of) {
    $http->csrf(undef);
    $res = $http->post('/v1/login/tenant', json => { tenant => $tenant });
    is_status $res, 200, "$tenant is chosen";
    is_deeply $res->json, { tenant => $tenant }, 'as is said';
    is_status $http->login(@{ $teacher{$tenant} }{qw(login password)}), 200,
        'where a password is checked then';
    is who($http), $teacher{$tenant}{id}, 'and which account it is of';
}
is_problem $http->login(@{ $teacher{north} }{qw(login password)}), 401,
    'invalid-credentials', name => 'that of another tenant is wrong';
$http = $nginx->http;
is_problem $http->post('/v1/login/tenant', json => { tenant => 'east' }), 422,
    'invalid', name => 'no such tenant';
is_problem $http->post('/v1/login/tenant', json => { tenant => 'north' },
    header => { Origin => 'https://elsewhere.example' }), 403, 'origin',
    name => 'another site chooses for nobody';
is $http->cookies->{$TENANT}, undef, 'none of which is kept';


# ---- a choice that is late, and one of a tenant that is no more

my $late = asked($teacher{north}, qw(280321 280323));
my $gone = asked($teacher{north}, qw(280321 280323));
$nginx->set(server => $nginx->{server}
            =~ s/^pupil_login_tenant south[^;]*;//mr);
$nginx->reload(wait => 1);
$nginx->wait_ready;
is_deeply $gone->get($PATH)->json, { tenants => ['north'] },
    'a tenant that is no more is not offered';
is_problem choose($gone, 'south'), 422, 'invalid', name => 'nor to be chosen';
is_status choose($gone, 'north'), 200, 'the other one is';
$gone->{cookies}{$TENANT} = 'south';
is_problem $gone->get('/v1/session'), 401, 'no-session',
    name => 'a cookie of it selects nothing';

$clock->forward(301);
is_problem choose($late, 'north'), 400, 'login-flow',
    name => 'five minutes later it is too late';

unlike $nginx->log_text, qr/CBeane|28032\d/, 'no log has whose or of where';

done_testing;
