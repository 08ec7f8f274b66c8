/*
 * Copyright (C) the Pupil authors
 *
 * The pool of one worker: choice of a connection, the bounded queues, and
 * reconnecting.
 *
 * While no connection is up, one attempt at a time is made, so that a
 * hundred workers do not storm a server that comes back; when it succeeds,
 * the others follow at once.
 */

#include <openssl/rand.h>

#include "pg/private.h"


static void ngx_libpq_pool_forget(ngx_queue_t *list);
static void ngx_libpq_pool_fill(ngx_libpq_pool_t *pg);
static void ngx_libpq_pool_connected(void *data, PGconn *conn,
    ngx_uint_t mismatch, const char *text);
static void ngx_libpq_pool_success(ngx_libpq_conn_t *pc);
static void ngx_libpq_pool_failure(ngx_libpq_pool_t *pg, ngx_uint_t mismatch,
    const char *text);
static void ngx_libpq_pool_retry_handler(ngx_event_t *ev);
static void ngx_libpq_pool_queue_handler(ngx_event_t *ev);
static void ngx_libpq_pool_queue_fail(ngx_libpq_pool_t *pg, ngx_uint_t all);
static void ngx_libpq_pool_queue_timer(ngx_libpq_pool_t *pg);
static void ngx_libpq_pool_queue_take(ngx_libpq_queue_t *queue, ngx_uint_t all,
    ngx_queue_t *failed);
static ngx_libpq_queue_t *ngx_libpq_pool_queue(ngx_libpq_exchange_t *ex);
static ngx_libpq_conn_t *ngx_libpq_pool_pick(ngx_libpq_pool_t *pg,
    ngx_libpq_exchange_t *ex);
static ngx_libpq_conn_t *ngx_libpq_pool_best(ngx_libpq_conn_t *a,
    ngx_libpq_conn_t *b, const ngx_libpq_setting_t *setting);


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
    ngx_int_t          i;
    ngx_libpq_conn_t  *pc;

    /* not in the master, nor in cache helpers: a connection is one process's */

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    pg->log = cycle->log;
    ngx_queue_init(&pg->queues[0].list);
    ngx_queue_init(&pg->queues[1].list);

    pg->conns = ngx_pcalloc(cycle->pool, (size_t) pg->connections
                                         * sizeof(ngx_libpq_conn_t));
    if (pg->conns == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < pg->connections; i++) {
        pc = &pg->conns[i];

        pc->pg = pg;
        pc->number = (ngx_uint_t) i;
        pc->writer = (i >= pg->connections - pg->writers);
        ngx_queue_init(&pc->inflight);

        pc->prepared = ngx_pcalloc(cycle->pool, (pg->stmts.nelts + 7) / 8);
        if (pc->prepared == NULL) {
            return NGX_ERROR;
        }
    }

    /* a worker that exits waits for what is queued, not for a retry */

    pg->queue_timer.data = pg;
    pg->queue_timer.log = pg->log;
    pg->queue_timer.handler = ngx_libpq_pool_queue_handler;

    pg->retry_timer.data = pg;
    pg->retry_timer.log = pg->log;
    pg->retry_timer.handler = ngx_libpq_pool_retry_handler;
    pg->retry_timer.cancelable = 1;

    ngx_libpq_pool_fill(pg);

    return NGX_OK;
}


