#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Who somebody is: ids are spaces of their own, by source and by file; nobody
# becomes another one, and nobody gets a role that is not theirs.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;

my @all = (live => [12, 1, 1, 12, 1]);
my @then = (steps => [[1], [2]]);
my @once = (name => 'once', steps => [[1], [1]]);

# A file of a roster, changed: [from, to] ...
sub changed ($file, @changes) {
    my ($base) = grep { -e } map { root_dir() . "/t/roster/cases/$_/$file" }
                 qw(oneroster sds);
    my $text = slurp($base);
    for (@changes) {
        my ($from, $to) = @$_;
        $text =~ s/$from/$to/ or die "$file has no $from\n";
    }
    return with => { $file => $text };
}

my $site = pupil_up(schools => 1);

rosters($site,
    { name => '21-teacher-and-pupil-share-id', format => 'sds',
      is => 'a teacher and a pupil with one id are two',
      live => [12, 2, 1, 12, 2], refused => [],
      who => { pupil1 => 'pupil 1, in pupil 1',
               'lena.lind' => 'teacher 1, in teacher 1' } },
    { name => '22-pupil-at-two-schools', format => 'sds', refused => [],
      is => 'a pupil with a row a school is one', live => [13, 1, 1, 13, 1],
      who => { pupil1 => 'pupil 2, in pupil 2' } },
    { name => '39-school-admin-principal', format => 'sds',
      is => 'a pupil is no principal', live => [12, 1, 0, 12, 1],
      says => qr/"file": "School.csv",\s+"line": 2,/ },
    { name => '20-duplicate-id-conflict', is => 'two rows, both are named',
      @all, says => [qr/users\.csv/, qr/"line": 16,/, qr/in line 4\b/] },
    { name => '100-two-schools-one-source', is => 'everybody is another one',
      @all, @then, code => 3, says => qr/14 of 14/, who => {
          pupil1 => 'pupil 1, in pupil 1' } },
    { name => '103-source-typo', is => 'another source, the same people',
      steps => [[1, '--source', 'skola'], [1, '--source', 'skolan']], @all,
      code => 3, says => qr/source \\?"skola\\?"/ },
    { name => '108-pupil-only-enrolled-as-teacher',
      is => 'a pupil is no teacher of a class', live => [12, 1, 1, 11, 1],
      refused => ['enrollments.csv:3'], who => { pupil1 => 'pupil 1' } },
    { name => '56-both-roles-in-class', is => 'nor a teacher a pupil of one',
      @all, refused => ['enrollments.csv:15'] },
    { name => '58-teacher-substitute-short', live => [12, 1, 1, 12, 1],
      is => 'an administrator taught for a while' },

    { @once, is => 'an id is used again: that row is held', @all,
      changed('users.csv', [qr/pupil1,,Alva,Berg/, 'new1,,Nils,Ny']),
      refused => ['users.csv:4'], who => { new1 => 'nobody',
          pupil1 => 'pupil 1, in pupil 1' } },
    { @once, is => 'a name changes', @all, refused => [],
      changed('users.csv', [qr/Alva,Berg/, 'Alva,Dahl']) },
    { @once, is => 'a log-in name changes', @all, refused => [],
      changed('users.csv', [qr/pupil1,,/, 'alva,,']),
      who => { alva => 'pupil 1, in pupil 1', pupil1 => 'nobody' } },
    { @once, is => 'a teacher is an assistant from now on',
      live => [12, 0, 1, 12, 0], steps => [[1], [1, '--confirm-removal']],
      changed('users.csv', [qr/^t1,,,true,o1,teacher/m, 't1,,,true,o1,aide']),
      who => { 'tina.lar' => 'no role' } },
    { @once, is => 'an assistant is no teacher of a class', @all,
      steps => [[1]], changed('users.csv', [qr/\z/,
          "x1,,,true,o1,aide,x.x,,Xenia,X,,,,,,,,\n"]),
      who => { 'x.x' => 'nobody' } },
);

# Ids of School Data Sync had no spaces once: as those of OneRoster, here.
{
    my $school = Pupil::Roster::tenant($site, 'before spaces');
    my $sds = { name => 'before', format => 'sds' };
    my @where = ('--source', 'sds', '--json', $school->ctl_where);
    my @pupils = map { [split /,/] } grep { /^1\d\d,/ }
                 split /\n/, slurp(root_dir() . '/t/roster/cases/sds/Student.csv');
    my $folder = roster_folder({ name => 'before', format => 'oneroster' }, 1,
        'orgs.csv' => "sourcedId,name\n1,Skola Ett\n2,Skola Tv\xc3\xa5\n",
        'classes.csv' => "sourcedId,orgSourcedId,title\n10,1,7A\n20,2,8A\n",
        'users.csv' => join('', "sourcedId,orgSourcedIds,role,username,"
            . "givenName,familyName\n", "900,1,teacher,tina.lar,Tina,"
            . "L\xc3\xa4rare\n", map { join(',', $_->[0], 1, 'student',
                                           @$_[4, 2, 3]) . "\n" } @pupils),
        'enrollments.csv' => "classSourcedId,userSourcedId,role\n"
            . "10,101,student\n");
    $school->ctl_ok('import', 'oneroster', $folder, @where);
    my %before = map { ($_ => Pupil::Roster::id_of($school, $_)) }
                 qw(pupil1 tina.lar);
    $school->ctl_ok('import', 'sds', roster_folder($sds, 1), @where);
    is_deeply { map { ($_ => Pupil::Roster::id_of($school, $_)) }
                qw(pupil1 tina.lar) }, \%before,
        'who was there before ids had spaces is who they were';

    my $run = $school->ctl('import', 'sds', roster_folder($sds, 1,
        'Student.csv' => slurp(root_dir() . '/t/roster/cases/sds/Student.csv')
            . "900,1,Nils,Ny,nils.ny,x,,7,Active,\n"), @where);
    is $run->{code}, 0, 'a pupil with the id of a teacher' or diag $run->{err};
    isnt Pupil::Roster::id_of($school, 'nils.ny'), $before{'tina.lar'},
        'is another account';
}

done_testing;
