/*
 * Copyright (C) the Pupil authors
 *
 * How many sessions somebody has: past pupil_session_limit the oldest end, as
 * by a log-out.  Each log-in looks once its own is committed, so that of those
 * that log in at once the last to look sees all.
 */

#include "http/login/ngx_http_pupil_login.h"


static ngx_int_t ngx_http_pupil_login_listed(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_limited(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_login_limit(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_sessions_list(ctx, ctx->conf->session_limit,
                                        ngx_http_pupil_login_listed);
}


static ngx_int_t
ngx_http_pupil_login_listed(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t  i, n, *which;

    if (ctx->sessions.n <= ctx->conf->session_limit) {
        return NGX_OK;
    }

    n = ctx->sessions.n - ctx->conf->session_limit;

    which = ngx_palloc(ctx->request->pool, n * sizeof(ngx_uint_t));
    if (which == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        which[i] = i;
    }

    ctx->ending.tell = PUPIL_NOTICE_SESSIONS_ENDED;

    return ngx_http_pupil_sessions_end(ctx, which, n,
                                       ngx_http_pupil_login_limited);
}


static ngx_int_t
ngx_http_pupil_login_limited(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "the oldest sessions ended");

    return NGX_OK;
}
