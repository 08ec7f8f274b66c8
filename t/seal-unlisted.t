#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: which tenants are sealed is the key store's word, too.  Whoever takes a
# tenant's row away stops no sealing by it: its records are sealed, the sealer
# says that the row is gone, and nothing counts as sealed meanwhile.  What is
# not sealed over a minute is a finding of pupilctl audit verify.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;
use Pupil::Seal;

my $day = Pupil::Day->up;
my ($site, $nginx, $db) = ($day->site, $day->nginx, $day->db);
my $tenant = $site->tenant;
my $seal = Pupil::Seal->new($site);
my $log = tmp_dir() . '/log';
my $says = qr/tenant \Q$tenant\E: its row of pupil\.tenant is gone/;
$nginx->allow_log(qr/nothing is sealed since/);

sub start {
    open my $out, '>', $log or die "$log: $!\n";
    return start_process([build_dir() . '/pupilctl', qw(audit seal --follow),
        '--checkpoints', $seal->dir, $site->ctl_databases],
        env => Pupil::Nginx->sanitizer_env, stdout => $out, stderr => $out);
}

sub finish ($sealer) { kill TERM => $sealer; process_ends($sealer, 60) }

sub unsealed {
    return 0 + $db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
        . ' AS r LEFT JOIN pupil.seal_writer AS w USING (tenant, writer)'
        . ' WHERE r.tenant = ? AND r.number > coalesce(w.number, 0)', {},
        $tenant);
}

sub sealed {
    return 0 + $db->selectrow_array('SELECT coalesce(sum(number), 0) FROM'
        . ' pupil.seal_writer WHERE tenant = ?', {}, $tenant);
}

sub lag { $nginx->http->get('/status')->json->{audit}{unsealed_seconds} // 0 }

# What becomes of it, within a while.
sub becomes ($what, $is) {
    return eval { wait_until(60, $what, $is); 1 };
}


# ---- a row that is there

my $teacher = $day->as('teacher');
my $path = '/v1/data/identity/' . $day->person('pupil')->{id};
my $sealer = start();
ok becomes('all to be sealed', sub {
    sealed() && !unsealed() && lag() < 5 }), 'the tenant is sealed'
    or diag slurp($log);
unlike slurp($log), $says, 'and no row is gone';


# ---- and one that is not

my $row = $db->selectrow_array('SELECT row_to_json(t)::text FROM pupil.tenant'
    . ' AS t WHERE t.tenant = ?', {}, $tenant);
$db->do('DELETE FROM pupil.tenant WHERE tenant = ?', {}, $tenant);
ok becomes('the sealer', sub { slurp($log) =~ $says }),
    'the sealer says that the row is gone' or diag slurp($log);
my $before = sealed();
is_status $teacher->get($path), 200, 'a session that is open is served';
ok becomes('a batch', sub { sealed() > $before && !unsealed() }),
    'what is recorded is sealed all the same' or diag slurp($log);
ok becomes('the lag', sub { lag() > 10 }), 'and nothing counts as sealed';
ok becomes('the log', sub {
    $nginx->log_text =~ /\[error\].*nothing is sealed since \d+ s/ }),
    'which workers say';
my @said = slurp($log) =~ /$says/g;
is scalar @said, 1, 'the sealer says so once';

$db->do('INSERT INTO pupil.tenant SELECT * FROM json_populate_record('
    . 'NULL::pupil.tenant, ?::json)', {}, $row);
ok becomes('the lag', sub { lag() < 5 }), 'put back, all counts as sealed';
like slurp($log), qr/tenant \Q$tenant\E: its row is there again/,
    'and the sealer says so';


# ---- what nobody seals

ok becomes('all to be sealed', sub { !unsealed() }), 'all is sealed';
finish($sealer);
my $run = $seal->ctl(qw(audit verify));
is $run->{code}, 0, 'a log that is sealed is whole'
    or diag $run->{out}, $run->{err};
is_status $teacher->get($path), 200, 'an access after the sealer';
my $late = Pupil::Seal->new($site, ahead => 25);    # as far as clocks may
wait_until(90, 'a minute by that clock', sub {
    $db->selectrow_array('SELECT max(at) < now() - interval \'38 s\' FROM'
        . q{ pupil.audit_record WHERE tenant = ? AND role = 'teacher'}, {},
        $tenant) });
$run = $site->ctl(qw(audit verify --checkpoints), $seal->dir,
                  $site->ctl_where, { env => $late->env });
like $run->{out}, qr/^unsealed: \d+ records? over a minute old/m,
    'what is not sealed over a minute is a finding' or diag $run->{err};
like $run->{err}, qr/: 1 finding$/m, 'and the only one';
is $run->{code}, 1, 'so the command fails';

done_testing;
