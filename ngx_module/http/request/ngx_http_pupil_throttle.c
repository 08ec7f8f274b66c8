/*
 * Copyright (C) the Pupil authors
 */

#include "core/endpoints/login.h"
#include "core/login/token.h"
#include "http/request/ngx_http_pupil.h"


static ngx_int_t ngx_http_pupil_throttle_reserved(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_throttle_tell(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_throttle_told(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_throttle(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_limit_t *limit, ngx_http_pupil_step_pt next)
{
    pupil_str_t                 who, none;
    const pupil_key_t          *key;
    ngx_libpq_exchange_t       *ex;
    ngx_http_pupil_throttle_t  *throttle;

    throttle = &ctx->throttle;

    key = ngx_http_pupil_key(ctx, "token");
    ex = ngx_http_pupil_exchange(ctx);

    if (key == NULL || ex == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&none, sizeof(pupil_str_t));
    who.data = ctx->session.subject.b;
    who.len = PUPIL_UUID_LEN;

    pupil_bucket_make(key, limit->name, who, none, throttle->bytes);
    throttle->bucket.data = throttle->bytes;
    throttle->bucket.len = sizeof(throttle->bytes);
    throttle->limit = limit;
    throttle->next = next;

    (void) ngx_http_pupil_add_stmt(ctx, ex, limit->reserve);
    ngx_http_pupil_param_bytea_array(ex, &throttle->bucket, 1);
    ngx_libpq_param_int4_array(ex, &limit->free, 1);
    ngx_libpq_param_int4_array(ex, &limit->forget, 1);
    ngx_libpq_param_int4_array(ex, &limit->longest, 1);
    ngx_libpq_param_int4(ex, 0);

    ctx->resume = ngx_http_pupil_throttle_reserved;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


static ngx_int_t
ngx_http_pupil_throttle_reserved(ngx_http_pupil_ctx_t *ctx)
{
    int32_t      wait;
    PGresult    *res;
    ngx_uint_t   untold;

    ngx_http_pupil_debug(ctx, "attempt reserved");

    res = ctx->exchange->results[0];

    if (ngx_libpq_get_int4(res, 0, PUPIL_LR_WAIT, &wait) != NGX_OK
        || ngx_libpq_get_bool(res, 0, PUPIL_LR_UNTOLD, &untold) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (wait == 0) {
        ctx->step = ctx->throttle.next;

        return ctx->throttle.next(ctx);
    }

    ctx->response.retry_after = (ngx_uint_t) ngx_max(wait, 1);

    return untold ? ngx_http_pupil_throttle_tell(ctx)
                  : ngx_http_pupil_throttle_told(ctx);
}


static ngx_int_t
ngx_http_pupil_throttle_tell(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                  at;
    ngx_libpq_exchange_t       *ex;
    ngx_http_pupil_throttle_t  *throttle;

    throttle = &ctx->throttle;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    at = ngx_http_pupil_add_stmt(ctx, ex, throttle->limit->tell);
    ngx_http_pupil_param_bytea_array(ex, &throttle->bucket, 1);
    ngx_http_pupil_audit_write_one(ctx, ex, at,
                                   ngx_http_pupil_stmt(ctx,
                                                       throttle->limit->tell),
                                   pupil_login_throttled);

    ctx->resume = ngx_http_pupil_throttle_told;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


static ngx_int_t
ngx_http_pupil_throttle_told(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "throttled");

    return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_THROTTLED);
}
