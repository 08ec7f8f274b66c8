#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A provider is told that a session has ended only when none is left: not one
# whose log-in is under way either, and not before the key store knows of it.

use lib 't/lib';
use IO::Select;
use Pupil::Test;
use Pupil::Provider;

my $idp = Pupil::Provider->new;
my $site = pupil_up(import => 1);
my ($db, $keys) = ($site->db, $site->keystore);
my $nginx = $site->nginx(workers => 2, server =>
    $idp->server_conf(words => 'profile=uni-login failed=/login')
    . 'location /v1/login/ { pupil_login; }')->start->wait_ready;
my ($pupil, $other) = map { $site->person($_) } qw(OKlein DTodd);
my $PATH = '/v1/login/uni/backchannel-logout';
my $LOCK = 1;                 # an advisory one, of nobody else's

sub says ($whose, %claims) {
    $idp->tell(claims => { uniid => $whose->{login}, %claims });
}

sub token (%claims) { $idp->logout_token(claims => \%claims) }

sub out ($token) { $nginx->http->post($PATH, $idp->logout_form($token)) }

sub is_in ($http) { $http->get('/v1/session')->status }

sub recorded ($res) {
    return join ', ', map { join ' ', $_->{category}, $_->{operation},
                            $_->{outcome} } @{ $db->selectall_arrayref(
        'SELECT DISTINCT category, operation, outcome FROM pupil.audit_event'
        . ' WHERE request = ? ORDER BY 1, 2, 3', { Slice => {} },
        $res->request_id) };
}

sub next_second () {
    my $then = time;
    wait_until(60, 'the next second', sub { time > $then });
}


# ---- its row is being written

$db->do('CREATE FUNCTION pupil.held() RETURNS trigger LANGUAGE plpgsql AS $$'
    . " BEGIN PERFORM pg_advisory_xact_lock_shared($LOCK); RETURN NEW; END \$\$");
$db->do('CREATE TRIGGER held BEFORE INSERT ON pupil.session'
    . ' FOR EACH ROW EXECUTE FUNCTION pupil.held()');

sub waiting () {
    return $db->selectrow_array("SELECT count(*) FROM pg_stat_activity WHERE"
        . " wait_event_type = 'Lock' AND usename = 'pupil_gateway'");
}

# Whoever waits for too long has an answer that says so: then once more.
sub race ($try, $by) {
    my %claims = (sub => 'f:1', sid => "race$by$try");
    says($pupil, %claims);
    my $browser = $nginx->http;
    my $back = $idp->authorize($browser->get('/v1/login/uni'));
    my $provider = $nginx->http->connect;
    $browser->close;
    $browser->connect;

    $db->do("SELECT pg_advisory_lock($LOCK)");
    $browser->send_raw($browser->request_bytes(GET => $back));
    wait_until(60, 'the log-in to wait', sub { waiting() == 1 });
    $provider->send_raw($provider->request_bytes(POST => $PATH,
        $idp->logout_form(token($by => $claims{$by}))));
    wait_until(60, 'the log-out to wait, or its answer', sub {
        waiting() == 2
            || IO::Select->new($provider->socket)->can_read(0) });
    $db->do("SELECT pg_advisory_unlock($LOCK)");

    my $res = $provider->read_response('POST');
    my $in = $browser->read_response('GET');
    $browser->learn($in);
    return if $res->status != 200 || $in->status != 303;
    return ($res, $browser);
}

for my $by (qw(sid sub)) {
    my ($res, $browser);
    for my $try (1 .. 20) {
        ($res, $browser) = eval { race($try, $by) };
        last if $res;
        diag $@ if $@;
        $db->do('SELECT pg_advisory_unlock_all()');
    }
    ok $res, "by $by: a log-out while the log-in is written";
    is $browser && is_in($browser), 401, "by $by: leaves no session";
}
$db->do('DROP TRIGGER held ON pupil.session');


# ---- the browser is on its way back

for my $by (qw(sid sub)) {
    my %claims = (sub => "f:2$by", sid => "way$by");
    says($pupil, %claims);
    my $browser = $nginx->http;
    my $back = $idp->authorize($browser->get('/v1/login/uni'));
    my $stranger = $nginx->http;
    my $theirs = $idp->authorize($stranger->get('/v1/login/uni'));

    my $res = out(token($by => $claims{$by}));
    is_status $res, 200, "by $by: nobody is here yet";
    is recorded($res), 'session write not_found', "by $by: on record";

    my $in = $browser->get($back);
    is $in->header('location'), '/login?login=login-denied',
        "by $by: whose log-in is over before it came";
    like recorded($in), qr/ refused/, "by $by: which is on record";
    unlike recorded($in), qr/ allowed/, "by $by: as no log-in";
    is is_in($browser), 401, "by $by: there is no session";
    says($other, sub => 'f:3', sid => 'else');
    is $stranger->get($theirs)->header('location'), '/',
        "by $by: who is somebody else comes in";
    is is_in($stranger), 200, "by $by: and is";

    next_second();
    says($pupil, %claims, sid => "again$by");
    is $idp->visit($browser)->header('location'), '/',
        "by $by: whoever begins again comes in";
    is is_in($browser), 200, "by $by: and is";
}


# ---- a token that counts no more stops nobody

my $spent = token(sub => 'f:4');
is_status out($spent), 200, 'a token';
next_second();
says($pupil, sub => 'f:4', sid => 'later');
my $later = $nginx->http;
my $back = $idp->authorize($later->get('/v1/login/uni'));
is_problem out($spent), 400, 'logout-token', name => 'it was used';
is $later->get($back)->header('location'), '/', 'and does nothing any more';


# ---- the key store does not take it

my @rooms = map { says($_, sub => 'f:5', sid => "room$_->{login}");
                  my $http = $nginx->http; $idp->visit($http); $http }
            $pupil, $other;
is is_in($_), 200, 'two accounts of one person there' for @rooms;
my $ended = $keys->selectrow_array('SELECT count(*) FROM keystore.ended');
$keys->do(q{CREATE FUNCTION keystore.full() RETURNS trigger LANGUAGE plpgsql}
    . q{ AS $$ BEGIN RAISE EXCEPTION 'full'; END $$});
$keys->do('CREATE TRIGGER full_up BEFORE INSERT ON keystore.ended'
    . ' FOR EACH ROW EXECUTE FUNCTION keystore.full()');
$nginx->allow_log(qr/full/);
my $token = token(sub => 'f:5');
for my $room (@rooms) {
    my $res = out($token);
    is_problem $res, 503, 'unavailable', name => 'it cannot be done now';
    ok defined $res->header('retry-after'), 'and may be done later';
}
$keys->do('DROP TRIGGER full_up ON keystore.ended');
is_status out($token), 200, 'the same token again finishes it';
is $keys->selectrow_array('SELECT count(*) FROM keystore.ended'), $ended + 2,
    'the key store knows of both';
wait_until(60, 'nothing to be open', sub {
    $db->selectrow_array('SELECT count(*) FROM pupil.revocation') == 0 });
is is_in($_), 401, 'neither is in' for @rooms;
is_problem out($token), 400, 'logout-token', name => 'and then it was used';

done_testing;
