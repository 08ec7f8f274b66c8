/*
 * Copyright (C) the Pupil authors
 *
 * What counts once stays used, whatever of it somebody puts back in the data
 * database: the key store has it, before what it is good for is written there
 * (invariant I18).
 */

#include <sodium.h>

#include "http/request/ngx_http_pupil.h"


static void ngx_http_pupil_spend_hashes(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);
static ngx_int_t ngx_http_pupil_spent(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_unspent(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_spend(ngx_http_pupil_ctx_t *ctx, pupil_time_t until,
    ngx_uint_t back, ngx_http_pupil_step_pt next)
{
    uint8_t                 known[crypto_hash_sha256_BYTES];
    ngx_libpq_exchange_t   *ex;
    ngx_http_pupil_spend_t  *spend;

    spend = &ctx->spend;

    ex = ngx_http_pupil_keystore_exchange(ctx, ngx_http_pupil_spent);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    spend->next = next;
    spend->back = back;

    (void) ngx_libpq_exchange_add(ex, ctx->main->fixed[PUPIL_FIXED_SPEND]);
    ngx_http_pupil_spend_hashes(ctx, ex);
    ngx_libpq_param_timestamptz(ex, until);

    if (back) {
        randombytes_buf(spend->by, sizeof(spend->by));
        crypto_hash_sha256(known, spend->by, sizeof(spend->by));
        ngx_libpq_param_bytea(ex, known, sizeof(known));

    } else {
        ngx_libpq_param_null(ex);
    }

    /* who sends the same waits for the same row, and nobody else does */

    ngx_libpq_exchange_key(ex, spend->hashes[0], PUPIL_HASH_LEN);
    ex->writes = 1;

    return ngx_http_pupil_track(ctx, ex);
}


static void
ngx_http_pupil_spend_hashes(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex)
{
    ngx_uint_t               i;
    pupil_str_t              hashes[NGX_HTTP_PUPIL_SPEND_MOST];
    ngx_http_pupil_spend_t  *spend;

    spend = &ctx->spend;

    for (i = 0; i < spend->n; i++) {
        hashes[i].data = spend->hashes[i];
        hashes[i].len = sizeof(spend->hashes[i]);
    }

    ngx_http_pupil_param_bytea_array(ex, hashes, spend->n);
}


static ngx_int_t
ngx_http_pupil_spent(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t               fresh;
    ngx_libpq_exchange_t    *ex;
    ngx_http_pupil_spend_t  *spend;

    spend = &ctx->spend;
    ex = ctx->answer.exchange;

    if (ex->status != NGX_LIBPQ_OK) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
    }

    if (ngx_libpq_get_bool(ex->results[0], 0, PUPIL_KX_FRESH, &fresh)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    spend->fresh = fresh;
    spend->held = fresh && spend->back;
    ctx->step = spend->next;

    return spend->next(ctx);
}


/*
 * Whoever asked is answered that nothing came of it, and may send it again: so
 * it is taken back, by what nobody else has.  Whatever becomes of the write
 * that has failed, nobody has the token of its session.
 */
ngx_int_t
ngx_http_pupil_unspend(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t    *ex;
    ngx_http_pupil_spend_t  *spend;

    spend = &ctx->spend;

    if (!spend->held || ctx->response.status < 500) {
        return NGX_OK;
    }

    spend->held = 0;

    ex = ngx_http_pupil_keystore_exchange(ctx, ngx_http_pupil_unspent);
    if (ex == NULL) {
        return NGX_OK;
    }

    (void) ngx_libpq_exchange_add(ex, ctx->main->fixed[PUPIL_FIXED_UNSPEND]);
    ngx_http_pupil_spend_hashes(ctx, ex);
    ngx_libpq_param_bytea(ex, spend->by, sizeof(spend->by));
    ex->writes = 1;

    return ngx_http_pupil_track(ctx, ex) == NGX_AGAIN ? NGX_AGAIN : NGX_OK;
}


/* What does not reach the key store stays used: there is another code. */
static ngx_int_t
ngx_http_pupil_unspent(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "what was spent is taken back");

    return NGX_DONE;
}
