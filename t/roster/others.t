#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Ids that a school's system uses again: another child whose name and log-in name
# are both others does not get the account of who had the id, with its work and
# its password, by a row without one of the two first, behind a run that was
# killed, or after a night.  Who keeps one of the two is the same person, from
# one roster to the next.

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

# What a run says that has to be taken.
sub report ($folder, @options) {
    my $run = $site->ctl('import', 'oneroster', $folder, '--json',
                         '--close-absent', @options, $site->ctl_where);
    is $run->{code}, 0, 'the roster is taken' or diag $run->{err};
    return eval { JSON::XS::decode_json($run->{out}) } // {};
}

# Lines that it refuses.
sub refused (@words) {
    return [map { "$_->{file}:$_->{line} $_->{reason}" }
            @{ report(@words)->{refused} }];
}

sub plan_of ($folder) { report($folder)->{plans}[0]{plan} // 'none' }

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

# The same of whom nothing is known.
sub unknown ($line) {
    return ["users.csv:$line not known who it was: neither a name nor a log-in"
            . ' name is kept of what this source said before'];
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


# ---- who keeps one of the two is the same person, each time

is_deeply refused(folder(with($users, 'p8', 'pupil8', 'Olle,Orm'))), [],
    'another name, by the log-in name of before';
is_deeply refused(folder(with($users, 'p8', 'olle8', 'Olle,Orm'))), [],
    'and then another log-in name, by that name';
is id('olle8'), $id{8}, 'is who they were';
is_deeply refused(folder($users)), other(11), 'but not with both at once';
is_deeply refused(folder(with($users, 'p8', 'pupil8', 'Olle,Orm'))), [],
    'the log-in name is back';
is_deeply refused(folder($users)), [], 'and then the name';


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


# ---- after a night, of who was in no class

my ($nora, $tova) = (row('p13', 'pupil13', 'Nora,Nord'),
                     row('p14', 'pupil14', 'Tova,Tall'));
my $orm = row('p13', 'olle13', 'Olle,Orm');
my $mus = row('p14', 'moa14', 'Moa,Mus');
my $night = sub { $site->ctl_ok('retention', 'run', $site->ctl_where) };

refused(folder($swapped . $nora . $tova));
@id{13, 14} = map { id("pupil$_") } 13, 14;
refused(folder($swapped . $tova));
$site->ctl_ok('user', 'role', 'remove', 'pupil14', 'pupil', '--institution',
    $site->db->selectrow_array('SELECT institution FROM pupil.role WHERE'
        . ' subject = ?', {}, $id{14}), $site->ctl_where);
$night->();
is_deeply refused(folder($swapped . $orm . $mus)),
    [@{ other(16) }, @{ other(17) }],
    'the ids of who left and of whose role was ended are other children\'s';
$site->ctl_ok('subject', 'reopen', $id{13}, $site->ctl_where);
is_deeply refused(folder($swapped . $orm . $mus)),
    [@{ other(16) }, @{ other(17) }], 'nor once an account is opened again';
isnt id('olle13'), $id{13}, 'who is not who left';
isnt id('moa14'), $id{14}, 'nor whose role was ended';
is_deeply refused(folder($swapped . $nora . $tova)), [], 'both come back';
is_deeply [map { id("pupil$_") } 13, 14], [@id{13, 14}], 'and are who they were';

refused(folder($swapped . $tova));
$night->();
is_deeply refused(folder($swapped . $tova
                         . row('p98', 'pupil13', 'Nisse,Ny'))), [],
    'the log-in name of who left is free after a night, too';
is_deeply refused(folder($swapped . $tova
                         . row('p13', 'nora13', 'Nora,Nord'))), [],
    'and who left comes back';
is id('nora13'), $id{13}, 'who is who they were';


# ---- of whom nothing is known

$site->db->do('DELETE FROM pupil.imported WHERE owner = ?', {}, $id{14});
is_deeply refused(folder($swapped . $mus)), unknown(16),
    'whose fingerprints are gone is not known';
is_deeply refused(folder($swapped . $tova)), unknown(16),
    'by the name of before, either';
isnt id('moa14'), $id{14}, 'and nobody else';
is_deeply refused(folder($swapped . $tova), '--accept',
                  plan_of(folder($swapped . $tova))), [],
    'whose plan is accepted is taken';
is id('pupil14'), $id{14}, 'as who they were';
is_deeply refused(folder($swapped . $mus)), other(16), 'and known again';


# ---- by a plan of when the id was somebody else's

my $kim = folder($swapped . row('p14', 'kim14', 'Kim,Kant'));
my $first = plan_of(folder($swapped . $mus));
is_deeply refused($kim, '--accept', plan_of($kim)), [], 'an id is accepted once';
is_deeply refused(folder($swapped . $mus), '--accept', $first), other(16),
    'which a plan of before knows nothing of';
refused(folder($swapped . $tova), '--accept', plan_of(folder($swapped . $tova)));


# ---- who had no name, and whose log-in name somebody else has got

my $heir = row('p99', 'pupil15', 'Ny,Nisse');
refused(folder($swapped . row('p15', 'pupil15', ',')));
$id{15} = id('pupil15');
refused(folder($swapped));
is_deeply refused(folder($swapped . $heir)), [], 'a name is somebody else\'s';
is_deeply refused(folder($swapped . $heir . row('p15', 'olle15', 'Olle,Orm'))),
    other(17), 'the id of who has nothing left is another child\'s';
isnt id('olle15'), $id{15}, 'who is not who had it';

done_testing;
