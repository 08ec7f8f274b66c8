#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Ten thousand guesses at one account, from 500 addresses, at two hosts at once:
# as many passwords are hashed as the delays leave, counted outside of nginx,
# and a device that is known gets in meanwhile.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Hashes;
use Time::HiRes qw(time);

use constant { GUESSES => 10_000, ADDRESSES => 500, CLIENTS => 100,
               FREE => 5,               # guesses without a delay
               TIMES => 10 };           # that the known device logs in

my %conf = (workers => 2, connections => 1024, http => 'set_real_ip_from'
    . ' 127.0.0.1; real_ip_header X-Forwarded-For;');
my $site = pupil_up(import => 1);
my $hashes = Pupil::Hashes->new;
my @hosts = map { $site->nginx(%conf)->by($hashes)->start } 1, 2;
my $pupil = $site->person('OKlein');
$_->wait_ready for @hosts;

sub guess ($http, $n) {
    my $address = $n % ADDRESSES;
    $http->send_raw($http->request_bytes(POST => '/v1/login', header => {
        'X-Forwarded-For' => '198.' . (18 + $address % 2) . '.'
            . int($address / 2) . '.7' },
        json => { identifier => $pupil->{login}, password => "guess $n" }));
}

# As each worker of each host says.
sub counted () {
    my $sum = 0;
    for my $host (@hosts) {
        my %of = $host->client_of_each;
        $sum += $_->get('/status')->json->{login}{hashes} for values %of;
    }
    return $sum;
}

my $browser = $hosts[0]->http;
is_status $browser->login(@$pupil{qw(login password)}), 200, 'a known device';
delete $browser->cookies->{'__Host-pupil'};
$browser->csrf(undef);
my $before = $hashes->count;
is $before, counted(), 'what nginx counts is what was hashed';
cmp_ok $before, '>', 0, 'which is not nothing';


# ---- the guesses, each client one after the other

my @clients = map { $hosts[$_ % 2]->http(timeout => 300)->connect }
    1 .. CLIENTS;
my (%answers, @known);
my $began = time;
for my $round (0 .. GUESSES / CLIENTS - 1) {
    guess($clients[$_], $round * CLIENTS + $_) for 0 .. CLIENTS - 1;
    if ($round % (GUESSES / CLIENTS / TIMES) == 0) {
        delete $browser->cookies->{'__Host-pupil'};
        $browser->csrf(undef);
        push @known, $browser->login(@$pupil{qw(login password)});
    }
    for my $res (map { $_->read_response('POST') } @clients) {
        $answers{ $res->status == 503 ? $res->json->{type} : $res->status }++;
    }
}
my $took = time - $began;
my $hashed = $hashes->count - $before;

# Of the delays, of 2, 4, 8 seconds and so on, as many have passed at most.
my ($passed, $delay) = (0, 2);
for (my $left = $took; $left >= $delay; $delay *= 2) {
    $left -= $delay;
    $passed++;
}

is_deeply [map { $_->status } @known], [(200) x TIMES],
    'the known device gets in meanwhile, each time';
my $busy = delete $answers{'urn:pupil:problem:busy'} // 0;
is join(' ', sort keys %answers), '401 429',
    'guesses are answered, or there is no place for them'
    or diag explain \%answers;
is $answers{401} + $answers{429} + $busy, GUESSES, 'all of them';
is $hashed, $answers{401} + TIMES,
    'a hash for each that was looked at, and its own';
cmp_ok $answers{401}, '>=', FREE + 1, 'those without a delay were';
cmp_ok $answers{401}, '<=', FREE + 1 + $passed,
    sprintf 'and one after each delay, in %.1f s', $took;
is counted(), $hashes->count, 'as nginx counts them';
is $site->db->selectrow_array('SELECT count(*) FROM pupil.audit_record WHERE'
    . " outcome = 'refused' AND role <> 'gateway'"), $answers{401},
    'and each of them is on record';

done_testing;
