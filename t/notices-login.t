#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What people are told of log-ins (M20): of one from a browser that is not
# known, of a burst of failures, by whichever of their names and whether at password or
# code, of more sessions than there may be, and of a second factor that is
# another.  Who fails writes nothing that anybody is told of.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Outbox;
use Pupil::Clock;
use Pupil::Factor;

use constant BURST => 6;
use constant LIMIT => 3;

my $site = pupil_up(import => 1);
Pupil::Outbox::addresses($site);        # of teachers

# Where the README's configuration has the log-in.
my ($below) = slurp(root_dir() . '/README.md')
    =~ /^\s*(location .*\{ pupil_login; \})$/m;
my $day = Pupil::Day->up(site => $site, workers => 1, start => 0,
    server => $below, locations => { login => undef },
    http => "map \$http_x_school \$school { default off; north north; }\n"
            . "pupil_login_network \$school;\n",
    conf => { pupil_request_timeout => '300s', pupil_session_limit => LIMIT,
              pupil_second_factor => 'teacher=optional' });
my $clock = Pupil::Clock->new->of_all($day->pg);
my ($db, $nginx) = ($day->db, $day->nginx);
$nginx->start;
$day->ready;
my $who = $day->person('teacher');
my $email = lc "$who->{login}\@skolan.example";

sub told ($id = $who->{id}) {
    return join ' ', @{ $db->selectcol_arrayref('SELECT kind FROM pupil.notice'
        . ' WHERE subject = ? ORDER BY kind', {}, $id) };
}

# What was told since it was asked last.
sub since () {
    my $told = told();
    $db->do('DELETE FROM pupil.notice');
    return $told;
}

