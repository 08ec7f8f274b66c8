/*
 * Copyright (C) the Pupil authors
 *
 * What waits in the worker: for a place on a connection, in its party or, if it
 * goes alone, aside; for its turn, in its line; or until it is sent again, as
 * it met a lock.  Each of these is in the queue, and has a deadline.
 */

#include "pg/private.h"


/* Before what met a lock is sent again: then twice as much, some times. */
#define NGX_LIBPQ_PAUSE     25      /* ms */
#define NGX_LIBPQ_DOUBLED   3

/* What PostgreSQL says of a lock that it did not get. */
#define NGX_LIBPQ_LOCKED    "55P03"

/* For how long a statement that met a lock goes alone. */
#define NGX_LIBPQ_SUSPECT   1000    /* ms */


static void ngx_libpq_queue_snapshot(ngx_libpq_exchange_t *ex);
static ngx_uint_t ngx_libpq_queue_pass(ngx_libpq_exchange_t *ex);
static unsigned ngx_libpq_queue_suspect(const ngx_libpq_exchange_t *ex);
static void ngx_libpq_queue_insert(ngx_libpq_exchange_t *ex);
static void ngx_libpq_queue_pump_aside(ngx_libpq_share_t *share);
static void ngx_libpq_queue_pump_turns(ngx_libpq_share_t *share);
static void ngx_libpq_queue_handler(ngx_event_t *ev);
static void ngx_libpq_queue_timer(ngx_libpq_pool_t *pg);
static ngx_msec_t ngx_libpq_pause(const ngx_libpq_exchange_t *ex);
static void ngx_libpq_pause_handler(ngx_event_t *ev);
static void ngx_libpq_pause_timer(ngx_libpq_pool_t *pg);


void
ngx_libpq_queue_init(ngx_libpq_pool_t *pg)
{
    ngx_rbtree_init(&pg->lines, &pg->lines_sentinel,
                    ngx_str_rbtree_insert_value);
    ngx_queue_init(&pg->spare_lines);
    ngx_queue_init(&pg->waiting);
    ngx_queue_init(&pg->paused);

    /* a worker that exits waits for what is queued */

    pg->queue_timer.data = pg;
    pg->queue_timer.log = pg->log;
    pg->queue_timer.handler = ngx_libpq_queue_handler;

    pg->pause_timer.data = pg;
    pg->pause_timer.log = pg->log;
    pg->pause_timer.handler = ngx_libpq_pause_handler;
}


/* Ends what waits without a word to who waits for it. */

void
ngx_libpq_queue_exit(ngx_libpq_pool_t *pg)
{
    ngx_libpq_exchange_t  *ex;

    while (!ngx_queue_empty(&pg->waiting)) {
        ex = ngx_queue_data(ngx_queue_head(&pg->waiting), ngx_libpq_exchange_t,
                            due);

        ngx_libpq_queue_remove(ex);
        ex->handler = NULL;
        ngx_libpq_complete(ex, NGX_LIBPQ_UNAVAILABLE);
    }

    if (pg->queue_timer.timer_set) {
        ngx_del_timer(&pg->queue_timer);
    }

    if (pg->pause_timer.timer_set) {
        ngx_del_timer(&pg->pause_timer);
    }
}


ngx_int_t
ngx_libpq_exchange_submit(ngx_libpq_exchange_t *ex)
{
    ngx_int_t          rc;
    ngx_libpq_pool_t  *pg;

    pg = ex->pg;

    if (ngx_libpq_exchange_check(ex) != NGX_OK) {
        return NGX_ERROR;
    }

    if (pg->conns == NULL || pg->closed || (pg->stats.up == 0 && pg->down)) {
        pg->stats.refused++;
        return NGX_DECLINED;
    }

    ngx_libpq_queue_snapshot(ex);
    ex->deadline = ngx_current_msec + pg->queue_timeout;

    if (ngx_libpq_party(ex) != NGX_OK) {
        return NGX_ERROR;
    }

    ex->alone = 0;
    rc = ngx_libpq_line_join(ex);

    if (rc == NGX_ERROR || (rc == NGX_OK && ngx_libpq_queue_pass(ex))) {
        return rc;
    }

    /* bounded: who would wait for long is told so now */

    if (rc == NGX_BUSY || ngx_libpq_share_full(ex)) {
        ngx_libpq_line_leave(ex);
        pg->stats.refused++;
        return NGX_BUSY;
    }

    ngx_libpq_queue_insert(ex);

    if (rc == NGX_AGAIN) {
        ngx_libpq_line_wait(ex);
        return NGX_OK;
    }

    ngx_libpq_queue_ready(ex);
    ngx_libpq_queue_pump(pg);

    if (pg->stats.up == 0) {

        /* a worker that exits closes idle connections, and may need one */

        ngx_libpq_pool_fill(pg);
    }

    return NGX_OK;
}


