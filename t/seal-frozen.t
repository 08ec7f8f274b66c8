#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: a database that is there and does not answer the sealer, for which
# PostgreSQL's process is stopped: the sealer says so, makes its connections
# anew, says who has its turn, and goes on once that is gone.  Meanwhile /status
# shows that nothing is sealed, and workers say it.

use lib 't/lib';
use Pupil::Test;
use Pupil::Clock;
use Pupil::Seal;

my $site = pupil_up(import => 1);
my ($db, $tenant) = ($site->db, $site->tenant);
my $nginx = $site->nginx->start;
my $seal = Pupil::Seal->new($site);
my $log = tmp_dir() . '/log';

open my $out, '>', $log or die "$log: $!\n";
my $sealer = start_process([build_dir() . '/pupilctl', qw(audit seal --follow),
    '--checkpoints', $seal->dir, $site->ctl_databases],
    env => Pupil::Clock->new(speed => 5)->env, stdout => $out, stderr => $out);

# Who serves the sealer, in the data database or in the key store.
sub backend ($database) {
    return $site->db->selectrow_array('SELECT min(pid) FROM pg_stat_activity'
        . " WHERE usename = 'pupil_operator' AND datname = ?", {}, $database);
}

sub unsealed {
    return 0 + $db->selectrow_array('SELECT count(*) FROM pupil.audit_record AS'
        . ' r LEFT JOIN pupil.seal_writer AS w USING (tenant, writer) WHERE'
        . ' r.tenant = ? AND r.number > coalesce(w.number, 0)', {}, $tenant);
}

sub becomes ($what, $is) { return eval { wait_until(300, $what, $is); 1 } }

sub lag { $nginx->http->get('/status')->json->{audit}{unsealed_seconds} // -1 }

ok becomes('the sealer', sub { !unsealed() && lag() >= 0 }), 'all is sealed';

for my $database (qw(pupil pupil_keys)) {
    my $pid = backend($database);
    truncate $out, 0;
    kill STOP => $pid or die "$pid: $!\n";
    $site->ctl_ok('user', 'list', $site->ctl_where);
    ok becomes('the sealer', sub {
        slurp($log) =~ /a database did not answer for \d+ s/ }),
        "$database: what does not answer is said" or diag slurp($log);
    if ($database eq 'pupil') {
        ok becomes('the sealer', sub {
            slurp($log) =~ /stands by.*process $pid\b/ }),
            "$database: and who has the turn" or diag slurp($log);
        ok becomes('a worker', sub { lag() > 10
            && $nginx->log_text =~ /\[error\].*nothing is sealed since/ }),
            "$database: that nothing is sealed shows";
        kill CONT => $pid;
    }
    ok becomes('the sealer', sub { !unsealed() }), "$database: it goes on"
        or diag slurp($log);
    kill CONT => $pid;
    ok alive($sealer), "$database: the same sealer";
}

ok becomes('a worker', sub { lag() >= 0 && lag() <= 10 }), 'nothing is behind';
kill TERM => $sealer;
process_ends($sealer, 60);
is $seal->ctl(qw(audit verify))->{code}, 0, 'the log verifies';

done_testing;
