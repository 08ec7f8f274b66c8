#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: the last checkpoint of a tenant that ends is kept outside of the database
# before its keys go, and is shipped however long that takes.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Day;

my $stays = pupil_up(import => 1);
my $goes = Pupil::Day::neighbour($stays);
my ($db, $tenant) = ($stays->db, $goes->tenant);
my ($dir, $to, $log) = map { tmp_dir() . "/$_" } qw(checkpoints shipped log);
my $down = tmp_dir() . '/down';
my $file = "$dir/$tenant.checkpoints";
mkdir $_ or die "$_: $!\n" for $dir, $to;

sub notes ($path) {
    return -e $path ? scalar(() = slurp($path) =~ /^pupil-audit/mg) : 0;
}

sub batches {
    return 0 + $db->selectrow_array('SELECT count(*) FROM pupil.seal WHERE'
        . ' tenant = ?', {}, $tenant);
}

sub soon ($code) { return eval { wait_until(60, 'it', $code); 1 } }

open my $out, '>', $log or die "$log: $!\n";
my $sealer = start_process([build_dir() . '/pupilctl', qw(audit seal --follow),
    '--checkpoints', $dir, '--ship', "[ ! -e $down ] && cp \"\$1\" $to/",
    $stays->ctl_databases], env => Pupil::Clock->new(speed => 5)->env,
    stdout => $out, stderr => $out);
wait_until(60, 'what is shipped', sub {
    batches() > 0 && notes("$to/$tenant.checkpoints") == batches() });


# ---- its disk goes away, and what ships fails, while it ends

spew($down, '');
rename $dir, "$dir-real" or die "$dir: $!\n";
mkdir $dir or die "$dir: $!\n";
my $before = batches();
my $end = start_process([build_dir() . '/pupilctl', qw(tenant offboard),
    qw(Grannkommunen --without-export), $goes->ctl_where],
    env => Pupil::Site->ctl_env,
    stdout => $out, stderr => $out);
wait_until(60, 'the sealer to miss its disk', sub {
    batches() > $before && slurp($log) =~ /\Q$file\E/ });
rmdir $dir or die "$dir: $!\n";
rename "$dir-real", $dir or die "$dir: $!\n";
ok soon(sub { process_ends($end, 0) }), 'the tenant ends' or diag slurp($log);
is notes($file), batches(), 'its last checkpoint is kept';
unlink $down or die "$down: $!\n";
ok soon(sub { notes("$to/$tenant.checkpoints") == batches() }),
    'and shipped when that works again';

kill TERM => $sealer;
process_ends($sealer, 60);
done_testing;
