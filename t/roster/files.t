#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Files: what they are written in is named, and what is none is refused as a
# whole before anything is written; no value of a file is in the report.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;
use POSIX ();

my $site = pupil_up(schools => 1);
my @nobody = (live => [0, 0, 0, 0, 0]);
my $base = root_dir() . '/t/roster/cases/oneroster';

sub users ($from, $to) {
    return with => { 'users.csv' => slurp("$base/users.csv") =~ s/$from/$to/r };
}

sub utf16 ($text) { join '', map { "$_\0" } split //, $text }

rosters($site,
    { name => '03-latin1-first', is => 'Windows-1252 is refused as a whole',
      code => 1, @nobody, says => qr/orgs\.csv, line 3.*UTF-8/ },
    { name => 'latin-1', is => 'a name in Latin-1', code => 1, @nobody,
      users(qr/Tina/, "Andr\xe9"), says => qr/users\.csv, line 2.*UTF-8/ },
    { name => 'utf-16', is => 'UTF-16 without a mark', code => 1, @nobody,
      with => { 'users.csv' => utf16(slurp("$base/users.csv")) },
      says => qr/users\.csv.*UTF-16/ },
    { name => '05-semicolons', is => 'semicolons are named', code => 1,
      @nobody, says => qr/semicolons/ },
    { name => 'tabs', is => 'tabs are named', code => 1, @nobody,
      with => { 'users.csv' => slurp("$base/users.csv") =~ tr/,/\t/r },
      says => qr/tabs/ },
    { name => '08-cr-only', is => 'lines that end in CR are counted',
      live => [11, 1, 1, 11, 1], says => qr/"file": "users.csv",\s+"line": 6,/ },
    { name => '115-zip-encrypted', is => 'an archive with a password',
      steps => [['in.zip']], code => 1, @nobody, says => qr/encrypted/ },
    { name => '120-folder-nested', is => 'files one folder deeper',
      whole => 1, code => 1, @nobody, says => qr/in a folder below/ },
    { name => '121-bare-csv', is => 'a file instead of a folder',
      steps => [['1/users.csv']], code => 1, @nobody,
      says => qr/the folder that it is in/ },
    { name => '122-wrong-format', is => 'that of School Data Sync', whole => 1,
      code => 1, @nobody, says => qr/import sds/ },
    { name => '122-wrong-format', is => 'that of OneRoster', whole => 1,
      format => 'sds', steps => [[2]], code => 1, @nobody,
      says => qr/import oneroster/ },
    { name => '107-stray-file-without-header', live => [12, 1, 1, 12, 1],
      is => 'no value of a stray file is shown',
      not => qr/Alva|Berg|0701234567|20130102|Storgatan/ },
);

# What is no plain file is neither read nor waited for.
for my $odd (
    ['a sub-folder', sub ($at) { mkdir $at }],
    ['a FIFO', sub ($at) { POSIX::mkfifo($at, 0644) }],
    ['a link', sub ($at) { symlink "$base/users.csv", $at }],
    ['a device', sub ($at) { symlink '/dev/zero', $at }])
{
    my ($what, $make) = @$odd;
    my $case = { name => '119-folder-odd-entries', format => 'oneroster' };
    my $school = Pupil::Roster::tenant($site, $what);
    my $folder = roster_folder($case, 1);
    $make->("$folder/notes.csv");
    my $run = $school->ctl('import', 'oneroster', $folder, '--json',
                           $school->ctl_where, { timeout => 300 });
    is $run->{code}, 1, "$what in a folder" or diag $run->{out};
    like $run->{err}, qr/notes\.csv is no plain file/, 'is named';
}

done_testing;
