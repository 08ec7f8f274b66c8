/*
 * Copyright (C) the Pupil authors
 *
 * The two databases, synchronously: pupilctl is no event loop.
 */

#include <libpq-events.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/endpoints/database.h"
#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/base/wait.h"


#define LOCKED  "55P03"         /* lock_not_available */


static void connect_error(const PGconn *conn, const char *what);
static const char *tls_mode(const char *conninfo);
static int hosts_local(const char *hosts);
static void ignore_notice(void *arg, const char *message);
static int database_open(pupil_database_id_t database, const char *conninfo,
    PGconn **conn, ctl_count_t *count);
static int begin(PGconn *conn, const pupil_uuid_t *tenant, const char *sql);
static int count_event(PGEventId id, void *info, void *arg);
static int schema_check(PGconn *conn, pupil_database_id_t database);


/* What names each database. */
static const char *const  database_options[PUPIL_DATABASE_COUNT] = {
    [PUPIL_DATABASE_DATA] = "--database",
    [PUPIL_DATABASE_KEYSTORE] = "--keystore"
};

/*
 * The conninfo decides over what stands before it, by which a server that is
 * gone is found; and over the next two; it says no sslmode where we do.
 */
static const char *const  connect_words[] = {
    "connect_timeout", "keepalives_idle", "keepalives_interval",
    "keepalives_count", "tcp_user_timeout", "dbname",
    "fallback_application_name", "client_encoding", "sslmode", NULL
};


PGconn *
ctl_connect(const char *conninfo, const char *what)
{
    PGconn      *conn;
    const char  *values[] = { "10", "30", "5", "3", "30000", conninfo,
                              "pupilctl", "UTF8", tls_mode(conninfo), NULL };

    conn = PQconnectdbParams(connect_words, values, 1);

    if (conn == NULL || PQstatus(conn) != CONNECTION_OK) {
        connect_error(conn, what);
        PQfinish(conn);
        return NULL;
    }

    PQsetNoticeProcessor(conn, ignore_notice, NULL);

    /* names mean PostgreSQL's own, whatever the role is set to (I20) */
    if (ctl_exec(conn, "SET search_path = pg_catalog, pg_temp", 0, NULL) != 0
        || ctl_exec(conn, "SET timezone = 'UTC'", 0, NULL) != 0
        || ctl_wait_bound(conn) != 0)
    {
        PQfinish(conn);
        return NULL;
    }

    return conn;
}


/* What libpq says has a newline of its own at its end. */
static void
connect_error(const PGconn *conn, const char *what)
{
    int          len;
    const char  *text;

    text = conn == NULL ? "out of memory" : PQerrorMessage(conn);
    len = (int) strlen(text);

    while (len > 0 && text[len - 1] == '\n') {
        len--;
    }

    ctl_error("cannot connect to the %s: %.*s", what, len, text);
}


/*
 * As in nginx: who says nothing about TLS gets all of it on a network.  NULL:
 * it is said, or there is no network between.
 */
static const char *
tls_mode(const char *conninfo)
{
    int                asked;
    const char        *host, *address, *mode;
    PQconninfoOption  *options, *option;

    host = getenv("PGHOST");
    address = NULL;
    mode = getenv("PGSSLMODE");

    options = PQconninfoParse(conninfo, NULL);

    for (option = options;
         option != NULL && option->keyword != NULL;
         option++)
    {
        if (option->val == NULL) {
            continue;
        }

        if (strcmp(option->keyword, "host") == 0) {
            host = option->val;

        } else if (strcmp(option->keyword, "hostaddr") == 0) {
            address = option->val;

        } else if (strcmp(option->keyword, "sslmode") == 0) {
            mode = option->val;
        }
    }

    asked = mode == NULL && !(hosts_local(host) && hosts_local(address));

    PQconninfoFree(options);

    return asked ? "verify-full" : NULL;
}


/* A list of hosts: none, sockets and loopback alone. */
static int
hosts_local(const char *hosts)
{
    size_t       i, len;
    const char  *p;

    static const char *const  local[] = {
        "localhost", "127.0.0.1", "::1", NULL
    };

    for (p = hosts; p != NULL; p = p[len] != '\0' ? p + len + 1 : NULL) {
        len = strcspn(p, ",");

        if (len == 0 || *p == '/' || *p == '@') {
            continue;
        }

        for (i = 0; local[i] != NULL; i++) {
            if (strlen(local[i]) == len && strncmp(p, local[i], len) == 0) {
                break;
            }
        }

        if (local[i] == NULL) {
            return 0;
        }
    }

    return 1;
}


/* A notice can hold values, too, and no command says less without it. */
static void
ignore_notice(void *arg, const char *message)
{
    (void) arg;
    (void) message;
}


