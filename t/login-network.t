#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A school's network, as pupil_login_network names it: its computers forget
# cookies, so that nobody there is known by a device.  They get in while
# strangers elsewhere guess at the same accounts, while somebody in the network
# guesses at everybody's, and while strangers have the queue.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

use constant QUEUE => 12;
use constant STRANGERS => 6;        # places that strangers may take
use constant FREE => 5;             # guesses at an account without a delay

my $SCHOOL = '198.51.100.7';
my $OTHER = '198.51.100.8';         # of the same network
my $ELSEWHERE = '203.0.113.7';
my $day = Pupil::Day->up(workers => 1,
    http => <<'END',
set_real_ip_from 127.0.0.1; real_ip_header X-Forwarded-For;
geo $school { default off; 198.51.100.0/24 north; 2001:db8:1::/48 north;
              192.0.2.0/24 ""; }
pupil_login_network $school;
END
    server => "location /all { pupil_login; pupil_login_network off; }\n",
    conf => { pupil_request_timeout => '300s',
        pupil_password_hash => 'memory=64m iterations=6 parallel=1 queue='
                               . QUEUE });
my ($db, $nginx) = ($day->db, $day->nginx);
my ($pupil, $classmate, $other) =
    map { $day->person($_) } qw(pupil classmate other);

sub client () { $nginx->http(timeout => 300)->connect }

sub status () { $nginx->http->get('/status')->json->{login} }

# Sends a log-in from an address, without any cookie unless http has some.
sub attempt ($address, %opt) {
    my $http = $opt{http} // client();
    my $who = $opt{who} // { login => 'nobody' . uuid(), password => 'x' };
    $http->csrf(undef);
    $http->send_raw($http->request_bytes(POST => $opt{path} // '/v1/login',
        header => { 'X-Forwarded-For' => $address },
        json => { identifier => $who->{login},
                  password => $opt{password} // $who->{password} }));
    return $http;
}

sub answer ($http) { $http->read_response('POST') }

sub login ($address, %opt) { answer(attempt($address, %opt)) }

sub guess ($address, $who) { login($address, who => $who, password => 'x') }

sub forget () { $db->do('DELETE FROM pupil.login_throttle') }

sub counts () {
    scalar $db->selectrow_array('SELECT count(*) FROM pupil.login_throttle');
}

# What is delayed is so until it is forgotten: no test waits for a delay.
sub delayed () {
    $db->do("UPDATE pupil.login_throttle SET not_before = clock_timestamp()"
        . " + interval '1 hour' WHERE not_before > last_at");
}

# What there is of guesses is as many as delay the next one.
sub many_guesses () {
    $db->do('UPDATE pupil.login_throttle SET failures = 400,'
        . ' last_at = clock_timestamp()');
}


# ---- strangers elsewhere guess at an account

is_status guess($ELSEWHERE, $pupil), 401, 'a guess from elsewhere'
    for 1 .. FREE + 1;
delayed();
is_status login($ELSEWHERE, who => $pupil), 429,
    'from elsewhere nobody gets in now';
is_status login($SCHOOL, who => $pupil), 200, 'from the school everybody does';
is_status login($_, who => $pupil), 200, "and from $_"
    for $OTHER, '2001:db8:1::7';
is_status login('192.0.2.7', who => $pupil), 429, 'a network without a name';
is_status login($SCHOOL, who => $pupil, path => '/all'), 429,
    'nor where no network counts';


# ---- somebody in the network guesses at that account

forget();
my $browser = client();
is_status login($SCHOOL, who => $pupil, http => $browser), 200, 'a device';
delete $browser->cookies->{'__Host-pupil'};
is_status guess($SCHOOL, $pupil), 401, 'a guess from the network'
    for 1 .. FREE + 1;
delayed();
is_status login($OTHER, who => $pupil), 429, 'its guesses are delayed';
is_status guess($OTHER, { login => uc $pupil->{login} }), 429,
    'whatever the name looks like';
is_status login($SCHOOL, who => $pupil, http => $browser), 200,
    'the device that is known gets in';
is_status login($ELSEWHERE, who => $pupil), 200,
    'and who comes from elsewhere';


# ---- somebody in the network guesses at everybody's

forget();
is_status login($ELSEWHERE), 401, 'a guess at some account, from elsewhere';
is counts(), 3, 'counts for its network, too';
many_guesses();
is_status login($ELSEWHERE), 401, 'the last that is not delayed';
delayed();
is_status login($ELSEWHERE, who => $classmate), 429, 'its neighbours wait';

forget();
is_status login($SCHOOL), 401, 'a guess at some account, from the school';
is counts(), 3, 'counts for the account, and for who is told';
is_status login($SCHOOL), 401, 'and one at another';
is counts(), 6, 'for that one: they share no count';
many_guesses();
is_status login($SCHOOL), 401, 'another';
delayed();
is_status login($SCHOOL, who => $classmate), 200,
    'its neighbours get in, behind the same address';


# ---- the queue

sub quiet () {
    wait_until(60, 'nobody to log in', sub { status()->{in_progress} == 0 });
    forget();
}

# All that were sent have a place, or were sent away: how many were.
sub arrived ($n, $before) {
    wait_until(60, 'all to arrive', sub {
        my $now = status();
        $now->{attempts} + $now->{busy}
            >= $n + $before->{attempts} + $before->{busy} });
    return status()->{busy} - $before->{busy};
}

# Of these answers, how many were on record before that one.
sub before ($one, @others) {
    my %at = map { @$_ } @{ $db->selectall_arrayref('SELECT request,'
        . ' min(extract(epoch FROM at)) FROM pupil.audit_record GROUP BY 1') };
    my $mine = $at{ $one->request_id } // return;
    return scalar grep { $_ && $_ < $mine } map { $at{ $_->request_id } }
        @others;
}

quiet();
my $before = status();
my $http = client();
my @crowd = map { attempt("198.18.$_.7") } 1 .. 3 * QUEUE;
is arrived(3 * QUEUE, $before), 3 * QUEUE - STRANGERS,
    'strangers of many networks have their places, and no more';
my $res = login($SCHOOL, who => $classmate, http => $http);
my @others = map { answer($_) } @crowd;
is_status $res, 200, 'from the school there is a place';
cmp_ok before($res, @others) // 99, '<=', 3, 'and it has its turn';

quiet();
$before = status();
$http = client();
@crowd = map { attempt($SCHOOL) } 1 .. 3 * QUEUE;
cmp_ok arrived(3 * QUEUE, $before), '>', 0,
    'one client of the network has not all places';
$res = login($OTHER, who => $other, http => $http);
@others = map { answer($_) } @crowd;
is_status $res, 200, 'another of the same network: there is a place';
cmp_ok before($res, @others) // 99, '<=', 3, 'and it has its turn';

done_testing;
