#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# A statement that takes long, and a server that lets nobody in for a moment, as
# one that is full: pupilctl has lost the connection by which it looks whether the
# server is at work.  It opens another, and waits for what is at work.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;

my $site = pupil_up();
my ($db, $pg) = ($site->db, $site->pg);
my $postgres = $pg->connect('postgres');

# Whoever sweeps the throttle is at work until we let go.
$db->do('CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS $$'
    . ' BEGIN WHILE NOT pg_try_advisory_xact_lock_shared(42) LOOP'
    . ' PERFORM pg_sleep(0.1); END LOOP; RETURN NULL; END $$');
$db->do('CREATE TRIGGER slow BEFORE DELETE ON pupil.login_throttle FOR EACH'
    . ' STATEMENT EXECUTE FUNCTION public.slow()');
my $holder = $pg->connect('pupil');
$holder->do('SELECT pg_advisory_lock(42)');

sub pids ($wait) {
    return @{ $db->selectcol_arrayref('SELECT pid FROM pg_stat_activity WHERE'
        . " usename = 'pupil_operator' AND datname = 'pupil' AND"
        . " (wait_event IS NOT DISTINCT FROM 'PgSleep') = ?", {}, $wait) };
}

my $clock = Pupil::Clock->new;
my $log = tmp_dir() . '/log';
open my $out, '>', $log or die "$log: $!\n";
my $ctl = start_process([build_dir() . '/pupilctl', qw(retention run),
    $site->ctl_where], env => { %{ Pupil::Site->ctl_env }, %{ $clock->env } },
    stdout => $out, stderr => $out);
wait_until(60, 'a statement that takes long', sub { pids(1) });
my ($look) = wait_until(60, 'somebody who looks', sub { (pids(0))[0] });


# ---- nobody is let in

$postgres->do('ALTER DATABASE pupil ALLOW_CONNECTIONS false');
$db->do('SELECT pg_terminate_backend(?)', {}, $look);
ok eval { wait_until(60, 'it to look again', sub {
    slurp($pg->log_file) =~ /not currently accepting connections/ }) },
    'another is asked for' or diag $@;
$postgres->do('ALTER DATABASE pupil ALLOW_CONNECTIONS true');


# ---- and then for longer than a server is waited for that is not at work

$clock->faster(2);
my $ends = process_ends($ctl, 60);
ok !$ends, 'what is at work is waited for' or diag slurp($log);
$clock->faster(1);
$holder->do('SELECT pg_advisory_unlock(42)');
$ends ||= process_ends($ctl, 60);
is $?, 0, 'and done' or diag slurp($log);
unlike slurp($log), qr/did not answer/, 'and nobody is said not to answer';

done_testing;
