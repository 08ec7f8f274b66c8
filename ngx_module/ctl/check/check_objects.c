/*
 * Copyright (C) the Pupil authors
 *
 * What decides in a database beside the statements, and no migration made:
 * whoever may run DDL can change what "=" means (invariant I20).  Objects of
 * Pupil's own schemas are held against what `pupilctl migrate` wrote down; of
 * other kinds none is expected, so that no list can hide them.
 */

#include "ctl/check/found.h"
#include "ctl/store/objects.h"


/* The first object that initdb did not make (access/transam.h). */
#define MADE_LATER  ">= 16384"

#define OURS  "('pupil', 'data', 'keystore')"

/* An extension's objects are its own, where they are of its own types. */
#define OF_NO_EXTENSION(catalogue, oid)                                       \
    " AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = '"         \
    catalogue "'::regclass AND d.objid = " oid " AND d.deptype = 'e')"

/*
 * Of a row of a catalogue that initdb made: it was written since.  What made
 * the cluster took fewer transactions than this; this database came later,
 * unless its row was written as well.
 */
#define WRITTEN(row)                                                          \
    row ".xmin::text::bigint >= least(1000, (SELECT d.xmin::text::bigint"     \
    " FROM pg_database AS d WHERE d.datname = current_database()))"

#define CHANGED(catalogue, but)                                               \
    "SELECT pg_describe_object('" catalogue "'::regclass, c.oid, 0)"          \
    " FROM " catalogue " AS c WHERE NOT c.oid " MADE_LATER                    \
    " AND " WRITTEN("c") but

/* Those that pupilctl init makes: of others the operator knows. */
#define ROLES                                                                 \
    "('pupil_gateway', 'pupil_keeper', 'pupil_keystore_owner',"               \
    " 'pupil_operator', 'pupil_owner')"

#define GRANTEE                                                               \
    "CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END"

/* Extensions that only look. */
#define LOOKS                                                                 \
    "('amcheck', 'pageinspect', 'pg_buffercache', 'pg_freespacemap',"         \
    " 'pg_stat_statements', 'pg_visibility', 'pgrowlocks', 'pgstattuple',"    \
    " 'plpgsql')"

/*
 * Settings by which a server skips triggers, reads past what is broken, or
 * compares otherwise, and none of which it needs to be set.
 */
#define BENDING                                                               \
    "('allow_system_table_mods', 'ignore_checksum_failure',"                  \
    " 'ignore_system_indexes', 'local_preload_libraries',"                    \
    " 'session_replication_role', 'transform_null_equals',"                   \
    " 'zero_damaged_pages')"

/* Settings that cost time or memory, and decide nothing. */
#define HARMLESS                                                              \
    "('idle_in_transaction_session_timeout', 'lock_timeout',"                 \
    " 'maintenance_work_mem', 'statement_timeout', 'synchronous_commit',"     \
    " 'temp_buffers', 'timezone', 'work_mem')"


/* Of a database that has the list. */
static const check_question_t  changed_questions[] = {
    { ctl_objects_changed_sql, "%s" },
    { NULL, NULL }
};

static const check_question_t  list_questions[] = {
    { "SELECT 'public.pupil_object' WHERE to_regclass('public.pupil_object')"
      " IS NULL",
      "there is no %s, which says what migrations made: run pupilctl migrate" },
    { NULL, NULL }
};

