/*
 * Copyright (C) the Pupil authors
 *
 * The two databases, synchronously: pupilctl is no event loop.
 */

#include <stdlib.h>
#include <string.h>

#include "core/endpoints/database.h"
#include "ctl/base/ctl.h"


static void query_error(const PGconn *conn, const PGresult *res);
static void ignore_notice(void *arg, const char *message);


static void
ignore_notice(void *arg, const char *message)
{
    (void) arg;
    (void) message;
}


PGconn *
ctl_connect(const char *conninfo, const char *what)
{
    PGconn      *conn;
    const char  *words[] = { "dbname", "fallback_application_name",
                             "client_encoding", NULL };
    const char  *values[] = { conninfo, "pupilctl", "UTF8", NULL };

    conn = PQconnectdbParams(words, values, 1);
    if (conn == NULL || PQstatus(conn) != CONNECTION_OK) {
        ctl_error("cannot connect to the %s: %s", what,
                  conn == NULL ? "out of memory" : PQerrorMessage(conn));
        PQfinish(conn);
        return NULL;
    }

    PQsetNoticeProcessor(conn, ignore_notice, NULL);

    if (ctl_exec(conn, "SET timezone = 'UTC'", 0, NULL) != 0
        || ctl_exec(conn, "SET search_path = pg_catalog", 0, NULL) != 0)
    {
        PQfinish(conn);
        return NULL;
    }

    return conn;
}


/* The detail of an error can hold values: it is not shown (I14). */
static void
query_error(const PGconn *conn, const PGresult *res)
{
    const char  *state, *text;

    state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    ctl_error("the database \"%s\" said: %s (SQLSTATE %s)", PQdb(conn),
              text != NULL ? text : "the connection was lost",
              state != NULL ? state : "none");
}


PGresult *
ctl_query(PGconn *conn, const char *sql, int count,
    const char *const *params)
{
    PGresult        *res;
    ExecStatusType   status;

    res = count == 0 ? PQexec(conn, sql)
                     : PQexecParams(conn, sql, count, NULL, params, NULL,
                                    NULL, 0);
    status = PQresultStatus(res);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        query_error(conn, res);
        PQclear(res);
        return NULL;
    }

    return res;
}


int
ctl_exec(PGconn *conn, const char *sql, int count, const char *const *params)
{
    PGresult  *res;

    res = ctl_query(conn, sql, count, params);
    if (res == NULL) {
        return -1;
    }

    PQclear(res);

    return 0;
}


int
ctl_begin(PGconn *conn, const pupil_uuid_t *tenant)
{
    char         text[PUPIL_UUID_TEXT_LEN + 1];
    const char  *params[1];

    if (ctl_exec(conn, "BEGIN", 0, NULL) != 0) {
        return -1;
    }

    if (tenant == NULL) {
        return 0;
    }

    params[0] = ctl_uuid_text(tenant, text);

    return ctl_exec(conn, "SELECT set_config('pupil.tenant', $1, true)", 1,
                    params);
}


int
ctl_commit(PGconn *conn)
{
    return ctl_exec(conn, "COMMIT", 0, NULL);
}


void
ctl_rollback(PGconn *conn)
{
    PQclear(PQexec(conn, "ROLLBACK"));
}


/* The zero uuid is no refusal here: it is the institution of tenant roles. */
int
ctl_get_uuid(const PGresult *res, int row, int col, pupil_uuid_t *out)
{
    static const char  zero[] = "00000000-0000-0000-0000-000000000000";

    memset(out, 0, sizeof(pupil_uuid_t));
    if (PQgetisnull(res, row, col)
        || strcmp(PQgetvalue(res, row, col), zero) == 0)
    {
        return 0;
    }

    return ctl_uuid_parse(PQgetvalue(res, row, col), out);
}


