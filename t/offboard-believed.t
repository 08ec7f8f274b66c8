#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# The end of a tenant, where somebody writes the data database meanwhile: what
# it says of the end, or of how much is sealed, lets no key go.  By records that
# are authentic, and by a tree that is signed, the tenant has ended (invariant
# I9).

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $stays = pupil_up(import => 1);
my $goes = Pupil::Day::neighbour($stays);
my ($db, $keys) = ($stays->db, $stays->keystore);
my ($tenant, $dir) = ($goes->tenant, tmp_dir());
mkdir "$dir/checkpoints";

sub ctl (@words) { $goes->ctl(@words, $goes->ctl_where) }

sub seal {
    my $run = $stays->ctl(qw(audit seal --checkpoints), "$dir/checkpoints",
                          $stays->ctl_databases);
    is $run->{code}, 0, 'the log is sealed' or diag $run->{err};
}

sub held {
    return 0 + $keys->selectrow_array('SELECT count(*) FROM keystore.tenant_key'
        . ' WHERE tenant = ?', {}, $tenant);
}

sub recorded {
    return 0 + $db->selectrow_array('SELECT count(*) FROM pupil.audit_record'
        . " WHERE tenant = ? AND note LIKE '%offboard=1'", {}, $tenant);
}

# As pupilctl's own role, which needs no rights of a superuser.
sub as_operator (@statements) {
    $db->begin_work;
    $db->do('SET LOCAL ROLE pupil_operator');
    $db->do('SELECT set_config(?, ?, true)', {}, 'pupil.tenant', $tenant);
    $db->do($_) for @statements;
    $db->commit;
}

sub refused ($what, $why) {
    my $run = ctl(qw(tenant offboard Grannkommunen --without-export));
    is $run->{code} . held(), '11', "$what: no key goes";
    like $run->{err}, $why, "$what: which is said";
}

# The sealer has read all that there ever was.
my $until = "INSERT INTO pupil.sealer (one, until, ships) VALUES (true, now()"
    . " + interval '1 hour', true) ON CONFLICT (one) DO UPDATE SET until ="
    . ' EXCLUDED.until';

seal();
ctl(qw(user password), $goes->person('OKlein')->{login}, '--generate');


# ---- the tenant has ended, as a row says

as_operator("INSERT INTO pupil.audit_end (tenant, at, closed) VALUES"
    . " ('$tenant', now() - interval '1 hour', true)", $until);
refused('an end that no command made', qr/pupil\.audit_end.*no record/s);
is recorded(), 0, 'and it is not on record';
$db->do('DELETE FROM pupil.audit_end WHERE tenant = ?', {}, $tenant);

$db->do('CREATE FUNCTION public.ends() RETURNS trigger LANGUAGE plpgsql SECURITY'
    . ' DEFINER AS $$ BEGIN INSERT INTO pupil.audit_end (tenant, closed) VALUES'
    . ' (NEW.tenant, false) ON CONFLICT DO NOTHING; RETURN NULL; END $$');
$db->do('CREATE TRIGGER ends AFTER INSERT ON pupil.ledger FOR EACH ROW EXECUTE'
    . ' FUNCTION public.ends()');
refused('one that comes with the entry', qr/pupil\.audit_end.*no record/s);
$db->do('DROP FUNCTION public.ends() CASCADE');

$db->do('CREATE FUNCTION public.opens() RETURNS trigger LANGUAGE plpgsql AS'
    . ' $$ BEGIN RETURN NULL; END $$');
$db->do('CREATE TRIGGER opens BEFORE INSERT ON pupil.audit_end FOR EACH ROW'
    . ' EXECUTE FUNCTION public.opens()');
refused('one that is not stored', qr/not stored/);
$db->do('DROP FUNCTION public.opens() CASCADE');


# ---- all is sealed, as rows say

refused('what is not sealed', qr/not sealed.*pupilctl audit seal/s);
is recorded(), 1, 'the end is on record, by the run that was refused';

as_operator($until, 'INSERT INTO pupil.seal_writer (tenant, writer, number)'
    . " SELECT DISTINCT tenant, writer, 1000000000 FROM pupil.audit_record WHERE"
    . " tenant = '$tenant' ON CONFLICT (tenant, writer) DO UPDATE SET number ="
    . ' EXCLUDED.number');
refused('what writers are said to be sealed to', qr/not sealed/);
$db->do('UPDATE pupil.seal_writer AS w SET number = (SELECT coalesce(max(u.last),'
    . ' 0) FROM pupil.seal AS s, unnest(s.writers, s.lasts) AS u (writer, last)'
    . ' WHERE s.tenant = w.tenant AND u.writer = w.writer) WHERE tenant = ?', {},
    $tenant);
$db->do('DELETE FROM pupil.seal_writer WHERE tenant = ? AND number = 0', {},
        $tenant);

as_operator('INSERT INTO pupil.seal SELECT s.tenant, s.batch + 1, s.event +'
    . ' s.events, s.events, s.size, s.since, s.until, r.writers, r.numbers,'
    . ' r.numbers, 0, s.note FROM (SELECT * FROM pupil.seal ORDER BY batch DESC'
    . ' LIMIT 1) AS s, (SELECT array_agg(writer) AS writers, array_agg(number)'
    . ' AS numbers FROM (SELECT w.writer, 1000000000 AS number FROM (SELECT'
    . ' DISTINCT r.writer FROM pupil.audit_record AS r WHERE r.tenant ='
    . " '$tenant') AS w) AS n) AS r");
refused('a batch that nobody signed', qr/batch \d+ .*is not the log's/);
$db->do('DELETE FROM pupil.seal WHERE tenant = ? AND lasts[1] = 1000000000', {},
        $tenant);


# ---- nothing is on record of it, as somebody took that away

$db->begin_work;
$db->do('SET LOCAL session_replication_role = replica');
$db->do('CREATE TABLE public.kept AS SELECT * FROM pupil.audit_record WHERE'
    . " tenant = '$tenant' AND note LIKE '%offboard=1'");
$db->do('DELETE FROM pupil.audit_record AS r USING public.kept AS k WHERE'
    . ' r.tenant = k.tenant AND r.writer = k.writer AND r.number = k.number');
$db->commit;
refused('an end whose record is gone', qr/pupil\.audit_end.*no record/s);
$db->do('SET session_replication_role = replica');
$db->do('INSERT INTO pupil.audit_record SELECT * FROM public.kept');
$db->do('SET session_replication_role = origin');


# ---- and the end itself

seal();
my $run = ctl(qw(tenant offboard Grannkommunen --without-export));
is $run->{code} . held(), '00', 'they go once all is sealed' or diag $run->{err};
is recorded(), 1, 'and the end is on record, once';

done_testing;
