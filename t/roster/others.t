#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Ids that a school's system uses again: another child never gets the account of
# who had the id, with its work and its password, at once, in steps, or behind a
# run that was killed.

use lib 't/lib';
use Pupil::Test;
use Pupil::Killed;
use Pupil::Roster;
use JSON::XS ();

my $site = pupil_up;
my $case = { name => 'others', format => 'oneroster' };
my $users = slurp(root_dir() . '/t/roster/cases/oneroster/users.csv');
my $in = slurp(root_dir() . '/t/roster/cases/oneroster/enrollments.csv');

sub folder ($some, $rest = $in) {
    return roster_folder($case, 1, 'users.csv' => $some,
                         'enrollments.csv' => $rest);
}

# Lines that were refused, of a run that has to be taken.
sub refused ($folder, @options) {
    my $run = $site->ctl('import', 'oneroster', $folder, '--json',
                         '--close-absent', @options, $site->ctl_where);
    is $run->{code}, 0, 'the roster is taken' or diag $run->{err};
    my $report = eval { JSON::XS::decode_json($run->{out}) } // {};
    return [map { "$_->{file}:$_->{line} $_->{reason}" }
            @{ $report->{refused} }];
}

sub id ($login) { Pupil::Roster::id_of($site, $login) // 'nobody' }

# A row of a pupil.
sub row ($id, $login, $name) { "$id,,,true,o1,student,$login,,$name,,,,,,,,\n" }

# The file with another row for an id.
sub with ($text, $id, $login, $name) {
    return $text =~ s/^$id,.*\n/row($id, $login, $name)/emr;
}

# Why a line of users.csv is refused.
sub other ($line) {
    return ["users.csv:$line neither its name nor its log-in name is as it was:"
            . ' is this id that of somebody else?'];
}

refused(folder($users));
my %id = map { ($_ => id("pupil$_")) } 1 .. 12;


# ---- who left, and whose log-in name somebody else has got

my ($gone, $gone_in) = ($users =~ s/^p6,.*\n//mr, $in =~ s/,p6,/,p60,/r);
my $later = $gone . row('p60', 'pupil6', 'Stig,Kvist');
is_deeply refused(folder($later, $gone_in)), [], 'a name is somebody else\'s';
is_deeply refused(folder($later . row('p6', 'zora9', 'Zora,Nystrom'),
                         $gone_in)), other(16),
    'the id of who left is another child\'s';
isnt id('zora9'), $id{6}, 'who is not who left';
is_deeply refused(folder($later . row('p6', 'soren', "S\xc3\xb8ren,Krag"),
                         $gone_in)), [],
    'who left comes back by another log-in name';
is id('soren'), $id{6}, 'and is who they were';


# ---- in two steps, by a row without a log-in name

is_deeply refused(folder(with($users, 'p5', '', 'Olle,Orm'))), other(8),
    'another name, and no log-in name';
is_deeply refused(folder(with($users, 'p5', 'olle5', 'Olle,Orm'))), other(8),
    'nor with one a day later';
isnt id('olle5'), $id{5}, 'who is not who had the id';
is_deeply refused(folder(with($users, 'p5', '', 'Ebba,Falk'))), [],
    'a log-in name is gone';
is_deeply refused(folder(with($users, 'p5', '', 'Olle,Orm'))), other(8),
    'and then the name is another';
is_deeply refused(folder(with($users, 'p5', 'olle5', 'Olle,Orm'))), other(8),
    'and then both';
is_deeply refused(folder(with($users, 'p5', 'ebba5', 'Ebba,Falk'))), [],
    'another log-in name, and the name of before';
is id('ebba5'), $id{5}, 'is who they were';
is_deeply refused(folder(with($users, 'p5', 'ebba5', ','))), [],
    'a name is gone';
is_deeply refused(folder(with($users, 'p5', 'olle5', 'Olle,Orm'))), other(8),
    'and then both are others';
is_deeply refused(folder(with($users, 'p5', 'ebba5', 'Ebba,Falk'))), [],
    'the name is back';
is_deeply refused(folder($users)), [], 'and then the log-in name';


# ---- by a row without a log-in name, of who left

is_deeply refused(folder($users =~ s/^p7,.*\n//mr, $in =~ s/^e-p7,.*\n//mr)),
    [], 'one more leaves';
is_deeply refused(folder(with($users, 'p7', '', 'Zora,Nystrom'))), other(10),
    'the id is another child\'s, who has no log-in name';
is_deeply refused(folder($users)), [], 'who left comes back';
is id('pupil7'), $id{7}, 'and is who they were';


# ---- behind a run that was killed within a swap

my $swapped = with(with($users, 'p3', 'pupil4', 'Cilla,Ek'), 'p4', 'pupil3',
                   "\xc3\x85sa,\xc3\x96berg");
ok killed_at($site, [pupil => 'LOCK TABLE data.credential IN SHARE MODE'],
    'import', 'oneroster', $site->ctl_where, folder($swapped)),
    'two log-in names are swapped, and the run is killed';
is_deeply refused(folder(with($swapped, 'p4', 'nova4', 'Nova,Ny'))), other(7),
    'an id of them is another child\'s';
isnt id('nova4'), $id{4}, 'who is not who had the id';
is_deeply refused(folder($swapped)), [], 'the next run completes the swap';
is_deeply [id('pupil3'), id('pupil4')], [@id{4, 3}], 'of both names';

done_testing;
