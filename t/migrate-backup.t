#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl migrate while a backup is written: pg_dump has all tables locked for
# as long as it takes.  The gateway goes on meanwhile, the command waits a
# while, says for whom, and has done nothing; without the backup it is done.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up;
my ($site, $db) = ($day->site, $day->db);
my $pupil = $day->pupil;
my @super = ('--database', $site->pg->conninfo('pupil'), '--keystore',
             $site->pg->conninfo('pupil_keys'), '--key', $site->key);
my ($last) = $db->selectrow_array('SELECT c.relname FROM pg_inherits AS i JOIN'
    . " pg_class AS c ON c.oid = i.inhrelid WHERE inhparent ="
    . " 'pupil.audit_record'::regclass ORDER BY 1 DESC LIMIT 1");

sub months () {
    return $db->selectrow_array("SELECT count(*) FROM pg_class WHERE relname"
        . ' IN (?, ?)', {}, $last, $last =~ s/record/subject/r);
}

# A month has begun since.
$db->do("DROP TABLE pupil.$last, pupil." . $last =~ s/record/subject/r);
my $backup = $site->pg->connect('pupil', AutoCommit => 0);
$backup->do('SET application_name = pg_dump');
$backup->do('LOCK TABLE pupil.audit_record, pupil.audit_subject IN ACCESS SHARE'
            . ' MODE');

my $file = tmp_dir() . '/migrate';
open my $out, '>', $file or die "$file: $!\n";
my $pid = start_process([build_dir() . '/pupilctl', 'migrate', @super],
    stdout => $out, stderr => $out,
    env => Pupil::Site->ctl_env);
my %status;

until (process_ends($pid, 0)) {
    my $res = $pupil->get('/v1/data/identity');
    $status{$res->status}++;
}
is $? >> 8, 1, 'with a backup under way it fails';
is_deeply [keys %status], [200], 'and the gateway answers meanwhile'
    or diag explain \%status;
cmp_ok $status{200} // 0, '>', 1, 'more than once';
like slurp($file), qr/is held by role postgres, application "pg_dump"/,
    'it says for whom it waited' or diag slurp($file);
is months(), 0, 'nothing is half done';

$backup->rollback;
my $run = $site->ctl('migrate', @super);
is $run->{code}, 0, 'without the backup it is done' or diag $run->{err};
is months(), 2, 'and the month is there';

# One that ends while it waits is no matter.
$db->do("DROP TABLE pupil.$last, pupil." . $last =~ s/record/subject/r);
$backup->do('LOCK TABLE pupil.audit_record IN ACCESS SHARE MODE');
open $out, '>', $file or die "$file: $!\n";
$pid = start_process([build_dir() . '/pupilctl', 'migrate', @super],
    stdout => $out, stderr => $out,
    env => Pupil::Site->ctl_env);
wait_until(60, 'migrate to wait', sub {
    $db->selectrow_array('SELECT count(*) FROM pg_locks WHERE NOT granted AND'
        . " relation = 'pupil.audit_record'::regclass AND mode ="
        . " 'AccessExclusiveLock'") });
$backup->rollback;
ok process_ends($pid, 60), 'a backup that ends meanwhile: it ends';
is $? >> 8, 0, 'and is done' or diag slurp($file);
is months(), 2, 'with its month';

done_testing;