/*
 * Where connections for reads are others than for writes, their sessions are
 * set to it; else it is said where there is more than one statement.
 */

static void
ngx_libpq_queue_snapshot(ngx_libpq_exchange_t *ex)
{
    ngx_uint_t  wanted;

    wanted = ex->pg->use->one_snapshot && !ex->writes;

    ex->setting.snapshot = wanted && ex->pg->writers;
    ex->snapshot = wanted && !ex->pg->writers && ex->nresults > 1;
}


/* Sends ex at once, if nothing says that it should wait. */

static ngx_uint_t
ngx_libpq_queue_pass(ngx_libpq_exchange_t *ex)
{
    ngx_uint_t         full;
    ngx_libpq_conn_t  *pc;

    ex->alone |= ngx_libpq_queue_suspect(ex);

    if (ex->alone || !ngx_queue_empty(&ex->party->queue)) {
        return 0;
    }

    pc = ngx_libpq_pick(ex, &full);
    if (pc == NULL) {
        return 0;
    }

    ngx_libpq_conn_send(pc, ex);

    return 1;
}


/*
 * What reads meets a lock on a table, and so does who asks the same; who has a
 * key met one on rows, and its line knows.
 */

static unsigned
ngx_libpq_queue_suspect(const ngx_libpq_exchange_t *ex)
{
    ngx_uint_t  i;
    ngx_msec_t  met;

    if (ex->line) {
        return ex->line->locked;
    }

    for (i = 0; i < ex->nresults; i++) {
        met = ex->pg->met[ex->execs[i].stmt->index];

        if (met && ngx_current_msec - met < NGX_LIBPQ_SUSPECT) {
            return 1;
        }
    }

    return 0;
}


/* ---- in and out ---- */


/* By deadlines, of which nearly each is the last. */

static void
ngx_libpq_queue_insert(ngx_libpq_exchange_t *ex)
{
    ngx_queue_t           *q;
    ngx_libpq_pool_t      *pg;
    ngx_libpq_exchange_t  *other;

    pg = ex->pg;

    for (q = ngx_queue_last(&pg->waiting);
         q != ngx_queue_sentinel(&pg->waiting);
         q = ngx_queue_prev(q))
    {
        other = ngx_queue_data(q, ngx_libpq_exchange_t, due);

        if ((ngx_msec_int_t) (ex->deadline - other->deadline) >= 0) {
            break;
        }
    }

    ngx_queue_insert_after(q, &ex->due);

    ex->status = NGX_LIBPQ_PENDING;
    ex->in_queue = 1;
    ex->party->queued++;
    ngx_libpq_share(ex)->queued++;
    pg->stats.queued++;

    ngx_log_debug3(NGX_LIBPQ_DEBUG, ex->pool->log, 0,
                   "libpq \"%V\": exchange %ui queued, %ui wait", &pg->name,
                   ex->number, pg->stats.queued);

    ngx_libpq_queue_timer(pg);
}


void
ngx_libpq_queue_ready(ngx_libpq_exchange_t *ex)
{
    ngx_libpq_share_t  *share;

    share = ngx_libpq_share(ex);

    if (ex->alone) {
        ngx_queue_insert_tail(&share->aside, &ex->link);
        return;
    }

    if (ngx_queue_empty(&ex->party->queue)) {
        ngx_queue_insert_tail(&share->turns, &ex->party->turn);
    }

    ngx_queue_insert_tail(&ex->party->queue, &ex->link);
    ex->in_turn = 1;
}