/* The detail of an error can hold values: it is not shown (I14). */
int
ctl_query_error(const PGconn *conn, const PGresult *res,
    const ctl_holder_t *holder)
{
    const char  *state, *text;

    state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    text = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);

    if (ctl_locked(res) && holder != NULL && holder->seen) {
        return ctl_error("a lock in the database \"%s\" is held by %s: end"
                         " that, and try again", PQdb(conn), holder->text);
    }

    /* that it does not answer is said where it was waited for */
    if (text == NULL && ctl_wait_lost() && PQstatus(conn) != CONNECTION_OK) {
        return -1;
    }

    return ctl_error("the database \"%s\" said: %s (SQLSTATE %s)", PQdb(conn),
                     text != NULL ? text : "the connection was lost",
                     state != NULL ? state : "none");
}


int
ctl_locked(const PGresult *res)
{
    const char  *state;

    state = PQresultErrorField(res, PG_DIAG_SQLSTATE);

    return state != NULL && strcmp(state, LOCKED) == 0;
}


PGresult *
ctl_query(PGconn *conn, const char *sql, int count,
    const char *const *params)
{
    PGresult        *res;
    ctl_holder_t     holder;
    ExecStatusType   status;

    res = ctl_wait(conn, sql, count, params, &holder);
    status = PQresultStatus(res);

    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        ctl_query_error(conn, res, &holder);
        PQclear(res);
        return NULL;
    }

    return res;
}


PGresult *
ctl_query_one(PGconn *conn, const char *sql, int count,
    const char *const *params)
{
    PGresult  *res;

    res = ctl_query(conn, sql, count, params);

    if (res != NULL && PQntuples(res) != 1) {
        ctl_error("the database \"%s\" has %d rows where there is one: %s",
                  PQdb(conn), PQntuples(res), sql);
        PQclear(res);
        return NULL;
    }

    return res;
}


PGresult *
ctl_ask(ctl_t *ctl, PGconn *conn, const char *sql, int count,
    const char *const *params)
{
    PGresult  *res;

    res = ctl_begin(conn, &ctl->tenant) == 0
          ? ctl_query(conn, sql, count, params) : NULL;
    ctl_rollback(conn);

    return res;
}


PGresult *
ctl_ask_one(ctl_t *ctl, PGconn *conn, const char *sql, int count,
    const char *const *params)
{
    PGresult  *res;

    res = ctl_begin(conn, &ctl->tenant) == 0
          ? ctl_query_one(conn, sql, count, params) : NULL;
    ctl_rollback(conn);

    return res;
}


