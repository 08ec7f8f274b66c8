/*
 * Copyright (C) the Pupil authors
 *
 * A log-in that ends before its record was on its way, as its client has gone,
 * or the database.  The attempt counts from the moment that it is reserved, and
 * what counts, or may, is on record (invariant I1), as soon as there is a
 * database again.
 */

#include "http/login/ngx_http_pupil_login.h"


#define NGX_HTTP_PUPIL_GONE_AGAIN  1000    /* ms until a record is sent again */


/* A record that nobody waits for; in the memory of its exchange. */
typedef struct {
    ngx_http_pupil_written_t  *written;
    ngx_event_t                again;
} ngx_http_pupil_gone_t;


static void ngx_http_pupil_login_gone_reserved(ngx_libpq_exchange_t *ex);
static void ngx_http_pupil_login_gone_record(ngx_libpq_exchange_t *refuse);
static void ngx_http_pupil_login_gone_done(ngx_libpq_exchange_t *refuse);
static void ngx_http_pupil_login_gone_later(ngx_libpq_exchange_t *refuse);
static void ngx_http_pupil_login_gone_again(ngx_event_t *ev);
static void ngx_http_pupil_login_gone_end(ngx_libpq_exchange_t *refuse);


/* The request's memory ends, nothing of it is wiped yet. */
void
ngx_http_pupil_login_gone(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t               counts;
    ngx_libpq_exchange_t    *refuse;
    ngx_http_pupil_gone_t   *gone;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    if (login->recorded || login->reserve == NULL) {
        return;
    }

    counts = login->reserved || ngx_libpq_exchange_in_doubt(login->reserve);

    if (!counts && login->reserve->status != NGX_LIBPQ_PENDING) {
        return;
    }

    refuse = ngx_libpq_exchange_create(ctx->main->data,
                                       ngx_http_pupil_login_gone_done, NULL);
    if (refuse == NULL) {
        return;
    }

    gone = ngx_pcalloc(refuse->pool, sizeof(ngx_http_pupil_gone_t));
    if (gone == NULL) {
        ngx_libpq_exchange_destroy(refuse);
        return;
    }

    ngx_http_pupil_exchange_day(refuse, &ctx->tenant, ctx->today);
    ngx_http_pupil_login_refusal(ctx, refuse);

    gone->written = ngx_http_pupil_audit_take(ctx);
    gone->again.data = refuse;
    gone->again.log = ngx_cycle->log;
    gone->again.handler = ngx_http_pupil_login_gone_again;
    refuse->data = gone;
    refuse->writes = 1;

    if (counts) {
        ngx_http_pupil_login_gone_record(refuse);
        return;
    }

    /* Whether it counts is known when that has ended. */
    ngx_http_pupil_hand(ctx, login->reserve,
                        ngx_http_pupil_login_gone_reserved, refuse);
}


static void
ngx_http_pupil_login_gone_reserved(ngx_libpq_exchange_t *ex)
{
    int32_t                 wait;
    ngx_libpq_exchange_t   *refuse;
    ngx_http_pupil_gone_t  *gone;

    refuse = ex->data;

    if (ngx_libpq_exchange_in_doubt(ex)
        || (ex->status == NGX_LIBPQ_OK
            && ngx_libpq_get_int4(ex->results[0], 0, PUPIL_LR_WAIT, &wait)
               == NGX_OK
            && wait == 0))
    {
        ngx_http_pupil_login_gone_record(refuse);

    } else {
        gone = refuse->data;
        ngx_http_pupil_audit_unsent(gone->written);
        ngx_libpq_exchange_destroy(refuse);
    }

    ngx_libpq_exchange_destroy(ex);
}


static void
ngx_http_pupil_login_gone_record(ngx_libpq_exchange_t *refuse)
{
    ngx_int_t  rc;

    rc = ngx_libpq_exchange_submit(refuse);

    if (rc == NGX_ERROR) {
        ngx_http_pupil_login_gone_end(refuse);

    } else if (rc != NGX_OK) {
        ngx_http_pupil_login_gone_later(refuse);
    }
}


static void
ngx_http_pupil_login_gone_done(ngx_libpq_exchange_t *refuse)
{
    if (refuse->status == NGX_LIBPQ_UNAVAILABLE
        && !ngx_libpq_exchange_in_doubt(refuse))
    {
        ngx_http_pupil_login_gone_later(refuse);
        return;
    }

    ngx_http_pupil_login_gone_end(refuse);
}


/* A worker that exits waits once more, and no longer. */

static void
ngx_http_pupil_login_gone_later(ngx_libpq_exchange_t *refuse)
{
    ngx_http_pupil_gone_t  *gone;

    gone = refuse->data;

    if (ngx_exiting) {
        ngx_http_pupil_login_gone_end(refuse);
        return;
    }

    ngx_add_timer(&gone->again, NGX_HTTP_PUPIL_GONE_AGAIN);
}


static void
ngx_http_pupil_login_gone_again(ngx_event_t *ev)
{
    ngx_http_pupil_login_gone_record(ev->data);
}


static void
ngx_http_pupil_login_gone_end(ngx_libpq_exchange_t *refuse)
{
    ngx_http_pupil_gone_t  *gone;

    gone = refuse->data;

    if (refuse->status != NGX_LIBPQ_OK) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "pupil: a log-in that had no answer %s on record",
                      ngx_libpq_exchange_in_doubt(refuse) ? "may not be"
                                                          : "is not");
    }

    (void) ngx_http_pupil_audit_written(gone->written, refuse);
    ngx_libpq_exchange_destroy(refuse);
}