void
ngx_libpq_queue_remove(ngx_libpq_exchange_t *ex)
{
    ngx_queue_remove(&ex->link);
    ngx_queue_remove(&ex->due);

    if (ex->in_turn && ngx_queue_empty(&ex->party->queue)) {
        ngx_queue_remove(&ex->party->turn);
    }

    ex->in_turn = 0;
    ex->in_queue = 0;
    ex->party->queued--;
    ngx_libpq_share(ex)->queued--;
    ex->pg->stats.queued--;
}


void
ngx_libpq_queue_pump(ngx_libpq_pool_t *pg)
{
    ngx_uint_t  kind;

    if (pg->stats.queued == 0) {
        return;
    }

    /* none waits for another */

    for (kind = 0; kind < NGX_LIBPQ_KINDS; kind++) {
        ngx_libpq_queue_pump_aside(&pg->shares[kind]);
        ngx_libpq_queue_pump_turns(&pg->shares[kind]);
    }

    ngx_libpq_queue_timer(pg);
}


/* On half of the connections at most, as each is one's alone. */

static void
ngx_libpq_queue_pump_aside(ngx_libpq_share_t *share)
{
    ngx_uint_t             full;
    ngx_libpq_conn_t      *pc;
    ngx_libpq_exchange_t  *ex;

    while (!ngx_queue_empty(&share->aside)
           && share->alone < ngx_max(share->n / 2, 1))
    {
        ex = ngx_queue_data(ngx_queue_head(&share->aside),
                            ngx_libpq_exchange_t, link);

        pc = ngx_libpq_pick(ex, &full);
        if (pc == NULL) {
            return;
        }

        ngx_libpq_queue_remove(ex);
        ngx_libpq_conn_send(pc, ex);
    }
}


/* One of each party, then the next of each. */

static void
ngx_libpq_queue_pump_turns(ngx_libpq_share_t *share)
{
    ngx_uint_t             full;
    ngx_queue_t           *q;
    ngx_libpq_conn_t      *pc;
    ngx_libpq_party_t     *party;
    ngx_libpq_exchange_t  *ex;

    q = ngx_queue_head(&share->turns);

    while (q != ngx_queue_sentinel(&share->turns)) {
        party = ngx_queue_data(q, ngx_libpq_party_t, turn);
        ex = ngx_queue_data(ngx_queue_head(&party->queue),
                            ngx_libpq_exchange_t, link);

        pc = ngx_libpq_pick(ex, &full);

        if (full) {
            return;
        }

        if (pc == NULL) {

            /* it has its share, and the next one may not */
            q = ngx_queue_next(q);
            continue;
        }

        ngx_libpq_queue_remove(ex);
        ngx_libpq_conn_send(pc, ex);

        if (!ngx_queue_empty(&party->queue)) {
            ngx_queue_remove(&party->turn);
            ngx_queue_insert_tail(&share->turns, &party->turn);
        }

        q = ngx_queue_head(&share->turns);
    }
}


/* ---- deadlines ---- */


static void
ngx_libpq_queue_timer(ngx_libpq_pool_t *pg)
{
    ngx_msec_int_t         left;
    ngx_libpq_exchange_t  *ex;

    if (pg->stats.queued == 0) {
        if (pg->queue_timer.timer_set) {
            ngx_del_timer(&pg->queue_timer);
        }

        return;
    }

    ex = ngx_queue_data(ngx_queue_head(&pg->waiting), ngx_libpq_exchange_t,
                        due);

    if (pg->queue_timer.timer_set) {
        if ((ngx_msec_int_t) (ex->deadline - pg->queue_timer.timer.key) >= 0) {
            return;
        }

        /* what is sent again waits since it was sent first */
        ngx_del_timer(&pg->queue_timer);
    }

    left = (ngx_msec_int_t) (ex->deadline - ngx_current_msec);

    ngx_add_timer(&pg->queue_timer, (ngx_msec_t) ngx_max(left, 1));
}


static void
ngx_libpq_queue_handler(ngx_event_t *ev)
{
    ngx_libpq_pool_t  *pg;
    ngx_libpq_probe(NGX_LIBPQ_PROBE_TIMER);

    pg = ev->data;

    ngx_libpq_queue_fail(pg, 0);
    ngx_libpq_queue_timer(pg);
}


/* Handlers may detach others, so the head is read anew each time. */