int
ctl_query_text(ctl_t *ctl, PGconn *conn, const char *sql, int count,
    const char *const *params, const char **text)
{
    PGresult  *res;

    res = ctl_ask(ctl, conn, sql, count, params);
    if (res == NULL) {
        return -1;
    }

    *text = PQntuples(res) == 0 || PQgetisnull(res, 0, 0) ? NULL
            : ctl_pool_text(&ctl->pool, PQgetvalue(res, 0, 0),
                            (size_t) PQgetlength(res, 0, 0));
    PQclear(res);

    return 0;
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
ctl_fetch_lines(PGconn *conn, const char *fetch, FILE *file, uint64_t *count)
{
    int        row, n;
    PGresult  *res;

    do {
        res = ctl_query(conn, fetch, 0, NULL);
        if (res == NULL) {
            return -1;
        }

        n = PQntuples(res);
        *count += (uint64_t) n;

        for (row = 0; row < n; row++) {
            fprintf(file, "%s\n", PQgetvalue(res, row, 0));
        }

        PQclear(res);

    } while (n != 0);

    return 0;
}


int
ctl_write(ctl_t *ctl, PGconn *conn, const char *sql, int count,
    const char *const *params)
{
    if (ctl_begin(conn, &ctl->tenant) == 0
        && ctl_exec(conn, sql, count, params) == 0 && ctl_commit(conn) == 0)
    {
        return 0;
    }

    ctl_rollback(conn);

    return -1;
}


int
ctl_begin(PGconn *conn, const pupil_uuid_t *tenant)
{
    return begin(conn, tenant, "BEGIN");
}


int
ctl_begin_still(PGconn *conn, const pupil_uuid_t *tenant, const char *snapshot)
{
    int        rc;
    ctl_buf_t  sql;

    ctl_buf_init(&sql);
    ctl_buf_text(&sql, "BEGIN ISOLATION LEVEL REPEATABLE READ");

    if (snapshot != NULL) {
        ctl_buf_printf(&sql, "; SET TRANSACTION SNAPSHOT '%s'", snapshot);
    }

    rc = begin(conn, tenant, sql.data);
    ctl_buf_free(&sql);

    return rc;
}


int
ctl_snapshot(PGconn *conn, char snapshot[CTL_SNAPSHOT_SIZE])
{
    PGresult    *res;
    const char  *text;

    res = ctl_query_one(conn, "SELECT pg_export_snapshot()", 0, NULL);
    if (res == NULL) {
        return -1;
    }

    /* it becomes part of a statement */
    text = PQgetvalue(res, 0, 0);
    snprintf(snapshot, CTL_SNAPSHOT_SIZE, "%.*s",
             (int) strspn(text, "0123456789ABCDEF-"), text);
    PQclear(res);

    return 0;
}


/* sql: what it begins by. */
static int
begin(PGconn *conn, const pupil_uuid_t *tenant, const char *sql)
{
    char          text[PUPIL_UUID_TEXT_LEN + 1];
    const char   *params[1];
    ctl_count_t  *count;

    count = PQinstanceData(conn, count_event);

    if (count != NULL && PQtransactionStatus(conn) == PQTRANS_IDLE) {
        count->last = count->kept;
    }

    if (ctl_exec(conn, sql, 0, NULL) != 0) {
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
    PGresult     *res;
    ctl_count_t  *count;

    res = ctl_query(conn, "COMMIT", 0, NULL);
    if (res == NULL) {
        return -1;
    }

    count = PQinstanceData(conn, count_event);

    /* a transaction that failed answers with ROLLBACK, and no error */
    if (count != NULL && strcmp(PQcmdStatus(res), "COMMIT") == 0) {
        count->kept = count->last;
    }

    PQclear(res);

    return 0;
}


void
ctl_rollback(PGconn *conn)
{
    ctl_wait_rollback(conn);
}


int
ctl_schema_version(PGconn *conn, int *compatible)
{
    int        version, made;
    PGresult  *res;

    *compatible = 0;

    res = ctl_query_one(conn, "SELECT to_regclass('public.pupil_migration')", 0,
                        NULL);
    if (res == NULL) {
        return -1;
    }

    made = !PQgetisnull(res, 0, 0);
    PQclear(res);

    if (!made) {
        return 0;
    }

    res = ctl_query_one(conn, pupil_schema_sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    version = ctl_get_int(res, 0, 0, 0);
    *compatible = ctl_get_int(res, 0, 1, 0);
    PQclear(res);

    return version;
}


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


int
ctl_open_data(ctl_t *ctl)
{
    return database_open(PUPIL_DATABASE_DATA, ctl->opt.database, &ctl->data,
                         &ctl->written);
}


int
ctl_connected(const ctl_t *ctl)
{
    return PQstatus(ctl->data) == CONNECTION_OK
           && PQstatus(ctl->keys) == CONNECTION_OK;
}


int
ctl_open_beside(ctl_t *ctl, PGconn **conn)
{
    return database_open(PUPIL_DATABASE_DATA, ctl->opt.database, conn, NULL);
}


int
ctl_open_keys(ctl_t *ctl)
{
    return database_open(PUPIL_DATABASE_KEYSTORE, ctl->opt.keystore,
                         &ctl->keys, NULL);
}


static int
database_open(pupil_database_id_t database, const char *conninfo,
    PGconn **conn, ctl_count_t *count)
{
    const char  *name;

    if (*conn != NULL) {
        return 0;
    }

    name = pupil_databases[database].name;

    if (conninfo == NULL) {
        return ctl_error("%s is needed: the conninfo of the %s",
                         database_options[database], name);
    }

    *conn = ctl_connect(conninfo, name);
    if (*conn == NULL || schema_check(*conn, database) != 0) {
        return -1;
    }

    if (count != NULL
        && (!PQregisterEventProc(*conn, count_event, "count", NULL)
            || !PQsetInstanceData(*conn, count_event, count)))
    {
        return ctl_error("out of memory");
    }

    return ctl_become(*conn, "pupil_operator");
}


/* It is there so that a connection has a count. */
static int
count_event(PGEventId id, void *info, void *arg)
{
    (void) id;
    (void) info;
    (void) arg;

    return 1;
}


static int
schema_check(PGconn *conn, pupil_database_id_t database)
{
    int            version, compatible;
    pupil_error_t  error;

    version = ctl_schema_version(conn, &compatible);

    if (version < 0) {
        return -1;
    }

    if (version == 0) {
        return ctl_error("the %s holds no schema: run pupilctl migrate",
                         pupil_databases[database].name);
    }

    if (pupil_schema_fits(database, version, compatible, &error) != PUPIL_OK)
    {
        return ctl_error("%s", error.text);
    }

    return 0;
}


int
ctl_open_tenant(ctl_t *ctl)
{
    int        rc, count;
    PGresult  *res;

    if (ctl_open_data(ctl) != 0) {
        return -1;
    }

    if (ctl->opt.tenant != NULL) {
        if (ctl_uuid_parse(ctl->opt.tenant, &ctl->tenant) != 0) {
            return ctl_error("--tenant is no lower-case UUID");
        }

        ctl_uuid_text(&ctl->tenant, ctl->tenant_text);

        return 0;
    }

    res = ctl_query(ctl->data, "SELECT tenant FROM pupil.tenant"
                    " ORDER BY created_at LIMIT 2", 0, NULL);
    if (res == NULL) {
        return -1;
    }

    count = PQntuples(res);
    rc = count == 1 ? ctl_get_uuid(res, 0, 0, &ctl->tenant) : 0;
    PQclear(res);

    if (rc != 0) {
        return ctl_error("the tenant's id is malformed");
    }

    if (count == 0) {
        return ctl_error("there is no tenant: run pupilctl tenant add NAME");
    }

    if (count > 1) {
        return ctl_error("--tenant is needed: there are several, see pupilctl"
                         " tenant list");
    }

    ctl_uuid_text(&ctl->tenant, ctl->tenant_text);

    return 0;
}
