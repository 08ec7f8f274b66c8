/*
 * Copyright (C) the Pupil authors
 */

#include "ctl/base/buf.h"
#include "ctl/store/objects.h"


/*
 * A table of ours: in one of our schemas, or a partition of one that is,
 * wherever that lies, or the list itself.  They are looked for once: to plan
 * that for each kind, and to do it, took longer than all the rest.
 */
#define OURS  "('pupil', 'data', 'keystore')"
#define TABLES_OF_OURS                                                        \
    "ours AS MATERIALIZED (SELECT c.oid, c.relname, c.relkind, c.relowner,"   \
    " c.relacl, c.relispartition, c.relrowsecurity, c.relforcerowsecurity,"   \
    " n.nspname FROM pg_class AS c"                                           \
    " JOIN pg_class AS top ON top.oid = coalesce(pg_partition_root(c.oid),"   \
    " c.oid) JOIN pg_namespace AS n ON n.oid = top.relnamespace"              \
    " WHERE n.nspname IN " OURS " OR c.oid ="                                 \
    " to_regclass('public.pupil_object'))"
#define OF_OURS(relation)                                                     \
    " JOIN ours AS c ON c.oid = " relation " WHERE true"

/* The first object that initdb did not make (access/transam.h). */
#define MADE_LATER  ">= 16384"

/* As kind, name and definition; names have their schemas. */
#define FUNCTIONS                                                             \
    "SELECT 'function', p.oid::regprocedure::text, concat_ws(' ', p.prokind," \
    " p.proowner::regrole, CASE WHEN p.prokind <> 'a'"                        \
    " THEN pg_get_functiondef(p.oid) END)"                                    \
    " FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace"     \
    " WHERE n.nspname IN " OURS

/*
 * A partition's clone goes with its parent's.  An internal one is PostgreSQL's
 * own, of a constraint, if what it calls is.
 */
#define TRIGGERS                                                              \
    "SELECT 'trigger', concat(t.tgname, ' on ', c.oid::regclass),"            \
    " concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid))"                  \
    " FROM pg_trigger AS t" OF_OURS("t.tgrelid")                              \
    " AND (NOT t.tgisinternal OR t.tgfoid " MADE_LATER ")"                    \
    " AND t.tgparentid = 0"

/* A view is one of its own. */
#define RULES                                                                 \
    "SELECT 'rule', concat(r.rulename, ' on ', c.oid::regclass),"             \
    " concat_ws(' ', r.ev_enabled, pg_get_ruledef(r.oid))"                    \
    " FROM pg_rewrite AS r" OF_OURS("r.ev_class")                             \
    " AND r.rulename <> '_RETURN'"

#define VIEWS                                                                 \
    "SELECT CASE c.relkind WHEN 'f' THEN 'foreign table' ELSE 'view' END,"    \
    " c.oid::regclass::text, concat_ws(' ', c.relkind, c.relowner::regrole,"  \
    " c.reloptions, pg_get_viewdef(c.oid))"                                   \
    " FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"    \
    " WHERE n.nspname IN " OURS " AND c.relkind IN ('v', 'm', 'f')"

/* A dump has a policy's roles in an order of its own. */
#define POLICIES                                                              \
    "SELECT 'policy', concat(p.polname, ' on ', c.oid::regclass),"            \
    " concat_ws(' ', p.polcmd, p.polpermissive, ARRAY(SELECT"                 \
    " r::regrole::text FROM unnest(p.polroles) AS r ORDER BY 1),"             \
    " pg_get_expr(p.polqual, c.oid), pg_get_expr(p.polwithcheck, c.oid))"     \
    " FROM pg_policy AS p" OF_OURS("p.polrelid")

/*
 * A partition's clone goes with its parent's here, and below.  That a record
 * has facts comes with the acceptance of grants, and of no file.
 */
