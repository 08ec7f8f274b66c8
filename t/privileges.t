#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The roles that nginx and pupilctl use may do what their statements do, and
# nothing else: every table is tried, with every privilege, as each role.  I7,
# I9 and I18 stand on this.

use lib 't/lib';
use Pupil::Test;

my $site = pupil_up;

# What each role may do: SELECT, INSERT, DELETE, and the columns that it may
# UPDATE.  What stands here is needed; what does not is refused.
my $import = 'key_version source updated_at';
my %allowed = (
    pupil => {
        pupil_gateway => {
            (map { ("pupil.$_" => 'SELECT') }
                 qw(tenant owner subject institution class role enrolment
                    blind_index)),
            'pupil.session' => 'SELECT INSERT DELETE mac seen_at',
            'pupil.support_grant' => 'SELECT INSERT DELETE actor mac redeemed_at'
                . ' session',
            'pupil.notice' => 'SELECT INSERT seen_at',
            'pupil.request' => 'SELECT INSERT',
            'pupil.request_text' => 'SELECT INSERT',
            # DELETE: what is over
            'pupil.login_throttle' =>
                'SELECT INSERT DELETE burst failures last_at not_before'
                . ' told_at',
            (map { ("pupil.$_" => 'INSERT') }
                 qw(audit_record audit_shape policy)),
            'pupil.revocation' => 'SELECT INSERT DELETE',
            'pupil.outbox' => 'INSERT',
            'pupil.sign_up' => 'SELECT INSERT confirmed_at mac sealed',
            'pupil.plugin' => 'SELECT',     # pupilctl check
            'pupil.import_plan' => 'SELECT',
            'pupil.import_decision' => 'SELECT INSERT',
            'pupil.mark' => 'SELECT', 'pupil.restricted' => 'SELECT',
             'pupil.sealer' => 'SELECT', 'pupil.audit_end' => 'SELECT',
            # pupilctl check
            'pupil.recipient' => 'SELECT', 'pupil.recipient_step' => 'SELECT',
            'pupil.unshipped' => 'SELECT', 'pupil.ledger' => 'SELECT',

            (map { ("data.$_" => 'SELECT') } qw(contact enrolment identity)),
            'data.credential' => 'SELECT facts password_hash second_factor'
                . ' updated_at',
            'data.network' => 'SELECT INSERT',
            'data.homework' => 'SELECT INSERT deleted_at description due_at'
                . ' exercise_ids exercises facts keys title updated_at',
            'data.homework_version' => 'SELECT INSERT class tenant version',
            'data.progress' => 'SELECT INSERT superseded',
            'data.assessment' => 'SELECT INSERT assessed_by class_id comment'
                . " facts homework_id points returned_at $import",
            'data.example' => 'SELECT INSERT chosen_on favourite_subjects'
                . " $import",
        },
        pupil_operator => {
            'pupil.tenant' => 'SELECT INSERT',
            'pupil.revocation' => 'SELECT INSERT DELETE',
            'pupil.owner' => 'SELECT INSERT state',
            'pupil.subject' => 'SELECT INSERT mac source status',
            'pupil.institution' => 'SELECT INSERT source title updated_at',
            'pupil.class' => 'SELECT INSERT department group_type institution'
                . ' source title updated_at',
            'pupil.role' =>
                'SELECT INSERT DELETE mac source valid_from valid_to',
            'pupil.enrolment' => 'SELECT INSERT institution mac source'
                . ' valid_from valid_to',
            'pupil.blind_index' => 'SELECT INSERT DELETE numbered',
            'pupil.imported' => 'SELECT INSERT fingerprint',
            'pupil.outbox' => 'SELECT INSERT DELETE due tries',
            'pupil.sign_up' => 'SELECT DELETE',
            'pupil.trial' => 'SELECT INSERT DELETE ends told',
            'pupil.breach' => 'SELECT INSERT authority_at authority_reference'
                . ' closed_at reason told told_at',
            'pupil.breach_scope' => 'SELECT INSERT',
            'pupil.breach_found' => 'SELECT INSERT DELETE',
            'pupil.breach_told' => 'SELECT INSERT DELETE',
            'pupil.import_image' => 'SELECT INSERT DELETE',
            'pupil.import_part' => 'SELECT INSERT DELETE',
            'pupil.import_plan' => 'SELECT INSERT DELETE state',
            'pupil.import_decision' => 'SELECT DELETE state',
            'pupil.erased_source' => 'SELECT INSERT DELETE',
            'pupil.request' => 'SELECT INSERT changed_at condition due_on'
                . ' erasure mac reference slot state subject',
            'pupil.request_text' => 'SELECT INSERT behalf extension'
                . ' reason text',
            'pupil.notice' => 'SELECT INSERT',  # and a tenant's export
            'pupil.support_grant' => 'SELECT',  # what an erasure has left
            'pupil.source' => 'SELECT INSERT DELETE ended format good_at input'
                . ' plan ran_at synced',
            'pupil.ledger' => 'SELECT INSERT', 'pupil.mark' => 'SELECT',
            'pupil.erasure' => 'SELECT INSERT reference state',
            'pupil.exported' => 'SELECT INSERT',
            'pupil.audit_end' => 'SELECT INSERT at closed',
            'pupil.seal' => 'SELECT INSERT',
            'pupil.sealer' => 'SELECT INSERT ships until',
            'pupil.sealer_tenant' => 'SELECT INSERT until',
            'pupil.unshipped' => 'SELECT INSERT DELETE since',
            'pupil.seal_tile' => 'SELECT INSERT hashes',
            'pupil.seal_writer' => 'SELECT INSERT number',
            'pupil.seal_retained' => 'SELECT INSERT',
            'pupil.restricted' => 'SELECT INSERT DELETE',
            'pupil.closed' => 'SELECT INSERT DELETE',
            # DELETE: it is made again; verify holds it against the records
            'pupil.audit_subject' => 'SELECT INSERT DELETE',
            'pupil.release' => 'SELECT INSERT',
            'pupil.recipient' => 'SELECT INSERT',
            'pupil.recipient_step' => 'SELECT INSERT',
            'pupil.retention_hold' => 'SELECT INSERT DELETE reference',
            'pupil.aggregate' => 'SELECT INSERT',
            'pupil.session' => 'SELECT DELETE',
            'pupil.plugin' =>
                'SELECT INSERT accepted_at accepted_by grants version',
            'pupil.audit_event' => 'SELECT',
            (map { ("pupil.$_" => 'SELECT INSERT') }
                 qw(audit_record audit_shape policy)),

            (map { ("data.$_" => 'SELECT') } qw(enrolment example network)),
            'data.assessment' => 'SELECT facts',
            # imports of courses; facts: pupilctl facts, too
            'data.homework' => 'SELECT INSERT assigned_at assigned_by'
                . " description due_at exercise_ids exercises facts title $import",
            'data.progress' => 'SELECT INSERT answer class_id done exercise_id'
                . " facts homework_id result $import",
            'data.contact' => "SELECT INSERT email $import",
            'data.credential' => 'SELECT INSERT external_id facts login_id'
                . " password_hash second_factor $import",
            'data.homework_version' => 'SELECT INSERT class tenant version',
            'data.identity' =>
                "SELECT INSERT family_name given_name $import",
        },
    },
    pupil_keys => {
        pupil_keeper => {
            map { ("keystore.$_" => 'SELECT') }
                qw(bound kek_epoch tenant_key service_key floor ended mark
                   owner_key hole_count moved zone)
        },
        pupil_operator => {
            (map { ("keystore.$_" => 'SELECT INSERT') }
                 qw(service_key owner_key)),
            'keystore.kek_epoch' => 'SELECT INSERT retired_at',
            'keystore.tenant_key' => 'SELECT INSERT created_at',
            'keystore.fetch' => 'SELECT', 'keystore.floor' => 'SELECT',
            'keystore.bound' => 'SELECT INSERT',
            'keystore.ledger' => 'SELECT', 'keystore.mark' => 'SELECT',
            'keystore.gone' => 'SELECT', 'keystore.hole' => 'SELECT',
            'keystore.moved' => 'SELECT',
            'keystore.erased_source' => 'SELECT INSERT DELETE',
            'keystore.moved_source' => 'SELECT INSERT DELETE done',
            'keystore.source_name' => 'SELECT INSERT space was',
            'keystore.import_plan' => 'SELECT INSERT DELETE accepted_by'
                . ' begun_at digest key parts plan source state',
            'keystore.import_run' => 'SELECT INSERT DELETE ended_at images'
                . ' people state',
            'keystore.hold' => 'SELECT INSERT DELETE reference',
            'keystore.release' => 'SELECT INSERT',
            'keystore.retention' => 'SELECT INSERT days reference set_at',
            'keystore.retention_confirm' => 'SELECT INSERT DELETE asked_at'
                . ' confirmation confirmed_at reference',
            'keystore.retention_hold' => 'SELECT INSERT DELETE reference',
            'keystore.setting' => 'SELECT INSERT keys_a_minute',
            'keystore.size' => 'SELECT INSERT owners',
            'keystore.worker' => 'SELECT',
            'keystore.zone' => 'SELECT INSERT zone',
        },
    },
);


