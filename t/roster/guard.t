#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Limits that a roster meets: of the living, by school and role, in both
# directions; which, and by what.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;

my $site = pupil_up(schools => 1);
my @all = (live => [12, 1, 1, 12, 1]);
my @yes = qw(--close-absent --confirm-removal);
my $users = slurp(root_dir() . '/t/roster/cases/oneroster/users.csv');

sub more ($role, @numbers) {
    join '', map { "n$_,,,true,o1,$role,new$_,,New,N$_,,,,,,,,\n" } @numbers;
}

rosters($site,
    { name => '101-guard-trap-over-years', @all,
      is => 'who left long ago does not count',
      steps => [[1], [2, @yes], [3, @yes], [4, @yes], [5, '--close-absent']] },
    { name => '105-all-teachers-gone', is => 'a whole role is gone',
      live => [20, 1, 1, 20, 1], steps => [[1], [2, '--close-absent']],
      code => 3, says => qr/no teacher.*school/i },
    { name => '84-users-doubled', is => 'teachers of a school multiply', @all,
      steps => [[1], [2]], code => 3, says => qr/60 new.*teacher/ },
    { name => 'growth', is => 'nor does --confirm-removal let them in', @all,
      steps => [[1], [1, '--confirm-removal']], code => 3,
      with => { 'users.csv' => $users . more('administrator', 1 .. 10) } },
    { name => 'growth', is => 'some new pupils and teachers are none',
      steps => [[1], [1]], live => [21, 5, 1, 12, 1],
      with => { 'users.csv' => $users . more('student', 1 .. 9)
                               . more('teacher', 10 .. 13) } },
    { name => 'change', is => 'another teacher for the only one',
      steps => [[1], [1, '--close-absent']], live => [12, 1, 1, 12, 0],
      with => { 'users.csv' => ($users =~ s/^t1,.*\n//mr)
                               . more('teacher', 1),
                'enrollments.csv' => (slurp(root_dir() . '/t/roster/cases/'
                    . 'oneroster/enrollments.csv') =~ s/^e-t1.*\n//mr) } },
    { name => '97-forty-percent-gone-no-flag', @all, steps => [[1], [2]],
      is => 'who is not there any more is counted',
      says => qr/"absent": \{\s+"users": 5\b/ },
);

done_testing;
