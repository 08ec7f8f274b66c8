#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Every role that an account has can be used: several at one school, and those
# of the whole tenant.  The session says which there are and takes another; the
# switch and its record are one transaction (I2), and what was revoked stays so
# (I18).

use lib 't/lib';
use Pupil::Test;
use Pupil::Class;

my $class = Pupil::Class->up(workers => 2);
my ($site, $db) = ($class->site, $class->db);
my $who = $class->person('teacher');
my $pupil = $class->person('pupil')->{id};
my $school = $class->teacher->get('/v1/session')
                   ->json->{institutions}[0]{id};

sub role ($what, $role, @at) {
    $site->ctl_ok('user', 'role', $what, $who->{login}, $role, @at,
                  $site->ctl_where);
}
sub log_in {
    my $http = $class->nginx->http;
    is_status $http->login(@$who{qw(login password)}), 200, 'logged in';
    return $http;
}
sub switch ($http, $institution, @role) {
    return $http->post('/v1/session/institution', json => {
        institution_id => $institution,
        @role ? (role => $role[0]) : () });
}
# [school or nothing, role, roles] of each entry, the active one first.
sub entries ($res) {
    return map { [@$_{qw(id role roles)}] }
           sort { $b->{active} <=> $a->{active} }
           @{ $res->json->{institutions} };
}

role(add => 'school_admin', '--institution', $school);
role(add => 'dpo');


# ---- what there is

my $http = log_in();
my $res = $http->get('/v1/session');
is_deeply [entries($res)],
    [[$school, 'school_admin', [qw(school_admin teacher)]],
     [undef, 'dpo', ['dpo']]], 'each role is told, where it is';


# ---- another role at the same school

is_problem $http->get('/v1/homework'), 403, 'not-granted',
    name => 'a school administrator has no homework';
my $before = $class->nginx->http;
$before->{cookies} = { %{ $http->cookies } };
$res = switch($http, $school, 'teacher');
is_status $res, 200, 'becomes a teacher';
is $res->json->{user}{role}, 'teacher', 'is one';
is_deeply [entries($res)],
    [[$school, 'teacher', [qw(school_admin teacher)]], [undef, 'dpo', ['dpo']]],
    'the entry says so';
is_status $http->get('/v1/homework'), 200, 'and has homework';
is_problem $before->get('/v1/session'), 401, 'no-session',
    name => 'the old token is dead';
is_deeply $db->selectall_arrayref('SELECT outcome, role, note'
    . ' FROM pupil.audit_record WHERE request = ? ORDER BY role', {},
    $res->request_id),
    [['allowed', 'school_admin', "to institution $school as teacher"],
     ['allowed', 'teacher', undef]],
    'a record says from which role to which, and one what the answer shows';
is switch($http, $school)->json->{user}{role}, 'school_admin',
    'without a role: the strongest there';


# ---- a role of the whole tenant

$res = switch($http, undef);
is_status $res, 200, 'becomes the data protection officer';
is_deeply +(entries($res))[0], [undef, 'dpo', ['dpo']], 'of no school';
$res = $http->get("/v1/data/identity/$pupil");
is_status $res, 200, 'and acts as one';
is $res->json->{relation}, 'dpo', 'in that relation';
is_status switch($http, $school, 'teacher'), 200, 'and teaches again';
is_status switch($http, undef, 'dpo'), 200, 'by its name, too';


# ---- what one has not

for my $case ([$school, 'pupil'], [undef, 'tenant_admin'], [$school, 'dpo'],
              [undef, 'teacher'], [uuid(), 'teacher'])
{
    my ($at, $role) = @$case;
    $res = switch($http, $at, $role);
    is_problem $res, 404, 'not-found',
        name => "no $role at " . ($at // 'the whole tenant');
    is_deeply $class->outcomes($res), ['not_found'],
        'which is on record';
}
is_problem switch($class->pupil, undef), 404, 'not-found',
    name => 'a pupil has nothing of the whole tenant';
for my $role ('headmaster', '', 'Teacher') {
    is_problem switch($http, $school, $role), 422, 'invalid',
        field => '/role', $role eq '' ? () : (rule => 'enum'),
        name => "no role: \"$role\"";
}
is $http->get('/v1/session')->json->{user}{role}, 'dpo', 'nothing changed';


# ---- revoked

$db->do('CREATE TABLE public.kept AS SELECT * FROM pupil.role'
    . " WHERE subject = ? AND role = 'school_admin'", {}, $who->{id});
role(remove => 'school_admin', '--institution', $school);
$db->do('INSERT INTO pupil.role SELECT * FROM public.kept');
$http = log_in();
is_deeply +(entries($http->get('/v1/session')))[0],
    [$school, 'teacher', ['teacher']], 'a row that is put back is none';
is_problem switch($http, $school, 'school_admin'), 404, 'not-found',
    name => 'and gives nothing';

done_testing;
