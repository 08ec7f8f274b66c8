#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: what ships checkpoints and hangs is ended, said, and tried again.

use lib 't/lib';
use Pupil::Test;
use Pupil::Seal;

my $site = pupil_up(import => 1);
my $seal = Pupil::Seal->new($site, speed => 5);
my ($log, $away, $hangs, $hung) = map { tmp_dir() . "/$_" }
    qw(log away hangs hung);

sub notes ($path) {
    return -e $path ? scalar(() = slurp($path) =~ /^pupil-audit/mg) : 0;
}

sub batches { 0 + $site->db->selectrow_array('SELECT count(*) FROM pupil.seal') }

open my $out, '>', $log or die "$log: $!\n";
my $sealer = start_process([$seal->command(qw(audit seal --follow --ship),
    "if [ -e $hangs ]; then sleep 1000 & echo \$! >$hung; wait; fi;"
    . " cp \"\$1\" $away")],
    env => $seal->env, stdout => $out, stderr => $out);
wait_until(60, 'what is shipped', sub {
    batches() > 0 && notes($away) == batches() });

spew($hangs, '');
$site->ctl_ok('user', 'list', $site->ctl_where);
wait_until(60, 'what hangs', sub { -s $hung });
unlink $hangs or die "$hangs: $!\n";
chomp(my $pid = slurp($hung));

ok eval { wait_until(90, 'what is shipped', sub {
    notes($away) == batches() }); 1 }, 'what hangs does not keep what is new';
like slurp($log), qr/--ship did not end within \d+ s for .*tried again/,
    'it is said';
# one that nobody waits for has no command line
ok !(-e "/proc/$pid/cmdline" && length slurp("/proc/$pid/cmdline")),
    'and ended, with what it had begun' or kill KILL => $pid;

kill TERM => $sealer;
process_ends($sealer, 60);
done_testing;
