#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A rotation that is killed at any step is finished by the same command again,
# and ends as if it had not been: one version of each tenant's key, under the
# newest epoch, which wraps the same keys as before.  The step is held by a lock,
# and pupilctl killed with SIGKILL while it waits for that.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $site = pupil_up(import => 1);
my $keys = $site->keystore;
my @where = $site->ctl_where;
my $day = bless { site => $site }, 'Pupil::Day';

sub ctl_ok (@args) {
    my $run = $site->ctl(@args, @where);
    die "@args: $run->{err}" if $run->{code};
    return $run;
}

ctl_ok('subject', 'erase', $site->person('OKlein')->{id});

# Each step, what holds it, and which versions of tenants' keys there are when it
# is killed, which wrap service keys and which people's.  $1: the newest epoch;
# $2: the one before.
my @steps = (
    ['the lock', 'SELECT FROM keystore.tenant_key FOR UPDATE', 'old old old'],
    ['the version', 'SELECT FROM keystore.kek_epoch WHERE epoch = $1 FOR'
        . ' UPDATE', 'old old old'],
    ['service keys', 'LOCK TABLE keystore.service_key IN SHARE ROW EXCLUSIVE'
        . ' MODE', 'both old old'],
    ["owners' keys", 'LOCK TABLE keystore.owner_key IN SHARE ROW EXCLUSIVE'
        . ' MODE', 'both new old'],
    ['the old version', 'SELECT FROM keystore.kek_epoch WHERE epoch = $2 FOR'
        . ' UPDATE', 'both new new'],
);

# How many keys are under each version; of tenants, under each epoch.
sub kept () {
    my $count = sub ($column, $from) {
        map { join ':', @$_ } @{ $keys->selectall_arrayref("SELECT $column,"
            . " count(*) FROM keystore.$from GROUP BY 1 ORDER BY 1") };
    };
    return join ' ', $count->(qw(epoch tenant_key)), '|',
        $count->(qw(version tenant_key)), '|',
        $count->(qw(tenant_version service_key)), '|',
        $count->(qw(tenant_version owner_key));
}

# Which versions there are, and wrap something; each has its epoch's number.
sub midst ($old, $new) {
    my %name = ($old => 'old', $new => 'new', "$old $new" => 'both');
    return join ' ', map {
        $name{join ' ', @{ $keys->selectcol_arrayref("SELECT DISTINCT $_"
            . ' ORDER BY 1') }} // 'none';
    } 'version FROM keystore.tenant_key',
      'tenant_version FROM keystore.service_key',
      'tenant_version FROM keystore.owner_key WHERE wrapped IS NOT NULL';
}

# In clear: what is wrapped.
sub wrapped () {
    my %of = $day->keys_of;
    return join ' ', sort grep { $of{$_} =~ /service|owner/ } keys %of;
}

# Kills pupilctl as it waits for what $holder has locked.
sub kill_waiting ($holder) {
    open my $null, '>', '/dev/null' or die "$!\n";
    my $pid = start_process([build_dir() . '/pupilctl', 'key', 'rotate',
        @where], env => Pupil::Nginx->sanitizer_env, stdout => $null,
        stderr => $null);
    my $waits = eval { wait_until(60, 'pupilctl to wait', sub {
        $keys->selectrow_array("SELECT count(*) FROM pg_stat_activity WHERE"
            . " wait_event_type = 'Lock'") }) };
    kill KILL => $pid;
    process_ends($pid, 60);
    $holder->rollback;
    wait_until(60, 'what it had begun to end', sub {
        !$keys->selectrow_array('SELECT count(*) FROM pg_stat_activity WHERE'
            . " usename = 'pupil_operator' AND state <> 'idle'") });
    return $waits && ($? & 127) == 9;
}

my ($before, $begun) = (wrapped(), kept());
my ($old, $new) = (1, 2);

sub epoch () { ctl_ok('key', $_) for qw(generate register) }

sub ended ($name) {
    is kept(), $begun =~ s/(?<!\d)1:/$new:/gr, "$name: the same end";
    is wrapped(), $before, "$name: which wraps the same keys";
    is $site->ctl('key', 'retire', $old, @where)->{code}, 0,
        "$name: the epoch before is retired";
    spew($site->key, slurp($site->key) =~ s/^.*\n//r, 0600);
    ($old, $new) = ($old + 1, $new + 1);
}

epoch();
ctl_ok('key', 'rotate');
ended('not killed');

for my $step (@steps) {
    my ($name, $sql, $left) = @$step;
    epoch();
    my $holder = $site->keys_pg->connect('pupil_keys', AutoCommit => 0);
    $holder->do($sql =~ s/\$1/$new/r =~ s/\$2/$old/r);
    ok kill_waiting($holder), "$name: killed while it waits";
    $holder->disconnect;

    is midst($old, $new), $left, "$name: as far as it got";
    isnt $site->ctl('key', 'retire', $old, @where)->{code}, 0,
        "$name: what wraps something is not retired";
    is $site->ctl('key', 'rotate', @where)->{code}, 0, "$name: again";
    ended($name);
}

done_testing;
