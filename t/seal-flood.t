#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9: records that Pupil has not written, more than the sealer reads at once: it
# says so and ends, as nothing behind them is sealed before they are gone.

use lib 't/lib';
use Pupil::Test;
use Pupil::Seal;

my $site = pupil_up(import => 1);
my $db = $site->db;
my $seal = Pupil::Seal->new($site);

sub seal () { run_cmd('timeout', 60, $seal->command(qw(audit seal))) }

is seal()->{code}, 0, 'what is there is sealed';

my $rows = $db->do(<<'SQL');
INSERT INTO pupil.audit_record (tenant, request, actor, role, institution,
    shape, policy, outcome, network, subjects, note, at, mac, writer, number)
SELECT r.tenant, r.request, r.actor, r.role, r.institution, r.shape, r.policy,
       r.outcome, r.network, r.subjects, r.note, now(), r.mac, 77, n
  FROM (SELECT * FROM pupil.audit_record WHERE mac IS NOT NULL LIMIT 1) AS r,
       generate_series(1, 10001) AS n
SQL
is 0 + $rows, 10_001, 'records of one time that nobody wrote';

my $run = seal();
is $run->{code}, 1, 'the sealer fails';
like $run->{err}, qr/10000 records up to \S+Z are none that Pupil wrote/,
    'and says why';
is 0 + $db->selectrow_array('SELECT count(*) FROM pupil.seal_writer WHERE writer'
    . ' = 77'), 0, 'none of them is sealed';

$db->do('DELETE FROM pupil.audit_record WHERE writer = 77');
is seal()->{code}, 0, 'without them it goes on';

done_testing;
