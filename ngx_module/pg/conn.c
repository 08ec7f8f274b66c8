/*
 * Copyright (C) the Pupil authors
 *
 * A libpq connection in pipeline mode on nginx's event loop: events, sending,
 * flushing, and what happens when it is lost.
 *
 * Connections arrive here connected; see connect.c.
 * Handlers of exchanges run from the read, write, flush and stall events of a
 * connection only; these drop a broken connection as their last step, so
 * nobody finds it gone under their hands.
 */

#include <openssl/ssl.h>

#include "pg/private.h"


static void ngx_libpq_read_handler(ngx_event_t *rev);
static void ngx_libpq_write_handler(ngx_event_t *wev);
static void ngx_libpq_flush_handler(ngx_event_t *ev);
static void ngx_libpq_stall_handler(ngx_event_t *ev);
static void ngx_libpq_conn_write(ngx_libpq_conn_t *pc);
static void ngx_libpq_conn_read(ngx_libpq_conn_t *pc);
static void ngx_libpq_conn_taken(ngx_libpq_conn_t *pc);
static void ngx_libpq_conn_settle(ngx_libpq_conn_t *pc);
static void ngx_libpq_conn_fail(ngx_libpq_conn_t *pc);
static ngx_int_t ngx_libpq_conn_pipeline(ngx_libpq_conn_t *pc,
    ngx_libpq_exchange_t *ex);


/* ---- events of a libpq socket, shared with LISTEN ---- */


ngx_connection_t *
ngx_libpq_watch(PGconn *conn, void *data, ngx_event_handler_pt read,
    ngx_event_handler_pt write, ngx_log_t *log)
{
    ngx_connection_t  *c;

    c = ngx_get_connection(PQsocket(conn), log);
    if (c == NULL) {
        return NULL;
    }

    c->data = data;
    c->number = ngx_atomic_fetch_add(ngx_connection_counter, 1);
    c->read->handler = read;
    c->read->log = log;
    c->write->handler = write;
    c->write->log = log;

    /*
     * Level-triggered, as PQconsumeInput reads once; so neither
     * ngx_add_conn nor ngx_handle_read_event.
     */

    if (ngx_add_event(c->read, NGX_READ_EVENT, NGX_LEVEL_EVENT) != NGX_OK) {
        ngx_free_connection(c);
        c->fd = (ngx_socket_t) -1;
        return NULL;
    }

    return c;
}


void
ngx_libpq_unwatch(ngx_connection_t *c, PGconn *conn)
{
    ngx_uint_t  flags;

    /*
     * When libpq has closed the socket, the kernel has forgotten it, and its
     * number may be somebody else's: no system call then.
     */

    flags = (PQsocket(conn) == c->fd) ? 0 : NGX_CLOSE_EVENT;

    if (c->read->active) {
        ngx_del_event(c->read, NGX_READ_EVENT, flags);
    }

    if (c->write->active) {
        ngx_del_event(c->write, NGX_WRITE_EVENT, flags);
    }

    if (c->read->posted) {
        ngx_delete_posted_event(c->read);
    }

    if (c->write->posted) {
        ngx_delete_posted_event(c->write);
    }
}


void
ngx_libpq_finish(ngx_connection_t *c, PGconn *conn)
{
    /* the fd is libpq's: closed last, and once, or it is somebody else's */

    ngx_libpq_unwatch(c, conn);

    c->read->closed = 1;
    c->write->closed = 1;

    ngx_free_connection(c);
    c->fd = (ngx_socket_t) -1;

    PQfinish(conn);
}


ngx_int_t
ngx_libpq_flush(ngx_connection_t *c, PGconn *conn)
{
    int  left;

    left = PQflush(conn);

    if (left < 0 || PQsocket(conn) != c->fd) {
        return NGX_ERROR;
    }

    /*
     * The write event is armed only while PQflush returns 1, as a socket is
     * nearly always writable.
     */

    if (left && !c->write->active) {
        return ngx_add_event(c->write, NGX_WRITE_EVENT, NGX_LEVEL_EVENT);
    }

    if (!left && c->write->active) {
        return ngx_del_event(c->write, NGX_WRITE_EVENT, 0);
    }

    return NGX_OK;
}


ngx_uint_t
ngx_libpq_pending(PGconn *conn)
{
    SSL  *ssl;

    ssl = PQgetssl(conn);

    return ssl != NULL && SSL_pending(ssl) > 0;
}


