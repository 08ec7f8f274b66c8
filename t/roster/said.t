#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# What a roster says is done at once, without a flag: who is deleted, disabled
# or inactive, and a role that moved.  What it does not say ends nobody: a
# delta is refused, a file that its manifest says is absent says nothing.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;

my @all = (live => [12, 1, 1, 12, 1]);
my @but_one = (live => [11, 1, 1, 11, 1]);
my @then = (steps => [[1], [2]]);
my @once = (name => 'once', steps => [[1], [1]]);

# Files of a roster, changed: [file, from, to] ...
sub changed (@changes) {
    my %with;
    for my $change (@changes) {
        my ($file, $from, $to) = @$change;
        my ($base) = grep { -e } map { root_dir()
            . "/t/roster/cases/$_/$file" } qw(oneroster sds);
        $with{$file} //= slurp($base);
        $with{$file} =~ s/$from/$to/ or die "$file has no $from\n";
    }
    return with => \%with;
}

rosters(pupil_up(schools => 1),
    { name => '40-tobedeleted-user', is => 'a pupil is deleted', @but_one,
      @then, who => { pupil1 => 'no role' } },
    { name => '42-tobedeleted-class', is => 'a class of all: held', @all,
      @then, code => 3, says => qr/13 of 13 enrolments/ },
    { name => '44-sds-inactive', is => 'a pupil is inactive', format => 'sds',
      @but_one, @then, who => { pupil1 => 'no role' } },
    { name => '59-delete-wins', is => 'what is deleted is there anew', @all },
    { name => '45-delta-bundle', is => 'a delta is refused by name', @all,
      @then, code => 1, says => qr/users\.csv.*delta/ },
    { name => '46-delta-close-absent', is => 'whatever is confirmed', @all,
      steps => [[1], [2, '--close-absent', '--confirm-removal']], code => 1,
      says => qr/users\.csv.*delta/ },
    { name => '47-manifest-absent-files', whole => 1,
      is => 'a file that is said to be absent', live => [12, 1, 1, 0, 0] },
    { name => '49-sds-users-only', whole => 1, format => 'sds',
      is => 'users without classes', live => [12, 1, 1, 0, 0] },

    { @once, is => 'a pupil is disabled', @but_one,
      changed(['users.csv', qr/^p1,,,true/m, 'p1,,,false']) },
    { @once, is => 'an enrolment is deleted', live => [12, 1, 1, 11, 1],
      changed(['enrollments.csv', qr/^e-p1,,/m, 'e-p1,tobedeleted,']),
      who => { pupil1 => 'pupil 1' } },
    { @once, is => 'a status that nobody knows changes nothing', @all,
      changed(['users.csv', qr/^p1,,/m, 'p1,ended,']),
      refused => ['users.csv:4'] },
    { @once, is => 'a pupil moves', live => [12, 1, 1, 11, 1],
      changed(['users.csv', qr/^p1,,,true,o1/m, 'p1,,,true,o2'],
              ['enrollments.csv', qr/^e-p1,.*\n/m, '']),
      who => { pupil1 => 'pupil 1' } },
    { name => 'principal', format => 'sds', steps => [[1], [1]],
      is => 'the principal is another one', live => [12, 2, 1, 12, 1],
      changed(['School.csv', qr/900/, '901'], ['Teacher.csv', qr/\z/,
              "901,1,Nora,Ny,nora.ny,,Active,,\n"]),
      who => { 'nora.ny' => 'school_admin 1 teacher 1',
               'tina.lar' => 'teacher 1, in teacher 1' } },
    { name => 'absent', steps => [[1], [1, '--close-absent']], @all,
      is => 'a file that is said to be absent ends nobody',
      with => { 'manifest.csv' => "propertyName,value\n"
                . "manifest.version,1.0\noneroster.version,1.1\n"
                . "file.orgs,bulk\nfile.classes,bulk\nfile.users,bulk\n"
                . "file.academicSessions,bulk\nfile.enrollments,absent\n",
                'enrollments.csv' => undef } },
    { name => 'missing', steps => [[1], [1]], @all, code => 1,
      is => 'a file that is said to be there and is not',
      with => { 'academicSessions.csv' => undef },
      says => qr/academicSessions\.csv/ },
    { name => 'everybody', steps => [[1], [1]], @all, code => 3,
      is => 'whoever says that all are deleted is held',
      changed(map { ['users.csv', qr/^p$_,,/m, "p$_,tobedeleted,"] } 1 .. 12) },
);

done_testing;
