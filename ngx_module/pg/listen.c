/*
 * Copyright (C) the Pupil authors
 *
 * LISTEN on a connection of its own, with a heartbeat, which so waits behind no
 * other work.
 *
 * A server hands out notifications before it says that it is ready for the
 * next query.  So when the answer to a query is complete, whatever was
 * committed and acknowledged before that query was sent has arrived.
 */

#include "pg/private.h"


typedef struct {
    ngx_libpq_listen_t  *l;
    PGconn              *conn;      /* NULL: not listening */
    ngx_connection_t    *c;
    ngx_event_t          timer;     /* beat, time limit or retry */
    ngx_msec_t           sent;
    ngx_msec_t           outage_start;
    ngx_uint_t           failures;
    ngx_log_t           *log;
    unsigned             connecting:1;
    unsigned             waiting:1; /* for the heartbeat's answer */
    unsigned             outage:1;
    unsigned             closed:1;
} ngx_libpq_listen_state_t;


static void ngx_libpq_listen_connect(ngx_libpq_listen_state_t *s);
static void ngx_libpq_listen_connected(void *data, PGconn *conn,
    ngx_uint_t mismatch, const char *text);
static void ngx_libpq_listen_fail(ngx_libpq_listen_state_t *s,
    ngx_uint_t mismatch, const char *reason);
static void ngx_libpq_listen_beat(ngx_libpq_listen_state_t *s);
static void ngx_libpq_listen_timer_handler(ngx_event_t *ev);
static void ngx_libpq_listen_read_handler(ngx_event_t *rev);
static void ngx_libpq_listen_write_handler(ngx_event_t *wev);
static ngx_int_t ngx_libpq_listen_results(ngx_libpq_listen_state_t *s);
static void ngx_libpq_listen_notice(void *arg, const PGresult *res);


ngx_libpq_listen_t *
ngx_libpq_listen_create(ngx_conf_t *cf, ngx_libpq_pool_t *pg,
    const char *channel)
{
    ngx_libpq_listen_t  *l;

    l = ngx_pcalloc(cf->pool, sizeof(ngx_libpq_listen_t));
    if (l == NULL) {
        return NULL;
    }

    l->pg = pg;
    l->channel.data = (u_char *) channel;
    l->channel.len = ngx_strlen(channel);
    l->interval = 300;
    l->timeout = 2000;

    return l;
}


ngx_int_t
ngx_libpq_listen_init_process(ngx_cycle_t *cycle, ngx_libpq_listen_t *l)
{
    ngx_libpq_listen_state_t  *s;

    /* a connection is one process's */

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        return NGX_OK;
    }

    s = ngx_pcalloc(cycle->pool, sizeof(ngx_libpq_listen_state_t));
    if (s == NULL) {
        return NGX_ERROR;
    }

    s->l = l;
    s->log = cycle->log;
    l->state = s;

    /* cancelable: a worker that exits waits for no notification */

    s->timer.data = s;
    s->timer.log = s->log;
    s->timer.handler = ngx_libpq_listen_timer_handler;
    s->timer.cancelable = 1;

    ngx_libpq_listen_connect(s);

    return NGX_OK;
}


void
ngx_libpq_listen_exit_process(ngx_cycle_t *cycle, ngx_libpq_listen_t *l)
{
    PGconn                    *conn;
    ngx_libpq_listen_state_t  *s;

    s = l->state;

    if (s == NULL) {
        return;
    }

    s->closed = 1;

    if (s->timer.timer_set) {
        ngx_del_timer(&s->timer);
    }

    if (s->conn) {
        conn = s->conn;
        s->conn = NULL;
        ngx_libpq_finish(s->c, conn);
    }
}


ngx_uint_t
ngx_libpq_listen_up(const ngx_libpq_listen_t *l)
{
    const ngx_libpq_listen_state_t  *s;

    s = l->state;

    return s != NULL && s->conn != NULL;
}


static void
ngx_libpq_listen_connect(ngx_libpq_listen_state_t *s)
{
    if (ngx_libpq_connect(s->l->pg, &s->l->channel, 0,
                          ngx_libpq_listen_connected, s)
        != NGX_OK)
    {
        ngx_libpq_listen_fail(s, 0, "no helper thread for a connection");
        return;
    }

    s->connecting = 1;
}


static void
ngx_libpq_listen_connected(void *data, PGconn *conn, ngx_uint_t mismatch,
    const char *text)
{
    ngx_libpq_listen_state_t *s = data;

    s->connecting = 0;

    if (s->closed || ngx_exiting) {
        if (conn) {
            PQfinish(conn);
        }

        return;
    }

    if (conn == NULL) {
        ngx_libpq_listen_fail(s, mismatch, text);
        return;
    }

    s->c = ngx_libpq_watch(conn, s, ngx_libpq_listen_read_handler,
                           ngx_libpq_listen_write_handler, s->log);
    if (s->c == NULL) {
        PQfinish(conn);
        ngx_libpq_listen_fail(s, 0, "nginx has no free connection, "
                                    "raise worker_connections");
        return;
    }

    ngx_log_debug3(NGX_LIBPQ_DEBUG, s->log, 0,
                   "libpq \"%V\": listening on \"%V\", backend %d",
                   &s->l->pg->name, &s->l->channel, PQbackendPID(conn));

    s->conn = conn;
    s->failures = 0;

    /* idle: never work that an exit would have to wait for */

    s->c->idle = 1;

    PQsetNoticeReceiver(conn, ngx_libpq_listen_notice, NULL);

    if (s->outage) {
        s->outage = 0;
        ngx_log_error(NGX_LOG_NOTICE, s->log, 0,
                      "%slistening on \"%V\" again after %M ms",
                      s->l->pg->use->log, &s->l->channel,
                      ngx_current_msec - s->outage_start);
    }

    if (s->l->gap) {
        s->l->gap(s->l);
    }

    ngx_libpq_listen_beat(s);
}