/* ---- a connection of the pool ---- */


ngx_int_t
ngx_libpq_conn_open(ngx_libpq_conn_t *pc, PGconn *conn)
{
    ngx_log_t  *log;

    log = pc->pg->log;

    pc->c = ngx_libpq_watch(conn, pc, ngx_libpq_read_handler,
                            ngx_libpq_write_handler, log);
    if (pc->c == NULL) {
        return NGX_ERROR;
    }

    pc->conn = conn;
    pc->share->up++;
    pc->depth = 0;
    pc->generation++;
    pc->alone = 0;
    pc->broken = 0;
    pc->reset = 0;
    pc->reason[0] = '\0';
    pc->setting.len = 0;

    ngx_queue_init(&pc->inflight);
    ngx_memzero(pc->prepared, (pc->pg->stmts.nelts + 7) / 8);
    ngx_memzero(&pc->flush, sizeof(ngx_event_t));
    ngx_memzero(&pc->stall, sizeof(ngx_event_t));

    pc->flush.data = pc;
    pc->flush.handler = ngx_libpq_flush_handler;
    pc->flush.log = log;

    /* not cancelable: an exit waits for work in flight */

    pc->stall.data = pc;
    pc->stall.handler = ngx_libpq_stall_handler;
    pc->stall.log = log;

    /* idle connections are read as well: a server's shutdown is a notice */

    PQsetNoticeReceiver(conn, ngx_libpq_notice, pc);

    /* idle until work is sent: an exit closes it */

    pc->c->idle = 1;

    /* something may have arrived before the events were added */

    ngx_post_event(&pc->flush, &ngx_posted_events);

    return NGX_OK;
}


void
ngx_libpq_conn_close(ngx_libpq_conn_t *pc)
{
    PGconn            *conn;
    ngx_connection_t  *c;

    if (pc->stall.timer_set) {
        ngx_del_timer(&pc->stall);
    }

    if (pc->flush.posted) {
        ngx_delete_posted_event(&pc->flush);
    }

    c = pc->c;
    conn = pc->conn;

    pc->c = NULL;
    pc->conn = NULL;
    pc->share->up--;
    pc->pg->stats.up--;

    ngx_libpq_finish(c, conn);
}


void
ngx_libpq_conn_drop(ngx_libpq_conn_t *pc, const char *reason)
{
    ngx_libpq_broken(pc, reason);
    ngx_post_event(&pc->flush, &ngx_posted_events);
}


/*
 * Drops the connection; all work on it fails: a cancel could hit a neighbour's
 * statement, and what may be committed is not sent again.
 */

static void
ngx_libpq_conn_fail(ngx_libpq_conn_t *pc)
{
    ngx_queue_t            failed, *q;
    ngx_libpq_pool_t      *pg;
    ngx_libpq_exchange_t  *ex;

    pg = pc->pg;

    ngx_queue_init(&failed);

    while (!ngx_queue_empty(&pc->inflight)) {
        q = ngx_queue_head(&pc->inflight);
        ex = ngx_queue_data(q, ngx_libpq_exchange_t, link);

        ngx_libpq_share_give(pc, ex);
        ngx_queue_insert_tail(&failed, q);
    }

    ngx_log_debug3(NGX_LIBPQ_DEBUG, pg->log, 0,
                   "libpq \"%V\": connection %ui lost: %s", &pg->name,
                   pc->number, pc->reason);

    ngx_libpq_conn_close(pc);
    ngx_libpq_pool_lost(pg, pc->reason);

    /* handlers may detach others of this list, so it is read anew each time */

    while (!ngx_queue_empty(&failed)) {
        q = ngx_queue_head(&failed);
        ngx_queue_remove(q);

        ex = ngx_queue_data(q, ngx_libpq_exchange_t, link);

        ngx_libpq_complete(ex, NGX_LIBPQ_UNAVAILABLE);
    }

    /* the last of its kind: another kind takes what waited for it */

    ngx_libpq_queue_pump(pg);
}


