#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: a token to enrol a second factor that a later one took the place of is
# none, also where the row of before is put back.  Who enrols by a token meets
# no cap of those who change passwords.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Factor;

my $day = Pupil::Day->up(start => 0, conf => {
    pupil_second_factor => 'teacher=required pupil=optional' });
my ($site, $nginx) = ($day->site, $day->nginx);
my $clock = Pupil::Clock->new->of_all($day->pg);
$nginx->start;
my ($db, $keys) = ($day->db, $site->keystore);
$day->ready;

my ($teacher, $pupil) = map { Pupil::Factor->new($day, $_, $clock) }
    qw(teacher pupil);

sub kept ($factor) { $day->rows_of('data.credential', $factor->who->{id}) }

sub forget () { $db->do('DELETE FROM pupil.login_throttle') }


# ---- a token of before

my $first = $teacher->token;
my $row = kept($teacher);
my $second = $teacher->token;
my $now = kept($teacher);

$day->put_back($row);
is_problem $teacher->ask(scalar $teacher->half, $first), 401,
    'invalid-credentials', name => 'put back: the token is no more';
$day->put_back($now);
is_problem $teacher->ask(scalar $teacher->half, $first), 401,
    'invalid-credentials', name => 'nor does the row of today have it';
is_status $teacher->ask(scalar $teacher->half, $second), 200, 'but another';


# ---- one under way

my $half = $teacher->half;
is_status $teacher->ask($half, $second), 200, 'somebody begins to enrol';
$row = kept($teacher);
my $third = $teacher->token;
$day->put_back($row);
is_problem $teacher->prove($half, totp => $teacher->next_code), 401,
    'invalid-credentials', name => 'by what is over before they end';


# ---- who enrols while nobody else has numbers

my ($owners) = $keys->selectrow_array('SELECT owners FROM keystore.size WHERE'
    . ' tenant = ?', {}, $site->tenant);
$keys->do('INSERT INTO keystore.floor (tenant, subject, own_at) SELECT ?,'
    . " gen_random_uuid(), now() FROM generate_series(1, ?)", {},
    $site->tenant, 100 + int($owners / 8));
$keys->do('UPDATE keystore.floor SET own_raised = credential');
for my $factor ($teacher, $pupil) {
    my $token = $factor->token;
    my $http = $factor->half;
    forget();
    is_status $factor->ask($http, $token), 200, 'a token';
    my $res = $factor->prove($http, totp => $factor->next_code);
    is_status $res, 200, 'by which somebody enrols';
    is_problem $factor->prove(scalar $factor->half,
        recovery => $res->json->{recovery_codes}[0]), 503, 'busy',
        name => 'which is once for each token';
}


# ---- what a worker can say

my $keeper = $site->pg->connect('pupil_keys');
$keeper->do('SET SESSION AUTHORIZATION pupil_keeper');
$keeper->do("SELECT set_config('pupil.tenant', ?, false)", {}, $site->tenant);

is eval { $keeper->do('SELECT keystore.give_token(?)', {},
                      $teacher->who->{id}) }, undef, 'no token';

done_testing;
