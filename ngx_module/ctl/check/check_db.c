/*
 * Copyright (C) the Pupil authors
 *
 * The databases and the key file, seen with the rights that nginx will have.
 */

#include <string.h>

#include "ctl/check/check.h"


#define PARTITION_DAYS  "35"

/* A question to a database: each row that it returns is a finding. */
typedef struct {
    const char  *sql;
    const char  *text;          /* %s: the row's only column */
} question_t;


static const question_t  data_questions[] = {
    { "SELECT current_user FROM pg_roles WHERE rolname = current_user AND"
      " (rolsuper OR rolbypassrls)",
      "the role %s of pupil_database is a superuser or bypasses row-level"
      " security: use pupil_gateway" },
    { "SELECT DISTINCT r.rolname FROM pg_namespace n JOIN pg_roles r ON r.oid"
      " = n.nspowner WHERE n.nspname IN ('pupil', 'data') AND"
      " pg_has_role(current_user, r.oid, 'MEMBER') AND NOT (SELECT rolsuper"
      " FROM pg_roles WHERE rolname = current_user)",
      "the role of pupil_database is %s, who owns the schema, or a member of"
      " it: use pupil_gateway" },
    { "SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid ="
      " c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname"
      " = 'tenant' AND NOT a.attisdropped WHERE n.nspname IN ('pupil', 'data')"
      " AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT"
      " (c.relrowsecurity AND c.relforcerowsecurity) ORDER BY 1",
      "row-level security is not on and forced on %s: as its owner, ALTER"
      " TABLE it ENABLE and FORCE ROW LEVEL SECURITY, or SELECT"
      " pupil.protect(category)" },
    { "SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid ="
      " c.relnamespace WHERE n.nspname IN ('pupil', 'data') AND c.relkind IN"
      " ('r', 'p') AND NOT c.relispartition AND EXISTS (SELECT 1 FROM"
      " pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant' AND"
      " NOT a.attisdropped) AND NOT EXISTS (SELECT 1 FROM pg_policy p WHERE"
      " p.polrelid = c.oid) ORDER BY 1",
      "no policy is on %s: run pupilctl migrate" },
    { "SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid ="
      " c.relnamespace WHERE n.nspname = 'data' AND c.relkind = 'v' AND NOT"
      " coalesce('security_invoker=true' = ANY (c.reloptions), false)"
      " ORDER BY 1",
      "the view %s is not security_invoker and goes around row-level"
      " security: ALTER VIEW it SET (security_invoker = true)" },
    { "SELECT p FROM unnest(ARRAY['SELECT', 'UPDATE', 'DELETE', 'TRUNCATE'])"
      " AS p WHERE has_table_privilege('pupil.audit_record', p)",
      "the role of pupil_database has %s on pupil.audit_record, which is"
      " append-only: REVOKE it" },
    { "SELECT 'INSERT' WHERE NOT has_table_privilege('pupil.audit_record',"
      " 'INSERT')",
      "the role of pupil_database lacks %s on pupil.audit_record: nothing"
      " could be shown; use pupil_gateway" },
    { "SELECT i.inhrelid::regclass FROM pg_inherits i WHERE i.inhparent ="
      " 'pupil.audit_record'::regclass AND has_table_privilege(i.inhrelid,"
      " 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE') ORDER BY 1 LIMIT 1",
      "the role of pupil_database has privileges on %s, a partition, where no"
      " policy binds: REVOKE ALL" },
    { "SELECT coalesce(pupil.audit_covered_until()::date::text, 'nothing')"
      " WHERE coalesce(pupil.audit_covered_until() < now() + interval '"
      PARTITION_DAYS " days', true)",
      "the audit has partitions until %s, less than " PARTITION_DAYS " days:"
      " run pupilctl migrate" },
    { NULL, NULL }
};

static const question_t  keystore_questions[] = {
    { "SELECT current_user FROM pg_roles WHERE rolname = current_user AND"
      " (rolsuper OR rolbypassrls)",
      "the role %s of pupil_keystore is a superuser or bypasses row-level"
      " security: use pupil_keeper" },
    { "SELECT r.rolname FROM pg_namespace n JOIN pg_roles r ON r.oid ="
      " n.nspowner WHERE n.nspname = 'keystore' AND pg_has_role(current_user,"
      " r.oid, 'MEMBER') AND NOT (SELECT rolsuper FROM pg_roles WHERE rolname"
      " = current_user)",
      "the role of pupil_keystore is %s, who owns the schema, or a member of"
      " it: use pupil_keeper" },
    { "SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid ="
      " c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname"
      " = 'tenant' AND NOT a.attisdropped WHERE n.nspname = 'keystore' AND"
      " c.relkind = 'r' AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
      " ORDER BY 1",
      "row-level security is not on and forced on %s: as its owner, ALTER"
      " TABLE it ENABLE and FORCE ROW LEVEL SECURITY" },
    { "SELECT 'keystore.owner_key' WHERE"
      " has_table_privilege('keystore.owner_key',"
      " 'SELECT, INSERT, UPDATE, DELETE')",
      "the role of pupil_keystore reads %s past the recorded and capped"
      " function: use pupil_keeper" },
    { "SELECT t FROM unnest(ARRAY['keystore.tenant_key',"
      " 'keystore.service_key', 'keystore.kek_epoch']) AS t WHERE NOT"
      " has_table_privilege(t, 'SELECT')",
      "the role of pupil_keystore may not read %s: use pupil_keeper" },
    { "SELECT 'keystore.fetch_owner_keys' WHERE NOT"
      " has_function_privilege('keystore.fetch_owner_keys(uuid[])',"
      " 'EXECUTE')",
      "the role of pupil_keystore may not call %s: use pupil_keeper" },
    { NULL, NULL }
};

