/*
 * Copyright (C) the Pupil authors
 *
 * From libpq's stream of results to finished exchanges.  In pipeline mode
 * each command answers with a result and a NULL, and each Sync with a result
 * alone; an exchange is done when its last Sync has answered.  Before it there
 * may be what its session needs, with a Sync of its own, and a Sync behind each
 * of its other parts.
 */

#include "pg/private.h"


/* Lines about failed statements, per second, pool and worker. */
#define NGX_LIBPQ_LOG_LINES  10


static void ngx_libpq_result(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex,
    PGresult *res);
static void ngx_libpq_synced(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex,
    ngx_uint_t kind);
static void ngx_libpq_rows(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex,
    ngx_uint_t kind, PGresult *res);
static ngx_int_t ngx_libpq_keep(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex,
    PGresult *res);
static void ngx_libpq_setting(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex,
    const PGresult *res);
static ngx_int_t ngx_libpq_nonce_check(ngx_libpq_conn_t *pc,
    const ngx_libpq_stmt_t *stmt, const u_char nonce[8], const PGresult *res);
static ngx_int_t ngx_libpq_nonce_is(const u_char nonce[8],
    const PGresult *res);
static ngx_uint_t ngx_libpq_kind(const ngx_libpq_exchange_t *ex);
static void ngx_libpq_failed(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex,
    const PGresult *res);
static void ngx_libpq_session_failed(ngx_libpq_conn_t *pc,
    const char *sqlstate);
static void ngx_libpq_unprepare(ngx_libpq_conn_t *pc,
    ngx_libpq_exchange_t *ex);
static void ngx_libpq_sync(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex);
static ngx_uint_t ngx_libpq_retry(ngx_libpq_conn_t *pc,
    ngx_libpq_exchange_t *ex);
static void ngx_libpq_log_failure(ngx_libpq_conn_t *pc,
    ngx_libpq_exchange_t *ex, const PGresult *res);
static ngx_uint_t ngx_libpq_log_allowed(ngx_libpq_pool_t *pg);
static ngx_uint_t ngx_libpq_in(const char *sqlstate,
    const char *const *prefixes);


/* Tables of SQLSTATEs or their beginnings. */

/* this server is going away, or is not the primary any more */
static const char *const  ngx_libpq_drop[] = {
    "57P0", "25006", "08", NULL
};

/* nothing is wrong with the request: 503, not 500 */
static const char *const  ngx_libpq_unavailable[] = {
    "57", "53", "58", "25006", "08", NULL
};

/* the transaction is gone without a trace, and another try can succeed */
static const char *const  ngx_libpq_again[] = {
    "26000", "0A000", "40001", "40P01", NULL
};

static const char *const  ngx_libpq_stale[] = {
    "26000", "0A000", NULL
};

/* whose primary message speaks of objects and limits, never of values */
static const char *const  ngx_libpq_harmless[] = {
    "08", "0A", "25", "26", "28", "3D", "3F", "42", "53", "54", "55", "57",
    "58", NULL
};

/* what statements may run into in daily life: no case for an operator */
static const char *const  ngx_libpq_ordinary[] = {
    "23", "40", "P0", NULL
};


static ngx_uint_t
ngx_libpq_in(const char *sqlstate, const char *const *prefixes)
{
    while (*prefixes) {
        if (ngx_strncmp(sqlstate, *prefixes, ngx_strlen(*prefixes)) == 0) {
            return 1;
        }

        prefixes++;
    }

    return 0;
}


void
ngx_libpq_broken(ngx_libpq_conn_t *pc, const char *reason)
{
    if (!pc->broken) {
        pc->broken = 1;

        /* a FATAL notice that came before says more */
        if (pc->reason[0] == '\0') {
            ngx_libpq_text(pc->reason, reason);
        }
    }
}


/*
 * Returns the number of results taken.  Runs handlers, which may send more on
 * the same connection, but nothing that they do can close it.
 */

