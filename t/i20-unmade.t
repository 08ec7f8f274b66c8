#!/usr/bin/perl

# Copyright (C) the Pupil authors
#
# I20: `pupilctl check` names whatever decides in a database, or makes it
# forget, and is of no migration: what hangs on a table, wherever its
# partitions lie, who is in a role of Pupil's, and what is gone.

use lib 't/lib';
use Pupil::Test;
use Pupil::Day;

my $day = Pupil::Day->up(start => 0);
my ($db, $site) = ($day->db, $day->site);
my $conf = $day->nginx->conf_file;

sub findings () { return $site->ctl('check', $conf)->{out} }

sub run (@sql) { ref $_ ? $_->() : $db->do($_) for @sql }

# A server takes a setting when it gets to it.
sub reloads ($value) {
    $db->do('SELECT pg_reload_conf()');
    wait_until 20, 'the setting', sub { $value eq $site->pg->connect('pupil')
        ->selectrow_array('SHOW session_replication_role') };
}

$db->do('SET client_min_messages = error');
run('CREATE SCHEMA evil',
    'CREATE FUNCTION evil.is(text) RETURNS boolean IMMUTABLE LANGUAGE plpgsql'
    . q{ AS 'BEGIN RETURN true; END'},
    'CREATE FUNCTION evil.now() RETURNS timestamptz LANGUAGE sql'
    . q{ AS 'SELECT now()'},
    'CREATE FUNCTION evil.quiet() RETURNS trigger LANGUAGE plpgsql'
    . q{ AS 'BEGIN RETURN NULL; END'},
    'CREATE TABLE evil.whom (tenant uuid, subject uuid,'
    . ' PRIMARY KEY (tenant, subject))');

my $month = $db->selectrow_array(q{SELECT c.relname FROM pg_inherits AS i}
    . ' JOIN pg_class AS c ON c.oid = i.inhrelid WHERE i.inhparent ='
    . q{ 'pupil.audit_record'::regclass ORDER BY c.relname LIMIT 1});
my $bounds = $db->selectrow_array('SELECT pg_get_expr(relpartbound, oid)'
    . " FROM pg_class WHERE oid = 'pupil.$month'::regclass");

