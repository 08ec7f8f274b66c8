#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: how far the audit is gone by retention is read with what is left of it:
# pupilctl audit verify finds nothing amiss where retention takes months of it
# while it looks.

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Pupil::Later;
use Pupil::Seal;

my $chaos = Pupil::Chaos->new(pupils => 1);
my ($site, $nginx) = ($chaos->site, $chaos->nginx);
my $seal = Pupil::Seal->new($site);

$chaos->client($chaos->{teacher})->get('/v1/data/identity') for 1 .. 10;
$nginx->quit;
is $seal->seal->{code}, 0, 'a log of which all is sealed';
later($site, 430);
is $site->ctl(qw(retention set audit 365 --reference), 'D 2027-4',
              $site->ctl_where)->{code}, 0, 'whose time is over';
is $seal->ctl(qw(audit verify))->{code}, 0, 'it verifies';
is $seal->seal->{code}, 0, 'what that has stored is sealed as well';
my $records = 'SELECT count(*) FROM pupil.audit_record WHERE at < now() -'
    . " interval '365 days'";
cmp_ok $site->db->selectrow_array($records), '>', 9, 'there is something to go';

# Here verify has read what comes before its snapshot of the log.
my $holder = $site->pg->connect('pupil_keys', AutoCommit => 0);
$holder->do('LOCK TABLE keystore.hole IN ACCESS EXCLUSIVE MODE');
my $file = tmp_dir() . '/verify';
open my $out, '>', $file or die "$file: $!\n";
my $verify = start_process([$seal->command(qw(audit verify))],
    stdout => $out, stderr => $out, env => Pupil::Site->ctl_env);
wait_until(60, 'verify to wait', sub {
    $site->keystore->selectrow_array('SELECT count(*) FROM pg_stat_activity'
        . " WHERE usename = 'pupil_operator' AND wait_event_type = 'Lock'") });

my $run = $site->ctl(qw(retention run), $site->ctl_where);
is $run->{code}, 0, 'retention runs' or diag $run->{err};
is 0 + $site->db->selectrow_array($records), 0, 'and takes it';
$holder->rollback;
ok process_ends($verify, 60), 'verify ends';
is $? >> 8, 0, 'and finds nothing, as nothing is amiss'
    or diag substr slurp($file), 0, 1000;
like slurp($file), qr/^\D*[1-9]\d* events? from before \S+ gone by retention$/m,
    'but what is gone by retention';

done_testing;