/* By pupil_field_type_t; NULL: sealed only. */
static const char *const  column_types[PUPIL_TYPE_COUNT] = {
    [PUPIL_TYPE_TEXT] = "text",
    [PUPIL_TYPE_INTEGER] = "bigint",
    [PUPIL_TYPE_BOOLEAN] = "boolean",
    [PUPIL_TYPE_UUID] = "uuid",
    [PUPIL_TYPE_DATE] = "date",
    [PUPIL_TYPE_TIMESTAMP] = "timestamp with time zone",
    [PUPIL_TYPE_UUID_LIST] = "uuid[]"
};


static void
ask(check_t *check, PGconn *conn, const question_t *question)
{
    int        n;
    char       text[512];
    PGresult  *res;

    for ( /* void */ ; question->sql != NULL; question++) {
        res = PQexec(conn, question->sql);
        if (PQresultStatus(res) != PGRES_TUPLES_OK) {
            check_found(check, "the database \"%s\" cannot be looked at: %s",
                        PQdb(conn),
                        PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY));
            PQclear(res);
            continue;
        }
        for (n = 0; n < PQntuples(res); n++) {
            /* the texts are ours; one of their directives is %s */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
            snprintf(text, sizeof(text), question->text,
                     PQgetvalue(res, n, 0));
#pragma GCC diagnostic pop
            check_found(check, "%s", text);
        }
        PQclear(res);
    }
}


static int
version_check(check_t *check, PGconn *conn, const char *what, int known)
{
    int  version, compatible;

    version = ctl_schema_version(conn, &compatible);
    if (version < known) {
        check_found(check, "the %s has schema %d, %d is needed: run pupilctl"
                    " migrate", what, version, known);
        return -1;
    }
    if (compatible > known) {
        check_found(check, "the %s has schema %d, which needs a program that"
                    " knows %d; this one knows %d: upgrade Pupil", what,
                    version, compatible, known);
        return -1;
    }

    return 0;
}


void
check_data(check_t *check)
{
    if (check->database == NULL) {
        return;
    }

    check->data = ctl_connect(check->database, "data database");
    if (check->data == NULL) {
        check_found(check, "pupil_database: no connection with this conninfo;"
                    " see the message on standard error");
        return;
    }

    if (version_check(check, check->data, "data database", CTL_SCHEMA_DATA)
        == 0)
    {
        ask(check, check->data, data_questions);
    }
}


static void
column_check(check_t *check, const PGresult *res, const char *category,
    const char *column, const char *type)
{
    int  n;

    for (n = 0; n < PQntuples(res); n++) {
        if (strcmp(PQgetvalue(res, n, 0), column) != 0) {
            continue;
        }
        if (strcmp(PQgetvalue(res, n, 1), type) != 0) {
            check_found(check, "data.%s.%s is of type %s, the plugin needs"
                        " %s: correct the plugin's SQL file", category,
                        column, PQgetvalue(res, n, 1), type);
        }
        return;
    }

    check_found(check, "data.%s has no column %s of type %s: run pupilctl"
                " migrate with the plugin's SQL file", category, column,
                type);
}


static void
accepted_check(check_t *check, uint32_t i)
{
    char                  *wider;
    json_t                *accepted = NULL, *grants;
    PGresult              *res;
    const char            *params[1];
    const pupil_plugin_t  *plugin;

    plugin = check->ctl->policy.categories[i]->plugin;
    params[0] = plugin->name;
    res = ctl_query(check->data, "SELECT grants FROM pupil.plugin WHERE"
                    " category = $1", 1, params);
    if (res != NULL && PQntuples(res) == 1) {
        accepted = json_loads(PQgetvalue(res, 0, 0), 0, NULL);
    }
    PQclear(res);

    grants = ctl_plugin_grants(plugin);
    wider = ctl_plugin_wider(&check->ctl->pool, accepted, grants);
    if (wider != NULL) {
        check_found(check, "the plugin %s %s grants more than was accepted:"
                    " %s; read what it grants, then run pupilctl plugin"
                    " accept %s", plugin->name, plugin->version, wider,
                    check->ctl->plugin_files[i]);
    }
    json_decref(grants);
    json_decref(accepted);
}