# ---- every table, tried

sub in_order ($privileges) {
    return join ' ', sort { ($a =~ /[a-z]/ <=> $b =~ /[a-z]/) || $a cmp $b }
           split ' ', $privileges;
}

# True unless it is refused for want of a privilege, or views have no such
# thing.  Nothing is done.
sub may ($dbh, $sql) {
    $dbh->begin_work;
    my $error = eval { $dbh->do($sql); 1 } ? '' : $dbh->errstr;
    $dbh->rollback;
    return $error !~ /permission denied for|\bview\b|is not a table/;
}

# { table => what this role may do with it }, where that is anything.
sub tried ($db, $role) {
    my $dbh = $site->pg->connect($db);
    my $columns = $dbh->selectall_arrayref(<<'SQL');
SELECT c.relnamespace::regnamespace || '.' || c.relname,
       array_agg(a.attname ORDER BY a.attname)
  FROM pg_class c
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
                     AND NOT a.attisdropped
 WHERE c.relnamespace::regnamespace::text IN ('pupil', 'data', 'keystore')
   AND c.relkind IN ('r', 'p', 'v') GROUP BY c.oid
SQL
    $dbh->do("SET SESSION AUTHORIZATION $role");
    my %may;
    for my $row (@$columns) {
        my ($table, $names) = @$row;
        my $may = in_order(join ' ',
            (may($dbh, "SELECT FROM $table") ? 'SELECT' : ()),
            (may($dbh, "INSERT INTO $table DEFAULT VALUES") ? 'INSERT' : ()),
            (may($dbh, "DELETE FROM $table") ? 'DELETE' : ()),
            (may($dbh, "TRUNCATE $table") ? 'TRUNCATE' : ()),
            (grep { may($dbh, "UPDATE $table SET \"$_\" = DEFAULT") }
                  @$names));
        $may{$table} = $may if $may ne '';
    }
    return (scalar @$columns, \%may);
}

