/*
 * Copyright (C) the Pupil authors
 *
 * A log-in that ends before its record was on its way, as its client has gone,
 * or the database.  The attempt counts from the moment that it is reserved, and
 * what counts, or may, is on record (invariant I1).
 */

#include "http/login/ngx_http_pupil_login.h"


static void ngx_http_pupil_login_gone_reserved(ngx_libpq_exchange_t *ex);
static void ngx_http_pupil_login_gone_record(ngx_libpq_exchange_t *refuse);


/* The request's memory ends, nothing of it is wiped yet. */
void
ngx_http_pupil_login_gone(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t               counts;
    ngx_libpq_exchange_t    *refuse;
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
                                       ngx_http_pupil_audit_left, NULL);
    if (refuse == NULL) {
        return;
    }

    ngx_http_pupil_exchange_day(refuse, &ctx->tenant, ctx->today);
    ngx_http_pupil_login_refusal(ctx, refuse);
    refuse->data = ngx_http_pupil_audit_take(ctx);

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
    int32_t                wait;
    ngx_libpq_exchange_t  *refuse;

    refuse = ex->data;

    if (ngx_libpq_exchange_in_doubt(ex)
        || (ex->status == NGX_LIBPQ_OK
            && ngx_libpq_get_int4(ex->results[0], 0, PUPIL_LR_WAIT, &wait)
               == NGX_OK
            && wait == 0))
    {
        ngx_http_pupil_login_gone_record(refuse);

    } else {
        ngx_http_pupil_audit_unsent(refuse->data);
        ngx_libpq_exchange_destroy(refuse);
    }

    ngx_libpq_exchange_destroy(ex);
}


static void
ngx_http_pupil_login_gone_record(ngx_libpq_exchange_t *refuse)
{
    refuse->writes = 1;

    if (ngx_libpq_exchange_submit(refuse) != NGX_OK) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "pupil: a log-in whose client has gone is not on record: "
                      "no connection to the database takes it");
        ngx_http_pupil_audit_unsent(refuse->data);
        ngx_libpq_exchange_destroy(refuse);
    }
}
