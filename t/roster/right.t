#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Rosters that a school's system exports: what is taken of each, what is held,
# and what is refused as a whole.

use lib 't/lib';
use Pupil::Test;
use Pupil::Roster;

my @all = (live => [12, 1, 1, 12, 1]);
my @but_one = (live => [11, 1, 1, 11, 1]);
my @nobody = (live => [0, 0, 0, 0, 0]);
my @then = (steps => [[1], [2]]);
my @closing = (steps => [[1], [2, '--close-absent']]);
my @archive = (steps => [['in.zip', '--dates', 'open']]);

rosters(pupil_up(schools => 1),

    # how files are written
    { name => '01-bom', is => 'a mark and quotes everywhere', @all,
      refused => [] },
    { name => '02-utf16', is => 'refused as a whole, and why', @nobody,
      code => 1, says => qr/UTF-16/ },
    { name => '13-header-case', is => 'names of columns have no case', @all },
    { name => '14-file-name-case', is => 'nor have names of files', @all,
      whole => 1 },
    { name => '10-columns-added-and-reordered', @all,
      is => 'columns stand in any order; others are named, not shown',
      says => qr/"column": "ssn"/, not => qr{\b130102-2384\b} },
    { name => '16-quote-inside', is => 'refused as a whole, with its line',
      @nobody, code => 1, says => qr/users\.csv, line 6/ },
    { name => '17-nul', is => 'a row with a NUL byte is refused', @but_one,
      refused => ['users.csv:6'] },
    { name => '26-long-id', is => 'an id of 256 bytes is refused', @but_one,
      refused => ['users.csv:6', 'enrollments.csv:5'] },
    { name => '25-id-spaces', is => 'blanks around an id are none of it',
      @all, refused => [] },
    { name => '111-zip-macosx', is => 'companions are no files', @all,
      @archive },
    { name => '112-zip-traversal', is => 'paths lead nowhere', @all,
      @archive },
    { name => '114-zip-twice', is => 'a file in two folders', @nobody,
      @archive, code => 1, says => qr/users\.csv twice/ },
    { name => '117-zip-crc', is => 'a file that is not whole', @nobody,
      @archive, code => 1, says => qr/users\.csv/ },

    # what does not fit together
    { name => '20-duplicate-id-conflict', is => 'two persons are never one',
      @all, refused => ['users.csv:16'] },
    { name => '30-orphan-enrolments', is => 'rows that lead nowhere', @all,
      refused => ['enrollments.csv:15', 'enrollments.csv:16'] },
    { name => '31-class-of-unknown-school', is => 'a class of no school',
      @all, refused => ['classes.csv:3'] },
    { name => '74-same-email', is => 'an address that two have',
      live => [12, 2, 1, 12, 1], refused => ['users.csv:16'] },
    { name => '76-username-forms', is => 'log-in names have forms, not case',
      live => [10, 1, 1, 10, 1],
      who => { "\xc3\xa5sa.\xc3\xb6berg" => 'pupil 1, in pupil 1',
               "jose\xcc\x81" => 'pupil 1, in pupil 1',
               spaced => 'pupil 1, in pupil 1' } },
    { name => '51-roles12', is => 'roles at two schools, one has ended',
      live => [12, 2, 1, 12, 1],
      who => { 'tina.lar' => 'teacher 2, in teacher 1',
               pupil1 => 'pupil 1, in pupil 1' } },
    { name => '54-administrator-role', is => 'a second administrator',
      live => [11, 1, 2, 11, 1], refused => ['enrollments.csv:3'] },
    { name => '67-term-begins-today', is => 'a term that begins', @all },
    { name => '59-delete-wins', is => 'what was deleted is there again',
      @all },

    # what is held, or is not
    { name => '18-truncated', is => 'a file that was cut off', @all, code => 3,
      steps => [[0], [1, '--close-absent']] },
    { name => '23-id-case-change', is => 'every id is another one', @all,
      @then, code => 3 },
    { name => '35-org-vanishes', is => 'a school is gone', @all, @then,
      code => 3 },
    { name => '95-empty', is => 'nobody is left', @all, @closing, code => 3 },
    { name => '96-half-gone', is => 'half of them are gone', @all, @then,
      code => 3 },
    { name => '65-year-rollover', is => 'all enrolments would end', @all,
      @closing, code => 3 },
    { name => '34-pupil-changes-school', is => 'a pupil moves', @closing,
      live => [13, 1, 1, 13, 1], who => { pupil1 => 'pupil 1, in pupil 1' } },
    { name => '33-class-moves-school', is => 'a class moves, with all of it',
      @then, live => [24, 2, 1, 12, 1], then => sub ($school, $) {
          is $school->db->selectrow_array('SELECT count(*) FROM pupil.class'
              . ' AS c JOIN pupil.enrolment AS e USING (tenant, class,'
              . ' institution) WHERE c.tenant = ?', undef, $school->tenant),
              13, 'its enrolments are at its school' } },
    { name => '99-come-back', is => 'who comes back is there again', @all,
      steps => [[1], [2, '--close-absent'], [3, '--close-absent']] },
);

done_testing;