for my $db (sort keys %allowed) {
    for my $role (sort keys %{ $allowed{$db} }) {
        my $want = $allowed{$db}{$role};
        my ($tables, $may) = tried($db, $role);
        cmp_ok $tables, '>=', keys %$want, "$role in $db: tables are tried";
        my %all = (%$want, %$may);
        is $may->{$_} // '', in_order($want->{$_} // ''),
            "$role in $db: $_" for sort keys %all;
    }
}


# ---- of some rows, workers see some columns

sub seen ($db, $role, $table) {
    my $dbh = $site->pg->connect($db);
    my $columns = $dbh->selectcol_arrayref('SELECT attname FROM pg_attribute'
        . ' WHERE attrelid = ?::regclass AND attnum > 0 ORDER BY attnum', {},
        $table);
    $dbh->do("SET SESSION AUTHORIZATION $role");
    return join ' ', grep { may($dbh, "SELECT $_ FROM $table") } @$columns;
}

is seen(pupil_keys => 'pupil_keeper', 'keystore.owner_key'),
    'tenant owner state', 'of the row of a key the state, and no key';
is seen(pupil => 'pupil_gateway', 'pupil.ledger'), 'tenant kind',
    'of an entry of the ledger the kind, and nobody';


# ---- what does not run as who calls it finds its names where it should

my %definers;
for my $db ($site->db, $site->keystore) {
    my $functions = $db->selectall_arrayref(<<'SQL');
SELECT p.oid::regprocedure, coalesce(array_to_string(p.proconfig, '; '), '')
  FROM pg_proc p
 WHERE p.pronamespace::regnamespace::text IN ('pupil', 'data', 'keystore')
   AND p.prosecdef
SQL
    $definers{ $_->[0] } = $_->[1] for @$functions;
}
cmp_ok scalar(keys %definers), '>=', 3, 'there are such functions';
like $definers{$_}, qr/^search_path=pg_catalog\b.*, pg_temp$/,
    "$_: pg_catalog is first, what a session makes is last"
    for sort keys %definers;


# ---- a privilege too many is found

$site->db->do('GRANT UPDATE (owner) ON data.identity TO pupil_gateway');
my (undef, $more) = tried(pupil => 'pupil_gateway');
is $more->{'data.identity'}, 'SELECT owner', 'one column too many is seen';

done_testing;
