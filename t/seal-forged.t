#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: the sealer says at once of each record that Pupil has not written which it
# is, once, however few there are; and counts them.

use lib 't/lib';
use Pupil::Test;
use Pupil::Seal;
use JSON::XS ();

my $site = pupil_up(import => 1);
my ($db, $tenant) = ($site->db, $site->tenant);
my $seal = Pupil::Seal->new($site);
my $log = tmp_dir() . '/log';

sub forge ($writer, $count) {
    $db->do(<<'SQL', {}, $writer, $count);
INSERT INTO pupil.audit_record (tenant, request, actor, role, institution,
    shape, policy, outcome, network, subjects, note, at, mac, writer, number)
SELECT r.tenant, r.request, r.actor, r.role, r.institution, r.shape, r.policy,
       r.outcome, r.network, r.subjects, r.note, now(), r.mac, ?, n
  FROM (SELECT * FROM pupil.audit_record WHERE mac IS NOT NULL LIMIT 1) AS r,
       generate_series(1, ?) AS n
SQL
    return;
}

# Lines about these numbers of a writer.
sub said ($writer, $numbers) {
    my $name = sprintf '%016x', $writer;
    return scalar(() = slurp($log) =~
        /^pupilctl: tenant $tenant: writer $name number $numbers is none that/mg);
}

sub passes ($n) {
    for (1 .. $n) {
        my ($until) = $db->selectrow_array('SELECT until FROM pupil.sealer');
        wait_until(60, 'a pass', sub {
            ($db->selectrow_array('SELECT until FROM pupil.sealer') // '')
                ne ($until // '') });
    }
}

open my $out, '>', $log or die "$log: $!\n";
my $sealer = start_process([build_dir() . '/pupilctl', qw(audit seal --follow),
    '--checkpoints', $seal->dir, $site->ctl_databases],
    env => Pupil::Nginx->sanitizer_env, stdout => $out, stderr => $out);
passes(1);
unlike slurp($log), qr/none that/, 'of what Pupil wrote nothing is said';

forge(77, 3);
ok eval { wait_until(60, 'the sealer', sub { said(77, '\d+') >= 3 }); 1 },
    'three records that Pupil has not written are said'
    or diag slurp($log);
is said(77, $_), 1, "number $_, once" for 1 .. 3;
passes(2);
is said(77, '\d+'), 3, 'and not with each pass';

forge(78, 500);
ok eval { wait_until(60, 'the sealer', sub { said(78, '\d+') >= 100 }); 1 },
    'of many the first are said';
ok eval { wait_until(60, 'the sealer', sub {
    slurp($log) =~ /tenant $tenant: 400 more are none that Pupil wrote/ }); 1 },
    'and how many more';
is said(78, '\d+'), 100, '... which are not said one by one';
kill TERM => $sealer;
process_ends($sealer, 60);
is 0 + $db->selectrow_array('SELECT count(*) FROM pupil.seal_writer WHERE'
    . ' writer IN (77, 78)'), 0, 'none of them is sealed';

my $run = $seal->seal('--json');
is $run->{code}, 1, 'a sealer that ends with them has failed';
is JSON::XS::decode_json($run->{out})->{tenants}[0]{forged}, 503,
    'and counts them';

$db->do('DELETE FROM pupil.audit_record WHERE writer IN (77, 78)');
$run = $seal->seal('--json');
is $run->{code}, 0, 'without them it has not';
is JSON::XS::decode_json($run->{out})->{tenants}[0]{forged}, 0, 'nor any';

done_testing;
