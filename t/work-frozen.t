#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# pupilctl work --follow does not wait for ever for a database that is there and
# does not answer: it says so and ends, and whoever watches over it starts it
# again.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up();
my $log = tmp_dir() . '/log';

for my $database (qw(pupil pupil_keys)) {
    open my $out, '>', $log or die "$log: $!\n";
    my $work = start_process([build_dir() . '/pupilctl', qw(work --follow),
        $site->ctl_databases], env => Pupil::Nginx->sanitizer_env,
        stdout => $out, stderr => $out);
    my $pid = wait_until(60, 'it to pause', sub {
        $site->db->selectrow_array('SELECT min(pid) FROM pg_stat_activity'
            . " WHERE usename = 'pupil_operator' AND datname = ? AND state ="
            . " 'idle' AND state_change < now() - interval '0.3 s'", {},
            $database) });
    kill STOP => $pid or die "$pid: $!\n";
    ok process_ends($work, 60), "$database: it ends";
    isnt $?, 0, "$database: and not well";
    like slurp($log), qr/a database did not answer for \d+ s/,
        "$database: and says why";
    kill CONT => $pid;
    wait_until(60, 'the connection to go', sub {
        !$site->db->selectrow_array('SELECT count(*) FROM pg_stat_activity'
            . ' WHERE pid = ?', {}, $pid) });
}

done_testing;
