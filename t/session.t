#!/usr/bin/perl

# Sessions: who am I, several workers, the end of a session, CSRF, and what
# happens to rows that somebody else wrote.

use lib 't/lib';
use Pupil::Test;
use Time::HiRes qw(sleep time);

my $site = pupil_up(import => 1);
my $nginx = $site->nginx(workers => 3,
    conf => { pupil_session_zone => 'pupil_sessions:1m valid=2s' },
    http => 'pupil_allowed_origin https://app.example;',
    server => 'location /short/session { pupil_session;
                   pupil_session_timeout idle=5m absolute=10m; }')->start;
my $teacher = $site->person('CBeane');

my $login = sub (%opt) {
    my $http = $nginx->http;
    my $res = $http->enter(@$teacher{qw(login password)});
    die $res->text if $res->status != 200;
    return $http;
};
# Another connection, to whichever worker takes it, with the same session.
my $again = sub ($http) {
    my $other = $nginx->http;
    $other->{cookies} = { %{ $http->cookies } };
    $other->csrf($http->csrf);
    return $other;
};
# How many seconds it takes until none of them is served.
my $dies = sub (@alive) {
    my $began = time;
    wait_until(60, 'dead everywhere', sub {
        @alive = grep { $_->get('/v1/session')->status != 401 } @alive;
        !@alive;
    });
    return time - $began;
};


# ---- who am I

my $http = $login->();
my $res = $http->get('/v1/session');
is_status $res, 200;
my $me = $res->json;
is $me->{user}{display_name}, 'Craig Beane', 'the name';
is @{ $me->{institutions} }, 1, 'one school';
is $me->{institutions}[0]{title}, 'Contoso High School', 'its title';
ok $me->{institutions}[0]{active}, 'active';
is $me->{session}{csrf_token}, $http->csrf, 'the CSRF token again';
is $me->{session}{time_zone}, 'UTC', 'where days begin';
$site->ctl_ok(qw(tenant zone Europe/Stockholm), $site->ctl_where);
ok eval { wait_until(60, 'the zone', sub {
    $http->get('/v1/session')->json->{session}{time_zone}
        eq 'Europe/Stockholm' }) }, 'which is said anew';
is_status $res = $http->get('/v1/session'), 200;
unlike $res->text, qr/\Q@{[$http->cookies->{'__Host-pupil'}]}\E/,
    'but not the token';
is $site->db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
    . " WHERE request = ? AND outcome = 'allowed'", {}, $res->request_id), 1,
    'audited';

$res = $http->head('/v1/session');
is_status $res, 200, 'HEAD';
is $res->body, '', 'without a body';

is $again->($http)->get('/v1/session')->status, 200, "from connection $_"
    for 1 .. 6;
is $http->curl(GET => '/v1/session')->status, 200, 'over HTTP/2';


# ---- no session

my $none = $nginx->http;
is_problem $none->get('/v1/session'), 401, 'no-session';
for my $cookie ('x', 'A' x 43, '', $http->cookies->{'__Host-pupil'} . 'A') {
    is_problem $none->get('/v1/session',
        header => { Cookie => "__Host-pupil=$cookie" }), 401, 'no-session',
        name => "no session: " . length($cookie) . ' characters';
}
my $both = '__Host-pupil=' . $http->cookies->{'__Host-pupil'};
is_problem $none->get('/v1/session', header => { Cookie => "$both; $both" }),
    401, 'no-session', name => 'two cookies of one name';
is $none->get('/v1/session',
    header => { Cookie => "a=b; $both; __Host-pupil-x=1" })->status, 200,
    'among others';
is_problem $none->get('/v1/sessions'), 404, 'not-found';
is_problem $none->get('/v1/session/'), 404, 'not-found';
is_problem $none->get('/v1/session', body => 'x', type => 'text/plain'), 400,
    'unexpected-body';


# ---- CSRF

my $csrf = $http->csrf;
$http->csrf(undef);
is_problem $http->delete('/v1/session'), 403, 'csrf';
$http->csrf('A' x 43);
is_problem $http->delete('/v1/session'), 403, 'csrf', name => 'a wrong token';
$http->csrf($csrf);
for my $origin ('https://evil.example', 'null', 'http://localhost:'
                . $nginx->port, 'https://localhost:1')
{
    is_problem $http->delete('/v1/session', header => { Origin => $origin }),
        403, 'origin', name => "origin $origin";
}
for my $origin ('https://localhost:' . $nginx->port, 'https://app.example') {
    is_problem $http->post('/v1/session/institution', header => {
        Origin => $origin }, json => { institution_id => uuid() }), 404,
        'not-found', name => "origin $origin, another's school";
}


# ---- another school

my $school = $me->{institutions}[0]{id};
my $other = $site->db->selectrow_array(
    'SELECT institution FROM pupil.institution WHERE institution <> ?'
    . ' ORDER BY 1', {}, $school);
$site->ctl_ok('user', 'role', 'add', $teacher->{login}, 'school_admin',
              '--institution', $other, $site->ctl_where);
my $old = $again->($http);
is @{ $http->get('/v1/session')->json->{institutions} }, 2, 'two schools';
$res = $http->post('/v1/session/institution',
                   json => { institution_id => $other });
is_status $res, 200, 'the other one';
is $res->json->{user}{role}, 'school_admin', 'with the role there';
isnt $http->cookies->{'__Host-pupil'}, $old->cookies->{'__Host-pupil'},
    'a new token';
is $http->get('/v1/session')->json->{user}{role}, 'school_admin', 'serves';
is_problem $old->get('/v1/session'), 401, 'no-session',
    name => 'the old one is dead';
is $site->db->selectrow_array('SELECT count(*) FROM pupil.session'), 1,
    'one row in its place';