#define CONSTRAINTS                                                           \
    "SELECT 'constraint', concat(k.conname, ' on ', c.oid::regclass),"        \
    " pg_get_constraintdef(k.oid)"                                            \
    " FROM pg_constraint AS k" OF_OURS("k.conrelid")                          \
    " AND k.contype <> 't' AND k.conparentid = 0 AND k.coninhcount = 0"       \
    " AND pg_get_constraintdef(k.oid) NOT IN ('CHECK ((facts IS NOT NULL))'," \
    " 'CHECK ((facts IS NOT NULL)) NOT VALID')"

/* Those that are of no constraint. */
#define INDEXES                                                               \
    "SELECT 'index', concat(i.indexrelid::regclass, ' on ', c.oid::regclass)," \
    " concat_ws(' ', i.indisvalid, pg_get_indexdef(i.indexrelid))"            \
    " FROM pg_index AS i" OF_OURS("i.indrelid")                               \
    " AND NOT EXISTS (SELECT FROM pg_inherits AS p WHERE p.inhrelid ="        \
    " i.indexrelid) AND NOT EXISTS (SELECT FROM pg_constraint AS k"           \
    " WHERE k.conindid = i.indexrelid AND k.conrelid = i.indrelid)"           \
    " AND c.relkind IN ('r', 'p', 'm')"

/* That of a partition is not used. */
#define DEFAULTS                                                              \
    "SELECT 'default', concat(a.attname, ' on ', c.oid::regclass),"           \
    " pg_get_expr(d.adbin, d.adrelid)"                                        \
    " FROM pg_attrdef AS d JOIN pg_attribute AS a"                            \
    " ON a.attrelid = d.adrelid AND a.attnum = d.adnum" OF_OURS("d.adrelid")  \
    " AND NOT c.relispartition"

/* Of a partition they are its parent's. */
#define COLUMNS                                                               \
    "SELECT 'column', concat(a.attname, ' on ', c.oid::regclass),"            \
    " concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull,"     \
    " a.attcollation::regcollation)"                                          \
    " FROM pg_attribute AS a" OF_OURS("a.attrelid") " AND a.attnum > 0"       \
    " AND NOT a.attisdropped AND c.relkind IN ('r', 'p')"                     \
    " AND NOT c.relispartition"

/*
 * Whose they are, and whether row security binds: rows, sequences and what is
 * made later are their owner's.  A partition comes and goes with its month.
 */
#define TABLES                                                                \
    "SELECT 'table', c.oid::regclass::text, concat_ws(' ', c.relkind,"        \
    " c.relowner::regrole, c.relrowsecurity, c.relforcerowsecurity)"          \
    " FROM ours AS c"                                                         \
    " WHERE c.relkind IN ('r', 'p', 'S') AND NOT c.relispartition"            \
    " UNION ALL SELECT 'schema', n.nspname, n.nspowner::regrole::text"        \
    " FROM pg_namespace AS n WHERE n.nspname IN " OURS

/*
 * Who has which privilege, by what takes it back; its definition is whether it
 * may be handed on.  What the gateway and the operator have of plugins' data
 * comes with the acceptance of grants (sql/data/013_privileges.sql), as does
 * what the gateway writes of the blind index.
 */
