/*
 * Copyright (C) the Pupil authors
 *
 * The pool of one worker: choice of a connection, the bounded queue, and
 * reconnecting.
 *
 * While no connection is up, one attempt at a time is made, so that a
 * hundred workers do not storm a server that comes back; when it succeeds,
 * the others follow at once.
 */

#include <sodium.h>

#include "ngx_http_pupil_pg_private.h"


static void ngx_http_pupil_pg_pool_fill(ngx_http_pupil_pg_pool_t *pg);
static void ngx_http_pupil_pg_pool_connected(void *data, PGconn *conn,
    ngx_uint_t mismatch, const char *text);
static void ngx_http_pupil_pg_pool_failure(ngx_http_pupil_pg_pool_t *pg,
    ngx_uint_t mismatch, const char *text);
static void ngx_http_pupil_pg_pool_outage(ngx_http_pupil_pg_pool_t *pg,
    const char *reason);
static void ngx_http_pupil_pg_pool_retry_handler(ngx_event_t *ev);
static void ngx_http_pupil_pg_pool_queue_handler(ngx_event_t *ev);
static void ngx_http_pupil_pg_pool_queue_fail(ngx_http_pupil_pg_pool_t *pg,
    ngx_uint_t all);
static void ngx_http_pupil_pg_pool_queue_timer(ngx_http_pupil_pg_pool_t *pg);
static ngx_http_pupil_pg_conn_t *ngx_http_pupil_pg_pool_pick(
    ngx_http_pupil_pg_pool_t *pg);


/* ---- worker start and exit ---- */


ngx_int_t
ngx_http_pupil_pg_pool_init_process(ngx_cycle_t *cycle,
    ngx_http_pupil_pg_pool_t *pg)
{
    ngx_int_t                  i;
    ngx_http_pupil_pg_conn_t  *pc;

    /* pitfall 13: not in the master, nor in cache helpers */

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    pg->log = cycle->log;
    ngx_queue_init(&pg->queue);

    pg->conns = ngx_pcalloc(cycle->pool, (size_t) pg->connections
                                         * sizeof(ngx_http_pupil_pg_conn_t));
    if (pg->conns == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < pg->connections; i++) {
        pc = &pg->conns[i];

        pc->pg = pg;
        pc->index = (ngx_uint_t) i;
        ngx_queue_init(&pc->inflight);

        pc->prepared = ngx_pcalloc(cycle->pool, (pg->stmts.nelts + 7) / 8);
        if (pc->prepared == NULL) {
            return NGX_ERROR;
        }
    }

    /* pitfall 14: somebody waits for what is queued, nobody for a retry */

    pg->queue_timer.data = pg;
    pg->queue_timer.log = pg->log;
    pg->queue_timer.handler = ngx_http_pupil_pg_pool_queue_handler;

    pg->retry_timer.data = pg;
    pg->retry_timer.log = pg->log;
    pg->retry_timer.handler = ngx_http_pupil_pg_pool_retry_handler;
    pg->retry_timer.cancelable = 1;

    ngx_http_pupil_pg_pool_fill(pg);

    return NGX_OK;
}


void
ngx_http_pupil_pg_pool_exit_process(ngx_cycle_t *cycle,
    ngx_http_pupil_pg_pool_t *pg)
{
    ngx_int_t                      i;
    ngx_queue_t                   *q;
    ngx_http_pupil_pg_conn_t      *pc;
    ngx_http_pupil_pg_exchange_t  *ex;

    if (pg->conns == NULL || pg->closed) {
        return;
    }

    pg->closed = 1;

    /* requests are gone or going: free, but call nobody */

    for (i = 0; i < pg->connections; i++) {
        pc = &pg->conns[i];

        while (!ngx_queue_empty(&pc->inflight)) {
            q = ngx_queue_head(&pc->inflight);
            ngx_queue_remove(q);

            ex = ngx_queue_data(q, ngx_http_pupil_pg_exchange_t, queue);
            ex->handler = NULL;
            ngx_http_pupil_pg_complete(ex, NGX_HTTP_PUPIL_PG_UNAVAILABLE);
        }

        if (pc->conn) {
            ngx_http_pupil_pg_conn_close(pc);
        }
    }

    while (!ngx_queue_empty(&pg->queue)) {
        q = ngx_queue_head(&pg->queue);
        ex = ngx_queue_data(q, ngx_http_pupil_pg_exchange_t, queue);

        ngx_http_pupil_pg_pool_dequeue(ex);
        ex->handler = NULL;
        ngx_http_pupil_pg_complete(ex, NGX_HTTP_PUPIL_PG_UNAVAILABLE);
    }

    if (pg->retry_timer.timer_set) {
        ngx_del_timer(&pg->retry_timer);
    }

    if (pg->queue_timer.timer_set) {
        ngx_del_timer(&pg->queue_timer);
    }
}


