#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# No command of pupilctl waits for ever for a database that is there and does
# not answer: it says so, ends with an exit code of its own, and the same
# command finishes once the database answers.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use JSON::XS ();

my $site = pupil_up(import => 1);
my $db = $site->db;
my $data = root_dir() . '/docs/quickstart/data/oneroster-sds-2.1';
my ($erased, $closed, $held) = @{ $db->selectcol_arrayref('SELECT subject FROM'
    . " pupil.role WHERE role = 'pupil' ORDER BY subject LIMIT 3") };

sub waiting {
    return $db->selectrow_array('SELECT min(pid) FROM pg_stat_activity WHERE'
        . " usename = 'pupil_operator' AND wait_event_type = 'Lock'");
}

# Freezes who serves pupilctl while that waits for what is locked, and lets
# minutes pass for pupilctl, once nothing else is in its way.
sub frozen_at ($database, $table, @words) {
    my $holder = $site->pg->connect($database, AutoCommit => 0);
    $holder->do("LOCK TABLE $table IN ACCESS EXCLUSIVE MODE");

    my $clock = Pupil::Clock->new;
    my $log = tmp_dir() . '/log';
    open my $out, '>', $log or die "$log: $!\n";
    my $ctl = start_process([build_dir() . '/pupilctl', @words],
        env => { %{ Pupil::Site->ctl_env }, %{ $clock->env } },
        stdout => $out, stderr => $out);
    my $pid = wait_until(60, 'pupilctl to wait', \&waiting);

    kill STOP => $pid or die "$pid: $!\n";
    $holder->rollback;
    $holder->disconnect;
    $clock->faster(600);
    my $ends = process_ends($ctl, 60);
    my $code = $? >> 8;
    kill KILL => $ctl if !$ends;
    kill CONT => $pid;
    wait_until(60, 'what it had begun to end', sub {
        !$db->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE'
            . " usename = 'pupil_operator'") });
    process_ends($ctl, 60);
    return { ends => $ends, code => $code, said => slurp($log), pid => $pid };
}

my @cases = (
    ['user list', pupil => 'pupil.audit_record', qw(user list)],
    ['import', pupil => 'pupil.imported', qw(import oneroster), $data,
     qw(--dates open)],
    ['subject close', pupil => 'pupil.session', qw(subject close), $closed],
    ['subject close, the keys', pupil_keys => 'keystore.owner_key',
     qw(subject close), $held],
    ['subject erase', pupil => 'pupil.blind_index', qw(subject erase),
     $erased],
    ['subject erase, the keys', pupil_keys => 'keystore.ledger',
     qw(subject erase), $closed],
    ['retention run', pupil => 'pupil.login_throttle', qw(retention run)],
    ['audit verify', pupil => 'pupil.seal', qw(audit verify)],
    ['work', pupil => 'pupil.revocation', qw(work)],
);

sub case ($name, $database, $table, @words) {
    my $run = frozen_at($database, $table, @words);
    ok $run->{ends}, "$name: it ends";
    is $run->{code}, 4, "$name: by an exit code of its own";
    like $run->{said}, qr/a database did not answer for \d+ s: "$database"/,
        "$name: which database does not answer is said";
    like $run->{said}, qr/process $run->{pid}\b/, "$name: and its process";
    $run = $site->ctl(@words);
    is $run->{code}, 0, "$name: and again it is done" or diag $run->{err};
}

case(@$_, $site->ctl_where) for @cases;


# ---- the end of a tenant, of which much goes at once

my @databases = $site->ctl_databases;
$site->ctl_ok('erasure', 'key', '--key', $site->key);
my $id = JSON::XS::decode_json($site->ctl_ok('tenant', 'add', 'town', '--json',
    @databases)->{out})->{tenant};
my @offboard = ('tenant', 'offboard', 'town', '--without-export',
    '--key-backup-days', 5, '--ledger', tmp_dir() . '/ledger', '--tenant', $id,
    @databases);

mkdir tmp_dir() . '/checkpoints' or die "$!\n";
$site->ctl(@offboard);
$site->ctl_ok('audit', 'seal', '--checkpoints', tmp_dir() . '/checkpoints',
              @databases);
case('tenant offboard', pupil => 'data.contact', @offboard);

done_testing;
