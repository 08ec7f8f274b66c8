/*
 * Copyright (C) the Pupil authors
 *
 * The pool of one worker: its start, its end, and reconnecting.
 *
 * While no connection is up, one attempt at a time is made, so that a
 * hundred workers do not storm a server that comes back; when it succeeds,
 * the others follow at once.
 */

#include <openssl/rand.h>

#include "pg/private.h"


static void ngx_libpq_pool_forget(ngx_queue_t *list);
static void ngx_libpq_pool_connected(void *data, PGconn *conn,
    ngx_uint_t mismatch, const char *text);
static void ngx_libpq_pool_success(ngx_libpq_conn_t *pc);
static void ngx_libpq_pool_failure(ngx_libpq_pool_t *pg, ngx_uint_t mismatch,
    const char *text);
static void ngx_libpq_pool_retry_handler(ngx_event_t *ev);


/*
 * After which the server gives a lock up.  Reads meet none but while a table
 * is changed, writes those of who commits at this moment.
 */
static const ngx_msec_t  ngx_libpq_lock_timeouts[NGX_LIBPQ_KINDS] = {
    [NGX_LIBPQ_READS]  = 10,
    [NGX_LIBPQ_WRITES] = 50,
    [NGX_LIBPQ_WAITS]  = 2000
};


#if (NGX_DEBUG)
static const char *const  ngx_libpq_ends[] = {
    [NGX_LIBPQ_OK]          = "committed",
    [NGX_LIBPQ_UNAVAILABLE] = "unavailable",
    [NGX_LIBPQ_ERROR]       = "refused",
};
#endif


/* ---- worker start and exit ---- */