# ---- the end, on every worker

my @others = map { $again->($http) } 1 .. 9;
is_status $_->get('/v1/session'), 200, 'served' for @others;
is_status $http->delete('/v1/session'), 204, 'log-out';
my $took = $dies->(@others);
for (1 .. 4) {      # the machine may be busy
    last if $took < 1;
    $http = $login->();
    my @more = map { $again->($http) } 1 .. 9;
    $_->get('/v1/session') for @more;
    $http->delete('/v1/session');
    $took = $dies->(@more);
}
cmp_ok $took, '<', 1, 'dead everywhere within a second';
is_problem $again->($http)->delete('/v1/session'), 401, 'no-session',
    name => 'and cannot end again';

# Ended by a log-in that brings its cookie, where that succeeds.
{
    my ($browser, $elsewhere) = ($login->(), $login->());
    my $before = $again->($browser);
    my $ended = 'SELECT count(*) FROM keystore.ended';
    my $known = $site->keystore->selectrow_array($ended);

    is_status $browser->login($teacher->{login}, 'not the password'), 401,
        'a log-in that fails';
    is_status $before->get('/v1/session'), 200, 'ends nothing';
    is_status $browser->login(@$teacher{qw(login password)}), 200,
        'a log-in with a live session';
    my @old = map { $again->($before) } 1 .. 6;
    $dies->(@old) if $site->keystore->selectrow_array($ended) > $known;
    is_problem $before->get('/v1/session'), 401, 'no-session',
        name => 'ends that session';
    is $site->keystore->selectrow_array($ended), $known + 1,
        'the key store knows that it ended';
    is_status $_->get('/v1/session'), 200, 'the new one, and another, stay'
        for $browser, $elsewhere;
    my $gone = $again->($browser);
    is_status $browser->logout, 204, 'log-out';
    is_status $gone->login(@$teacher{qw(login password)}), 200,
        'a log-in with the cookie of no session';
}

# Also when the row of that session is hidden meanwhile.
{
    my $browser = $login->();
    my $before = $again->($browser);
    my $row = $site->db->selectrow_array('SELECT to_json(s)::text FROM'
        . ' pupil.session AS s WHERE created_at = (SELECT max(created_at) FROM'
        . ' pupil.session)');
    $site->db->do('DELETE FROM pupil.session WHERE token_hash ='
        . " (?::json ->> 'token_hash')::bytea", {}, $row);
    is_status $browser->login(@$teacher{qw(login password)}), 200,
        'a log-in while the row before is away';
    $site->db->do('INSERT INTO pupil.session SELECT * FROM'
        . ' json_populate_record(NULL::pupil.session, ?::json)', {}, $row);
    is_problem $before->get('/v1/session'), 401, 'no-session',
        name => 'ends that session, too, when it is put back';
    is_status $browser->get('/v1/session'), 200, 'and not its own';
}

# Ended by a new password: whoever knew the old one is out.
my @stolen = ($login->(), $login->());
my $bystander = $site->person('DTodd');
my $stays = $nginx->http;
$stays->login(@$bystander{qw(login password)});
is_status $_->get('/v1/session'), 200, 'logged in' for @stolen, $stays;
$site->password(@$teacher{qw(login password)});
ok eval { $dies->(@stolen); 1 },
    'a new password ends the sessions of its account' or diag $@;
is_status $stays->get('/v1/session'), 200, 'and of no other';

# Ended by an operator, in the database, with NOTIFY.
$http = $login->();
$_->get('/v1/session') for @others = map { $again->($http) } 1 .. 6;
$site->db->do("WITH d AS (DELETE FROM pupil.session RETURNING token_hash)"
    . " SELECT pg_notify('pupil_session', encode(token_hash, 'hex')) FROM d");
$dies->(@others);
is_problem $_->get('/v1/session'), 401, 'no-session', name => 'revoked'
    for @others;


# ---- time

$http = $login->();
is $http->get('/short/session')->status, 200, 'within the time';
$site->db->do("UPDATE pupil.session SET seen_at = seen_at - interval '6 min'");
is $http->get('/v1/session')->status, 200, 'the zone serves for a while';
sleep 2.1;
is_problem $http->get('/v1/session'), 401, 'no-session',
    name => 'I18: a row that was written by hand';
$nginx->allow_log(qr/\[crit\].*pupil\.session is not authentic/);
is $site->db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
    . " WHERE outcome = 'tampered' AND note LIKE 'pupil.session of %'"), 1,
    'is recorded';


# ---- a role that ends, a worker that dies, a database that is away

$http = $login->();
$http->post('/v1/session/institution', json => { institution_id => $school });
$site->ctl_ok('user', 'role', 'remove', $teacher->{login}, 'school_admin',
              '--institution', $other, $site->ctl_where);
is @{ $http->get('/v1/session')->json->{institutions} }, 1,
    'a role that ended is gone';

$nginx->kill_worker($_) for $nginx->workers;
wait_until(60, 'new workers', sub { $nginx->workers >= 3 });
$nginx->wait_ready;
is $again->($http)->get('/v1/session')->status, 200,
    'after all workers were killed' for 1 .. 4;

$nginx->allow_log(qr/\[(?:alert|error|crit|warn)\].*(?:connection|database|
    server|exited\ on\ signal)/x);
$site->pg->stop('fast');
$res = $again->($http)->get('/v1/session');
is_problem $res, 503, 'unavailable', name => 'without a database';
is $nginx->http->get('/status/live')->status, 200, 'live';
is $nginx->http->get('/status/ready')->status, 503, 'but not ready';
$site->pg->start;
wait_until(60, 'serves again', sub {
    $again->($http)->get('/v1/session')->status == 200;
});
pass 'serves again';

done_testing;