void
ngx_libpq_conn_send(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex)
{
    ngx_msec_t  limit;

    ex->status = NGX_LIBPQ_PENDING;
    ex->sqlstate[0] = '\0';
    ex->failed = 0;
    ex->answered = 0;
    ex->icmd = 0;
    ex->ncmds = 0;

    ngx_libpq_share_take(pc, ex);

    ngx_log_debug4(NGX_LIBPQ_DEBUG, ex->pool->log, 0,
                   "libpq \"%V\": exchange %ui sent on connection %ui, %ui "
                   "in flight", &pc->pg->name, ex->number, pc->number,
                   pc->depth);

    pc->c->idle = 0;

    if (pc->depth == 1) {
        limit = pc->pg->statement_timeout + NGX_LIBPQ_MARGIN;
        ngx_add_timer(&pc->stall, limit);
    }

    if (!pc->broken && ngx_libpq_conn_pipeline(pc, ex) != NGX_OK) {
        ngx_libpq_broken(pc, PQerrorMessage(pc->conn));
    }

    /* PQpipelineSync has sent already; the rest, and errors, once per turn */

    ngx_post_event(&pc->flush, &ngx_posted_events);
}


/*
 * A Sync behind each part of the exchange, at least one: a shared one would be
 * a shared transaction.  All Prepares come before the first statement, so that
 * an error of a statement leaves none of them undone.
 */

