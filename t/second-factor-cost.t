#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A stored hash below the cost in force is made anew for whom the password gets
# on.  Who needs a second factor and has none is refused with the right password
# for as much work as with a wrong one (I13); with a second factor the hash is
# stored once that is proved.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Factor;

my $day = Pupil::Day->up(start => 0, workers => 1,
    server => 'location /v1/login/ { pupil_login; }',
    http => 'pupil_password_hash memory=32m iterations=3;',
    conf => { pupil_second_factor => 'teacher=required' });
my ($site, $nginx) = ($day->site, $day->nginx);
my $clock = Pupil::Clock->new->of_all($day->pg);
$nginx->start;
my $db = $day->db;
$day->ready;

my $teacher = Pupil::Factor->new($day, 'teacher', $clock);
my $who = $teacher->who;

sub stored () {
    $db->selectrow_array('SELECT md5(password_hash) FROM data.credential'
        . ' WHERE owner = ?', {}, $who->{id});
}

sub counted () { @{ $nginx->http->get('/status')->json->{login} }{qw(hashes
    hash_kib)} }

# What an attempt to log in was answered, and the passes of memory it took.
sub work ($login, $password) {
    $db->do('DELETE FROM pupil.login_throttle');
    my @before = counted();
    my $res = $nginx->http->login($login, $password);
    my @after = counted();
    return join ' ', $res->status, map { $after[$_] - $before[$_] } 0, 1;
}

my $wrong = work($who->{login}, 'x' x length $who->{password});
like $wrong, qr/^401 /, 'a wrong password';
is work('nobody.here', 'x'), $wrong, 'is as much work as no account';
is work(@$who{qw(login password)}), $wrong,
    'and as the right one of who has no second factor';

my $token = $teacher->token;
my $was = stored();
like work(@$who{qw(login password)}), qr/^200 /, 'with a token it gets on';
is stored(), $was, 'and half of a log-in stores nothing';
my $http = $teacher->half;
is_status $teacher->ask($http, $token), 200, 'the token';
is_status $teacher->prove($http, totp => $teacher->next_code), 200, 'enrolled';

sub costs ($name) {
    my $half = work(@$who{qw(login password)});
    my ($status, $runs, $kib) = split ' ', $half;
    is $kib, 3 * 32768, "$name: a log-in makes no hash anew";
}

costs('enrolled');

# dearer again, and then a code by time
$day->reload(http => $nginx->{http} =~ s/(?<=iterations=)3/4/r);
$was = stored();
$http = $teacher->half;
is stored(), $was, 'dearer: half of a log-in stores nothing';
my $res = $teacher->prove($http, totp => $teacher->next_code);
is_status $res, 200, 'dearer: a code by time';
isnt stored(), $was, 'stores the hash';
is_deeply [map { "@{ $_->{fields} }" }
           grep { $_->{category} eq 'credential' && $_->{operation} eq 'write' }
           $day->audit($res)],
    ['password_hash second_factor'], 'which is on record';
is $http->get('/v1/session')->status, 200, 'and revokes nothing';
$was = stored();
my $half = $teacher->half;
is_status $teacher->prove($half, totp => $teacher->next_code), 200,
    'the next one';
is stored(), $was, 'has nothing to store';
is $db->selectrow_array('SELECT count(*) FROM pupil.revocation'), 0,
    'and nothing is left to be finished';

done_testing;
