#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# An erasure that is killed at any step is finished by the same command again,
# or by pupilctl work, and ends as if it had not been.  The step is held by a
# lock, and pupilctl killed with SIGKILL while it waits for that.

use lib 't/lib';
use Pupil::Test;
use Pupil::Campaign;

my $site = pupil_up(import => 1);
my ($db, $keys) = ($site->db, $site->keystore);

my @tables = (qw(data.assessment data.contact data.credential data.example
                 data.identity data.network data.progress pupil.blind_index
                 pupil.enrolment pupil.imported pupil.import_image pupil.notice pupil.outbox
                 pupil.role pupil.session pupil.sign_up pupil.support_grant
                 pupil.trial pupil.breach_found pupil.breach_told
                 pupil.request_text));
my %owned = map { $_ => 1 } grep { /^data|blind|import/ } @tables;

# Each step: its name, in which database, what holds it.
my @steps = (
    ['the ledger', pupil_keys => 'LOCK TABLE keystore.ledger IN SHARE MODE'],
    ['the fence', pupil => 'LOCK TABLE pupil.ledger IN SHARE MODE'],
    ['the record', pupil => 'LOCK TABLE pupil.audit_record IN SHARE MODE'],
    ['the floors', pupil_keys => 'LOCK TABLE keystore.floor IN SHARE MODE'],
    ['the key', pupil_keys =>
     'SELECT FROM keystore.owner_key WHERE owner = ? FOR UPDATE'],
    (map { [$_, pupil => "LOCK TABLE $_ IN SHARE MODE"] } one_in(2, 0, @tables)),
);
my @whom = @{ $db->selectcol_arrayref("SELECT subject FROM pupil.role WHERE"
    . " role = 'pupil' ORDER BY subject LIMIT " . @steps) };

sub erase ($id) {
    return $site->ctl('subject', 'erase', $id, $site->ctl_where);
}

# What is left of somebody: tables with rows, states, and what is open.
sub left ($id) {
    return join ' ', (grep { $db->selectrow_array("SELECT count(*) FROM $_"
        . ' WHERE ' . ($owned{$_} ? 'owner' : 'subject') . ' = ?', {}, $id) }
        @tables),
        $db->selectrow_array('SELECT o.state, s.status FROM pupil.owner AS o'
        . ' JOIN pupil.subject AS s ON s.subject = o.owner WHERE o.owner = ?',
        {}, $id),
        $keys->selectrow_array("SELECT state || coalesce(wrapped::text, '')"
        . ' FROM keystore.owner_key WHERE owner = ?', {}, $id),
        (map { "$_->[0]=$_->[1]" } @{ $db->selectall_arrayref('SELECT e.state,'
        . ' count(*) FROM pupil.erasure AS e JOIN pupil.ledger AS l USING'
        . ' (tenant, number) WHERE l.subject = ? GROUP BY e.state', {}, $id) });
}

sub ledger ($dbh, $schema) {
    return $dbh->selectall_arrayref("SELECT number, subject, encode(hash,"
        . " 'hex') FROM $schema.ledger ORDER BY number");
}

# Kills pupilctl as it waits for what $holder has locked.
sub kill_waiting ($holder, $id) {
    my $env = Pupil::Site->ctl_env;
    open my $null, '>', '/dev/null' or die "$!\n";
    my $pid = start_process([build_dir() . '/pupilctl', 'subject', 'erase',
        $id, $site->ctl_where], env => $env, stdout => $null,
        stderr => $null);
    my $waits = eval { wait_until(60, 'pupilctl to wait', sub {
        $db->selectrow_array("SELECT count(*) FROM pg_stat_activity WHERE"
            . " wait_event_type = 'Lock'") }) };
    kill KILL => $pid;
    process_ends($pid, 60);
    $holder->rollback;
    wait_until(60, 'what it had begun to end', sub {
        !$db->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE'
            . " usename = 'pupil_operator' AND state <> 'idle'") });
    return $waits && ($? & 127) == 9;
}

my $end = 'erased closed erased done=' . @tables;
my $n = 0;

for my $step (@steps) {
    my ($name, $database, $sql) = @$step;
    my $id = $whom[$n++];
    my $before = left($id);
    isnt $before, $end, "$name: somebody is there";

    my $holder = $site->pg->connect($database, AutoCommit => 0);
    $holder->do($sql, {}, $sql =~ /\?/ ? $id : ());
    ok kill_waiting($holder, $id), "$name: killed while it waits";
    $holder->disconnect;

    if ($name eq 'the ledger') {
        is left($id), $before, "$name: what is not in it is not begun";
        is erase($id)->{code}, 0, "$name: again";

    } elsif ($n % 2) {
        isnt left($id), $end, "$name: it is not done";
        is $site->ctl('work', $site->ctl_where)->{code}, 0, "$name: work";

    } else {
        isnt left($id), $end, "$name: it is not done";
        is erase($id)->{code}, 0, "$name: again";
    }
    is left($id), $end, "$name: the same end";
}


# ---- all of them

is_deeply [map { $_->[1] } @{ ledger($keys, 'keystore') }], \@whom,
    'each is in the ledger, once, in order';
is_deeply ledger($db, 'pupil'), ledger($keys, 'keystore'), 'and in its copy';
is $site->ctl('audit', 'verify', $site->ctl_where)->{code}, 0,
    'the audit verifies';

# Another finishes what is open before its own.
my ($first, $second) = @{ $db->selectcol_arrayref("SELECT subject FROM"
    . " pupil.role JOIN pupil.owner ON owner = subject WHERE role = 'pupil'"
    . " AND state = 'active' ORDER BY subject LIMIT 2") };
my $holder = $site->pg->connect('pupil', AutoCommit => 0);
$holder->do('LOCK TABLE data.identity IN SHARE MODE');
ok kill_waiting($holder, $first), 'one more is killed';
is erase($second)->{code}, 0, 'another is erased';
is left($first), $end, 'and the first is finished';
is left($second), $end, 'as is the second';

done_testing;