/* ---- connecting ---- */


static void
ngx_http_pupil_pg_pool_fill(ngx_http_pupil_pg_pool_t *pg)
{
    ngx_int_t                  i;
    ngx_uint_t                 max;
    ngx_http_pupil_pg_conn_t  *pc;

    if (pg->closed || pg->retry_timer.timer_set) {
        return;
    }

    if (ngx_exiting && (ngx_queue_empty(&pg->queue) || pg->stats.up)) {
        return;
    }

    max = pg->stats.up ? (ngx_uint_t) pg->connections : 1;

    for (i = 0; i < pg->connections && pg->connecting < max; i++) {
        pc = &pg->conns[i];

        if (pc->conn || pc->connecting) {
            continue;
        }

        if (ngx_http_pupil_pg_connect(pg, NULL,
                                      ngx_http_pupil_pg_pool_connected, pc)
            != NGX_OK)
        {
            ngx_http_pupil_pg_pool_failure(pg, 0,
                                        "no helper thread for a connection");
            return;
        }

        pc->connecting = 1;
        pg->connecting++;
    }
}


static void
ngx_http_pupil_pg_pool_connected(void *data, PGconn *conn, ngx_uint_t mismatch,
    const char *text)
{
    ngx_http_pupil_pg_conn_t  *pc = data;

    ngx_http_pupil_pg_pool_t  *pg;

    pg = pc->pg;

    pc->connecting = 0;
    pg->connecting--;

    if (pg->closed
        || (ngx_exiting && (ngx_queue_empty(&pg->queue) || pg->stats.up)))
    {
        if (conn) {
            PQfinish(conn);
        }

        return;
    }

    if (conn && ngx_http_pupil_pg_conn_open(pc, conn) != NGX_OK) {
        PQfinish(conn);
        conn = NULL;
        text = "nginx has no free connection, raise worker_connections";
    }

    if (conn == NULL) {
        ngx_http_pupil_pg_pool_failure(pg, mismatch, text);

        if (pg->down) {
            ngx_http_pupil_pg_pool_queue_fail(pg, 1);
        }

        return;
    }

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
                      "pupil: database \"%V\": all %ui connections are up "
                      "again after %M ms", &pg->name, pg->stats.up,
                      ngx_current_msec - pg->outage_start);
    }

    ngx_http_pupil_pg_pool_pump(pg);
    ngx_http_pupil_pg_pool_fill(pg);
}


/* Calls no handler: submit() may come here. */

static void
ngx_http_pupil_pg_pool_failure(ngx_http_pupil_pg_pool_t *pg,
    ngx_uint_t mismatch, const char *text)
{
    pg->failures++;

    ngx_http_pupil_pg_pool_outage(pg, text);

    if (!pg->retry_timer.timer_set) {
        ngx_add_timer(&pg->retry_timer,
                      ngx_http_pupil_pg_backoff(pg->failures, mismatch));
    }

    if (pg->stats.up == 0) {
        pg->down = 1;
    }
}


/* One line at the begin of an outage, one when all connections are back. */