ngx_int_t
ngx_libpq_pool_init_process(ngx_cycle_t *cycle, ngx_libpq_pool_t *pg)
{
    /* not in the master, nor in cache helpers: a connection is one process's */

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    pg->log = cycle->log;
    ngx_libpq_queue_init(pg);

    pg->conns = ngx_pcalloc(cycle->pool, (size_t) pg->connections
                                         * sizeof(ngx_libpq_conn_t));
    pg->met = ngx_pcalloc(cycle->pool, pg->stmts.nelts * sizeof(ngx_msec_t));

    if (pg->conns == NULL || pg->met == NULL
        || ngx_libpq_shares_init(cycle, pg) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* a worker that exits does not wait for a retry */

    pg->retry_timer.data = pg;
    pg->retry_timer.log = pg->log;
    pg->retry_timer.handler = ngx_libpq_pool_retry_handler;
    pg->retry_timer.cancelable = 1;

    ngx_libpq_pool_fill(pg);

    return NGX_OK;
}


void
ngx_libpq_pool_renew(ngx_libpq_pool_t *pg, const char *reason)
{
    ngx_int_t          i;
    ngx_libpq_conn_t  *pc;

    for (i = 0; i < pg->connections; i++) {
        pc = &pg->conns[i];
        pc->renew = pc->connecting;

        if (pc->conn) {
            ngx_libpq_conn_drop(pc, reason);
        }
    }
}


void
ngx_libpq_pool_exit_process(ngx_cycle_t *cycle, ngx_libpq_pool_t *pg)
{
    ngx_int_t          i;
    ngx_libpq_conn_t  *pc;

    if (pg->conns == NULL || pg->closed) {
        return;
    }

    pg->closed = 1;

    /* requests are gone or going: free, but call nobody */

    for (i = 0; i < pg->connections; i++) {
        pc = &pg->conns[i];

        ngx_libpq_pool_forget(&pc->inflight);

        if (pc->conn) {
            ngx_libpq_conn_close(pc);
        }
    }

    ngx_libpq_queue_exit(pg);

    if (pg->retry_timer.timer_set) {
        ngx_del_timer(&pg->retry_timer);
    }
}


/* Ends exchanges without a word to who waits for them. */

static void
ngx_libpq_pool_forget(ngx_queue_t *list)
{
    ngx_queue_t           *q;
    ngx_libpq_exchange_t  *ex;

    while (!ngx_queue_empty(list)) {
        q = ngx_queue_head(list);
        ngx_queue_remove(q);

        ex = ngx_queue_data(q, ngx_libpq_exchange_t, link);
        ex->handler = NULL;
        ngx_libpq_complete(ex, NGX_LIBPQ_UNAVAILABLE);
    }
}


/* ---- connecting ---- */


void
ngx_libpq_pool_fill(ngx_libpq_pool_t *pg)
{
    ngx_int_t          i;
    ngx_uint_t         max;
    ngx_libpq_conn_t  *pc;

    if (pg->closed || pg->retry_timer.timer_set) {
        return;
    }

    if (ngx_exiting && (pg->stats.queued == 0 || pg->stats.up)) {
        return;
    }

    max = pg->stats.up ? (ngx_uint_t) pg->connections : 1;

    for (i = 0; i < pg->connections && pg->connecting < max; i++) {
        pc = &pg->conns[i];

        if (pc->conn || pc->connecting) {
            continue;
        }

        if (ngx_libpq_connect(pg, NULL,
                              ngx_libpq_lock_timeouts[pc->share - pg->shares],
                              ngx_libpq_pool_connected, pc)
            != NGX_OK)
        {
            ngx_libpq_pool_failure(pg, 0, "no helper thread for a connection");
            return;
        }

        ngx_log_debug2(NGX_LIBPQ_DEBUG, pg->log, 0,
                       "libpq \"%V\": connection %ui connecting", &pg->name,
                       pc->number);

        pc->connecting = 1;
        pg->connecting++;
    }
}


static void
ngx_libpq_pool_connected(void *data, PGconn *conn, ngx_uint_t mismatch,
    const char *text)
{
    ngx_libpq_conn_t  *pc = data;

    ngx_libpq_pool_t  *pg;

    pg = pc->pg;

    pc->connecting = 0;
    pg->connecting--;

    if (pg->closed
        || (ngx_exiting && (pg->stats.queued == 0 || pg->stats.up)))
    {
        if (conn) {
            PQfinish(conn);
        }

        return;
    }

    if (conn && pc->renew) {
        PQfinish(conn);
        conn = NULL;
        text = "it was made before it could be checked";
    }

    pc->renew = 0;

    if (conn && ngx_libpq_conn_open(pc, conn) != NGX_OK) {
        PQfinish(conn);
        conn = NULL;
        text = "nginx has no free connection, raise worker_connections";
    }

    if (conn == NULL) {
        ngx_libpq_pool_failure(pg, mismatch, text);

        if (pg->down) {
            ngx_libpq_queue_fail(pg, 1);
        }

        return;
    }

    ngx_log_debug3(NGX_LIBPQ_DEBUG, pg->log, 0,
                   "libpq \"%V\": connection %ui connected, backend %d",
                   &pg->name, pc->number, PQbackendPID(conn));

    ngx_libpq_pool_success(pc);
}


static void
ngx_libpq_pool_success(ngx_libpq_conn_t *pc)
{
    ngx_libpq_pool_t  *pg;

    pg = pc->pg;

    pg->stats.up++;
    pg->stats.connects++;

    if (pc->lived) {
        pg->stats.reconnects++;
    }

    pc->lived = 1;
    pg->failures = 0;
    pg->down = 0;

    if (pg->outage && pg->stats.up == (ngx_uint_t) pg->connections) {
        pg->outage = 0;

        ngx_log_error(NGX_LOG_NOTICE, pg->log, 0,
                      "%sdatabase \"%V\": all %ui connections are up "
                      "again after %M ms", pg->use->log, &pg->name,
                      pg->stats.up, ngx_current_msec - pg->outage_start);
    }

    ngx_libpq_queue_pump(pg);
    ngx_libpq_pool_fill(pg);
}


/* Calls no handler: submit() may come here. */

static void
ngx_libpq_pool_failure(ngx_libpq_pool_t *pg, ngx_uint_t mismatch,
    const char *text)
{
    pg->failures++;

    ngx_libpq_log_outage(pg, text);

    if (!pg->retry_timer.timer_set) {
        ngx_add_timer(&pg->retry_timer,
                      ngx_libpq_backoff(pg->failures, mismatch));
    }

    if (pg->stats.up == 0) {
        pg->down = 1;
    }
}


void
ngx_libpq_pool_lost(ngx_libpq_pool_t *pg, const char *reason)
{
    if (pg->closed) {
        return;
    }

    if (ngx_exiting) {
        ngx_libpq_pool_fill(pg);
        return;
    }

    ngx_libpq_log_outage(pg, reason);

    /* with jitter, so that workers do not come back all at once */

    if (!pg->retry_timer.timer_set) {
        ngx_add_timer(&pg->retry_timer, ngx_libpq_backoff(1, 0));
    }
}


static void
ngx_libpq_pool_retry_handler(ngx_event_t *ev)
{
    ngx_libpq_pool_t  *pg;
    ngx_libpq_probe(NGX_LIBPQ_PROBE_TIMER);

    pg = ev->data;

    ngx_libpq_pool_fill(pg);
}


/* ---- exchanges ---- */


void
ngx_libpq_complete(ngx_libpq_exchange_t *ex, ngx_libpq_status_e status)
{
    ex->status = status;

    ngx_log_debug6(NGX_LIBPQ_DEBUG, ex->pool->log, 0,
                   "libpq \"%V\": exchange %ui %s%s%s%s", &ex->pg->name,
                   ex->number, ngx_libpq_ends[status],
                   ex->sqlstate[0] ? ": SQLSTATE " : "", ex->sqlstate,
                   ex->handler ? "" : ", nobody waits");

    if (status == NGX_LIBPQ_OK) {
        ex->pg->stats.done++;

    } else {
        ex->pg->stats.failed++;

        /* half an answer is none */
        ngx_libpq_exchange_clear(ex, 0);
    }

    ngx_libpq_line_leave(ex);

    if (ex->handler == NULL) {
        ngx_libpq_exchange_free(ex);
        return;
    }

    ex->handler(ex);
}


/* Random bits without a system call for each. */

ngx_int_t
ngx_libpq_pool_nonce(ngx_libpq_conn_t *pc, u_char nonce[8])
{
    ngx_libpq_pool_t  *pg;

    pg = pc->pg;

    if (pg->nonces_left == 0) {
        if (RAND_bytes((u_char *) pg->nonces, sizeof(pg->nonces)) != 1) {
            ngx_libpq_broken(pc, "OpenSSL has no random bytes for a nonce");
            return NGX_ERROR;
        }

        pg->nonces_left = sizeof(pg->nonces) / sizeof(pg->nonces[0]);
    }

    ngx_memcpy(nonce, &pg->nonces[--pg->nonces_left], 8);

    return NGX_OK;
}