static void
table_check(check_t *check, const pupil_plugin_t *plugin)
{
    uint32_t              f;
    PGresult             *res;
    const char           *params[1];
    const pupil_field_t  *field;

    params[0] = plugin->name;
    res = ctl_query(check->data, "SELECT a.attname, format_type(a.atttypid,"
                    " -1), c.relkind, has_table_privilege(c.oid, 'SELECT'),"
                    " has_table_privilege(c.oid, 'INSERT') AND"
                    " has_table_privilege(c.oid, 'UPDATE') FROM pg_class c"
                    " JOIN pg_namespace n ON n.oid = c.relnamespace JOIN"
                    " pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
                    " AND NOT a.attisdropped WHERE n.nspname = 'data' AND"
                    " c.relname = $1", 1, params);
    if (res == NULL || PQntuples(res) == 0) {
        check_found(check, "the plugin %s has no table data.%s: run pupilctl"
                    " migrate --plugin-sql %s.sql", plugin->name,
                    plugin->name, plugin->name);
        PQclear(res);
        return;
    }

    if (PQgetvalue(res, 0, 3)[0] != 't'
        || (PQgetvalue(res, 0, 2)[0] == 'r' && PQgetvalue(res, 0, 4)[0]
                                                != 't'))
    {
        check_found(check, "the role of pupil_database lacks privileges on"
                    " data.%s: its SQL file ends with SELECT"
                    " pupil.protect('%s')", plugin->name, plugin->name);
    }

    column_check(check, res, plugin->name, "tenant", "uuid");
    column_check(check, res, plugin->name, "owner", "uuid");
    column_check(check, res, plugin->name, "record", "uuid");
    column_check(check, res, plugin->name, "key_version", "integer");
    column_check(check, res, plugin->name, "source", "text");
    column_check(check, res, plugin->name, "updated_at",
                 "timestamp with time zone");
    for (f = 0; f < plugin->fields_count; f++) {
        field = &plugin->fields[f];
        column_check(check, res, plugin->name, field->name,
                     field->flags & PUPIL_FIELD_SEALED ? "bytea"
                     : column_types[field->type] != NULL
                     ? column_types[field->type] : "bytea");
    }
    PQclear(res);
}


void
check_plugins(check_t *check)
{
    uint32_t  i;

    if (check->data == NULL) {
        return;
    }

    for (i = 0; i < check->ctl->policy.count; i++) {
        table_check(check, check->ctl->policy.categories[i]->plugin);
        accepted_check(check, i);
    }
}


void
check_keystore(check_t *check)
{
    if (check->keystore == NULL) {
        return;
    }

    check->keys = ctl_connect(check->keystore, "key store");
    if (check->keys == NULL) {
        check_found(check, "pupil_keystore: no connection with this conninfo;"
                    " see the message on standard error");
        return;
    }

    if (version_check(check, check->keys, "key store", CTL_SCHEMA_KEYSTORE)
        == 0)
    {
        ask(check, check->keys, keystore_questions);
    }
}


void
check_clusters(check_t *check)
{
    PGresult    *a, *b;
    const char  *sql = "SELECT system_identifier FROM pg_control_system()";

    if (check->data == NULL || check->keys == NULL || check->same_cluster) {
        return;
    }

    a = ctl_query(check->data, sql, 0, NULL);
    b = ctl_query(check->keys, sql, 0, NULL);
    if (a != NULL && b != NULL
        && strcmp(PQgetvalue(a, 0, 0), PQgetvalue(b, 0, 0)) == 0)
    {
        check_found(check, "data database and key store are in one cluster,"
                    " whose backups hold both: use two, or add same_cluster"
                    " to pupil_keystore for a trial");
    }
    PQclear(a);
    PQclear(b);
}


void
check_key(check_t *check)
{
    int          n, known;
    size_t       len;
    uint8_t      made[32], stored[32];
    uint32_t     i;
    PGresult    *res;
    ctl_t       *ctl = check->ctl;

    if (check->master_key == NULL) {
        return;
    }

    ctl->opt.key = check->master_key;
    if (ctl_keys_open(ctl) != 0) {
        check_found(check, "pupil_master_key: %s is not to be used; see the"
                    " message on standard error", check->master_key);
        return;
    }

    res = check->keys == NULL ? NULL
          : ctl_query(check->keys, "SELECT epoch, fingerprint FROM"
                      " keystore.kek_epoch WHERE retired_at IS NULL", 0,
                      NULL);
    for (n = 0; res != NULL && n < PQntuples(res); n++) {
        known = 0;
        for (i = 0; i < ctl->keks_count; i++) {
            pupil_kek_fingerprint(&ctl->keks[i].key, made);
            known |= (int) ctl->keks[i].epoch == ctl_get_int(res, n, 0, 0)
                     && ctl_get_bytes(res, n, 1, stored, sizeof(stored),
                                      &len) == 0
                     && len == 32 && memcmp(made, stored, 32) == 0;
        }
        if (!known) {
            check_found(check, "%s does not hold the key that the key store"
                        " knows as epoch %s: it is the wrong file",
                        check->master_key, PQgetvalue(res, n, 0));
        }
    }
    if (res != NULL && PQntuples(res) == 0) {
        check_found(check, "the key store knows no key: run pupilctl init");
    }
    PQclear(res);
}
