/*
 * Copyright (C) the Pupil authors
 *
 * Connecting in a helper thread: name look-up, certificate files and SCRAM
 * all block.  The event loop gets a connected, checked and configured PGconn,
 * or a sentence.
 *
 * A task owns its memory, as its thread runs beside the event loop: it reads
 * the pool's constant configuration and writes to the task alone.
 */

#include <poll.h>
#include <time.h>

#include <openssl/crypto.h>

#include "pg/private.h"


#define NGX_LIBPQ_MIN_SERVER  150000

/* Of the statements that a session begins with, without the user's own. */
#define NGX_LIBPQ_SETUP_SIZE  256      /* bytes */

#define NGX_LIBPQ_DELAY       100      /* ms, then doubled */
#define NGX_LIBPQ_MAX_DELAY   10000
#define NGX_LIBPQ_SLOW_DELAY  5000     /* ms, for a mismatch */
#define NGX_LIBPQ_MAX_SLOW    60000

#define NGX_LIBPQ_HOLD        1000     /* ms */


typedef struct {
    ngx_libpq_pool_t      *pg;
    ngx_str_t             *channel;    /* LISTEN; NULL: pipeline */
    ngx_msec_t             lock_timeout;
    ngx_libpq_connect_pt   handler;
    void                  *data;
    ngx_pool_t            *pool;
    ngx_event_t            hold;
    PGconn                *conn;
    ngx_uint_t             mismatch;
    char                   text[NGX_LIBPQ_ERROR_SIZE];
} ngx_libpq_task_t;


static void ngx_libpq_task_thread(void *data, ngx_log_t *log);
static void ngx_libpq_task_done(ngx_event_t *ev);
static void ngx_libpq_task_hold(ngx_event_t *ev);
static ngx_int_t ngx_libpq_accept(ngx_libpq_task_t *t);
static ngx_int_t ngx_libpq_prepare(ngx_libpq_task_t *t);
static ngx_int_t ngx_libpq_setup(ngx_libpq_task_t *t);
static ngx_int_t ngx_libpq_check_role(ngx_libpq_task_t *t);
static ngx_int_t ngx_libpq_listen_to(ngx_libpq_task_t *t);
static ngx_int_t ngx_libpq_give_up(ngx_libpq_task_t *t);
static int64_t ngx_libpq_clock(void);
static int ngx_libpq_wait(PGconn *conn, int64_t deadline, short events);
static int ngx_libpq_query_send(PGconn *conn, const char *sql, ngx_uint_t n,
    const char *const *params);
static ngx_int_t ngx_libpq_query_flush(PGconn *conn, int64_t deadline);
static ngx_int_t ngx_libpq_query_results(PGconn *conn, int64_t deadline,
    PGresult **last);


/* ---- event loop ---- */