#define GRANTED                                                               \
    "SELECT c.relowner AS owner, coalesce(c.relacl, acldefault('r',"          \
    " c.relowner)) AS acl, concat(CASE c.relkind WHEN 'S' THEN 'SEQUENCE '"   \
    " ELSE 'TABLE ' END, c.oid::regclass) AS what, NULL AS part,"             \
    " c.nspname AS home, c.relname AS name"                                   \
    " FROM ours AS c WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')"       \
    " UNION ALL SELECT c.relowner, a.attacl, concat('TABLE ',"                \
    " c.oid::regclass), concat(' (', quote_ident(a.attname), ')'),"           \
    " c.nspname, c.relname FROM pg_attribute AS a" OF_OURS("a.attrelid")      \
    " AND a.attacl IS NOT NULL AND NOT a.attisdropped"                        \
    " UNION ALL SELECT p.proowner, coalesce(p.proacl, acldefault('f',"        \
    " p.proowner)), concat('FUNCTION ', p.oid::regprocedure), NULL,"          \
    " n.nspname, p.proname FROM pg_proc AS p"                                 \
    " JOIN pg_namespace AS n ON n.oid = p.pronamespace"                       \
    " WHERE n.nspname IN " OURS                                               \
    " UNION ALL SELECT n.nspowner, n.nspacl, concat('SCHEMA ',"               \
    " quote_ident(n.nspname)), NULL, n.nspname, n.nspname"                    \
    " FROM pg_namespace AS n WHERE n.nspname IN " OURS

#define GRANTS                                                                \
    "SELECT 'grant', concat(a.privilege_type, g.part, ' ON ', g.what,"        \
    " ' FROM ', CASE WHEN a.grantee = 0 THEN 'PUBLIC'"                        \
    " ELSE a.grantee::regrole::text END), bool_or(a.is_grantable)::text"      \
    " FROM (" GRANTED ") AS g CROSS JOIN aclexplode(g.acl) AS a"              \
    " WHERE a.grantee <> g.owner AND NOT (a.grantee <> 0"                     \
    " AND a.grantee::regrole::text IN ('pupil_gateway', 'pupil_operator')"    \
    " AND (g.home = 'data' OR g.name = 'blind_index'))"                       \
    " GROUP BY a.privilege_type, g.part, g.what, a.grantee"

#define OBJECTS                                                               \
    "(WITH " TABLES_OF_OURS " SELECT o.kind, o.name,"                         \
    " encode(sha256(convert_to(o.definition, 'UTF8')), 'hex') AS digest"      \
    " FROM (" FUNCTIONS " UNION ALL " TRIGGERS " UNION ALL "                  \
    RULES " UNION ALL " VIEWS " UNION ALL " POLICIES " UNION ALL "            \
    CONSTRAINTS " UNION ALL " INDEXES " UNION ALL " DEFAULTS " UNION ALL "    \
    COLUMNS " UNION ALL " TABLES " UNION ALL " GRANTS ") AS o"                \
    " (kind, name, definition))"

/* Kinds that were not written down from the beginning. */
#define NEWER                                                                 \
    "('column', 'constraint', 'default', 'grant', 'index', 'schema', 'table')"


static const char  table_sql[] =
    "CREATE TABLE public.pupil_object (kind text NOT NULL,"
    " name text NOT NULL, digest text NOT NULL, PRIMARY KEY (kind, name));"
    "GRANT SELECT ON public.pupil_object TO ";

static const char  all_sql[] =
    ";INSERT INTO public.pupil_object SELECT * FROM " OBJECTS " AS now";

static const char  newer_sql[] =
    "INSERT INTO public.pupil_object SELECT * FROM " OBJECTS " AS now"
    " WHERE now.kind IN " NEWER " AND NOT EXISTS (SELECT"
    " FROM public.pupil_object AS p WHERE p.kind = now.kind)";

static const char  before_sql[] =
    "SELECT coalesce(json_agg(now), '[]') FROM " OBJECTS " AS now";

static const char  made_sql[] =
    "WITH now AS MATERIALIZED " OBJECTS ","
    " before AS MATERIALIZED (SELECT * FROM json_to_recordset($1::json)"
    " AS b (kind text, name text, digest text)),"
    " gone AS (DELETE FROM public.pupil_object AS p USING before AS b"
    " WHERE (p.kind, p.name) = (b.kind, b.name) AND NOT EXISTS (SELECT"
    " FROM now AS n WHERE (n.kind, n.name) = (b.kind, b.name)))"
    " INSERT INTO public.pupil_object (SELECT * FROM now EXCEPT"
    " SELECT * FROM before) ON CONFLICT (kind, name)"
    " DO UPDATE SET digest = EXCLUDED.digest";