static void
ngx_libpq_listen_fail(ngx_libpq_listen_state_t *s, ngx_uint_t mismatch,
    const char *reason)
{
    char     text[NGX_LIBPQ_ERROR_SIZE];
    PGconn  *conn;

    /* reason may belong to the connection */

    ngx_libpq_text(text, reason);

    if (s->timer.timer_set) {
        ngx_del_timer(&s->timer);
    }

    s->waiting = 0;

    if (s->conn) {
        ngx_log_debug3(NGX_LIBPQ_DEBUG, s->log, 0,
                       "libpq \"%V\": listening on \"%V\" no more: %s",
                       &s->l->pg->name, &s->l->channel, text);

        conn = s->conn;
        s->conn = NULL;
        ngx_libpq_finish(s->c, conn);
    }

    if (s->closed || ngx_exiting) {
        return;
    }

    if (!s->outage) {
        s->outage = 1;
        s->outage_start = ngx_current_msec;

        ngx_log_error(NGX_LOG_ERR, s->log, 0,
                      "%snot listening on \"%V\" of \"%V\": %s",
                      s->l->pg->use->log, &s->l->channel, &s->l->pg->name,
                      text);
    }

    s->failures++;

    ngx_add_timer(&s->timer, ngx_libpq_backoff(s->failures, mismatch));
}


static void
ngx_libpq_listen_timer_handler(ngx_event_t *ev)
{
    ngx_libpq_listen_state_t  *s;
    ngx_libpq_probe(NGX_LIBPQ_PROBE_TIMER);

    s = ev->data;

    if (s->conn == NULL) {
        if (!s->connecting && !ngx_exiting) {
            ngx_libpq_listen_connect(s);
        }

        return;
    }

    if (s->waiting) {
        ngx_libpq_listen_fail(s, 0, "no answer to the heartbeat");
        return;
    }

    ngx_libpq_listen_beat(s);
}


static void
ngx_libpq_listen_beat(ngx_libpq_listen_state_t *s)
{
    s->sent = ngx_current_msec;

    if (PQsendQuery(s->conn, "SELECT 1") != 1
        || ngx_libpq_flush(s->c, s->conn) != NGX_OK)
    {
        ngx_libpq_listen_fail(s, 0, PQerrorMessage(s->conn));
        return;
    }

    s->waiting = 1;

    ngx_add_timer(&s->timer, s->l->timeout);
}


static void
ngx_libpq_listen_write_handler(ngx_event_t *wev)
{
    ngx_connection_t          *c;
    ngx_libpq_listen_state_t  *s;
    ngx_libpq_probe(NGX_LIBPQ_PROBE_DATABASE);

    c = wev->data;
    s = c->data;

    /* a flush that has to wait may have read, too */

    if (ngx_libpq_flush(c, s->conn) != NGX_OK
        || ngx_libpq_listen_results(s) != NGX_OK)
    {
        ngx_libpq_listen_fail(s, 0, PQerrorMessage(s->conn));
    }
}


static void
ngx_libpq_listen_read_handler(ngx_event_t *rev)
{
    ngx_connection_t          *c;
    ngx_libpq_listen_state_t  *s;
    ngx_libpq_probe(NGX_LIBPQ_PROBE_DATABASE);

    c = rev->data;
    s = c->data;

    if (c->close) {
        ngx_libpq_listen_fail(s, 0, "the worker is shutting down");
        return;
    }

    do {
        if (PQconsumeInput(s->conn) != 1
            || PQsocket(s->conn) != c->fd
            || ngx_libpq_listen_results(s) != NGX_OK)
        {
            ngx_libpq_listen_fail(s, 0, PQerrorMessage(s->conn));
            return;
        }


        /* what waits inside OpenSSL makes no event */

    } while (ngx_libpq_pending(s->conn));
}


static ngx_int_t
ngx_libpq_listen_results(ngx_libpq_listen_state_t *s)
{
    PGnotify        *n;
    PGresult        *res;
    ngx_str_t        payload;
    ngx_uint_t       answered;
    ExecStatusType   status;

    answered = 0;

    /* PQgetResult blocks unless PQisBusy said no */

    while (!PQisBusy(s->conn)) {
        res = PQgetResult(s->conn);

        if (res == NULL) {
            answered = s->waiting;
            break;
        }

        status = PQresultStatus(res);
        PQclear(res);

        if (status != PGRES_TUPLES_OK) {
            return NGX_ERROR;
        }
    }

    /* first what was notified, then the heartbeat that stands for it */

    for ( ;; ) {
        n = PQnotifies(s->conn);
        if (n == NULL) {
            break;
        }

        payload.data = (u_char *) n->extra;
        payload.len = ngx_strlen(n->extra);

        if (s->l->notify) {
            s->l->notify(s->l, &payload);
        }

        PQfreemem(n);
    }

    if (PQstatus(s->conn) != CONNECTION_OK) {
        return NGX_ERROR;
    }

    if (answered) {
        s->waiting = 0;

        /* nginx leaves a timer alone that it is asked to move by little */

        ngx_del_timer(&s->timer);
        ngx_add_timer(&s->timer, s->l->interval);

        if (s->l->heartbeat) {
            s->l->heartbeat(s->l, s->sent);
        }
    }

    return NGX_OK;
}


/* The end of the connection says enough; other notices are not logged. */

static void
ngx_libpq_listen_notice(void *arg, const PGresult *res)
{
    (void) arg;
    (void) res;
}
