#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# Periods that were set before the key store had them are in PostgreSQL's log, by
# the migration that drops them, as the commands that set them again; a category
# that was held before is so still.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up();
my $db = $site->db;
my ($tenant, $other) = ($site->tenant, uuid());
my $sql = tmp_dir() . '/sql';
run_cmd('cp', '-r', root_dir() . '/sql', $sql);

# As sql/data/045_recovery.sql makes it, with a decision of two tenants.
my ($table) = slurp("$sql/data/045_recovery.sql")
    =~ /(CREATE TABLE pupil\.retention \(.*?isolate\('pupil\.retention'\);)/s;
spew("$sql/data/900_before.sql", <<"SQL");
-- compatible_from: 16
$table
ALTER TABLE pupil.retention NO FORCE ROW LEVEL SECURITY;
INSERT INTO pupil.retention (tenant, name, days, reference)
VALUES ('$tenant', 'recovery', 90, 'N 1'), ('$other', 'identity', 7, 'N 2');
ALTER TABLE pupil.retention FORCE ROW LEVEL SECURITY;
SQL
spew("$sql/data/901_again.sql", slurp("$sql/data/053_retention.sql"));
$db->do('INSERT INTO pupil.retention_hold (tenant, category, reference) VALUES'
    . " (?, 'network', 'A 0')", {}, $tenant);

my $run = $site->ctl('migrate', '--sql', $sql, '--database',
    $site->pg->conninfo('pupil'), '--keystore',
    $site->pg->conninfo('pupil_keys'), '--ticket', 'test');
is $run->{code}, 0, 'migrated' or diag $run->{err};
my $log = slurp($site->pg->log_file);
like $log, qr/tenant $tenant: .* set recovery 90 --reference "N 1"/,
    'what was set is said in the log';
like $log, qr/tenant $other: .* set identity 7 --reference "N 2"/,
    'of each tenant';
is $db->selectrow_array("SELECT to_regclass('pupil.retention')"), undef,
    'and is in force no more';
like $site->ctl_ok('retention', 'list', $site->ctl_where)->{out},
    qr/^recovery +365 days$/m, 'but what plugins declare';

my $set = $site->ctl('retention', 'set', 'recovery', 90, '--reference', 'N 1',
                     $site->ctl_where);
is $set->{code}, 0, 'set again' or diag $set->{err};
like $site->ctl_ok('retention', 'list', $site->ctl_where)->{out},
    qr/^recovery +90 days: N 1$/m, 'it is';
like $site->ctl_ok('retention', 'upcoming', $site->ctl_where)->{out},
    qr/^network .*, held: A 0$/m, 'what was held is held';

done_testing;
