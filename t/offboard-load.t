#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A tenant that ends while it is used: from its entry in the ledger on nothing of
# it goes on record any more, and what is on record is sealed before its keys go
# (invariant I9).

use lib 't/lib';
use Pupil::Test;
use Pupil::Chaos;
use Pupil::Clock;

my $chaos = Pupil::Chaos->new(pupils => 3, slow => 10);
my ($site, $db) = ($chaos->site, $chaos->site->db);
my $tenant = $site->tenant;
my ($dir, $log) = map { tmp_dir() . "/$_" } qw(checkpoints log);
mkdir $dir or die "$dir: $!\n";
chomp(my $vkey = $site->ctl_ok(qw(audit key), $site->ctl_where)->{out});

open my $out, '>', $log or die "$log: $!\n";
my $sealer = start_process([build_dir() . '/pupilctl', qw(audit seal --follow),
    '--checkpoints', $dir, $site->ctl_databases],
    env => Pupil::Clock->new(speed => 2)->env, stdout => $out, stderr => $out);

# Records of the tenant, and those that are not sealed.
sub records {
    return $db->selectrow_array('SELECT count(*), count(*) FILTER (WHERE'
        . ' r.number > coalesce(w.number, 0)) FROM pupil.audit_record AS r LEFT'
        . ' JOIN pupil.seal_writer AS w USING (tenant, writer) WHERE r.tenant ='
        . ' ?', {}, $tenant);
}

# As a worker stores one.
sub refused ($role) {
    my $gateway = $site->pg->connect('pupil', AutoCommit => 0, PrintError => 0);
    $gateway->do('SET LOCAL ROLE pupil_gateway');
    $gateway->do('SELECT set_config(?, ?, true)', {}, 'pupil.tenant', $tenant);
    eval { $gateway->do('INSERT INTO pupil.audit_record (tenant, request, role,'
        . " shape, policy, outcome) VALUES (?, ?, ?, '', '', 'allowed')", {},
        $tenant, uuid(), $role) };
    my $state = $gateway->state;
    $gateway->rollback;
    return $state;
}

is refused('pupil'), '', 'what is done is on record';

my $load = $chaos->start;
my ($before) = records();
wait_until(60, 'records', sub { (records())[0] > $before + 300 });

my $run = $site->ctl(qw(tenant offboard Testkommunen --without-export),
                     $site->ctl_where);
is $run->{code}, 0, 'the tenant ends' or diag $run->{err};
is refused('pupil'), 'PU004', 'nothing of it goes on record any more';
is refused('gateway'), 'PU004', 'nor what workers say of their numbers';

my $report = $chaos->end($load);
cmp_ok scalar keys %{ $report->{acked} }, '>', 0, 'it was used';
my ($count, $unsealed) = records();
is $unsealed, 0, "all of $count records are sealed";
is 0 + $db->selectrow_array('SELECT sum(missing) FROM pupil.seal WHERE tenant ='
    . ' ?', {}, $tenant), 0, 'and none is missing';

kill TERM => $sealer;
process_ends($sealer, 60);
$run = $site->ctl(qw(audit verify --checkpoints), $dir, '--vkey', $vkey,
                  $site->ctl_where);
is $run->{code}, 0, 'the log verifies' or diag "$run->{out}$run->{err}",
    slurp($log);

done_testing;