sub login ($http, $name = $who->{login}, %opt) {
    $http->csrf(undef);
    my $res = $http->post('/v1/login', json => { identifier => $name,
        password => $opt{password} // $who->{password} },
        $opt{header} ? (header => $opt{header}) : ());
    return $res;
}

sub guess ($name, $n = BURST, @header) {
    return map { login($nginx->http, $name, password => 'not it',
                       header => { @header })->status } 1 .. $n;
}

sub forget () { $db->do('DELETE FROM pupil.login_throttle') }

sub noted ($res) {
    return scalar $db->selectrow_array('SELECT note FROM pupil.audit_event'
        . " WHERE request = ? AND category = 'credential'", {},
        $res->request_id);
}


# ---- of each kind the web app and the API say what it is

my %kind = map { $_ => 1 } slurp(root_dir()
    . '/ngx_module/core/endpoints/notice.h')
    =~ /^#define PUPIL_NOTICE_\w+ +"([a-z_]+)"$/mg;
cmp_ok scalar(keys %kind), '>=', 12, 'kinds: ' . keys %kind;
for my $file (map({ "quickstart/web/words.$_.js" } qw(sv da en)),
              'openapi.yaml')
{
    my $text = slurp(root_dir() . "/docs/$file");
    my $as = $file =~ /js$/ ? "'notice.%s':" : '`%s`:';
    is_deeply [grep { index($text, sprintf $as, $_) < 0 } sort keys %kind], [],
        "docs/$file has each";
}


# ---- a browser that is not known

since();
my $known = $nginx->http;
my $res = login($known);
is_status $res, 200, 'a log-in';
is since(), 'new_device', 'from a browser that is not known is told';
is noted($res), 'new device', 'and on record';
$res = login($known);
is_status $res, 200, 'and again from there';
is since(), '', 'is not';
is noted($res), undef, 'nor on record as such';
$res = login($nginx->http, $who->{login}, header => { 'X-School' => 'north' });
is_status $res, 200, 'one from a school\'s network';
is since(), '', 'is not told either: its computers forget';
is login($nginx->http, $who->{login}, password => 'not it')->status, 401,
    'one that fails';
is since(), '', 'is told to nobody';
forget();


# ---- a burst of failures

is_deeply [guess($who->{login})], [(401) x BURST], 'guesses';
is told(), '', 'write nothing';
is_status login($known), 200, 'a log-in from where it is known';
is since(), 'failed_logins', 'is told of them';
is_status login($known), 200, 'the next';
is since(), '', 'is not';
forget();

is_deeply [guess($who->{login}, BURST - 2)], [(401) x (BURST - 2)], 'fewer';
is_status login($known), 200, 'then a log-in';
is since(), '', 'are no burst';
forget();

is_deeply [guess(uc $email)], [(401) x BURST], 'guesses by the other name';
is_status login($known), 200, 'a log-in by this one';
is since(), 'failed_logins', 'is told of them';
forget();

my @NORTH = ('X-School' => 'north');
is_deeply [guess($email, BURST, @NORTH)], [(401) x BURST],
    'guesses from a school\'s network';
is_status login($known), 200, 'a log-in from elsewhere';
is since(), 'failed_logins', 'is told of them';
is_status login($known), 200, 'the next';
is since(), '', 'is not';
guess($who->{login}, BURST - 2, @NORTH);
is_status login($known), 200, 'fewer there, then a log-in';
is since(), '', 'are no burst either';
forget();

guess($who->{login}, BURST, @NORTH);
$db->do('UPDATE pupil.login_throttle SET not_before = last_at');
is_status login($nginx->http, $who->{login}, header => { @NORTH }), 200,
    'a log-in from that network';
is since(), 'failed_logins', 'is told of them';
forget();

my $device = $known->cookies->{'__Host-pupil-device'};
for (1 .. BURST) {
    my $http = $nginx->http;
    $http->cookies->{'__Host-pupil-device'} = $device;
    is login($http, $who->{login}, password => 'not it')->status, 401,
        'a guess from a browser that is known';
}
$db->do('DELETE FROM pupil.session');
is_status login($nginx->http), 200, 'a log-in from another';
is since(), 'failed_logins new_device', 'is told of them';
$db->do('DELETE FROM pupil.session');
forget();

guess($who->{login});
$db->do("UPDATE pupil.login_throttle SET last_at = last_at - interval '3 days',"
    . " not_before = not_before - interval '3 days'");
$site->ctl_ok(qw(retention run), $site->ctl_where);
is_status login($nginx->http), 200, 'after a weekend, and from anywhere';
is since(), 'failed_logins new_device', 'it is told all the same';
forget();

guess($who->{login});
$db->do("UPDATE pupil.login_throttle SET last_at = last_at - interval '8 days',"
    . " not_before = not_before - interval '8 days'");
$site->ctl_ok(qw(retention run), $site->ctl_where);
is $db->selectrow_array('SELECT count(*) FROM pupil.login_throttle'), 0,
    'after a week its count goes';
is_deeply [guess('nobody.is.called.so')], [(401) x BURST],
    'guesses at who is not there';
is $db->selectrow_array('SELECT count(*) FROM pupil.notice'), 0,
    'are told to nobody';
forget();


# ---- guesses at a password by who has a session

login($known);
since();
is $known->post('/v1/me/password', json => { current => 'not it',
    new => 'a long walk along the shore' })->status, 403, 'a wrong password'
    for 1 .. BURST;
is_status login($known), 200, 'a log-in behind these';
is since(), 'failed_logins', 'is told of them';
forget();


# ---- more sessions than there may be

$db->do('DELETE FROM pupil.session');
my @in = map { my $http = $nginx->http; login($http); $http } 1 .. LIMIT;
since();
$res = login($nginx->http);
is_status $res, 200, 'one session more than there may be';
is since(), 'new_device sessions_ended', 'is told';
is_status $in[-1]->delete('/v1/me/sessions/' . $_->{id}), 204, 'ended by hand'
    for grep { !$_->{current} }
        @{ $in[-1]->get('/v1/me/sessions')->json->{sessions} };
is since(), '', 'what its owner ends is not';


# ---- a second factor

my $factor = Pupil::Factor->new($day, 'teacher', $clock);
my $token = $factor->token;
my $http = $factor->half;
is_status $factor->ask($http, $token), 200, 'a token';
is since(), '', 'is told to nobody';
$res = $factor->prove($http, totp => $factor->next_code);
is_status $res, 200, 'a second factor is enrolled';
is since(), 'new_device second_factor_changed', 'and told';
my @codes = @{ $res->json->{recovery_codes} };

$http = $factor->half;
$res = $factor->prove($http, recovery => $codes[0]);
is_status $res, 200, 'a code of recovery';
is since(), 'new_device recovery_used', 'is told';

forget();
for (1 .. BURST) {
    $http = $nginx->http;
    $factor->half($http);
    is $factor->prove($http, recovery => '0000-0000-0000')->status, 401,
        'a wrong code';
}
is told(), '', 'writes nothing';
$db->do('UPDATE pupil.login_throttle SET not_before = last_at');
$http = $nginx->http;
$factor->half($http);
is_status $factor->prove($http, recovery => $codes[1]), 200, 'a good one';
is since(), 'failed_logins new_device recovery_used', 'is told of those';


# ---- what the operator does

$site->ctl_ok(qw(user factor remove), $who->{login}, $site->ctl_where);
is since(), 'second_factor_changed', 'who takes the factor away';
$site->ctl_ok(qw(user reset), $who->{login}, $site->ctl_where);
is since(), 'password_changed', 'who resets the password';

done_testing;