# [what, SQL, what is found, SQL that takes it away].
my $records = 'ALTER TABLE pupil.audit_record';
my @unmade = (
    ['a trigger of a partition that lies elsewhere',
     ["$records DETACH PARTITION pupil.$month",
      "ALTER TABLE pupil.$month SET SCHEMA evil",
      "$records ATTACH PARTITION evil.$month $bounds",
      "CREATE TRIGGER quiet BEFORE INSERT ON evil.$month FOR EACH ROW"
      . ' EXECUTE FUNCTION evil.quiet()'],
     qr/trigger quiet on evil\.$month is not of a migration/,
     ["DROP TRIGGER quiet ON evil.$month",
      "$records DETACH PARTITION evil.$month",
      "ALTER TABLE evil.$month SET SCHEMA pupil",
      "$records ATTACH PARTITION pupil.$month $bounds"]],
    ['a trigger that calls itself internal',
     ['CREATE TRIGGER quiet AFTER INSERT ON pupil.role FOR EACH ROW EXECUTE'
      . ' FUNCTION evil.quiet()', 'UPDATE pg_trigger SET tgisinternal = true'
      . q{ WHERE tgname = 'quiet'}],
     qr/trigger quiet on pupil\.role is not of a migration/,
     [q{UPDATE pg_trigger SET tgisinternal = false WHERE tgname = 'quiet'},
      'DROP TRIGGER quiet ON pupil.role']],
    ['a rule of a partition',
     ["CREATE RULE quiet AS ON INSERT TO pupil.$month DO INSTEAD NOTHING"],
     qr/rule quiet on pupil\.$month is not of a migration/,
     ["DROP RULE quiet ON pupil.$month"]],
    ['a rule of the list itself',
     ['CREATE RULE quiet AS ON INSERT TO public.pupil_object DO ALSO NOTHING'],
     qr/rule quiet on public\.pupil_object is not of a migration/,
     ['DROP RULE quiet ON public.pupil_object']],
    ['a constraint that calls a function',
     ["$records ADD CONSTRAINT odd CHECK (evil.is(role)) NOT VALID"],
     qr/constraint odd on pupil\.audit_record is not of a migration/,
     ["$records DROP CONSTRAINT odd"]],
    ['a key that deletes with another table',
     ['ALTER TABLE pupil.session ADD CONSTRAINT odd FOREIGN KEY (tenant,'
      . ' subject) REFERENCES evil.whom ON DELETE CASCADE NOT VALID'],
     qr/constraint odd on pupil\.session is not of a migration/,
     ['ALTER TABLE pupil.session DROP CONSTRAINT odd']],
    ['a primary key that is gone',
     ['ALTER TABLE pupil.session DROP CONSTRAINT session_pkey'],
     qr/constraint session_pkey on pupil\.session is gone/,
     ['ALTER TABLE pupil.session ADD PRIMARY KEY (tenant, token_hash)']],
    ['an index that calls a function',
     ['CREATE INDEX odd ON pupil.role (evil.is(role))'],
     qr/index pupil\.odd on pupil\.role is not of a migration/,
     ['DROP INDEX pupil.odd']],
    ['an index that is another',
     ['ALTER INDEX pupil.enrolment_class RENAME TO kept',
      'CREATE INDEX enrolment_class ON pupil.enrolment (class)'],
     qr/index pupil\.enrolment_class on pupil\.enrolment is not as/,
     ['DROP INDEX pupil.enrolment_class',
      'ALTER INDEX pupil.kept RENAME TO enrolment_class']],
    ['a default', ['ALTER TABLE pupil.role ADD COLUMN odd timestamptz DEFAULT'
                   . ' evil.now()'],
     qr/default odd on pupil\.role is not of a migration/,
     ['ALTER TABLE pupil.role DROP COLUMN odd']],
    ['a table that a crash empties',
     ["ALTER TABLE pupil.$month SET UNLOGGED"],
     qr/table pupil\.$month.* SET LOGGED/,
     ["ALTER TABLE pupil.$month SET LOGGED"]],
    ['a function of PostgreSQL that is another',
     ['CREATE OR REPLACE FUNCTION pg_catalog.uuid_eq(uuid, uuid) RETURNS'
      . q{ boolean IMMUTABLE LANGUAGE sql AS 'SELECT pg_catalog.uuid_ge($1,}
      . q{ $2) AND pg_catalog.uuid_le($1, $2)'}],
     qr/uuid_eq\(uuid,uuid\), as PostgreSQL does not have it/,
     ['CREATE OR REPLACE FUNCTION pg_catalog.uuid_eq(uuid, uuid) RETURNS'
      . q{ boolean IMMUTABLE STRICT LANGUAGE internal AS 'uuid_eq'}]],
    ['a function beside those of PostgreSQL',
     ['CREATE FUNCTION pg_catalog.concat(text, integer) RETURNS text LANGUAGE'
      . q{ sql AS 'SELECT $1'}],
     qr/concat\(text,integer\), which is none of PostgreSQL's/,
     ['DROP FUNCTION pg_catalog.concat(text, integer)']],
    ['an operator in an extension',
     ['CREATE FUNCTION evil.same(uuid, uuid) RETURNS boolean LANGUAGE sql AS'
      . q{ 'SELECT true'},
      'CREATE OPERATOR pg_catalog.=== (LEFTARG = uuid, RIGHTARG = uuid,'
      . ' FUNCTION = evil.same)',
      'ALTER EXTENSION plpgsql ADD OPERATOR pg_catalog.=== (uuid, uuid)'],
     qr/operator pg_catalog\.===\(uuid,uuid\)/,
     ['ALTER EXTENSION plpgsql DROP OPERATOR pg_catalog.=== (uuid, uuid)',
      'DROP OPERATOR pg_catalog.=== (uuid, uuid)']],
    ['a cast in an extension',
     ['CREATE FUNCTION evil.id(text) RETURNS uuid LANGUAGE sql AS'
      . q{ 'SELECT NULL::uuid'},
      'CREATE CAST (text AS uuid) WITH FUNCTION evil.id(text) AS IMPLICIT',
      'ALTER EXTENSION plpgsql ADD CAST (text AS uuid)'],
     qr/cast from text to uuid/,
     ['ALTER EXTENSION plpgsql DROP CAST (text AS uuid)',
      'DROP CAST (text AS uuid)']],
    ['an event trigger in an extension',
     ['CREATE FUNCTION evil.seen() RETURNS event_trigger LANGUAGE plpgsql AS'
      . q{ 'BEGIN END'},
      'CREATE EVENT TRIGGER seen ON ddl_command_end EXECUTE FUNCTION'
      . ' evil.seen()', 'ALTER EXTENSION plpgsql ADD EVENT TRIGGER seen'],
     qr/event trigger seen/,
     ['ALTER EXTENSION plpgsql DROP EVENT TRIGGER seen',
      'DROP EVENT TRIGGER seen']],
    ['a publication', ['CREATE PUBLICATION away FOR TABLE pupil.role'],
     qr/publication away/, ['DROP PUBLICATION away']],
    ['a subscription',
     [q{CREATE SUBSCRIPTION away CONNECTION 'dbname=nowhere' PUBLICATION away}
      . ' WITH (connect = false)'],
     qr/subscription away/,
     ['ALTER SUBSCRIPTION away SET (slot_name = NONE)',
      'DROP SUBSCRIPTION away']],
    ['a foreign server',
     ['CREATE FOREIGN DATA WRAPPER away', 'CREATE SERVER elsewhere FOREIGN'
      . ' DATA WRAPPER away'],
     qr/foreign server elsewhere/,
     ['DROP SERVER elsewhere', 'DROP FOREIGN DATA WRAPPER away']],
    ['a library that sessions load',
     [q{ALTER DATABASE pupil SET session_preload_libraries = 'plpgsql'}],
     qr/DATABASE pupil SET session_preload_libraries/,
     ['ALTER DATABASE pupil RESET session_preload_libraries']],
    ['a table that is somebody\'s',
     ['CREATE ROLE evil_two', 'ALTER TABLE pupil.role OWNER TO evil_two'],
     qr/table pupil\.role is not as the file that made it has it/,
     ['ALTER TABLE pupil.role OWNER TO pupil_owner', 'DROP ROLE evil_two']],
    ['a table whose owner sees all tenants',
     ['ALTER TABLE pupil.ledger NO FORCE ROW LEVEL SECURITY'],
     qr/table pupil\.ledger is not as the file that made it has it/,
     ['ALTER TABLE pupil.ledger FORCE ROW LEVEL SECURITY']],
    ['a table beside ours', ['CREATE TABLE pupil.odd (tenant uuid)'],
     qr/table pupil\.odd is not of a migration/, ['DROP TABLE pupil.odd']],
    ['a schema that is somebody\'s',
     ['CREATE ROLE evil_two', 'ALTER SCHEMA data OWNER TO evil_two'],
     qr/schema data is not as the file that made it has it/,
     ['ALTER SCHEMA data OWNER TO pupil_owner', 'DROP ROLE evil_two']],
    ['a server that fires no trigger',
     ['ALTER SYSTEM SET session_replication_role = replica',
      sub { reloads('replica') }],
     qr/session_replication_role = replica is in force for all/,
     ['ALTER SYSTEM RESET session_replication_role',
      sub { reloads('origin') }]],
    ['a role of ours that sees all tenants',
     ['ALTER ROLE pupil_operator BYPASSRLS CREATEROLE'],
     qr/ALTER ROLE pupil_operator NOBYPASSRLS\n.*pupil_operator NOCREATEROLE\n/,
     ['ALTER ROLE pupil_operator NOBYPASSRLS NOCREATEROLE']],
    ['a role of ours that is in another',
     ['GRANT pg_write_all_data TO pupil_gateway'],
     qr/role pupil_gateway is a member of pg_write_all_data/,
     ['REVOKE pg_write_all_data FROM pupil_gateway']],
    ['who may make a schema', ['GRANT CREATE ON DATABASE pupil TO PUBLIC'],
     qr/REVOKE CREATE ON DATABASE pupil FROM PUBLIC$/m,
     ['REVOKE CREATE ON DATABASE pupil FROM PUBLIC']],
    ['who may write to the schema public',
     ['GRANT CREATE ON SCHEMA public TO pupil_operator'],
     qr/REVOKE CREATE ON SCHEMA public FROM pupil_operator$/m,
     ['REVOKE CREATE ON SCHEMA public FROM pupil_operator']],
    ['who may set what only a superuser sets',
     ['GRANT SET ON PARAMETER session_replication_role TO pupil_gateway'],
     qr/REVOKE SET ON PARAMETER session_replication_role FROM pupil_gateway$/m,
     ['REVOKE SET ON PARAMETER session_replication_role FROM pupil_gateway']],
    ['what is given away when it is made',
     ['ALTER DEFAULT PRIVILEGES FOR ROLE pupil_owner IN SCHEMA pupil GRANT'
      . ' SELECT ON TABLES TO pupil_gateway'],
     qr/FOR ROLE pupil_owner IN SCHEMA pupil: SELECT FROM pupil_gateway/,
     ['ALTER DEFAULT PRIVILEGES FOR ROLE pupil_owner IN SCHEMA pupil REVOKE'
      . ' SELECT ON TABLES FROM pupil_gateway']],
    ['a language',
     ['CREATE LANGUAGE odd HANDLER plpgsql_call_handler'],
     qr/language odd is of no migration/, ['DROP LANGUAGE odd']],
    ['a conversion',
     [q{CREATE CONVERSION evil.odd FOR 'LATIN1' TO 'UTF8' FROM}
      . ' iso8859_1_to_utf8'],
     qr/conversion evil\.odd is of no migration/, ['DROP CONVERSION evil.odd']],
    ['an extension', ['CREATE EXTENSION file_fdw'],
     qr/extension file_fdw is of no migration/, ['DROP EXTENSION file_fdw']],
    ['who is in a role of ours',
     ['CREATE ROLE evil_one IN ROLE pupil_operator LOGIN'],
     qr/role evil_one is a member of pupil_operator/, ['DROP ROLE evil_one']],
);

like findings(), qr/ 0 findings$/m, 'there is nothing to find'
    or diag findings();
for my $case (@unmade) {
    my ($what, $made, $found, $gone) = @$case;
    run(@$made);
    my $said = findings();
    like $said, $found, "check finds $what";
    run(@$gone);
}
like findings(), qr/ 0 findings$/m, 'nor when all is gone'
    or diag findings();

# What no statement puts back.
run(q{UPDATE pg_operator SET oprcode = 'xideqint4' WHERE oid =}
    . q{ 'pg_catalog.=(xid,xid)'::regoperator});
like findings(), qr/operator =\(xid,xid\), as PostgreSQL does not have it/,
    'check finds an operator that calls another function of PostgreSQL';

done_testing;
