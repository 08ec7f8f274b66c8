#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I9, as far as it is kept: the audit log is append-only for the roles that
# nginx and pupilctl use.  They add records, through the log and past none of
# its partitions; what is there neither changes nor goes, and nginx's role
# does not even read it.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up(import => 1);
my ($db, $tenant) = ($site->db, $site->tenant);
my $partition = $db->selectrow_array(
    q{SELECT to_char(now() AT TIME ZONE 'UTC', '"pupil.audit_record_"YYYY_MM')});
my $insert = "INSERT INTO %s (tenant, request, role, shape, policy, outcome)"
    . " VALUES ('$tenant', gen_random_uuid(), 'none', sha256('a'),"
    . " sha256('a'), 'refused')";

# A session of a role, of a tenant whose records are there.
sub session ($role) {
    my $dbh = $site->pg->connect('pupil');
    $dbh->do("SET SESSION AUTHORIZATION $role");
    $dbh->do("SELECT set_config('pupil.tenant', '$tenant', false)");
    return $dbh;
}

# '' when it was done, else the SQLSTATE.
sub state_of ($dbh, $sql) {
    return eval { $dbh->do($sql); 1 } ? '' : $dbh->state;
}

sub records { $db->selectrow_array('SELECT count(*) FROM pupil.audit_record') }

my %changes = (
    UPDATE => "UPDATE %s SET outcome = 'refused'", DELETE => 'DELETE FROM %s',
    TRUNCATE => 'TRUNCATE %s', 'DROP TABLE' => 'DROP TABLE %s',
    'ALTER TABLE' => 'ALTER TABLE %s DISABLE ROW LEVEL SECURITY',
);
my $before = records();
cmp_ok $before, '>', 0, 'there are records';

for my $role (qw(pupil_gateway pupil_operator)) {
    my $dbh = session($role);
    is state_of($dbh, sprintf $insert, 'pupil.audit_record'), '',
        "$role adds a record";

    for my $what (sort keys %changes) {
        for my $table ('pupil.audit_record', $partition) {
            is state_of($dbh, sprintf $changes{$what}, $table), '42501',
                "$role: $what $table is refused";
        }
    }
    is state_of($dbh, sprintf $insert, $partition), '42501',
        "$role: a partition is not added to by itself";
    is state_of($dbh, 'DELETE FROM pupil.audit_shape'), '42501',
        "$role: shapes stay";
    is state_of($dbh, 'DELETE FROM pupil.policy'), '42501',
        "$role: and policies";
}
is records(), $before + 2, 'all records are there, and two more';

my $gateway = session('pupil_gateway');
is state_of($gateway, "SELECT FROM $_"), '42501',
    "nginx's role does not read $_"
    for 'pupil.audit_record', $partition, 'pupil.audit_event';


# A privilege too many is found.

$db->do('GRANT DELETE ON pupil.audit_record TO pupil_gateway');
is state_of($gateway, 'DELETE FROM pupil.audit_record'), '',
    'with a privilege it would not be refused';
is records(), $before + 2, 'although no row is seen to be deleted';

done_testing;
