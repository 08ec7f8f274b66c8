#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The audit of a tenant that has ended goes, too, once its time is over: how far
# was signed while there was a key for it, and until then whatever is missing is
# found as before (invariant I9).

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Killed;
use Pupil::Later;

use JSON::XS ();

my $stays = pupil_up(import => 1);
my $goes = Pupil::Day::neighbour($stays);
my ($tenant, $dir) = ($goes->tenant, tmp_dir());
my @checkpoints = ('--checkpoints', "$dir/checkpoints");
mkdir $checkpoints[1] or die "$dir: $!\n";
my @all = $stays->ctl_databases;

sub records ($of) {
    return 0 + $stays->db->selectrow_array('SELECT count(*) FROM'
        . ' pupil.audit_record WHERE tenant = ?', {}, $of);
}

sub seal { $stays->ctl_ok('audit', 'seal', @checkpoints, @all) }

# What a run says of it: how many records went.
sub retention (@args) {
    my $run = $stays->ctl('retention', 'run', '--json', @args, @all);
    is $run->{code}, 0, "retention run @args" or diag $run->{err};
    my %of = map { $_->{tenant} => $_->{expired}{audit} }
             JSON::XS->new->incr_parse($run->{out});
    return $of{$tenant} // 0;
}

chomp(my $vkey = $goes->ctl_ok('audit', 'key', $goes->ctl_where)->{out});
sub verify { return $goes->ctl('audit', 'verify', @checkpoints, '--vkey', $vkey,
                               $goes->ctl_where) }

sub whole ($when) {
    my $run = verify();
    is $run->{code}, 0, "$when: it verifies" or diag "$run->{out}$run->{err}";
    return $run->{err};
}

$goes->ctl_ok('retention', 'set', 'audit', '365', '--reference', 'D 1',
              $goes->ctl_where);
my @end = ('tenant', 'offboard', 'Grannkommunen', '--without-export',
           $goes->ctl_where);
$goes->ctl(@end);
seal();
is $goes->ctl(@end)->{code}, 0, 'a tenant ends';
seal();


# ---- until its time is over

my ($theirs, $ours) = map { records($_->tenant) } $goes, $stays;
cmp_ok $theirs, '>', 0, 'its audit stays';
is retention(), 0, 'today';
unlike whole('today'), qr/gone by retention/,
    'and nothing of it is said to be gone';

later($stays, 330);
is retention(), 0, 'eleven months later';
is records($tenant), $theirs, 'all is there';
my $db = $stays->db;
$db->do('CREATE TABLE public.kept AS SELECT * FROM pupil.audit_record WHERE'
    . ' tenant = ?', {}, $tenant);
$db->do('DELETE FROM pupil.audit_record WHERE tenant = ?', {}, $tenant);
my $run = verify();
is $run->{code}, 1, 'whoever takes it away before is found';
like $run->{out}, qr/\bremoved\b/, 'record by record';
$db->do('INSERT INTO pupil.audit_record SELECT * FROM public.kept');
whole('put back');


# ---- a year behind the month in which it ended

later($stays, 430);
is retention('--dry-run'), $theirs, 'what would go';
is records($tenant), $theirs, 'is there';
ok killed_at($stays, [pupil => 'LOCK TABLE pupil.audit_subject IN SHARE MODE'],
             'retention', 'run', '--tenant', $tenant, @all), 'killed';
is retention(), $theirs, 'run again: it goes';
is records($tenant), 0, 'nothing is left of it';
like whole('then'), qr/gone by retention/, 'which is said';
is retention(), 0, 'once';
cmp_ok records($stays->tenant), '>=', $ours, 'that of others stays';
is $stays->ctl('audit', 'verify', @checkpoints, $stays->ctl_where)->{code}, 0,
    'and verifies';

done_testing;
