#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I18: an import ends what it finds and the roster has not.  It refuses to begin
# where something decides which rows it finds; and what was taken away before it,
# and is put back after, ends with the next import (docs/privacy.md).

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(conf => { pupil_session_zone => undef })
                    ->all_here->work;
my ($db, $site) = ($day->db, $day->site);
my $pupil = $day->person('pupil')->{id};
my $homework = $day->homework->{id};
my $folder = root_dir() . '/docs/quickstart/data/sds-100-users';

# The roster without the pupil's enrolment in the class.
my $without = tmp_dir() . '/roster';
mkdir $without or die "$without: $!\n";
for my $path (glob "$folder/*.csv") {
    my ($name) = $path =~ m{([^/]+)$};
    my $text = slurp($path);
    $text =~ s/^11001,13001\r?\n//m or die "$name: nobody\n"
        if $name eq 'StudentEnrollment.csv';
    spew("$without/$name", $text);
}

sub import_it () {
    return $site->ctl('import', 'sds', $without, '--dates', 'open',
                      '--close-absent', $site->ctl_where);
}

sub fetch () { $day->pupil->get("/v1/homework/$homework")->status }


# ---- what decides which rows there are

my $hides = "(subject, class) <> ('$pupil', '@{[$day->class_id]}')";
my $isolation = $db->selectrow_array('SELECT pg_get_expr(polqual, polrelid)'
    . " FROM pg_policy WHERE polrelid = 'pupil.role'::regclass");
my @hidden = (
    ['policy hide on pupil.enrolment',
     ["CREATE POLICY hide ON pupil.enrolment AS RESTRICTIVE FOR SELECT"
      . " USING ($hides)"],
     ['DROP POLICY hide ON pupil.enrolment']],
    ['policy tenant_isolation on pupil.role',
     ["ALTER POLICY tenant_isolation ON pupil.role USING (true)"],
     ["ALTER POLICY tenant_isolation ON pupil.role USING ($isolation)"]],
    ['view pupil.enrolment',
     ['ALTER TABLE pupil.enrolment RENAME TO kept',
      "CREATE VIEW pupil.enrolment AS SELECT * FROM pupil.kept WHERE $hides",
      'GRANT ALL ON pupil.enrolment TO pupil_operator'],
     ['DROP VIEW pupil.enrolment',
      'ALTER TABLE pupil.kept RENAME TO enrolment']],
);

for my $case (@hidden) {
    my ($what, $hide, $show) = @$case;
    $db->do($_) for @$hide;
    my $run = import_it();
    $db->do($_) for @$show;
    is $run->{code}, 1, "an import refuses: $what";
    like $run->{err}, qr/\Q$what\E is not.*nothing was changed/s,
        'and says what decides there';
    is fetch(), 200, 'it has changed nothing';
}


# ---- rows that were not there

my $rows = $day->rows_of('pupil.enrolment', $pupil);
$db->do('DELETE FROM pupil.enrolment WHERE subject = ? AND class = ?', {},
        $pupil, $day->class_id);
is import_it()->{code}, 0, 'an import that finds nothing to end';
$day->put_back($rows);
is fetch(), 200, 'ends nothing';
is import_it()->{code}, 0, 'the next import';
is fetch(), 404, 'ends it';
$day->put_back($rows);
is fetch(), 404, 'for good';

done_testing;