static const check_question_t  object_questions[] = {

    { "SELECT format('ALTER %s SET %s', CASE"
      " WHEN s.setrole = 0 AND s.setdatabase = 0 THEN 'ROLE ALL'"
      " WHEN s.setrole = 0 THEN 'DATABASE ' || quote_ident(d.datname)"
      " ELSE concat_ws(' IN DATABASE ', 'ROLE ' || s.setrole::regrole,"
      " quote_ident(d.datname)) END, c.setting)"
      " FROM pg_db_role_setting AS s"
      " CROSS JOIN unnest(s.setconfig) AS c (setting)"
      " LEFT JOIN pg_database AS d ON d.oid = s.setdatabase"
      " WHERE coalesce(d.datname = current_database(), true)"
      " AND (s.setrole IN (0, current_user::regrole, session_user::regrole)"
      " OR s.setrole::regrole::text LIKE 'pupil\\_%')"
      " AND lower(split_part(c.setting, '=', 1)) NOT IN " HARMLESS
      " ORDER BY 1",
      "%s is in force, and no part of Pupil sets it: RESET it" },

    { "SELECT format('%s = %s', s.name, s.reset_val) FROM pg_settings AS s"
      " WHERE s.name IN " BENDING " AND s.reset_val <> s.boot_val ORDER BY 1",
      "%s is in force for all, and no part of Pupil sets it: ALTER SYSTEM RESET"
      " it, and look into postgresql.conf" },

    { "SELECT format('%s NO%s', r.rolname, a.name) FROM pg_roles AS r"
      " CROSS JOIN LATERAL (VALUES ('SUPERUSER', r.rolsuper),"
      " ('BYPASSRLS', r.rolbypassrls), ('CREATEROLE', r.rolcreaterole),"
      " ('CREATEDB', r.rolcreatedb), ('REPLICATION', r.rolreplication))"
      " AS a (name, may) WHERE r.rolname IN " ROLES " AND a.may ORDER BY 1",
      "a role of Pupil's may what pupilctl init did not give it: ALTER ROLE"
      " %s" },

    { "SELECT format('%s is a member of %s', m.member::regrole,"
      " m.roleid::regrole) FROM pg_auth_members AS m"
      " WHERE m.member::regrole::text IN " ROLES
      " AND m.roleid::regrole::text NOT LIKE 'pupil\\_%'"
      " AND m.roleid::regrole::text NOT IN ('pg_monitor',"
      " 'pg_read_all_settings', 'pg_read_all_stats') ORDER BY 1",
      "the role %s, which no part of Pupil made it: REVOKE that" },

    { "SELECT format('CREATE ON %s FROM %s', g.what, " GRANTEE ")"
      " FROM (SELECT concat('DATABASE ', quote_ident(d.datname)) AS what,"
      " d.datdba AS owner, d.datacl AS acl FROM pg_database AS d"
      " WHERE d.datname = current_database() UNION ALL SELECT 'SCHEMA public',"
      " n.nspowner, n.nspacl FROM pg_namespace AS n WHERE n.nspname = 'public')"
      " AS g CROSS JOIN aclexplode(g.acl) AS a WHERE a.privilege_type ="
      " 'CREATE' AND a.grantee <> g.owner AND NOT EXISTS (SELECT"
      " FROM pg_namespace AS n WHERE n.nspname IN " OURS
      " AND n.nspowner = a.grantee)"
      " UNION ALL SELECT format('%s ON PARAMETER %I FROM %s',"
      " a.privilege_type, p.parname, " GRANTEE ") FROM pg_parameter_acl AS p"
      " CROSS JOIN aclexplode(p.paracl) AS a WHERE a.grantee = 0"
      " OR a.grantee::regrole::text IN " ROLES " ORDER BY 1",
      "no part of Pupil gave this: REVOKE %s" },

    { "SELECT format('FOR ROLE %s%s: %s FROM %s', d.defaclrole::regrole,"
      " ' IN SCHEMA ' || nullif(d.defaclnamespace, 0)::regnamespace,"
      " a.privilege_type, " GRANTEE ") FROM pg_default_acl AS d"
      " CROSS JOIN aclexplode(d.defaclacl) AS a"
      " WHERE a.grantee <> d.defaclrole ORDER BY 1",
      "what a migration makes would be given away by default: ALTER DEFAULT"
      " PRIVILEGES %s is to be REVOKEd" },

    { "SELECT format('%I.%s(%s,%s)', n.nspname, o.oprname, CASE WHEN o.oprleft"
      " <> 0 THEN o.oprleft::regtype END, o.oprright::regtype)"
      " FROM pg_operator AS o JOIN pg_namespace AS n ON n.oid = o.oprnamespace"
      " WHERE o.oid " MADE_LATER " AND (n.nspname = 'pg_catalog'"
      " OR n.nspname IN " OURS ") ORDER BY 1",
      "operator %s is none of PostgreSQL's and of no migration: drop it" },

    /* what is in C runs whatever its row names */
    { CHANGED("pg_proc", " AND (c.probin IS NOT NULL OR c.prolang <> (SELECT"
              " l.oid FROM pg_language AS l WHERE l.lanname = 'internal'))")
      " UNION ALL " CHANGED("pg_operator", "")
      " UNION ALL " CHANGED("pg_opclass", "")
      " UNION ALL " CHANGED("pg_amop", "")
      " UNION ALL " CHANGED("pg_amproc", "")
      " UNION ALL " CHANGED("pg_cast", "")
      " UNION ALL SELECT format('aggregate %s', c.aggfnoid::regprocedure)"
      " FROM pg_aggregate AS c WHERE NOT c.aggfnoid::oid " MADE_LATER
      " AND " WRITTEN("c") " ORDER BY 1",
      "%s, as PostgreSQL does not have it: the catalogue was edited; restore"
      " the database from a backup" },

    { CHANGED("pg_conversion", "") " ORDER BY 1",
      "%s, as PostgreSQL does not have it: the catalogue was edited; restore"
      " the database from a backup" },

    { "SELECT p.oid::regprocedure FROM pg_proc AS p"
      " WHERE p.oid " MADE_LATER " AND p.pronamespace ="
      " 'pg_catalog'::regnamespace"
      " AND p.probin IS DISTINCT FROM '$libdir/plpgsql' ORDER BY 1",
      "function %s, which is none of PostgreSQL's, lies among those: drop it" },

    { "SELECT format('%I.%s(%s,%s) calls %s', n.nspname, o.oprname,"
      " CASE WHEN o.oprleft <> 0 THEN o.oprleft::regtype END,"
      " o.oprright::regtype, o.oprcode)"
      " FROM pg_operator AS o JOIN pg_namespace AS n ON n.oid = o.oprnamespace"
      " WHERE NOT o.oid " MADE_LATER " AND o.oprcode::oid " MADE_LATER
      " ORDER BY 1",
      "operator %s, which is not PostgreSQL's: the catalogue was edited;"
      " restore the database from a backup" },

    { "SELECT format('%s uses operator class %I.%I', i.indexrelid::regclass,"
      " o.nspname, c.opcname) FROM pg_index AS i"
      " JOIN pg_class AS x ON x.oid = i.indexrelid"
      " JOIN pg_namespace AS n ON n.oid = x.relnamespace"
      " CROSS JOIN unnest(i.indclass) AS k (opclass)"
      " JOIN pg_opclass AS c ON c.oid = k.opclass"
      " JOIN pg_namespace AS o ON o.oid = c.opcnamespace"
      " WHERE n.nspname IN " OURS " AND c.oid " MADE_LATER " ORDER BY 1",
      "index %s, whose order is not PostgreSQL's: drop it, and make the index"
      " that the migration has" },

    { "SELECT format('%s calls %s', a.amprocfamily, a.amproc)"
      " FROM pg_amproc AS a WHERE NOT a.oid " MADE_LATER
      " AND a.amproc::oid " MADE_LATER " ORDER BY 1",
      "operator family %s, which is not PostgreSQL's: the catalogue was"
      " edited; restore the database from a backup" },

    { "SELECT format('from %s to %s', c.castsource::regtype,"
      " c.casttarget::regtype) FROM pg_cast AS c"
      " WHERE (c.oid " MADE_LATER " OR c.castfunc " MADE_LATER ")"
      " AND (NOT (c.castsource " MADE_LATER " OR c.casttarget " MADE_LATER ")"
      " OR (true" OF_NO_EXTENSION("pg_cast", "c.oid") ")) ORDER BY 1",
      "the cast %s is none of PostgreSQL's: drop it" },

    { "SELECT format('%s.%I is of type %s', c.oid::regclass, a.attname,"
      " a.atttypid::regtype) FROM pg_attribute AS a"
      " JOIN pg_class AS c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')"
      " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
      " WHERE n.nspname IN " OURS " AND a.attnum > 0 AND NOT a.attisdropped"
      " AND a.atttypid " MADE_LATER " ORDER BY 1",
      "the column %s, which is none of PostgreSQL's: its operators decide;"
      " ALTER it back" },

    { "SELECT format('%s is a child of %s', i.inhrelid::regclass,"
      " i.inhparent::regclass) FROM pg_inherits AS i"
      " JOIN pg_class AS c ON c.oid = i.inhparent AND c.relkind = 'r'"
      " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
      " WHERE n.nspname IN " OURS " ORDER BY 1",
      "table %s, whose rows it adds to: ALTER TABLE it NO INHERIT" },

    { "SELECT format('language %I', l.lanname) FROM pg_language AS l"
      " WHERE l.oid " MADE_LATER
      " UNION ALL SELECT format('conversion %I.%I', n.nspname, c.conname)"
      " FROM pg_conversion AS c JOIN pg_namespace AS n ON n.oid ="
      " c.connamespace WHERE c.oid " MADE_LATER
      " UNION ALL SELECT format('extension %I', e.extname) FROM pg_extension"
      " AS e WHERE e.extname NOT IN " LOOKS " ORDER BY 1",
      "the %s is of no migration: drop it" },

    { "SELECT e.evtname FROM pg_event_trigger AS e ORDER BY 1",
      "the event trigger %s is of no migration, whatever extension has it:"
      " drop it" },

    { "SELECT p.pubname FROM pg_publication AS p ORDER BY 1",
      "the publication %s hands on what is written, and no part of Pupil makes"
      " one: drop it" },

    { "SELECT s.subname FROM pg_subscription AS s"
      " JOIN pg_database AS d ON d.oid = s.subdbid"
      " WHERE d.datname = current_database() ORDER BY 1",
      "the subscription %s writes what another server sends: drop it" },

    { "SELECT s.srvname FROM pg_foreign_server AS s ORDER BY 1",
      "the foreign server %s is of no migration: drop it" },

    { "SELECT c.oid::regclass FROM pg_class AS c"
      " JOIN pg_class AS top ON top.oid = coalesce(pg_partition_root(c.oid),"
      " c.oid) JOIN pg_namespace AS n ON n.oid = top.relnamespace"
      " WHERE n.nspname IN " OURS " AND c.relkind IN ('r', 'p')"
      " AND c.relpersistence <> 'p' ORDER BY 1",
      "table %s, which a crash of the server empties: ALTER TABLE it SET"
      " LOGGED" },

    { "SELECT format('%s is a member of %s', m.member::regrole,"
      " m.roleid::regrole) FROM pg_auth_members AS m"
      " WHERE m.roleid::regrole::text LIKE 'pupil\\_%'"
      " AND m.member <> session_user::regrole ORDER BY 1",
      "the role %s, and may do what it may: REVOKE it, unless that is"
      " somebody who runs pupilctl" },

    { NULL, NULL }
};


void
check_objects(check_t *check, PGconn *conn)
{
    if (check_ask(check, conn, list_questions) == 0) {
        (void) check_ask(check, conn, changed_questions);
    }

    (void) check_ask(check, conn, object_questions);
}
