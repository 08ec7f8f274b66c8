/*
 * Copyright (C) the Pupil authors
 *
 * POST /v1/login/recovery-codes, by who has proved just now who they are.  As a
 * new password does, new codes take the place of the old ones under a number to
 * which the floor rises, and so do this session and no other: what was before
 * does not come back (invariant I18).  The password stays, under that number.
 */

#include "http/login/ngx_http_pupil_anew.h"
#include "http/login/ngx_http_pupil_factor.h"


#define NGX_HTTP_PUPIL_CODES_PROOF  300     /* seconds that a proof counts */


typedef struct {
    ngx_http_pupil_factor_t  factor;        /* first: its steps run */
    ngx_http_pupil_anew_t    anew;
} ngx_http_pupil_codes_t;


static ngx_int_t ngx_http_pupil_codes_look(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_codes_found(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_codes_floors(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_codes_opened(ngx_http_pupil_ctx_t *ctx);
static ngx_uint_t ngx_http_pupil_codes_enrolled(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_codes_numbered(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_codes_make(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_codes_write(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_proof_t *proof);


ngx_int_t
ngx_http_pupil_codes_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                begun;
    ngx_http_pupil_codes_t  *codes;

    if (ctx->conf->factor == NULL) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    begun = ngx_http_pupil_login_begin(ctx, sizeof(ngx_http_pupil_codes_t));
    if (begun != NGX_OK) {
        return begun;
    }

    codes = ctx->data;
    codes->anew.shows = ngx_http_pupil_factor_recovery;
    codes->factor.login.anew = &codes->anew;
    codes->factor.login.next = ngx_http_pupil_codes_look;

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_codes_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "start");

    if (!ngx_http_pupil_session_proves(ctx, NGX_HTTP_PUPIL_CODES_PROOF)) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_STEP_UP_REQUIRED);
    }

    ngx_http_pupil_login_own_bucket(ctx, NGX_HTTP_PUPIL_BUCKET_CODES);

    return ngx_http_pupil_login_reserve(ctx);
}


static ngx_int_t
ngx_http_pupil_codes_look(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "attempt counted");

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_AGAIN);
    ngx_libpq_param_uuid(ex, ctx->session.subject.b);

    ctx->resume = ngx_http_pupil_codes_found;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


static ngx_int_t
ngx_http_pupil_codes_found(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "account looked up");

    return ngx_http_pupil_login_own(ctx, PUPIL_LF_OWNER,
                                    ngx_http_pupil_codes_floors);
}


static ngx_int_t
ngx_http_pupil_codes_floors(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "floors known");

    if (ngx_http_pupil_session_revoked(ctx)) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NO_SESSION);
    }

    ngx_http_pupil_login_account(ctx);

    if (ngx_http_pupil_keys_missing(ctx, &ctx->session.subject) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_keys_owners(ctx, ngx_http_pupil_codes_opened);
}


static ngx_int_t
ngx_http_pupil_codes_opened(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "key fetched");

    if (!ngx_http_pupil_codes_enrolled(ctx)) {
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_LOGIN_CODES,
                                          NGX_HTTP_PUPIL_CONFLICT);
    }

    return ngx_http_pupil_floors_take(ctx, ngx_http_pupil_codes_numbered);
}


/* What is stored is of now, and this session was begun with it. */
static ngx_uint_t
ngx_http_pupil_codes_enrolled(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                is;
    ngx_http_pupil_row_t      row;
    ngx_http_pupil_login_t   *login;
    ngx_http_pupil_factor_t  *factor;

    factor = ctx->data;
    login = &factor->login;

    ngx_http_pupil_login_credential(ctx, PUPIL_LOGIN_AGAIN, &row);

    is = ctx->session.second && login->eligible
         && login->policy != PUPIL_FACTOR_OFF
         && ngx_http_pupil_stmt(ctx, PUPIL_LOGIN_CODES)
                ->statement.granted[PUPIL_LX_WANT_FACTOR]
         && ngx_http_pupil_login_hashed(ctx, &row, PUPIL_LF_CHANGED_AT,
                                        factor->hash) == NGX_OK
         && ngx_http_pupil_login_current(ctx)
         && ngx_http_pupil_factor_stored(ctx, PUPIL_LOGIN_AGAIN, &factor->is)
            == NGX_OK
         && factor->is.enrolled;

    /* a damaged value is audited, and is none */
    ctx->keys.missing_count = 0;
    ctx->integrity = 0;

    return is;
}


/* The key is fetched: who was first, of several, had it dropped. */
static ngx_int_t
ngx_http_pupil_codes_numbered(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "numbers taken");

    if (ctx->floors.own.credential == 0) {
        ctx->response.retry_after = ngx_max(ctx->floors.own_after, 1);

        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_BUSY);
    }

    if (ngx_http_pupil_keys_missing(ctx, &ctx->session.subject) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_keys_owners(ctx, ngx_http_pupil_codes_make);
}


/* The same password and authenticator, and other codes. */
static ngx_int_t
ngx_http_pupil_codes_make(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t   *login;
    ngx_http_pupil_proof_t    proof;
    ngx_http_pupil_factor_t  *factor;
    ngx_http_pupil_hashed_t   made;

    ngx_http_pupil_debug(ctx, "key fetched again");

    factor = ctx->data;
    login = &factor->login;

    if (ngx_http_pupil_factor_codes(ctx, &ctx->session.subject) != NGX_OK
        || ngx_http_pupil_login_device_anew(ctx, PUPIL_LOGIN_AGAIN) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(login->renewed, factor->hash, PUPIL_PASSWORD_HASH_LEN);
    ngx_explicit_memzero(factor->hash, PUPIL_PASSWORD_HASH_LEN);
    login->stored.number = ctx->floors.own.credential;

    if (ngx_http_pupil_login_seal(ctx, PUPIL_LOGIN_AGAIN, &login->stored,
                                  &made) != NGX_OK
        || ngx_http_pupil_factor_seal(ctx, PUPIL_LOGIN_AGAIN, made.hash,
                                      &proof) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_pupil_codes_write(ctx, &proof);
}


static ngx_int_t
ngx_http_pupil_codes_write(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_proof_t *proof)
{
    ngx_uint_t                at;
    ngx_libpq_exchange_t     *ex;
    ngx_http_pupil_hashed_t   made;

    made.hash = proof->hash;
    made.facts = proof->facts;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ctx->stored = ngx_http_pupil_anew_written;

    at = ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_CODES);

    if (ngx_http_pupil_anew_params(ctx, ex, &made) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_pupil_param_bytea(ex, &proof->factor);

    ngx_http_pupil_anew_tells(ctx, PUPIL_NOTICE_RECOVERY_CHANGED);

    return ngx_http_pupil_login_write(ctx, ex, at, PUPIL_LOGIN_CODES,
                                      ngx_http_pupil_anew_written);
}