ngx_uint_t
ngx_libpq_results(ngx_libpq_conn_t *pc)
{
    PGresult              *res;
    ngx_uint_t             n;
    ngx_queue_t           *q;
    ngx_libpq_exchange_t  *ex;

    n = 0;

    while (!ngx_queue_empty(&pc->inflight) && !pc->broken) {

        /* PQgetResult blocks unless PQisBusy said no */

        if (PQisBusy(pc->conn)) {
            break;
        }

        q = ngx_queue_head(&pc->inflight);
        ex = ngx_queue_data(q, ngx_libpq_exchange_t, link);

        res = PQgetResult(pc->conn);

        if (res) {
            n++;
            pc->since = ngx_current_msec;
            ngx_libpq_result(pc, ex, res);
            continue;
        }

        /* the end of a command; two in a row mean that libpq is at its end */

        if (!ex->answered) {
            ngx_libpq_broken(pc, PQstatus(pc->conn) == CONNECTION_BAD
                                 ? PQerrorMessage(pc->conn)
                                 : "the pipeline is out of step");
            break;
        }

        ex->answered = 0;

        if (ex->icmd < ex->ncmds) {
            ex->icmd++;
        }
    }

    return n;
}


/* Takes ownership of res. */

static void
ngx_libpq_result(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex, PGresult *res)
{
    ngx_uint_t  kind;

    kind = ngx_libpq_kind(ex);

    switch (PQresultStatus(res)) {

    case PGRES_PIPELINE_SYNC:
        PQclear(res);
        ngx_libpq_synced(pc, ex, kind);
        return;

    case PGRES_TUPLES_OK:
        ngx_libpq_rows(pc, ex, kind, res);
        return;

    case PGRES_COMMAND_OK:

        if ((kind != NGX_LIBPQ_CMD_RESET
             && kind != NGX_LIBPQ_CMD_SETTING_PREPARE
             && kind != NGX_LIBPQ_CMD_PREPARE
             && kind != NGX_LIBPQ_CMD_SNAPSHOT)
            || ex->answered)
        {
            ngx_libpq_broken(pc, "a statement returns no rows, or "
                                 "the pipeline is out of step");
        }

        ex->answered = 1;
        break;

    case PGRES_FATAL_ERROR:

        ex->answered = 1;
        ngx_libpq_failed(pc, ex, res);
        break;

    case PGRES_PIPELINE_ABORTED:

        ex->answered = 1;

        if (!ex->failed) {
            ngx_libpq_broken(pc, "the pipeline is out of step");
        }

        ngx_libpq_unprepare(pc, ex);
        break;

    default:
        ngx_libpq_broken(pc, "an unexpected kind of result");
        break;
    }

    PQclear(res);
}


static void
ngx_libpq_synced(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex,
    ngx_uint_t kind)
{
    switch (kind) {

    case NGX_LIBPQ_CMD_SESSION_SYNC:
        ex->icmd++;
        return;

    case NGX_LIBPQ_CMD_PART_SYNC:

        if (!ex->failed) {
            ex->first = ngx_libpq_cmd_exec(ex->cmds[ex->icmd]) + 1;
        }

        ex->icmd++;
        return;

    case NGX_LIBPQ_CMD_SYNC:
        ngx_libpq_sync(pc, ex);
        return;

    default:
        ngx_libpq_broken(pc, "the pipeline is out of step");
    }
}


/* Takes ownership of res. */

static void
ngx_libpq_rows(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex, ngx_uint_t kind,
    PGresult *res)
{
    if (ex->answered) {
        kind = NGX_LIBPQ_CMD_SYNC;
    }

    ex->answered = 1;

    switch (kind) {

    case NGX_LIBPQ_CMD_EXECUTE:

        if (ngx_libpq_keep(pc, ex, res) == NGX_OK) {
            return;
        }

        break;

    case NGX_LIBPQ_CMD_SETTING:
        ngx_libpq_setting(pc, ex, res);
        break;

    default:
        ngx_libpq_broken(pc, "the pipeline is out of step");
    }

    PQclear(res);
}


/* NGX_OK: res is the exchange's now. */