int
ctl_get_bytes(const PGresult *res, int row, int col, uint8_t *out,
    size_t size, size_t *len)
{
    pupil_str_t  s;

    *len = 0;
    s = ctl_get_str(res, row, col);
    if (s.len < 2 || s.data[0] != '\\' || s.data[1] != 'x') {
        return PQgetisnull(res, row, col) ? 0 : -1;
    }

    return pupil_hex_decode(s.data + 2, s.len - 2, out, size, len)
           == PUPIL_OK ? 0 : -1;
}


pupil_str_t
ctl_get_str(const PGresult *res, int row, int col)
{
    pupil_str_t  s;

    s.data = (const uint8_t *) PQgetvalue(res, row, col);
    s.len = (size_t) PQgetlength(res, row, col);

    return s;
}


int32_t
ctl_get_int(const PGresult *res, int row, int col, int32_t none)
{
    return PQgetisnull(res, row, col)
           ? none : (int32_t) strtol(PQgetvalue(res, row, col), NULL, 10);
}


/* A superuser or a member steps down, so that row security binds it. */
int
ctl_become(PGconn *conn, const char *role)
{
    char  sql[128];

    if (strcmp(PQuser(conn), role) == 0) {
        return 0;
    }

    snprintf(sql, sizeof(sql), "SET ROLE %s", role);
    if (ctl_exec(conn, sql, 0, NULL) != 0) {
        return ctl_error("connect as %s, as a member of it or as a"
                         " superuser (now: %s)", role, PQuser(conn));
    }

    return 0;
}


static int
open_one(const char *conninfo, pupil_database_id_t database,
    const char *option, PGconn **conn)
{
    int            version, compatible;
    const char    *what;
    pupil_error_t  error;

    if (*conn != NULL) {
        return 0;
    }

    what = pupil_databases[database].name;

    if (conninfo == NULL) {
        return ctl_error("%s is needed: the conninfo of the %s", option,
                         what);
    }

    *conn = ctl_connect(conninfo, what);
    if (*conn == NULL) {
        return -1;
    }

    version = ctl_schema_version(*conn, &compatible);
    if (version <= 0) {
        return version == 0
               ? ctl_error("the %s holds no schema: run pupilctl migrate",
                           what) : -1;
    }

    if (pupil_schema_fits(database, version, compatible, &error) != PUPIL_OK)
    {
        return ctl_error("%s", error.text);
    }

    return ctl_become(*conn, "pupil_operator");
}


int
ctl_open_data(ctl_t *ctl)
{
    return open_one(ctl->opt.database, PUPIL_DATABASE_DATA, "--database",
                    &ctl->data);
}


int
ctl_open_keys(ctl_t *ctl)
{
    return open_one(ctl->opt.keystore, PUPIL_DATABASE_KEYSTORE, "--keystore",
                    &ctl->keys);
}


int
ctl_open_tenant(ctl_t *ctl)
{
    PGresult  *res;
    int        n;

    if (ctl_open_data(ctl) != 0) {
        return -1;
    }

    res = ctl_query(ctl->data, "SELECT tenant FROM pupil.tenant"
                    " ORDER BY created_at LIMIT 2", 0, NULL);
    if (res == NULL) {
        return -1;
    }

    n = PQntuples(res);
    if (ctl->opt.tenant == NULL && n == 1) {
        ctl_get_uuid(res, 0, 0, &ctl->tenant);

    } else if (ctl->opt.tenant == NULL) {
        PQclear(res);
        return ctl_error(n == 0 ? "there is no tenant: run pupilctl tenant"
                                  " add NAME"
                                : "--tenant is needed: there are several,"
                                  " see pupilctl tenant list");

    } else if (ctl_uuid_parse(ctl->opt.tenant, &ctl->tenant) != 0) {
        PQclear(res);
        return ctl_error("--tenant is no lower-case UUID");
    }

    PQclear(res);
    ctl_uuid_text(&ctl->tenant, ctl->tenant_text);

    return 0;
}