/* Of two that differ, one may be handed on. */
#define GRANT_CHANGED                                                         \
    "CASE WHEN now.digest IS NULL"                                            \
    " THEN 'a migration gave this, and it is gone: GRANT '"                   \
    " || regexp_replace(name, ' FROM (?=\\S+$)', ' TO ')"                     \
    " ELSE concat('no migration gave this: REVOKE ', CASE"                    \
    " WHEN made.digest IS NOT NULL THEN 'GRANT OPTION FOR ' END, name) END"

/*
 * Of which kinds and names is said to both before they are compared: so nobody
 * looks at what is not asked for.
 */
#define CHANGED(which)                                                        \
    "SELECT CASE WHEN kind = 'grant' THEN " GRANT_CHANGED                     \
    " ELSE concat(kind, ' ', name, CASE"                                      \
    " WHEN made.digest IS NULL THEN ' is not of a migration or a plugin''s"   \
    " file: find out who made it, and drop it'"                               \
    " WHEN now.digest IS NULL THEN ' is gone: restore it from the file that"  \
    " made it'"                                                               \
    " ELSE ' is not as the file that made it has it: find out who changed"    \
    " it, and restore it' END) END"                                           \
    " FROM (SELECT * FROM " OBJECTS " AS o WHERE " which ") AS now"           \
    " FULL JOIN (SELECT * FROM public.pupil_object WHERE " which ") AS made"  \
    " USING (kind, name) WHERE now.digest IS DISTINCT FROM made.digest"       \
    " ORDER BY kind, name"

const char  ctl_objects_changed_sql[] = CHANGED("true");

const char  ctl_objects_changed_of_sql[] =
    CHANGED("name ~ $1 AND kind <> 'grant'");

/*
 * A trigger, a grant, an owner, and what bears on rows that are written, hide
 * none.
 */
static const char  hiding_sql[] =
    CHANGED("kind NOT IN ('trigger', 'column', 'constraint', 'default',"
            " 'grant', 'index', 'schema', 'table')"
            " AND (name = $1 OR right(name, length($1) + 4) = ' on ' || $1)");


int
ctl_objects_table(PGconn *conn, const char *readers)
{
    int         rc, made;
    PGresult   *res;
    ctl_buf_t   sql;

    res = ctl_query_one(conn, "SELECT to_regclass('public.pupil_object')", 0,
                        NULL);
    if (res == NULL) {
        return -1;
    }

    made = !PQgetisnull(res, 0, 0);
    PQclear(res);

    if (made) {
        return ctl_exec(conn, newer_sql, 0, NULL);
    }

    ctl_buf_init(&sql);
    ctl_buf_text(&sql, table_sql);
    ctl_buf_text(&sql, readers);
    ctl_buf_text(&sql, all_sql);

    rc = ctl_exec(conn, sql.data, 0, NULL);
    ctl_buf_free(&sql);

    return rc;
}


int
ctl_objects_before(PGconn *conn, PGresult **before)
{
    *before = ctl_query(conn, before_sql, 0, NULL);

    return *before != NULL ? 0 : -1;
}


int
ctl_objects_made(PGconn *conn, const PGresult *before)
{
    const char  *params[1];

    params[0] = PQgetvalue(before, 0, 0);

    return ctl_exec(conn, made_sql, 1, params);
}


int
ctl_objects_hide_none(PGconn *conn, const char *table)
{
    int          rc, row;
    PGresult    *res;
    const char  *params[1];

    params[0] = table;

    res = ctl_query(conn, hiding_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    rc = 0;

    for (row = 0; row < PQntuples(res); row++) {
        rc = ctl_error("%s", PQgetvalue(res, row, 0));
    }

    PQclear(res);

    return rc;
}
