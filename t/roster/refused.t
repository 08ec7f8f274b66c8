#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Refused is not absent (pitfall 46): whoever's row cannot be taken keeps what
# was there, and is named by file and line.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;

my @all = (live => [12, 1, 1, 12, 1]);
my @steps = (steps => [[1], [2, '--close-absent', '--confirm-removal']]);
my @once = (name => 'once', steps => [[1], [1, '--close-absent']]);

# A file of a roster, changed.
sub changed ($file, $from, $to, $of = 'oneroster') {
    my $text = slurp(root_dir() . "/t/roster/cases/$of/$file");
    $text =~ s/$from/$to/ or die "$file has no $from\n";
    return with => { $file => $text };
}

my @sds = (@once, format => 'sds', @all);
my @roles = (name => '51-roles12', live => [12, 2, 1, 12, 1],
             steps => [[1], [1, '--close-absent']]);
my $role = qr/p1,primary,student,,,o1/;

rosters(pupil_up(schools => 1),
    { name => '07-newline-in-title', is => 'a title that cannot be taken',
      @all, @steps, says => qr/"file": "classes.csv",\s+"line": 2,/ },
    { name => '91-refused-class-close-absent', is => 'a title that is gone',
      @all, @steps, says => qr/class_title is empty/,
      then => sub ($school, $) {
          is $school->db->selectrow_array('SELECT count(*) FROM pupil.class'
              . ' WHERE tenant = ? AND title IS NOT NULL', undef,
              $school->tenant), 2, 'the old one is kept' } },
    { name => '80-pupil-bad-email', is => 'a pupil\'s address is not read',
      @all, refused => [] },
    { name => '86-duplicate-knocks-out-existing', @all,
      steps => [[1], [2, '--close-absent']], refused => ['users.csv:2'],
      is => 'who has a log-in name keeps it', who => {
          pupil1 => 'pupil 1, in pupil 1' } },

    { @once, is => 'a name with a tab', @all,
      changed('users.csv', qr/,Alva,/, ",Al\tva,"),
      who => { pupil1 => 'pupil 1, in pupil 1' },
      says => qr/"file": "users.csv",\s+"line": 4,/ },
    { @once, is => 'a teacher\'s address that is none', @all,
      changed('users.csv', qr/tina\@skola.example/, 'n/a'),
      refused => ['users.csv:2'], then => sub ($school, $) {
          is $school->db->selectrow_array('SELECT count(*) FROM data.contact'
              . ' AS c JOIN pupil.tenant AS t USING (tenant) WHERE tenant = ?'
              . ' AND email IS NOT NULL AND owner <> t.decoy', undef,
              $school->tenant), 2, 'the old one is kept' } },
    { @once, is => 'a NUL byte', @all,
      changed('users.csv', qr/,Alva,/, ",Al\0va,"),
      refused => ['users.csv:4'] },
    { @once, is => 'a school whose name is gone', @all, code => 3,
      changed('orgs.csv', qr/Skola Ett/, ''),
      says => qr/"file": "orgs.csv",\s+"line": 2,/ },
    { @once, is => 'a cell too many: nobody knows whose row that is', @all,
      changed('users.csv', qr/^p1,.*/m, 'p1,,,true,o1,student,,,,,,,,,,,,,x'),
      refused => ['users.csv:4', 'enrollments.csv:3'],
      says => qr/nobody was ended as absent/ },
    { @once, is => 'an enrolment without a role', @all,
      changed('enrollments.csv', qr/(?<=o1,p1,)student/, ''),
      refused => ['enrollments.csv:3'], says => qr/"its role is empty"/ },
    { @once, is => 'one without a class', @all,
      changed('enrollments.csv', qr/c1(?=,o1,p1,)/, ''),
      refused => ['enrollments.csv:3'], says => qr/"its class is empty"/ },
    { @once, is => 'one of nobody', @all,
      changed('enrollments.csv', qr/p1(?=,student)/, ''),
      refused => ['enrollments.csv:3'],
      says => [qr/"its user is empty"/, qr/nobody was ended as absent/] },
    { @once, is => 'one without a role, that ends',
      live => [12, 1, 1, 11, 1],
      changed('enrollments.csv', qr/,,(c1,o1,p1,)student/,
              'tobedeleted,,c1,o1,p1,'), refused => [] },
    { @roles, is => 'a role that is empty',
      changed('roles.csv', $role, 'p1,primary,,,,o1', '51-roles12/1'),
      says => qr/"its role is empty"/,
      refused => ['roles.csv:4', 'users.csv:4'] },
    { @roles, is => 'one at no school',
      changed('roles.csv', $role, 'p1,primary,student,,,', '51-roles12/1'),
      says => qr/"its institution is empty"/,
      refused => ['roles.csv:4', 'users.csv:4'] },
    { @sds, is => 'SDS: an enrolment without a class',
      changed('StudentEnrollment.csv', qr/10(?=,101)/, '', 'sds'),
      refused => ['StudentEnrollment.csv:2'] },
    { @sds, is => 'SDS: one of nobody',
      changed('StudentEnrollment.csv', qr/(?<=10,)101/, '', 'sds'),
      refused => ['StudentEnrollment.csv:2'],
      says => qr/nobody was ended as absent/ },
    { name => '55-roles-unknown', live => [3, 2, 1, 3, 1],
      is => 'who has another role is not taken, and no error',
      refused => ['enrollments.csv:12'],
      says => [qr/"users": \{[^}]*"not_taken": 8\b/,
               qr/"enrolments": \{[^}]*"not_taken": 8\b/] },
    { name => '38-protected-identity', live => [11, 1, 1, 11, 1],
      is => 'whose identity is protected is not taken as others are',
      refused => ['users.csv:4'], says => qr/identity is protected/, who => { pupil1 => 'nobody' } },
    { name => '15-blank-lines', is => 'a line with nothing is no row', @all,
      refused => [] },
    { name => '09b-header-has-two-empty-columns', @all, refused => [],
      is => 'columns without name and value are none' },
);

done_testing;