static void
ngx_http_pupil_pg_pool_outage(ngx_http_pupil_pg_pool_t *pg, const char *reason)
{
    if (pg->outage) {
        ngx_log_debug2(NGX_LOG_DEBUG_HTTP, pg->log, 0,
                       "pupil: database \"%V\": %s", &pg->name, reason);
        return;
    }

    pg->outage = 1;
    pg->outage_start = ngx_current_msec;

    ngx_log_error(NGX_LOG_ERR, pg->log, 0,
                  "pupil: database \"%V\": %s (%ui of %i connections are up)",
                  &pg->name, reason, pg->stats.up, pg->connections);
}


void
ngx_http_pupil_pg_pool_lost(ngx_http_pupil_pg_pool_t *pg, const char *reason)
{
    if (pg->closed) {
        return;
    }

    if (ngx_exiting) {
        ngx_http_pupil_pg_pool_fill(pg);
        return;
    }

    ngx_http_pupil_pg_pool_outage(pg, reason);

    /* pitfall 11: with jitter */

    if (!pg->retry_timer.timer_set) {
        ngx_add_timer(&pg->retry_timer, ngx_http_pupil_pg_backoff(1, 0));
    }
}


static void
ngx_http_pupil_pg_pool_retry_handler(ngx_event_t *ev)
{
    ngx_http_pupil_pg_pool_t  *pg;
    ngx_http_pupil_probe(TIMER);

    pg = ev->data;

    ngx_http_pupil_pg_pool_fill(pg);
}


/* ---- queue ---- */


static ngx_http_pupil_pg_conn_t *
ngx_http_pupil_pg_pool_pick(ngx_http_pupil_pg_pool_t *pg)
{
    ngx_int_t                  i;
    ngx_http_pupil_pg_conn_t  *pc, *best;

    best = NULL;

    for (i = 0; i < pg->connections; i++) {
        pc = &pg->conns[i];

        if (pc->conn == NULL || pc->broken
            || pc->depth >= (ngx_uint_t) pg->depth)
        {
            continue;
        }

        if (best == NULL || pc->depth < best->depth) {
            best = pc;
        }
    }

    return best;
}


ngx_int_t
ngx_http_pupil_pg_exchange_submit(ngx_http_pupil_pg_exchange_t *ex)
{
    ngx_http_pupil_pg_conn_t  *pc;
    ngx_http_pupil_pg_pool_t  *pg;

    pg = ex->pg;

    if (ngx_http_pupil_pg_exchange_check(ex) != NGX_OK) {
        return NGX_ERROR;
    }

    if (pg->conns == NULL || pg->closed || (pg->stats.up == 0 && pg->down)) {
        pg->stats.refused++;
        return NGX_DECLINED;
    }

    if (ngx_queue_empty(&pg->queue)) {
        pc = ngx_http_pupil_pg_pool_pick(pg);

        if (pc) {
            ngx_http_pupil_pg_conn_send(pc, ex);
            return NGX_OK;
        }
    }

    /* pitfall 11: bounded */

    if (pg->stats.queued >= (ngx_uint_t) pg->queue_size) {
        pg->stats.refused++;
        return NGX_BUSY;
    }

    ex->status = NGX_HTTP_PUPIL_PG_PENDING;
    ex->in_queue = 1;
    ex->deadline = ngx_current_msec + pg->queue_timeout;

    ngx_queue_insert_tail(&pg->queue, &ex->queue);
    pg->stats.queued++;

    ngx_http_pupil_pg_pool_queue_timer(pg);

    if (pg->stats.up == 0) {

        /* a worker that exits closes idle connections, and may need one */

        ngx_http_pupil_pg_pool_fill(pg);
    }

    return NGX_OK;
}


void
ngx_http_pupil_pg_pool_dequeue(ngx_http_pupil_pg_exchange_t *ex)
{
    ngx_queue_remove(&ex->queue);
    ex->in_queue = 0;
    ex->pg->stats.queued--;
}


