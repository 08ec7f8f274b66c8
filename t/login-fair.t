#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A rush of strangers, who guess at what they like from where they like: a
# device that is known gets in meanwhile, and so does whoever comes from another
# network or to another school; who has a session proves who they are.  Nor does
# a rush of somebody who is known, on as many devices as they like, keep others
# out.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use constant QUEUE => 12;
use constant STRANGERS => 9;        # places that strangers may take

my $site = pupil_up(import => 1);
my $there = Pupil::Day::neighbour($site);
my $day = Pupil::Day->up(site => $site, workers => 1,
    http => 'set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;'
            . ' keepalive_timeout 600s;',        # of who is at another for long
    server => "location = /there { pupil_login; pupil_tenant @{[$there->tenant]};
               }",
    conf => { pupil_request_timeout => '300s',
        pupil_password_hash => 'memory=64m iterations=6 parallel=1 queue='
                               . QUEUE });
my ($db, $nginx) = ($day->db, $day->nginx);
my ($pupil, $classmate) = map { $day->person($_) } qw(pupil classmate);

sub login () { $nginx->http->get('/status')->json->{login} }

sub client () { $nginx->http(timeout => 300)->connect }

# Sends a log-in from that network, the n-th of many.  Options: who, path, http,
# json.
sub attempt ($network, %opt) {
    my $http = $opt{http} // client();
    my $who = $opt{who} // { login => 'nobody' . rand, password => 'x' };
    $http->csrf(undef) if !$opt{json};
    $http->send_raw($http->request_bytes(POST => $opt{path} // '/v1/login',
        header => { 'X-Forwarded-For' => "198.18.$network.7" },
        json => $opt{json} // { identifier => $who->{login},
                                password => $who->{password} }));
    return $http;
}

sub strangers ($n, $network, %opt) {
    my @clients = map { client() } 1 .. $n;
    return map { attempt($network->($_), %opt, http => $clients[$_ - 1]) }
        1 .. $n;
}

sub answers (@http) { map { $_->read_response('POST') } @http }

# Of these answers, how many were on record before that one.
sub before ($one, @others) {
    my %at = map { @$_ } @{ $db->selectall_arrayref('SELECT request,'
        . ' min(extract(epoch FROM at)) FROM pupil.audit_record GROUP BY 1') };
    my $mine = $at{ $one->request_id } // return;
    return scalar grep { $_ && $_ < $mine } map { $at{ $_->request_id } }
        @others;
}

sub quiet () {
    wait_until(60, 'nobody to log in', sub { login()->{in_progress} == 0 });
    $db->do('DELETE FROM pupil.login_throttle');
}

# All that were sent have a place, or were sent away.
sub arrived ($n, $before) {
    wait_until(60, 'all to arrive', sub {
        my $now = login();
        $now->{attempts} + $now->{busy}
            >= $n + $before->{attempts} + $before->{busy} });
    return login()->{busy} - $before->{busy};
}


# ---- a known device

my $browser = client();
is_status $browser->login(@$pupil{qw(login password)}), 200, 'a known device';
delete $browser->cookies->{'__Host-pupil'};
quiet();

my $before = login();
my @crowd = strangers(80, sub ($n) { $n });
cmp_ok arrived(80, $before), '>', 0, 'strangers are sent away';
my ($res) = answers(attempt(200, who => $pupil, http => $browser));
my @others = answers(@crowd);
is_status $res, 200, 'a known device gets in while strangers have the queue';
is scalar(grep { $_->status !~ /^(?:401|503)$/ } @others), 0,
    'strangers are heard, or may come again';
cmp_ok before($res, @others) // 99, '<=', 4, 'and does not wait for all of them';


# ---- who has a session

my %mine = map { $_ => client() } '/v1/login/step-up', '/v1/me/password';
is_status $_->login(@$pupil{qw(login password)}), 200, 'a session'
    for values %mine;
quiet();
$before = login();
@crowd = strangers(80, sub ($n) { $n });
cmp_ok arrived(80, $before), '>', 0, 'strangers are sent away again';
attempt(200, http => $mine{'/v1/login/step-up'}, path => '/v1/login/step-up',
        json => { password => $pupil->{password} });
($res) = answers($mine{'/v1/login/step-up'});
is_status $res, 200, 'a step-up while strangers have the queue';
attempt(200, http => $mine{'/v1/me/password'}, path => '/v1/me/password',
        json => { current => 'x', new => 'a long walk along the shore' });
($res) = answers($mine{'/v1/me/password'});
is_problem $res, 403, 'wrong-password', name => 'so is a password looked at';
answers(@crowd);


# ---- an account on many devices

my @devices = map { client() } 1 .. 4;
for my $device (@devices) {
    is_status $device->login(@$classmate{qw(login password)}), 200,
        'one of its devices';
    delete $device->cookies->{'__Host-pupil'};
}
quiet();
$before = login();
my @all = map { client() } 0 .. 2 * QUEUE - 1;
$all[$_]{cookies} = { %{ $devices[$_ % 4]->cookies } } for 0 .. $#all;
my $guest = client();
@crowd = map { attempt(7, who => $classmate, http => $_) } @all;
cmp_ok arrived(2 * QUEUE, $before), '>', 0, 'an account has not all places';
attempt(200, who => $pupil, http => $browser);
attempt(8, http => $guest);
my ($known, $unknown) = answers($browser, $guest);
@others = answers(@crowd);
is_status $known, 200, 'another account, known as well: there is a place';
cmp_ok before($known, @others) // 99, '<=', 4, 'and it has its turn';
is_status $unknown, 401, 'and one for a stranger';


# ---- another network

quiet();
$before = login();
my $other = client();
@crowd = strangers(QUEUE, sub ($n) { 1 });
cmp_ok arrived(QUEUE, $before), '>', 0, 'one network has not all places';
($res) = answers(attempt(2, who => $classmate, http => $other));
@others = answers(@crowd);
is_status $res, 200, 'another network: there is a place';
cmp_ok before($res, @others) // 99, '<=', 3, 'another network: it has its turn';


# ---- another school

quiet();
$before = login();
$other = client();
@crowd = strangers(STRANGERS - 1, sub ($n) { $n });
is arrived(STRANGERS - 1, $before), 0, 'one school has the queue';
($res) = answers(attempt(100, path => '/there', http => $other));
@others = answers(@crowd);
is_status $res, 401, 'another school: there is a place';
cmp_ok before($res, @others) // 99, '<=', 3, 'another school: it has its turn';

done_testing;
