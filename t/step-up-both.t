#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A session of two factors is proved anew by both, also at a log-in whose policy
# asks for one: elsewhere the proof counts as both.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;
use Pupil::Factor;

my $day = Pupil::Day->up(start => 0,
    server => "location /v1/login { pupil_login; }\nlocation /inside/login {"
        . ' pupil_login; pupil_second_factor teacher=off; }',
    locations => { login => undef },
    conf => { pupil_second_factor => 'teacher=required pupil=optional' });
my ($site, $nginx) = ($day->site, $day->nginx);
my $clock = Pupil::Clock->new(slow => 10)->of_all($day->pg);
$nginx->start;
my $db = $day->db;
$day->ready;
my $PATH = '/v1/login/recovery-codes';
my $teacher = Pupil::Factor->new($day, 'teacher', $clock);
my $password = $teacher->who->{password};
my $token = $teacher->token;
my $http = $teacher->half;
$teacher->ask($http, $token);
is_status $teacher->prove($http, totp => $teacher->next_code), 200, 'enrolled';
$clock->forward(360);
is_problem $http->post($PATH), 401, 'step-up-required';
my $res = $http->post('/inside/login/step-up', json => { password => $password });
isnt $res->status, 200, 'a password alone proves no session of two factors';
is_problem $http->post($PATH), 401, 'step-up-required',
    name => 'and makes no codes where both are asked for';
$res = $http->post('/inside/login/step-up', json => { password => $password,
    code => $teacher->next_code });
is_status $res, 200, 'both do';
is_status $http->post($PATH), 200, 'there, too';

done_testing;