ngx_int_t
ngx_libpq_connect(ngx_libpq_pool_t *pg, ngx_str_t *channel,
    ngx_msec_t lock_timeout, ngx_libpq_connect_pt handler, void *data)
{
    ngx_pool_t         *pool;
    ngx_libpq_task_t   *t;
    ngx_thread_task_t  *task;

    pool = ngx_create_pool(2048, pg->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    task = ngx_thread_task_alloc(pool, sizeof(ngx_libpq_task_t));
    if (task == NULL) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    t = task->ctx;
    ngx_memzero(t, sizeof(ngx_libpq_task_t));

    t->pg = pg;
    t->channel = channel;
    t->lock_timeout = lock_timeout;
    t->handler = handler;
    t->data = data;
    t->pool = pool;

    /* the worker must not end under a task: a timer holds it */

    t->hold.data = t;
    t->hold.handler = ngx_libpq_task_hold;
    t->hold.log = pg->log;

    task->handler = ngx_libpq_task_thread;
    task->event.data = t;
    task->event.handler = ngx_libpq_task_done;
    task->event.log = pg->log;

    if (ngx_thread_task_post(pg->thread_pool, task) != NGX_OK) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    ngx_add_timer(&t->hold, NGX_LIBPQ_HOLD);

    return NGX_OK;
}


/* The task is bounded in time by itself, so this comes to an end. */

static void
ngx_libpq_task_hold(ngx_event_t *ev)
{
    ngx_add_timer(ev, NGX_LIBPQ_HOLD);
}


static void
ngx_libpq_task_done(ngx_event_t *ev)
{
    ngx_libpq_task_t  *t;
    ngx_libpq_probe(NGX_LIBPQ_PROBE_THREAD);

    t = ev->data;

    if (t->hold.timer_set) {
        ngx_del_timer(&t->hold);
    }

    t->handler(t->data, t->conn, t->mismatch, t->text);

    ngx_destroy_pool(t->pool);
}


ngx_msec_t
ngx_libpq_backoff(ngx_uint_t failures, ngx_uint_t mismatch)
{
    ngx_msec_t  delay, max;

    delay = mismatch ? NGX_LIBPQ_SLOW_DELAY : NGX_LIBPQ_DELAY;
    max = mismatch ? NGX_LIBPQ_MAX_SLOW : NGX_LIBPQ_MAX_DELAY;

    if (failures > 1) {
        delay <<= ngx_min(failures - 1, 10);
    }

    delay = ngx_min(delay, max);

    return delay / 2 + (ngx_msec_t) ngx_random() % (delay / 2 + 1);
}


/* ---- helper thread ---- */


static void
ngx_libpq_task_thread(void *data, ngx_log_t *log)
{
    ngx_libpq_task_t *t = data;

    t->conn = PQconnectdbParams((const char *const *) t->pg->keywords.elts,
                                (const char *const *) t->pg->values.elts, 0);

    if (t->conn == NULL) {
        ngx_libpq_text(t->text, "out of memory");

    } else if (ngx_libpq_accept(t) != NGX_OK
               || ngx_libpq_prepare(t) != NGX_OK)
    {
        PQfinish(t->conn);
        t->conn = NULL;
    }

    /*
     * What TLS and SCRAM left in this thread is freed now.  OpenSSL would do
     * so when the thread ends, but nginx does not wait for that: it may be in
     * exit() by then, where OpenSSL frees the same, for all threads.
     */

    OPENSSL_thread_stop();
}


/* Whether the server and the role are what the configuration asks for. */

static ngx_int_t
ngx_libpq_accept(ngx_libpq_task_t *t)
{
    ngx_int_t          rc;
    ngx_libpq_pool_t  *pg;

    pg = t->pg;

    if (PQstatus(t->conn) != CONNECTION_OK) {
        ngx_libpq_text(t->text, PQerrorMessage(t->conn));
        return NGX_ERROR;
    }

    if (PQserverVersion(t->conn) < NGX_LIBPQ_MIN_SERVER) {
        ngx_libpq_text(t->text, "the server is older than "
                                "PostgreSQL 15: upgrade it");
        t->mismatch = 1;
        return NGX_ERROR;
    }

    if (ngx_libpq_setup(t) != NGX_OK
        || (pg->use->row_security && ngx_libpq_check_role(t) != NGX_OK))
    {
        return NGX_ERROR;
    }

    rc = pg->check ? pg->check(t->conn, pg->check_data, t->text) : NGX_OK;

    if (rc != NGX_OK) {
        t->text[NGX_LIBPQ_ERROR_SIZE - 1] = '\0';

        /* a connection that was lost meanwhile is no mismatch */
        t->mismatch = rc != NGX_AGAIN && PQstatus(t->conn) == CONNECTION_OK;
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Makes the connection one for the event loop: it listens, or is a pipeline. */

static ngx_int_t
ngx_libpq_prepare(ngx_libpq_task_t *t)
{
    if (t->channel ? ngx_libpq_listen_to(t) != NGX_OK
                   : ngx_libpq_give_up(t) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /*
     * From here on PQerrorMessage(), which is logged when a connection is
     * lost, holds no text of a statement's error and no DETAIL.
     */

    PQsetErrorVerbosity(t->conn, PQERRORS_SQLSTATE);

    if (PQsetnonblocking(t->conn, 1) != 0
        || (t->channel == NULL && PQenterPipelineMode(t->conn) != 1))
    {
        ngx_libpq_text(t->text, PQerrorMessage(t->conn));
        return NGX_ERROR;
    }

    return NGX_OK;
}


/*
 * Session settings are sent as a query, not as startup options, which
 * PgBouncer refuses.  DEALLOCATE ALL is for a server connection of PgBouncer
 * that was not reset.
 */

static ngx_int_t
ngx_libpq_setup(ngx_libpq_task_t *t)
{
    char        *sql;
    size_t       size;
    PGresult    *res;
    const char  *more;

    more = t->pg->use->session_sql ? t->pg->use->session_sql : "";
    size = NGX_LIBPQ_SETUP_SIZE + ngx_strlen(more);

    sql = ngx_pnalloc(t->pool, size);
    if (sql == NULL) {
        ngx_libpq_text(t->text, "out of memory");
        return NGX_ERROR;
    }

    (void) ngx_snprintf((u_char *) sql, size,
                        "DEALLOCATE ALL;"
                        "SET statement_timeout = %M;"
                        "SET idle_in_transaction_session_timeout = %M;"
                        "%s%Z",
                        t->pg->statement_timeout,
                        t->pg->statement_timeout + NGX_LIBPQ_MARGIN, more);

    res = ngx_libpq_query(t->conn, sql, 0, NULL, t->pg->connect_timeout,
                          t->text);
    if (res == NULL) {
        return NGX_ERROR;
    }

    PQclear(res);

    return NGX_OK;
}


/*
 * Row-level security does not bind superusers and BYPASSRLS, and owners, or
 * who can become one, can switch it off.
 */

static ngx_int_t
ngx_libpq_check_role(ngx_libpq_task_t *t)
{
    PGresult    *res;
    ngx_int_t    rc;
    const char  *verdict;

    static const char  query[] =
        "WITH n AS (SELECT oid, nspowner FROM pg_catalog.pg_namespace"
        " WHERE nspname !~ '^pg_' AND nspname <> 'information_schema')"
        " SELECT CASE"
        " WHEN r.rolsuper THEN 'is a superuser'"
        " WHEN r.rolbypassrls THEN 'has BYPASSRLS'"
        " WHEN EXISTS (SELECT FROM n"
        " WHERE pg_catalog.pg_has_role(r.oid, n.nspowner, 'MEMBER'))"
        " THEN 'owns a schema'"
        " WHEN EXISTS (SELECT FROM n"
        " JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid"
        " WHERE pg_catalog.pg_has_role(r.oid, c.relowner, 'MEMBER'))"
        " THEN 'owns a table'"
        " ELSE '' END"
        " FROM pg_catalog.pg_roles r WHERE r.rolname = current_user";

    res = ngx_libpq_query(t->conn, query, 0, NULL, t->pg->connect_timeout,
                          t->text);
    if (res == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_OK;
    verdict = PQntuples(res) == 1 ? PQgetvalue(res, 0, 0) : "is unknown";

    if (*verdict) {
        (void) snprintf(t->text, sizeof(t->text),
                        "role \"%s\" %s: connect with the gateway's own role, "
                        "which owns nothing, so that row-level security binds "
                        "it", PQuser(t->conn), verdict);
        t->mismatch = 1;
        rc = NGX_ERROR;
    }

    PQclear(res);

    return rc;
}


static ngx_int_t
ngx_libpq_listen_to(ngx_libpq_task_t *t)
{
    char      *name, sql[160];
    PGresult  *res;

    name = PQescapeIdentifier(t->conn, (char *) t->channel->data,
                              t->channel->len);
    if (name == NULL) {
        ngx_libpq_text(t->text, PQerrorMessage(t->conn));
        return NGX_ERROR;
    }

    (void) snprintf(sql, sizeof(sql), "LISTEN %s", name);
    PQfreemem(name);

    res = ngx_libpq_query(t->conn, sql, 0, NULL, t->pg->connect_timeout,
                          t->text);
    if (res == NULL) {
        return NGX_ERROR;
    }

    PQclear(res);

    return NGX_OK;
}


/* After the check, which waits for the locks that it meets. */

static ngx_int_t
ngx_libpq_give_up(ngx_libpq_task_t *t)
{
    char       sql[64];
    PGresult  *res;

    (void) ngx_snprintf((u_char *) sql, sizeof(sql), "SET lock_timeout = %M%Z",
                        t->lock_timeout);

    res = ngx_libpq_query(t->conn, sql, 0, NULL, t->pg->connect_timeout,
                          t->text);
    if (res == NULL) {
        return NGX_ERROR;
    }

    PQclear(res);

    return NGX_OK;
}


static int64_t
ngx_libpq_clock(void)
{
    struct timespec  ts;

    /* nginx's cached time belongs to the event loop */

    clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


/* Returns 0 when the time is over or the socket is gone. */

static int
ngx_libpq_wait(PGconn *conn, int64_t deadline, short events)
{
    int            n;
    int64_t        left;
    struct pollfd  fd;

    if (PQsocket(conn) < 0) {
        return 0;
    }

    for ( ;; ) {
        left = deadline - ngx_libpq_clock();
        if (left <= 0) {
            return 0;
        }

        fd.fd = PQsocket(conn);
        fd.events = events;
        fd.revents = 0;

        n = poll(&fd, 1, (int) ngx_min(left, 60000));

        if (n > 0) {
            return 1;
        }

        if (n < 0 && ngx_errno != NGX_EINTR) {
            return 0;
        }
    }
}


PGresult *
ngx_libpq_query(PGconn *conn, const char *sql, ngx_uint_t n,
    const char *const *params, ngx_msec_t timeout, char *text)
{
    int        nonblocking;
    int64_t    deadline;
    PGresult  *res;

    res = NULL;
    nonblocking = PQisnonblocking(conn);
    deadline = ngx_libpq_clock() + (int64_t) timeout;

    if (PQsetnonblocking(conn, 1) != 0
        || ngx_libpq_query_send(conn, sql, n, params) != 1
        || ngx_libpq_query_flush(conn, deadline) != NGX_OK)
    {
        goto failed;
    }

    switch (ngx_libpq_query_results(conn, deadline, &res)) {

    case NGX_OK:
        break;

    case NGX_AGAIN:
        PQclear(res);
        ngx_libpq_text(text, "a query on a new connection took too long");
        return NULL;

    default:
        goto failed;
    }

    if (PQsetnonblocking(conn, nonblocking) != 0 || res == NULL) {
        goto failed;
    }

    if (PQresultStatus(res) == PGRES_FATAL_ERROR) {
        ngx_libpq_text(text, PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY));
        PQclear(res);
        return NULL;
    }

    return res;

failed:

    PQclear(res);
    ngx_libpq_text(text, PQerrorMessage(conn));

    return NULL;
}


/* 1, as libpq has it, or 0. */

static int
ngx_libpq_query_send(PGconn *conn, const char *sql, ngx_uint_t n,
    const char *const *params)
{
    if (n == 0) {
        return PQsendQuery(conn, sql);
    }

    return PQsendQueryParams(conn, sql, (int) n, NULL, params, NULL, NULL, 0);
}


static ngx_int_t
ngx_libpq_query_flush(PGconn *conn, int64_t deadline)
{
    int  left;

    for ( ;; ) {
        left = PQflush(conn);

        if (left == 0) {
            return NGX_OK;
        }

        /* a server that cannot send does not read either */

        if (left < 0
            || !ngx_libpq_wait(conn, deadline, POLLIN|POLLOUT)
            || PQconsumeInput(conn) != 1)
        {
            return NGX_ERROR;
        }
    }
}


/*
 * The last result of a query's statements, or that of the first that failed,
 * as nothing is executed after it.  NGX_AGAIN: the time is over.
 */

static ngx_int_t
ngx_libpq_query_results(PGconn *conn, int64_t deadline, PGresult **last)
{
    PGresult  *res;

    for ( ;; ) {
        while (PQisBusy(conn)) {
            if (!ngx_libpq_wait(conn, deadline, POLLIN)) {
                return NGX_AGAIN;
            }

            if (PQconsumeInput(conn) != 1) {
                return NGX_ERROR;
            }
        }

        res = PQgetResult(conn);
        if (res == NULL) {
            return NGX_OK;
        }

        PQclear(*last);
        *last = res;

        switch (PQresultStatus(res)) {

        case PGRES_TUPLES_OK:
        case PGRES_COMMAND_OK:
        case PGRES_FATAL_ERROR:
        case PGRES_EMPTY_QUERY:
            break;

        default:
            return NGX_ERROR;
        }
    }
}
