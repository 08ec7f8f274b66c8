/*
 * Copyright (C) the Pupil authors
 *
 * The databases and the key file, seen with the rights that nginx will have.
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/db.h"
#include "ctl/check/found.h"
#include "ctl/store/kek.h"
#include "ctl/store/marks.h"


#define PARTITION_DAYS  "35"


static const check_question_t  data_questions[] = {
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

static const check_question_t  keystore_questions[] = {
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
    { "SELECT f FROM unnest(ARRAY['keystore.ask_owner_keys(uuid, uuid[])',"
      " 'keystore.fetch_owner_keys(uuid, uuid[])']) AS f WHERE NOT"
      " has_function_privilege(f, 'EXECUTE')",
      "the role of pupil_keystore may not call %s: use pupil_keeper" },
    { NULL, NULL }
};

/* A database, and what is asked of it beside what core asks. */
typedef struct {
    const char        *directive;
    const check_question_t  *questions;
} place_t;

static const place_t  places[PUPIL_DATABASE_COUNT] = {
    [PUPIL_DATABASE_DATA] = { "pupil_database", data_questions },
    [PUPIL_DATABASE_KEYSTORE] = { "pupil_keystore", keystore_questions }
};


/* The number of its findings. */
static int
question_ask(check_t *check, PGconn *conn, const check_question_t *question)
{
    int            n;
    char           text[512];
    PGresult      *res;
    ctl_holder_t   holder;

    res = ctl_wait(conn, question->sql, 0, NULL, &holder);

    if (PQresultStatus(res) != PGRES_TUPLES_OK) {
        check_found(check, "the database \"%s\" cannot be looked at: %s",
                    PQdb(conn),
                    PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY));
        PQclear(res);
        return 1;
    }

    for (n = 0; n < PQntuples(res); n++) {
        /* the texts are ours; one of their directives is %s */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof(text), question->text, PQgetvalue(res, n, 0));
#pragma GCC diagnostic pop
        check_found(check, "%s", text);
    }

    PQclear(res);

    return n;
}


int
check_ask(check_t *check, PGconn *conn, const check_question_t *questions)
{
    int  n;

    for (n = 0; questions->sql != NULL; questions++) {
        n += question_ask(check, conn, questions);
    }

    return n;
}


/* -1: the rest of what is asked would make no sense. */
static int
schema_check(check_t *check, pupil_database_id_t database)
{
    int            number, compatible;
    pupil_error_t  error;

    number = ctl_schema_version(check->conn[database], &compatible);

    if (pupil_schema_fits(database, number, compatible, &error) != PUPIL_OK) {
        check_found(check, "%s", error.text);
        return -1;
    }

    return 0;
}


static void
database_check(check_t *check, pupil_database_id_t database)
{
    const place_t  *place;

    place = &places[database];

    if (check->conninfo[database] == NULL) {
        return;
    }

    check->conn[database] = ctl_connect(check->conninfo[database],
                                        pupil_databases[database].name);

    if (check->conn[database] == NULL) {
        check_found(check, "%s: no connection with this conninfo; see the"
                    " message on standard error", place->directive);
        return;
    }

    if (schema_check(check, database) != 0) {
        return;
    }

    (void) check_ask(check, check->conn[database], place->questions);
    check_objects(check, check->conn[database]);
}


/* The identifier of a database's cluster; 0: not known. */
static uint64_t
system_read(const check_t *check, pupil_database_id_t database)
{
    uint64_t   system;
    PGresult  *res;

    if (check->conn[database] == NULL) {
        return 0;
    }

    res = ctl_query_one(check->conn[database], pupil_system_sql, 0, NULL);
    if (res == NULL) {
        return 0;
    }

    system = strtoull(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);

    return system;
}


static void
systems_check(check_t *check)
{
    pupil_error_t  error;

    if (check->same_cluster) {
        return;
    }

    if (pupil_systems_fit(system_read(check, PUPIL_DATABASE_DATA),
                          system_read(check, PUPIL_DATABASE_KEYSTORE), &error)
        != PUPIL_OK)
    {
        check_found(check, "%s", error.text);
    }
}


static void
marks_check(check_t *check)
{
    pupil_rc_t     rc;
    ctl_marks_t    marks;
    pupil_error_t  error;

    if (check->conn[PUPIL_DATABASE_DATA] == NULL
        || check->conn[PUPIL_DATABASE_KEYSTORE] == NULL)
    {
        return;
    }

    rc = ctl_marks_read(check->conn[PUPIL_DATABASE_DATA],
                        check->conn[PUPIL_DATABASE_KEYSTORE], &marks, &error);

    if (rc == PUPIL_FAILED) {
        return;                                 /* a finding of the schema */
    }

    if (rc != PUPIL_OK
        || pupil_copy_fits(marks.copied, marks.destroyed, &error) != PUPIL_OK
        || pupil_ledger_fits(marks.entered, marks.copied, &error) != PUPIL_OK
        || pupil_ledger_fits(marks.entered, check->entered, &error)
           != PUPIL_OK)
    {
        check_found(check, "%s", error.text);
    }
}


void
check_databases(check_t *check)
{
    database_check(check, PUPIL_DATABASE_DATA);
    database_check(check, PUPIL_DATABASE_KEYSTORE);
    systems_check(check);
    marks_check(check);
}


static void
epochs_check(check_t *check, const PGresult *res)
{
    int            n;
    ctl_t         *ctl;
    pupil_epoch_t  known[PUPIL_KEYRING_EPOCHS];
    pupil_error_t  error;

    ctl = check->ctl;
    pupil_epochs_known(ctl->keks, ctl->keks_count, known);

    for (n = 0; n < PQntuples(res); n++) {
        if (pupil_epoch_fits(known, ctl->keks_count,
                             ctl_get_int(res, n, 0, 0), ctl_get_str(res, n, 1),
                             &error) != PUPIL_OK)
        {
            check_found(check, "%s", error.text);
        }
    }

    if (PQntuples(res) == 0) {
        check_found(check, "the key store knows no key: run pupilctl init");
    }
}


void
check_key(check_t *check)
{
    PGresult  *res;

    if (check->master_key == NULL) {
        return;
    }

    check->ctl->opt.key = check->master_key;

    if (ctl_kek_open(check->ctl) != 0) {
        check_found(check, "pupil_master_key: %s is not to be used; see the"
                    " message on standard error", check->master_key);
        return;
    }

    if (check->conn[PUPIL_DATABASE_KEYSTORE] == NULL) {
        return;
    }

    res = ctl_query(check->conn[PUPIL_DATABASE_KEYSTORE], pupil_epochs_sql, 0,
                    NULL);
    if (res == NULL) {
        return;
    }

    epochs_check(check, res);
    PQclear(res);
}