static ngx_int_t
ngx_libpq_keep(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex, PGresult *res)
{
    ngx_uint_t         i;
    ngx_libpq_exec_t  *exec;

    i = ngx_libpq_cmd_exec(ex->cmds[ex->icmd]);
    exec = &ex->execs[i];

    if (ngx_libpq_nonce_check(pc, exec->stmt, exec->nonce, res) != NGX_OK) {
        return NGX_ERROR;
    }

    if (exec->stmt->columns
        && (ngx_uint_t) PQnfields(res) != exec->stmt->columns)
    {
        ngx_log_error(NGX_LOG_ALERT, pc->pg->log, 0,
                      "%sstatement \"%s\" on \"%V\" returned %d columns "
                      "instead of %ui", pc->pg->use->log, exec->stmt->title,
                      &pc->pg->name, PQnfields(res), exec->stmt->columns);
        ex->failed = 1;
        return NGX_ERROR;
    }

    ngx_log_debug4(NGX_LIBPQ_DEBUG, ex->pool->log, 0,
                   "libpq \"%V\": exchange %ui: result of %s, %d rows",
                   &pc->pg->name, ex->number, exec->stmt->name,
                   PQntuples(res));

    ex->results[i] = res;

    return NGX_OK;
}


/* The session is set to what ex asks for, as the server says it. */

static void
ngx_libpq_setting(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex,
    const PGresult *res)
{
    const char        *isolation;
    ngx_libpq_pool_t  *pg;

    pg = pc->pg;
    isolation = ngx_libpq_isolation(&ex->setting);

    if (ngx_libpq_nonce_check(pc, pg->setting_stmt, ex->nonce, res) != NGX_OK)
    {
        return;
    }

    if (PQnfields(res) == 3
        && (size_t) PQgetlength(res, 0, 1) == ex->setting.len
        && ngx_memcmp(PQgetvalue(res, 0, 1), ex->setting.data, ex->setting.len)
           == 0
        && (size_t) PQgetlength(res, 0, 2) == ngx_strlen(isolation)
        && ngx_memcmp(PQgetvalue(res, 0, 2), isolation,
                      ngx_strlen(isolation)) == 0)
    {
        return;
    }

    ngx_log_error(NGX_LOG_ALERT, pg->log, 0,
                  "%sthe server set another %s than it was told to on \"%V\", "
                  "connection dropped", pg->use->log, pg->setting_word,
                  &pg->name);

    ngx_libpq_session_failed(pc, NULL);
}


static ngx_uint_t
ngx_libpq_kind(const ngx_libpq_exchange_t *ex)
{
    return (ex->icmd < ex->ncmds)
           ? (ngx_uint_t) ngx_libpq_cmd_kind(ex->cmds[ex->icmd])
           : NGX_LIBPQ_CMD_SYNC;
}


static ngx_int_t
ngx_libpq_nonce_check(ngx_libpq_conn_t *pc, const ngx_libpq_stmt_t *stmt,
    const u_char nonce[8], const PGresult *res)
{
    if (ngx_libpq_nonce_is(nonce, res) == NGX_OK) {
        return NGX_OK;
    }

    pc->pg->stats.mismatches++;

    ngx_log_error(NGX_LOG_ALERT, pc->pg->log, 0,
                  "%sthe answer to statement \"%s\" on \"%V\" does not carry "
                  "its nonce, connection dropped", pc->pg->use->log,
                  stmt->title, &pc->pg->name);

    pc->reason[0] = '\0';
    ngx_libpq_broken(pc, "an answer did not carry its nonce");

    return NGX_ERROR;
}


/* At least one row, and the nonce in column 0 of each. */