void
ngx_libpq_pool_exit_process(ngx_cycle_t *cycle, ngx_libpq_pool_t *pg)
{
    ngx_int_t          i;
    ngx_queue_t        queued;
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

    ngx_queue_init(&queued);
    ngx_libpq_pool_queue_take(&pg->queues[0], 1, &queued);
    ngx_libpq_pool_queue_take(&pg->queues[1], 1, &queued);
    ngx_libpq_pool_forget(&queued);

    if (pg->retry_timer.timer_set) {
        ngx_del_timer(&pg->retry_timer);
    }

    if (pg->queue_timer.timer_set) {
        ngx_del_timer(&pg->queue_timer);
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


static void
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

        if (ngx_libpq_connect(pg, NULL, ngx_libpq_pool_connected, pc)
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

    if (conn && ngx_libpq_conn_open(pc, conn) != NGX_OK) {
        PQfinish(conn);
        conn = NULL;
        text = "nginx has no free connection, raise worker_connections";
    }

    if (conn == NULL) {
        ngx_libpq_pool_failure(pg, mismatch, text);

        if (pg->down) {
            ngx_libpq_pool_queue_fail(pg, 1);
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

    ngx_libpq_pool_pump(pg);
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


/* ---- queues ---- */


/*
 * Of two, either of which may be NULL: the one that is less deep, then the one
 * whose session has the setting already.
 */

static ngx_libpq_conn_t *
ngx_libpq_pool_best(ngx_libpq_conn_t *a, ngx_libpq_conn_t *b,
    const ngx_libpq_setting_t *setting)
{
    if (a == NULL || b == NULL) {
        return a ? a : b;
    }

    if (a->depth != b->depth) {
        return (a->depth < b->depth) ? a : b;
    }

    return ngx_libpq_setting_equal(&a->setting, setting) ? a : b;
}


/* NULL: no place now. */

static ngx_libpq_conn_t *
ngx_libpq_pool_pick(ngx_libpq_pool_t *pg, ngx_libpq_exchange_t *ex)
{
    ngx_int_t          i;
    ngx_uint_t         up[2];
    ngx_libpq_conn_t  *pc, *best[2], **kind;

    best[0] = best[1] = NULL;
    up[0] = up[1] = 0;

    for (i = 0; i < pg->connections; i++) {
        pc = &pg->conns[i];

        if (pc->conn == NULL || pc->broken) {
            continue;
        }

        up[pc->writer] = 1;

        if (pc->depth < (ngx_uint_t) pg->depth) {
            kind = &best[pc->writer];
            *kind = ngx_libpq_pool_best(*kind, pc, &ex->setting);
        }
    }

    i = (pg->writers && ex->writes) ? 1 : 0;

    return up[i] ? best[i] : best[1 - i];
}


static ngx_libpq_queue_t *
ngx_libpq_pool_queue(ngx_libpq_exchange_t *ex)
{
    return &ex->pg->queues[ex->pg->writers && ex->writes];
}


ngx_int_t
ngx_libpq_exchange_submit(ngx_libpq_exchange_t *ex)
{
    ngx_libpq_conn_t   *pc;
    ngx_libpq_pool_t   *pg;
    ngx_libpq_queue_t  *queue;

    pg = ex->pg;

    if (ngx_libpq_exchange_check(ex) != NGX_OK) {
        return NGX_ERROR;
    }

    ex->setting.snapshot = pg->use->one_snapshot && !ex->writes;

    if (pg->conns == NULL || pg->closed || (pg->stats.up == 0 && pg->down)) {
        pg->stats.refused++;
        return NGX_DECLINED;
    }

    queue = ngx_libpq_pool_queue(ex);

    if (queue->n == 0) {
        pc = ngx_libpq_pool_pick(pg, ex);

        if (pc) {
            ngx_libpq_conn_send(pc, ex);
            return NGX_OK;
        }
    }

    /* bounded: who would wait for long is told so now */

    if (queue->n >= (ngx_uint_t) pg->queue_size) {
        pg->stats.refused++;
        return NGX_BUSY;
    }

    ex->status = NGX_LIBPQ_PENDING;
    ex->in_queue = 1;
    ex->deadline = ngx_current_msec + pg->queue_timeout;

    ngx_queue_insert_tail(&queue->list, &ex->link);
    queue->n++;
    pg->stats.queued++;

    ngx_log_debug3(NGX_LIBPQ_DEBUG, ex->pool->log, 0,
                   "libpq \"%V\": exchange %ui queued, %ui wait", &pg->name,
                   ex->number, pg->stats.queued);

    ngx_libpq_pool_queue_timer(pg);

    if (pg->stats.up == 0) {

        /* a worker that exits closes idle connections, and may need one */

        ngx_libpq_pool_fill(pg);
    }

    return NGX_OK;
}


void
ngx_libpq_pool_dequeue(ngx_libpq_exchange_t *ex)
{
    ngx_queue_remove(&ex->link);
    ex->in_queue = 0;
    ngx_libpq_pool_queue(ex)->n--;
    ex->pg->stats.queued--;
}


void
ngx_libpq_pool_pump(ngx_libpq_pool_t *pg)
{
    ngx_uint_t             i;
    ngx_queue_t           *list;
    ngx_libpq_conn_t      *pc;
    ngx_libpq_exchange_t  *ex;

    if (pg->stats.queued == 0) {
        return;
    }

    /* neither waits for the other */

    for (i = 0; i < 2; i++) {
        list = &pg->queues[i].list;

        while (!ngx_queue_empty(list)) {
            ex = ngx_queue_data(ngx_queue_head(list), ngx_libpq_exchange_t,
                                link);

            pc = ngx_libpq_pool_pick(pg, ex);
            if (pc == NULL) {
                break;
            }

            ngx_libpq_pool_dequeue(ex);
            ngx_libpq_conn_send(pc, ex);
        }
    }

    if (pg->stats.queued == 0 && pg->queue_timer.timer_set) {
        ngx_del_timer(&pg->queue_timer);
    }
}


/* The head of a queue is always its first to be too late. */

static void
ngx_libpq_pool_queue_timer(ngx_libpq_pool_t *pg)
{
    ngx_uint_t             i;
    ngx_queue_t           *list;
    ngx_msec_int_t         left, least;
    ngx_libpq_exchange_t  *ex;

    if (pg->stats.queued == 0) {
        if (pg->queue_timer.timer_set) {
            ngx_del_timer(&pg->queue_timer);
        }

        return;
    }

    if (pg->queue_timer.timer_set) {
        return;
    }

    least = (ngx_msec_int_t) pg->queue_timeout;

    for (i = 0; i < 2; i++) {
        list = &pg->queues[i].list;

        if (!ngx_queue_empty(list)) {
            ex = ngx_queue_data(ngx_queue_head(list), ngx_libpq_exchange_t,
                                link);

            left = (ngx_msec_int_t) (ex->deadline - ngx_current_msec);
            least = ngx_min(left, least);
        }
    }

    ngx_add_timer(&pg->queue_timer, (ngx_msec_t) ngx_max(least, 1));
}


static void
ngx_libpq_pool_queue_handler(ngx_event_t *ev)
{
    ngx_libpq_pool_t  *pg;

    pg = ev->data;

    ngx_libpq_pool_queue_fail(pg, 0);
    ngx_libpq_pool_queue_timer(pg);
}


/* Fails what has waited too long, or all that waits now. */

static void
ngx_libpq_pool_queue_fail(ngx_libpq_pool_t *pg, ngx_uint_t all)
{
    ngx_queue_t            failed;
    ngx_libpq_exchange_t  *ex;

    ngx_queue_init(&failed);
    ngx_libpq_pool_queue_take(&pg->queues[0], all, &failed);
    ngx_libpq_pool_queue_take(&pg->queues[1], all, &failed);

    while (!ngx_queue_empty(&failed)) {
        ex = ngx_queue_data(ngx_queue_head(&failed), ngx_libpq_exchange_t,
                            link);

        ngx_libpq_pool_dequeue(ex);
        ngx_libpq_complete(ex, NGX_LIBPQ_UNAVAILABLE);
    }
}


/* Still counted as queued, so that a handler may detach them. */

static void
ngx_libpq_pool_queue_take(ngx_libpq_queue_t *queue, ngx_uint_t all,
    ngx_queue_t *failed)
{
    ngx_queue_t           *q;
    ngx_libpq_exchange_t  *ex;

    while (!ngx_queue_empty(&queue->list)) {
        q = ngx_queue_head(&queue->list);
        ex = ngx_queue_data(q, ngx_libpq_exchange_t, link);

        if (!all && (ngx_msec_int_t) (ex->deadline - ngx_current_msec) > 0) {
            return;
        }

        ngx_queue_remove(q);
        ngx_queue_insert_tail(failed, q);
    }
}


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