void
ngx_libpq_queue_fail(ngx_libpq_pool_t *pg, ngx_uint_t all)
{
    ngx_libpq_exchange_t  *ex;

    while (!ngx_queue_empty(&pg->waiting)) {
        ex = ngx_queue_data(ngx_queue_head(&pg->waiting), ngx_libpq_exchange_t,
                            due);

        if (!all && (ngx_msec_int_t) (ex->deadline - ngx_current_msec) > 0) {
            break;
        }

        ngx_libpq_queue_remove(ex);
        ngx_libpq_complete(ex, NGX_LIBPQ_UNAVAILABLE);
    }

    /* whose turn it is now */

    ngx_libpq_queue_pump(pg);
}


/* ---- pauses ---- */


/* At most; with jitter, so that workers do not come back all at once. */

static ngx_msec_t
ngx_libpq_pause(const ngx_libpq_exchange_t *ex)
{
    return NGX_LIBPQ_PAUSE << ngx_min(ex->locked, NGX_LIBPQ_DOUBLED);
}


ngx_uint_t
ngx_libpq_queue_may_pause(const ngx_libpq_exchange_t *ex)
{
    if (ngx_strcmp(ex->sqlstate, NGX_LIBPQ_LOCKED) != 0
        || (ex->handler == NULL && !ex->writes))
    {
        return 0;
    }

    return (ngx_msec_int_t) (ex->deadline - ngx_current_msec)
           > (ngx_msec_int_t) ngx_libpq_pause(ex);
}


/* Of its results none is left that is not committed. */

void
ngx_libpq_queue_pause(ngx_libpq_exchange_t *ex)
{
    ngx_msec_t             pause;
    ngx_queue_t           *q;
    ngx_libpq_pool_t      *pg;
    ngx_libpq_exchange_t  *other;

    pg = ex->pg;
    pause = ngx_libpq_pause(ex) / 2;

    ex->again = ngx_current_msec + pause + (ngx_msec_t) ngx_random() % pause;
    ex->locked++;
    ex->alone = 1;

    if (ex->line) {
        ex->line->locked = 1;

    } else if (ex->key_len == 0 && ex->failed_exec < ex->nresults) {
        pg->met[ex->execs[ex->failed_exec].stmt->index] =
            ngx_max(ngx_current_msec, 1);
    }

    for (q = ngx_queue_last(&pg->paused);
         q != ngx_queue_sentinel(&pg->paused);
         q = ngx_queue_prev(q))
    {
        other = ngx_queue_data(q, ngx_libpq_exchange_t, link);

        if ((ngx_msec_int_t) (ex->again - other->again) >= 0) {
            break;
        }
    }

    ngx_queue_insert_after(q, &ex->link);
    ngx_libpq_queue_insert(ex);
    ngx_libpq_pause_timer(pg);
}


static void
ngx_libpq_pause_timer(ngx_libpq_pool_t *pg)
{
    ngx_msec_int_t         left;
    ngx_libpq_exchange_t  *ex;

    if (pg->pause_timer.timer_set) {
        ngx_del_timer(&pg->pause_timer);
    }

    if (ngx_queue_empty(&pg->paused)) {
        return;
    }

    ex = ngx_queue_data(ngx_queue_head(&pg->paused), ngx_libpq_exchange_t,
                        link);
    left = (ngx_msec_int_t) (ex->again - ngx_current_msec);

    ngx_add_timer(&pg->pause_timer, (ngx_msec_t) ngx_max(left, 1));
}


static void
ngx_libpq_pause_handler(ngx_event_t *ev)
{
    ngx_queue_t           *q;
    ngx_libpq_pool_t      *pg;
    ngx_libpq_exchange_t  *ex;
    ngx_libpq_probe(NGX_LIBPQ_PROBE_TIMER);

    pg = ev->data;

    while (!ngx_queue_empty(&pg->paused)) {
        q = ngx_queue_head(&pg->paused);
        ex = ngx_queue_data(q, ngx_libpq_exchange_t, link);

        if ((ngx_msec_int_t) (ex->again - ngx_current_msec) > 0) {
            break;
        }

        ngx_queue_remove(q);
        ngx_libpq_queue_ready(ex);
    }

    ngx_libpq_queue_pump(pg);
    ngx_libpq_pause_timer(pg);

    if (pg->stats.up == 0) {

        /* a worker that exits closes idle connections, and needs one */

        ngx_libpq_pool_fill(pg);
    }
}