static ngx_int_t
ngx_libpq_conn_pipeline(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex)
{
    ngx_uint_t               i;
    ngx_libpq_exec_t        *exec;
    const ngx_libpq_stmt_t  *stmt;

    if (ex->cmds == NULL) {
        ex->cmds = ngx_palloc(ex->pool, (3 * ex->nresults + NGX_LIBPQ_CMDS)
                                        * sizeof(uint16_t));
        if (ex->cmds == NULL) {
            return NGX_ERROR;
        }
    }

    if ((pc->reset || !ngx_libpq_setting_equal(&pc->setting, &ex->setting))
        && ngx_libpq_conn_session(pc, ex) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ex->generation = pc->generation;

    if (ex->snapshot && ngx_libpq_conn_snapshot(pc, ex) != NGX_OK) {
        return NGX_ERROR;
    }

    for (i = ex->first; i < ex->nresults; i++) {
        if (ngx_libpq_conn_prepare(pc, ex, ex->execs[i].stmt,
                                   NGX_LIBPQ_CMD_PREPARE | i)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    for (i = ex->first; i < ex->nresults; i++) {
        exec = &ex->execs[i];
        stmt = exec->stmt;

        if (ngx_libpq_pool_nonce(pc, exec->nonce) != NGX_OK) {
            return NGX_ERROR;
        }

        if (PQsendQueryPrepared(pc->conn, stmt->name, (int) stmt->nparams,
                                exec->values, exec->lengths, stmt->formats, 1)
            != 1)
        {
            return NGX_ERROR;
        }

        ex->cmds[ex->ncmds++] = (uint16_t) (NGX_LIBPQ_CMD_EXECUTE | i);

        if (!exec->ends || i + 1 == ex->nresults) {
            continue;
        }

        if (PQpipelineSync(pc->conn) != 1) {
            return NGX_ERROR;
        }

        ex->cmds[ex->ncmds++] = (uint16_t) (NGX_LIBPQ_CMD_PART_SYNC | i);
    }

    return (PQpipelineSync(pc->conn) == 1) ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_libpq_conn_prepare(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex,
    const ngx_libpq_stmt_t *stmt, ngx_uint_t cmd)
{
    u_char  *bits, bit;

    bits = &pc->prepared[stmt->index / 8];
    bit = (u_char) (1 << (stmt->index % 8));

    if (*bits & bit) {
        return NGX_OK;
    }

    if (PQsendPrepare(pc->conn, stmt->name, (char *) stmt->sql.data,
                      (int) stmt->nparams, stmt->types)
        != 1)
    {
        return NGX_ERROR;
    }

    *bits |= bit;
    ex->cmds[ex->ncmds++] = (uint16_t) cmd;

    ngx_log_debug3(NGX_LIBPQ_DEBUG, pc->pg->log, 0,
                   "libpq \"%V\": connection %ui prepares %s", &pc->pg->name,
                   pc->number, stmt->name);

    return NGX_OK;
}


static void
ngx_libpq_read_handler(ngx_event_t *rev)
{
    ngx_connection_t  *c;
    ngx_libpq_conn_t  *pc;
    ngx_libpq_probe(NGX_LIBPQ_PROBE_DATABASE);

    c = rev->data;
    pc = c->data;

    if (c->close && (c->error || pc->depth == 0)) {

        /* the worker exits; with c->error, worker_shutdown_timeout is over */

        ngx_libpq_broken(pc, "the worker is shutting down");
        ngx_libpq_conn_settle(pc);
        return;
    }

    ngx_libpq_conn_read(pc);
    ngx_libpq_conn_settle(pc);
}


static void
ngx_libpq_write_handler(ngx_event_t *wev)
{
    ngx_connection_t  *c;
    ngx_libpq_conn_t  *pc;
    ngx_libpq_probe(NGX_LIBPQ_PROBE_DATABASE);

    c = wev->data;
    pc = c->data;

    ngx_libpq_conn_write(pc);
    ngx_libpq_conn_settle(pc);
}


static void
ngx_libpq_flush_handler(ngx_event_t *ev)
{
    ngx_libpq_conn_t  *pc;
    ngx_libpq_probe(NGX_LIBPQ_PROBE_DATABASE);

    pc = ev->data;

    ngx_libpq_conn_write(pc);
    ngx_libpq_conn_settle(pc);
}


static void
ngx_libpq_stall_handler(ngx_event_t *ev)
{
    char               reason[64];
    ngx_msec_t         limit;
    ngx_libpq_conn_t  *pc;
    ngx_libpq_probe(NGX_LIBPQ_PROBE_TIMER);

    pc = ev->data;

    limit = pc->pg->statement_timeout + NGX_LIBPQ_MARGIN;

    (void) ngx_snprintf((u_char *) reason, sizeof(reason),
                        "no answer for %M ms%Z", limit);

    pc->pg->stats.stalls++;

    ngx_libpq_broken(pc, reason);
    ngx_libpq_conn_settle(pc);
}


/*
 * When a send would block, libpq reads what the server has to say, to let it
 * go on; the socket is then no longer readable, and what was read has to be
 * looked at here.
 */

static void
ngx_libpq_conn_write(ngx_libpq_conn_t *pc)
{
    ngx_int_t  rc;

    if (pc->broken) {
        return;
    }

    rc = ngx_libpq_flush(pc->c, pc->conn);

    if (rc != NGX_OK) {

        /* no fd may be opened under the old number while events are there */

        ngx_libpq_unwatch(pc->c, pc->conn);
    }

    ngx_libpq_conn_taken(pc);

    if (rc != NGX_OK) {
        ngx_libpq_broken(pc, PQerrorMessage(pc->conn));
    }
}


static void
ngx_libpq_conn_read(ngx_libpq_conn_t *pc)
{
    int  ok;

    do {
        if (pc->broken) {
            return;
        }

        ok = PQconsumeInput(pc->conn);

        if (PQsocket(pc->conn) != pc->c->fd) {
            ngx_libpq_unwatch(pc->c, pc->conn);
            ok = 0;
        }

        /* also after an error: a commit may have been read before it */

        ngx_libpq_conn_taken(pc);

        if (!ok || PQstatus(pc->conn) != CONNECTION_OK) {

            /* nobody knows what was done: no loop goes on */

            ngx_libpq_broken(pc, PQerrorMessage(pc->conn));
            return;
        }

    } while (ngx_libpq_pending(pc->conn));
}


/* Looks at what libpq has read. */

static void
ngx_libpq_conn_taken(ngx_libpq_conn_t *pc)
{
    if (ngx_queue_empty(&pc->inflight)) {

        /* parses notices; there is nothing to get */

        (void) PQisBusy(pc->conn);
        return;
    }

    if (ngx_libpq_results(pc) && pc->depth) {
        ngx_add_timer(&pc->stall, pc->pg->statement_timeout + NGX_LIBPQ_MARGIN);
    }
}


/* The last step of each event of a connection. */

static void
ngx_libpq_conn_settle(ngx_libpq_conn_t *pc)
{
    if (pc->broken) {
        ngx_libpq_conn_fail(pc);
        return;
    }

    if (pc->depth) {
        return;
    }

    if (pc->stall.timer_set) {
        ngx_del_timer(&pc->stall);
    }

    /* idle only while empty, and an exit may have waited for the last */

    pc->c->idle = 1;

    if (ngx_exiting || pc->c->close) {
        ngx_libpq_broken(pc, "the worker is shutting down");
        ngx_libpq_conn_fail(pc);
    }
}
