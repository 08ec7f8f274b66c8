/*
 * Copyright (C) the Pupil authors
 *
 * Whoever logs in takes the place of whoever was logged in in that browser
 * before: that session ends as by a log-out.  Where tenants share an address it
 * may be of another one, in which it ends.  The answer is made, and is of the
 * one that was logged in to.
 */

#include "core/endpoints/session.h"
#include "http/login/ngx_http_pupil_oidc.h"
#include "http/request/ngx_http_pupil_tenant_left.h"


static ngx_int_t ngx_http_pupil_login_before(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_before_gone(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_before_ended(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_login_keep(ngx_http_pupil_ctx_t *ctx)
{
    const pupil_login_tenant_t  *tenant;

    tenant = ctx->conf->tenants != NULL
             ? ngx_http_pupil_tenant_of(ctx, &ctx->tenant) : NULL;

    return tenant == NULL ? NGX_OK
                          : ngx_http_pupil_tenant_keep(ctx, tenant);
}


ngx_int_t
ngx_http_pupil_login_leave(ngx_http_pupil_ctx_t *ctx)
{
    pupil_uuid_t             from;
    ngx_http_pupil_login_t  *login;

    if (ctx->conf->tenants == NULL) {
        return ngx_http_pupil_login_before(ctx);
    }

    login = ctx->data;
    login->tenant = ctx->tenant;
    login->request = ctx->id;

    from = login->oidc != NULL ? login->oidc->from : ctx->tenant;
    ngx_http_pupil_tenant_before(ctx, &from);

    return ngx_http_pupil_tenant_enter(ctx, &from,
                                       ngx_http_pupil_login_before);
}


static ngx_int_t
ngx_http_pupil_login_before(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                  rc;
    ngx_libpq_exchange_t      *ex;
    ngx_http_pupil_session_t  *before;

    before = &((ngx_http_pupil_login_t *) ctx->data)->before;

    rc = ngx_http_pupil_session_sent(ctx, before);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? ngx_http_pupil_login_before_ended(ctx)
                                  : rc;
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_session_stmt(ctx, ex, PUPIL_SESSION_END);
    ngx_libpq_param_bytea(ex, before->hash, 32);

    ctx->resume = ngx_http_pupil_login_before_gone;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


/*
 * Whether there was a row does not matter: who hid it for the moment would put
 * it back (invariant I18).
 */
static ngx_int_t
ngx_http_pupil_login_before_gone(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_session_t  *before;

    ngx_http_pupil_debug(ctx, "the session before it ended");

    before = &((ngx_http_pupil_login_t *) ctx->data)->before;

    ngx_http_pupil_zone_remove(ctx->main, before->hash);

    /* its row was not read: no session lives longer from now on */
    before->expires_at = ctx->now + ctx->conf->absolute * PUPIL_TIME_SECOND;

    return ngx_http_pupil_session_end(ctx, before,
                                     ngx_http_pupil_login_before_ended);
}


static ngx_int_t
ngx_http_pupil_login_before_ended(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                rc;
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "of the session before it nothing is left");

    login = ctx->data;

    if (ctx->conf->tenants == NULL) {
        return ngx_http_pupil_login_limit(ctx);
    }

    ctx->tenant = login->tenant;
    ctx->id = login->request;

    rc = ngx_http_pupil_keys_tenant(ctx, ngx_http_pupil_login_limit);

    return rc == NGX_OK ? ngx_http_pupil_login_limit(ctx) : rc;
}
