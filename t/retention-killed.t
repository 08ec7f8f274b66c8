#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A run of pupilctl retention that is killed at any step is finished by the next
# one, and ends as if it had not been: records that have expired and what finds
# them, whoever is past recovery, sessions.  The step is held by a lock, and
# pupilctl killed with SIGKILL while it waits for that.

use lib 't/lib';
use Pupil::Test;
use Pupil::Campaign;
use Pupil::Day;

my $day = Pupil::Day->up->all_here->work;
my ($site, $db, $keys) = ($day->site, $day->db, $day->site->keystore);

# Each step: its name, in which database, what holds it.
my @steps = (
    ['the ledger', pupil_keys => 'LOCK TABLE keystore.ledger IN SHARE MODE'],
    ['the fence', pupil => 'LOCK TABLE pupil.ledger IN SHARE MODE'],
    ['the floors', pupil_keys => 'LOCK TABLE keystore.floor IN SHARE MODE'],
    ['the key', pupil_keys =>
     'SELECT FROM keystore.owner_key WHERE owner = ? FOR UPDATE'],
    (map { [$_, pupil => "LOCK TABLE $_ IN SHARE MODE"] }
        one_in(2, 0, qw(pupil.audit_record data.network data.credential
            data.identity pupil.blind_index data.example pupil.role
            data.progress pupil.session pupil.imported pupil.login_throttle
            pupil.enrolment))),
);
my @whom = @{ $db->selectcol_arrayref("SELECT r.subject FROM pupil.role AS r"
    . " JOIN pupil.subject AS s USING (tenant, subject) WHERE r.role = 'pupil'"
    . " AND s.status = 'active' ORDER BY r.subject LIMIT " . @steps) };

my @tables = qw(data.network data.credential data.identity data.example
                data.progress pupil.blind_index pupil.imported);

# Somebody who is past recovery, with an address and a session that are old.
sub leaver ($id) {
    $site->ctl_ok('subject', 'close', $id, $site->ctl_where);
    $db->do("UPDATE pupil.closed SET at = now() - interval '500 days' WHERE"
        . ' subject = ?', {}, $id);
    $keys->do("UPDATE keystore.owner_key SET changed_at = now() - interval"
        . " '500 days' WHERE owner = ?", {}, $id);
    $db->do('INSERT INTO data.network (tenant, owner, record, key_version,'
        . ' source, updated_at, seen_at, facts) SELECT tenant, ?,'
        . " gen_random_uuid(), 1, source, now() - interval '40 days', now(),"
        . ' facts FROM data.network LIMIT 1', {}, $id);
    $db->do("UPDATE pupil.session SET expires_at = now() - interval '1 day'"
        . ' WHERE token_hash IN (SELECT token_hash FROM pupil.session WHERE'
        . ' expires_at > now() LIMIT 1)');
    $db->do("INSERT INTO pupil.login_throttle (tenant, bucket, failures,"
        . " last_at, not_before) SELECT ?, sha256(uuid_send(gen_random_uuid())),"
        . " 1, now() - interval '2 days', now()", {}, $site->tenant);
}

# What is left of somebody, and of what is swept.
sub left ($id) {
    return join ' ', (grep { $db->selectrow_array("SELECT count(*) FROM $_"
        . ' WHERE owner = ?', {}, $id) } @tables),
        $db->selectrow_array('SELECT o.state, s.status FROM pupil.owner AS o'
        . ' JOIN pupil.subject AS s ON s.subject = o.owner WHERE o.owner = ?',
        {}, $id),
        $keys->selectrow_array("SELECT state || coalesce(wrapped::text, '')"
        . ' FROM keystore.owner_key WHERE owner = ?', {}, $id),
        $db->selectrow_array('SELECT (SELECT count(*) FROM pupil.role WHERE'
        . ' subject = $1) + (SELECT count(*) FROM pupil.enrolment WHERE'
        . ' subject = $1) + (SELECT count(*) FROM pupil.session WHERE'
        . ' expires_at < now()) + (SELECT count(*) FROM pupil.login_throttle'
        . " WHERE last_at < now() - interval '1 day')", {}, $id),
        (map { "$_->[0]" } @{ $db->selectall_arrayref('SELECT DISTINCT e.state'
        . ' FROM pupil.erasure AS e JOIN pupil.ledger AS l USING'
        . ' (tenant, number) WHERE l.subject = ?', {}, $id) });
}

# Kills pupilctl as it waits for what $holder has locked.
sub kill_waiting ($holder) {
    open my $null, '>', '/dev/null' or die "$!\n";
    my $pid = start_process([build_dir() . '/pupilctl', 'retention', 'run',
        $site->ctl_where], stdout => $null, stderr => $null,
        env => Pupil::Site->ctl_env);
    my $waits = eval { wait_until(60, 'pupilctl to wait', sub {
        $db->selectrow_array("SELECT count(*) FROM pg_stat_activity WHERE"
            . " wait_event_type = 'Lock' AND usename = 'pupil_operator'"
            . ' OR (wait_event_type = \'Lock\' AND query ~ \'keystore\')') }) };
    kill KILL => $pid;
    process_ends($pid, 60);
    $holder->rollback;
    wait_until(60, 'what it had begun to end', sub {
        !$db->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE'
            . " usename = 'pupil_operator' AND state <> 'idle'") });
    return $waits && ($? & 127) == 9;
}

$day->nginx->quit;      # its workers hold none of these
my $end = 'erased closed erased 0 done';

for my $step (@steps) {
    my ($name, $database, $sql) = @$step;
    my $id = shift @whom;
    leaver($id);
    my $before = left($id);
    like $before, qr/recovery closed/, "$name: somebody is there";

    my $holder = $site->pg->connect($database, AutoCommit => 0);
    $holder->do($sql, {}, $sql =~ /\?/ ? $id : ());
    ok kill_waiting($holder), "$name: killed while it waits";
    $holder->disconnect;
    isnt left($id), $end, "$name: it is not done";

    $site->ctl_ok('retention', 'run', $site->ctl_where);
    is left($id), $end, "$name: the same end";
}

is $db->selectrow_array('SELECT count(*) FROM pupil.ledger'), @steps,
    'each is in the ledger, once';
my $run = $site->ctl('retention', 'run', '--json', $site->ctl_where);
unlike $run->{out}, qr/:[1-9]/, 'and nothing is left to do' or diag $run->{out};
is $site->ctl('audit', 'verify', $site->ctl_where)->{code}, 0,
    'the audit verifies';

done_testing;