static ngx_int_t
ngx_libpq_nonce_is(const u_char nonce[8], const PGresult *res)
{
    int  i, n;

    n = PQntuples(res);

    if (n < 1 || PQnfields(res) < 1 || PQfformat(res, 0) != 1
        || PQftype(res, 0) != NGX_LIBPQ_INT8)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (PQgetlength(res, i, 0) != 8
            || ngx_memcmp(PQgetvalue(res, i, 0), nonce, 8) != 0)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static void
ngx_libpq_failed(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex,
    const PGresult *res)
{
    ngx_uint_t   kind;
    const char  *sqlstate;

    ngx_libpq_unprepare(pc, ex);

    if (ex->failed) {
        return;
    }

    kind = ngx_libpq_kind(ex);

    ex->failed = 1;
    ex->failed_exec = ex->nresults;

    if (kind == NGX_LIBPQ_CMD_PREPARE || kind == NGX_LIBPQ_CMD_EXECUTE) {
        ex->failed_exec = ngx_libpq_cmd_exec(ex->cmds[ex->icmd]);
    }

    sqlstate = PQresultErrorField(res, PG_DIAG_SQLSTATE);

    if (sqlstate == NULL) {

        /* libpq made this up: the connection is gone */

        ngx_libpq_broken(pc, PQerrorMessage(pc->conn));
        return;
    }

    ngx_cpystrn((u_char *) ex->sqlstate, (u_char *) sqlstate,
                sizeof(ex->sqlstate));

    if (ngx_libpq_in(ex->sqlstate, ngx_libpq_drop)) {
        ngx_libpq_broken(pc, PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY));
        return;
    }

    if (kind < NGX_LIBPQ_CMD_PREPARE) {
        ngx_libpq_session_failed(pc, ex->sqlstate);
        return;
    }

    ngx_libpq_log_failure(pc, ex, res);
}


/*
 * What was sent behind it relies on it, and cannot be called back.  sqlstate
 * NULL: it was set, but to something else.
 */

static void
ngx_libpq_session_failed(ngx_libpq_conn_t *pc, const char *sqlstate)
{
    char  reason[128];

    (void) ngx_snprintf((u_char *) reason, sizeof(reason),
                        "the %s was not set%s%s%Z", pc->pg->setting_word,
                        sqlstate ? ": SQLSTATE " : "",
                        sqlstate ? sqlstate : "");

    ngx_libpq_broken(pc, reason);
}


/* The current command failed: if it is a Prepare, its statement is not. */

static void
ngx_libpq_unprepare(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex)
{
    ngx_uint_t  i, index;

    if (ngx_libpq_kind(ex) != NGX_LIBPQ_CMD_PREPARE
        || ex->generation != pc->generation)
    {
        return;
    }

    i = ngx_libpq_cmd_exec(ex->cmds[ex->icmd]);
    index = ex->execs[i].stmt->index;
    pc->prepared[index / 8] &= (u_char) ~(1 << (index % 8));
}


/* Only here is a transaction known to be committed: rows say nothing of it. */

static void
ngx_libpq_sync(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex)
{
    ngx_libpq_status_e  status;

    ngx_log_debug4(NGX_LIBPQ_DEBUG, ex->pool->log, 0,
                   "libpq \"%V\": exchange %ui: Sync on connection %ui%s",
                   &pc->pg->name, ex->number, pc->number,
                   ex->failed ? ", after an error" : "");

    ngx_libpq_share_give(pc, ex);

    if (!ex->failed) {
        status = NGX_LIBPQ_OK;

        if (ex->line) {
            ex->line->locked = 0;
        }

    } else if (ngx_libpq_queue_may_pause(ex)) {
        pc->pg->stats.locked++;

        ngx_libpq_exchange_clear(ex, ex->first);
        ngx_libpq_queue_pause(ex);
        ngx_libpq_queue_pump(pc->pg);
        return;

    } else if (ngx_libpq_retry(pc, ex)) {
        pc->pg->stats.retried++;

        ngx_log_debug2(NGX_LIBPQ_DEBUG, ex->pool->log, 0,
                       "libpq \"%V\": exchange %ui is tried once more",
                       &pc->pg->name, ex->number);

        ngx_libpq_conn_send(pc, ex);
        return;

    } else {
        status = ngx_libpq_in(ex->sqlstate, ngx_libpq_unavailable)
                 ? NGX_LIBPQ_UNAVAILABLE : NGX_LIBPQ_ERROR;
    }

    ngx_libpq_line_leave(ex);
    ngx_libpq_queue_pump(pc->pg);

    ngx_libpq_complete(ex, status);
}


