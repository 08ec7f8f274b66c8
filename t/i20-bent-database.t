#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I20: the gateway decides, SQL only narrows.  Whoever may run DDL bends what
# the statements mean: an operator "=" found by a search_path, a view in the
# place of one of ours, an operator class under an index.  None of them shows
# one person's data to another, and pupilctl check finds each.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up;
my ($db, $nginx) = ($day->db, $day->nginx);
$day->all_here->work;
my %id = map { $_ => $day->person($_)->{id} } qw(pupil teacher colleague other);
my $others_name = $day->other->get('/v1/data/identity')
                      ->json->{records}[0]{family_name};

sub findings {
    return $day->site->ctl('check', $nginx->conf_file)->{out};
}

sub tampered ($res) {
    return map { $_->{note} // '' }
           grep { $_->{outcome} eq 'tampered' } $day->audit($res);
}

sub run (@sql) { $db->do($_) for @sql }

# New connections, which see what roles, databases and operators are now.  Who
# asks has a session in the zone, so that what is bent is what they ask for.
sub anew { $day->reload }
sub here { $day->as($_)->get('/v1/session') for @_ }

like findings(), qr/ 0 findings$/m, 'nothing to find at first';


# ---- an operator "=" in a schema that a role's search_path names

run('CREATE SCHEMA bent', 'GRANT USAGE ON SCHEMA bent TO PUBLIC', <<"SQL",
CREATE FUNCTION bent.same(a uuid, b uuid) RETURNS boolean LANGUAGE sql
IMMUTABLE AS \$\$ SELECT a OPERATOR(pg_catalog.=) b
    OR b OPERATOR(pg_catalog.=) '$id{pupil}'
       AND a OPERATOR(pg_catalog.=) '$id{other}' \$\$
SQL
    'CREATE OPERATOR bent.= (LEFTARG = uuid, RIGHTARG = uuid,'
    . ' FUNCTION = bent.same)');

# The own record is put aside, so that the other's is alone.
run("CREATE TABLE public.kept AS SELECT * FROM data.identity"
    . " WHERE owner = '$id{pupil}'",
    "DELETE FROM data.identity WHERE owner = '$id{pupil}'");

for my $set (['ROLE pupil_gateway', 'the role'], ['DATABASE pupil',
             'the database'])
{
    my ($of, $what) = @$set;
    here('pupil');
    run("ALTER $of SET search_path = bent, pg_catalog");
    anew();
    my $res = $day->pupil->get('/v1/data/identity');
    unlike $res->body, qr/\Q$others_name\E/,
        "a search_path of $what: nobody else's name is shown";
    is_deeply $res->json->{records}, [], 'the answer has no record';
    like findings(), qr/\Q$of\E.* search_path/, "check names $what"
        or diag findings();
    run("ALTER $of RESET search_path");
}
run('DROP SCHEMA bent CASCADE',
    'INSERT INTO data.identity SELECT * FROM public.kept',
    'DROP TABLE public.kept');
anew();
like $day->pupil->get('/v1/data/identity')->body, qr/Klein/,
    'the own name is shown again';


# ---- a view in the place of a view, and of a table

my $view = $db->selectrow_array(
    "SELECT pg_get_viewdef('data.enrolment'::regclass)");
(my $lying = $view) =~ s{e\.subject AS owner}{CASE e.subject
    WHEN '$id{colleague}' THEN '$id{teacher}'::uuid ELSE e.subject END
    AS owner} or die $view;
my %class = $day->classes('colleague');
run("CREATE OR REPLACE VIEW data.enrolment WITH (security_invoker = true) AS"
    . " $lying");

my $res = $day->teacher->get('/v1/data/enrolment');
ok !(grep { index($res->body, $_) >= 0 } %class),
    'a view that gives away enrolments: a colleague\'s are not shown';
is $res->status, 200, 'the own ones are';
like "@{[tampered($res)]}",
    qr/pupil\.enrolment \S+ of \Q$id{colleague}\E: another subject/,
    'on record, with table, record and subject';
like findings(), qr/view data\.enrolment is not/, 'check names the view';
run("CREATE OR REPLACE VIEW data.enrolment WITH (security_invoker = true) AS"
    . " $view");

run('ALTER TABLE pupil.enrolment RENAME TO enrolment_kept',
    'CREATE VIEW pupil.enrolment AS SELECT * FROM pupil.enrolment_kept',
    'GRANT SELECT ON pupil.enrolment TO pupil_gateway');
like findings(), qr/view pupil\.enrolment is not/,
    'check names a view in the place of a table';
run('DROP VIEW pupil.enrolment',
    'ALTER TABLE pupil.enrolment_kept RENAME TO enrolment');


# ---- a btree operator class, in whose order two people are one

$res = $day->colleague->post('/v1/homework', json =>
    $day->body(class_id => (values %class)[0], title => 'Hos kollegan'));
is $res->status, 201, 'a colleague assigns homework';
my $taught = $res->json->{id};

here('teacher');

# An index asks the operator, too: its function is another one as well.
run('CREATE SCHEMA bent', 'GRANT USAGE ON SCHEMA bent TO PUBLIC', <<"SQL",
CREATE FUNCTION bent.same(a uuid, b uuid) RETURNS boolean LANGUAGE plpgsql
IMMUTABLE LEAKPROOF AS \$\$ BEGIN RETURN a::text = b::text
    OR b::text = '$id{teacher}' AND a::text = '$id{colleague}'; END \$\$
SQL
    <<"SQL", <<'SQL', <<'SQL');
CREATE FUNCTION bent.compare(a uuid, b uuid) RETURNS integer LANGUAGE sql
IMMUTABLE AS \$\$ SELECT uuid_cmp(
    CASE a::text WHEN '$id{colleague}' THEN '$id{teacher}' ELSE a END,
    CASE b::text WHEN '$id{colleague}' THEN '$id{teacher}' ELSE b END) \$\$
SQL
CREATE OPERATOR CLASS bent.uuid_ops FOR TYPE uuid USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >,
    FUNCTION 1 bent.compare(uuid, uuid)
SQL
UPDATE pg_operator SET oprcode = 'bent.same'
    WHERE oid = '=(uuid,uuid)'::regoperator
SQL
run('ALTER TABLE pupil.enrolment DROP CONSTRAINT'
    . ' enrolment_tenant_subject_class_role_key, DROP CONSTRAINT'
    . ' enrolment_pkey', 'DROP INDEX pupil.enrolment_class',
    'CREATE INDEX enrolment_bent ON pupil.enrolment (tenant,'
    . ' subject bent.uuid_ops, class, role)');
anew();

$res = $day->teacher->get("/v1/homework/$taught");
is_problem $res, 404, 'not-found', body_lacks => ['Hos kollegan'],
    name => 'an operator class: a colleague\'s homework is not shown';
like "@{[tampered($res)]}",
    qr/pupil\.enrolment \S+ of \Q$id{colleague}\E: another subject/,
    'on record, with table, record and subject';
$res = $day->teacher->get('/v1/homework');
unlike $res->body, qr/Hos kollegan/, 'nor in the list';
$res = $day->teacher->get("/v1/homework/$taught/progress");
is_problem $res, 404, 'not-found', body_lacks => ['Hos kollegan'],
    name => 'nor with results';
like findings(), qr/index pupil\.enrolment_bent .*bent\.uuid_ops/,
    'check names the index and its operator class';
like findings(), qr/operator pg_catalog\.=\(uuid,uuid\) .*bent\.same/,
    'and the operator that is not PostgreSQL\'s any more';
run("UPDATE pg_operator SET oprcode = 'uuid_eq'"
    . " WHERE oid = '=(uuid,uuid)'::regoperator",
    'DROP INDEX pupil.enrolment_bent', 'DROP SCHEMA bent CASCADE',
    'ALTER TABLE pupil.enrolment ADD UNIQUE (tenant, subject, class, role),'
    . ' ADD PRIMARY KEY (tenant, enrolment)', 'CREATE INDEX enrolment_class'
    . ' ON pupil.enrolment (tenant, class, role)');


# ---- whatever else no migration made

my @others = (
    ['a trigger', <<'SQL', qr/trigger quiet on pupil\.audit_record_\d+_\d+ is/,
CREATE FUNCTION pupil.quiet() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RETURN NULL; END';
DO $$ BEGIN EXECUTE format('CREATE TRIGGER quiet BEFORE INSERT ON pupil.%I
    FOR EACH ROW EXECUTE FUNCTION pupil.quiet()',
    to_char(now() AT TIME ZONE 'UTC', '"audit_record_"YYYY_MM')); END $$
SQL
     'DROP FUNCTION pupil.quiet() CASCADE'],
    ['its function', <<'SQL', qr/function pupil\.quiet\(\) is not/,
CREATE FUNCTION pupil.quiet() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RETURN NULL; END'
SQL
     'DROP FUNCTION pupil.quiet()'],
    ['a function of ours that does more', 'ALTER FUNCTION'
     . ' data.homework_emptied() SECURITY DEFINER',
     qr/function data\.homework_emptied\(\) is not as/,
     'ALTER FUNCTION data.homework_emptied() SECURITY INVOKER'],
    ['a rule', "CREATE RULE hidden AS ON DELETE TO pupil.session DO INSTEAD"
     . ' NOTHING', qr/rule hidden on pupil\.session is/,
     'DROP RULE hidden ON pupil.session'],
    ['a policy', 'CREATE POLICY open ON pupil.session USING (true)',
     qr/policy open on pupil\.session is/,
     'DROP POLICY open ON pupil.session'],
    ['a policy of ours that is another', 'ALTER POLICY tenant_isolation ON'
     . ' data.identity USING (true)',
     qr/policy tenant_isolation on data\.identity is not as/,
     "SELECT pupil.isolate('data.identity')"],
    ['an operator', 'CREATE OPERATOR data.= (LEFTARG = uuid, RIGHTARG = uuid,'
     . ' FUNCTION = pg_catalog.uuid_ne)', qr/operator data\.=\(uuid,uuid\) is/,
     'DROP OPERATOR data.= (uuid, uuid)'],
    ['a child of a table', 'CREATE TABLE public.more () INHERITS'
     . ' (pupil.enrolment)', qr/table public\.more .*pupil\.enrolment/,
     'DROP TABLE public.more'],
    ['a trigger of ours that is gone', 'DROP TRIGGER homework_truncate ON'
     . ' data.homework',
     qr/trigger homework_truncate on data\.homework is gone/,
     'CREATE TRIGGER homework_truncate AFTER TRUNCATE ON data.homework FOR'
     . ' EACH STATEMENT EXECUTE FUNCTION data.homework_emptied()'],
    ['a trigger of ours that is off', 'ALTER TABLE data.homework DISABLE'
     . ' TRIGGER homework_truncate',
     qr/trigger homework_truncate on data\.homework is not as/,
     'ALTER TABLE data.homework ENABLE TRIGGER homework_truncate'],
    ['a list that is gone', 'ALTER TABLE public.pupil_object RENAME TO kept',
     qr/there is no public\.pupil_object.*pupilctl migrate/,
     'ALTER TABLE public.kept RENAME TO pupil_object'],
    ['a setting', "ALTER ROLE pupil_operator SET row_security = off",
     qr/ROLE pupil_operator.* row_security/,
     'ALTER ROLE pupil_operator RESET row_security'],
);
for my $other (@others) {
    my ($what, $made, $found, $gone) = @$other;
    run($made);
    like findings(), $found, "check finds $what" or diag findings();
    run($gone);
}
# but for the operator of above, which somebody may have put back
like findings(), qr/\Aoperator =\(uuid,uuid\), as [^\n]*\n[^\n]* 1 finding$/,
    'and nothing else when it is gone' or diag findings();

$day->site->keystore->do('ALTER TABLE keystore.owner_key DISABLE TRIGGER'
    . ' erased_for_ever');
like findings(),
    qr/trigger erased_for_ever on keystore\.owner_key is not as/,
    'the key store is looked at, too';
$day->site->keystore->do('ALTER TABLE keystore.owner_key ENABLE TRIGGER'
    . ' erased_for_ever');

done_testing;