void
ngx_http_pupil_pg_pool_pump(ngx_http_pupil_pg_pool_t *pg)
{
    ngx_queue_t                   *q;
    ngx_http_pupil_pg_conn_t      *pc;
    ngx_http_pupil_pg_exchange_t  *ex;

    while (!ngx_queue_empty(&pg->queue)) {
        pc = ngx_http_pupil_pg_pool_pick(pg);
        if (pc == NULL) {
            return;
        }

        q = ngx_queue_head(&pg->queue);
        ex = ngx_queue_data(q, ngx_http_pupil_pg_exchange_t, queue);

        ngx_http_pupil_pg_pool_dequeue(ex);
        ngx_http_pupil_pg_conn_send(pc, ex);
    }

    if (pg->queue_timer.timer_set) {
        ngx_del_timer(&pg->queue_timer);
    }
}


/* The head of the queue is always the first to be too late. */

static void
ngx_http_pupil_pg_pool_queue_timer(ngx_http_pupil_pg_pool_t *pg)
{
    ngx_msec_int_t                 left;
    ngx_http_pupil_pg_exchange_t  *ex;

    if (ngx_queue_empty(&pg->queue)) {
        if (pg->queue_timer.timer_set) {
            ngx_del_timer(&pg->queue_timer);
        }

        return;
    }

    if (pg->queue_timer.timer_set) {
        return;
    }

    ex = ngx_queue_data(ngx_queue_head(&pg->queue),
                        ngx_http_pupil_pg_exchange_t, queue);

    left = (ngx_msec_int_t) (ex->deadline - ngx_current_msec);

    ngx_add_timer(&pg->queue_timer, (ngx_msec_t) ngx_max(left, 1));
}


static void
ngx_http_pupil_pg_pool_queue_handler(ngx_event_t *ev)
{
    ngx_http_pupil_pg_pool_t  *pg;
    ngx_http_pupil_probe(TIMER);

    pg = ev->data;

    ngx_http_pupil_pg_pool_queue_fail(pg, 0);
    ngx_http_pupil_pg_pool_queue_timer(pg);
}


/* Fails what has waited too long, or all that waits now. */

static void
ngx_http_pupil_pg_pool_queue_fail(ngx_http_pupil_pg_pool_t *pg, ngx_uint_t all)
{
    ngx_queue_t                    failed, *q;
    ngx_http_pupil_pg_exchange_t  *ex;

    ngx_queue_init(&failed);

    while (!ngx_queue_empty(&pg->queue)) {
        q = ngx_queue_head(&pg->queue);
        ex = ngx_queue_data(q, ngx_http_pupil_pg_exchange_t, queue);

        if (!all && (ngx_msec_int_t) (ex->deadline - ngx_current_msec) > 0) {
            break;
        }

        /* still counted as queued, so that a handler may detach it */

        ngx_queue_remove(q);
        ngx_queue_insert_tail(&failed, q);
    }

    while (!ngx_queue_empty(&failed)) {
        q = ngx_queue_head(&failed);
        ex = ngx_queue_data(q, ngx_http_pupil_pg_exchange_t, queue);

        ngx_http_pupil_pg_pool_dequeue(ex);
        ngx_http_pupil_pg_complete(ex, NGX_HTTP_PUPIL_PG_UNAVAILABLE);
    }
}


void
ngx_http_pupil_pg_complete(ngx_http_pupil_pg_exchange_t *ex,
    ngx_http_pupil_pg_status_e status)
{
    ex->status = status;

    if (status == NGX_HTTP_PUPIL_PG_OK) {
        ex->pg->stats.done++;

    } else {
        ex->pg->stats.failed++;

        /* half an answer is none */
        ngx_http_pupil_pg_exchange_clear(ex);
    }

    if (ex->handler == NULL) {
        ngx_http_pupil_pg_exchange_free(ex);
        return;
    }

    ex->handler(ex);
}


/* Random bits without a system call for each. */

int64_t
ngx_http_pupil_pg_pool_nonce(ngx_http_pupil_pg_pool_t *pg)
{
    if (pg->nonces_left == 0) {
        pg->nonces_left = sizeof(pg->nonces) / sizeof(pg->nonces[0]);
        randombytes_buf(pg->nonces, sizeof(pg->nonces));
    }

    return pg->nonces[--pg->nonces_left];
}