/*
 * Whether a failed exchange is to be sent again, from the part that failed on.
 * The transaction of that has been rolled back, so this repeats no write
 * but those that are of no effect alone: see the header.
 */

static ngx_uint_t
ngx_libpq_retry(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex)
{
    ngx_uint_t  index;

    if (ex->retried || !ngx_libpq_in(ex->sqlstate, ngx_libpq_again)) {
        return 0;
    }

    ex->retried = 1;

    if (ngx_libpq_in(ex->sqlstate, ngx_libpq_stale)
        && ex->failed_exec < ex->nresults)
    {
        index = ex->execs[ex->failed_exec].stmt->index;

        /*
         * Somebody deallocated our statements, or a table has changed: prepare
         * all anew.  Exchanges behind this one were sent before we knew; they
         * carry the old generation and do not start this over again.
         */

        if (ex->generation == pc->generation
            && (pc->prepared[index / 8] & (1 << (index % 8))))
        {
            pc->generation++;
            pc->reset = 1;
            ngx_memzero(pc->prepared, (pc->pg->stmts.nelts + 7) / 8);
        }
    }

    ngx_libpq_exchange_clear(ex, ex->first);

    return 1;
}


/*
 * Never DETAIL, and the primary message only of classes that do not quote
 * values.
 */

static void
ngx_libpq_log_failure(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex,
    const PGresult *res)
{
    ngx_uint_t   level;
    const char  *name, *message, *constraint, *table;

    name = (ex->failed_exec < ex->nresults)
           ? ex->execs[ex->failed_exec].stmt->title : "commit";

    level = NGX_LOG_ERR;

    if (ngx_libpq_in(ex->sqlstate, ngx_libpq_ordinary)
        || (ngx_libpq_in(ex->sqlstate, ngx_libpq_stale) && !ex->retried)
        || ngx_libpq_queue_may_pause(ex))
    {
        level = NGX_LOG_INFO;
    }

    /* what will be done again takes no line from what failed */

    if (level == NGX_LOG_ERR && !ngx_libpq_log_allowed(pc->pg)) {
        return;
    }

    message = NULL;

    if (ngx_libpq_in(ex->sqlstate, ngx_libpq_harmless)) {
        message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    }

    table = PQresultErrorField(res, PG_DIAG_TABLE_NAME);
    constraint = PQresultErrorField(res, PG_DIAG_CONSTRAINT_NAME);

    ngx_log_error(level, pc->pg->log, 0,
                  "%sstatement \"%s\" on \"%V\" failed: "
                  "SQLSTATE %s%s%s%s%s%s%s",
                  pc->pg->use->log, name, &pc->pg->name, ex->sqlstate,
                  message ? ": " : "", message ? message : "",
                  table ? ", table " : "", table ? table : "",
                  constraint ? ", constraint " : "",
                  constraint ? constraint : "");
}


/* A missing privilege must not fill the disk at a line per request. */

static ngx_uint_t
ngx_libpq_log_allowed(ngx_libpq_pool_t *pg)
{
    if (pg->log_second != ngx_time()) {

        if (pg->log_lines > NGX_LIBPQ_LOG_LINES) {
            ngx_log_error(NGX_LOG_ERR, pg->log, 0,
                          "%s%ui more failed statements on \"%V\" in that "
                          "second", pg->use->log,
                          pg->log_lines - NGX_LIBPQ_LOG_LINES, &pg->name);
        }

        pg->log_second = ngx_time();
        pg->log_lines = 0;
    }

    return ++pg->log_lines <= NGX_LIBPQ_LOG_LINES;
}


/*
 * What the server says to an idle connection arrives here, such as that it is
 * shutting down.  Other notices may quote values and are dropped.
 */

void
ngx_libpq_notice(void *arg, const PGresult *res)
{
    ngx_libpq_conn_t *pc = arg;

    const char  *sqlstate, *message;

    sqlstate = PQresultErrorField(res, PG_DIAG_SQLSTATE);

    if (sqlstate == NULL || !ngx_libpq_in(sqlstate, ngx_libpq_drop)) {
        return;
    }

    message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
    ngx_libpq_broken(pc, message ? message : sqlstate);
}
