package Pupil::Killed;

# Copyright (C) the Pupil authors
#
# pupilctl, killed with SIGKILL at a step.  A step of a database is held by a
# lock, which pupilctl waits for then:
#
#     ok killed_at($site, [pupil => 'LOCK TABLE pupil.seal IN SHARE MODE'],
#                  qw(audit seal ...));
#
# One that is a command's of the operator's is killed by that:
#
#     ok ended_by($site, 9, qw(pupilctl audit seal ... --ship), KILLER);

use v5.36;

use Exporter qw(import);
use Pupil::Site;
use Pupil::Util;

our @EXPORT = qw(ended_by killed_at KILLER);

# In the shell that pupilctl starts for --ship or --mirror.
use constant KILLER => 'kill -9 $PPID';

# Sessions of pupilctl's, those only that wait for a lock, or try again to have
# it.
sub sessions ($site, $waiting = 0) {
    return $site->pg->dbh('postgres')->selectrow_array('SELECT count(*) FROM'
        . " pg_stat_activity WHERE usename = 'pupil_operator'"
        . ($waiting ? " AND (wait_event_type = 'Lock' OR wait_event = 'PgSleep')"
                    : ''));
}

# True when it waited, and was killed.  Returns once the server has ended what
# pupilctl had begun.
sub killed_at ($site, $step, @words) {
    my ($database, @sql) = @$step;
    my $holder = $site->pg->connect($database, AutoCommit => 0);
    $holder->do($_) for @sql;

    open my $null, '>', '/dev/null' or die "$!\n";
    my $pid = start_process([build_dir() . '/pupilctl', @words],
                            env => Pupil::Site->ctl_env, stdout => $null,
                            stderr => $null);
    my $waits = eval { wait_until(60, 'pupilctl to wait', sub {
        sessions($site, 1) }) };
    kill KILL => $pid;
    process_ends($pid, 60) or die "pupilctl survives SIGKILL\n";
    my $killed = ($? & 127) == 9;
    $holder->rollback;
    $holder->disconnect;
    wait_until(60, 'what it had begun to end', sub { !sessions($site) });
    return $waits && $killed;
}

# True when this signal ended it, or, for 0, when it failed by itself.
sub ended_by ($site, $signal, @words) {
    my $run = run_cmd(@words, { env => Pupil::Site->ctl_env });
    wait_until(60, 'what it had begun to end', sub { !sessions($site) });
    return !$run->{timeout} && $run->{code} == ($signal ? 128 + $signal : 1);
}

1;
