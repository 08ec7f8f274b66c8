/*
 * Copyright (C) the Pupil authors
 *
 * POST /v1/login.  Whatever is wrong, the same steps run: reserve the attempt,
 * find an account (or the tenant's decoy), fetch its key from the key store,
 * one Argon2id, refuse (invariant I13).
 */

#include "http/login/ngx_http_pupil_login.h"


static ngx_int_t ngx_http_pupil_login_parse(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_start(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_reserve(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_reserved(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_found(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_opened(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_verified(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_refuse(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_refused(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_busy(ngx_http_pupil_ctx_t *ctx);


const ngx_http_pupil_route_t  ngx_http_pupil_login_routes[] = {

    { NGX_HTTP_POST, "", NGX_HTTP_PUPIL_BODY|NGX_HTTP_PUPIL_PUBLIC,
      ngx_http_pupil_login_parse, ngx_http_pupil_login_start, NULL },

    { 0, NULL, 0, NULL, NULL, NULL }
};


static ngx_int_t
ngx_http_pupil_login_parse(ngx_http_pupil_ctx_t *ctx)
{
    pupil_rc_t               rc;
    pupil_fault_t            fault;
    ngx_http_pupil_login_t  *login;

    if (ctx->conf->login_password == NGX_HTTP_PUPIL_LOGIN_OFF) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_PASSWORD_LOGIN_OFF);
    }

    if (ngx_http_pupil_no_arguments(ctx) != NGX_OK) {
        return NGX_DONE;
    }

    login = ngx_http_pupil_ctx_data(ctx, sizeof(ngx_http_pupil_login_t));
    if (login == NULL) {
        return NGX_ERROR;
    }

    rc = pupil_input_login(&ctx->alloc, &ctx->body, &login->input, &fault);

    return ngx_http_pupil_parsed(ctx, rc, &fault);
}


static ngx_int_t
ngx_http_pupil_login_busy(ngx_http_pupil_ctx_t *ctx)
{
    ctx->main->stats.login_busy++;
    ctx->retry_after = 5;

    return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_BUSY);
}


/* A place in the queue is taken before the attempt is reserved: whoever is
 * sent away because it is full has not failed. */
static ngx_int_t
ngx_http_pupil_login_start(ngx_http_pupil_ctx_t *ctx)
{
    if (ctx->main->hashing >= ctx->main->hash_queue) {
        return ngx_http_pupil_login_busy(ctx);
    }

    ctx->main->hashing++;
    ctx->hash_slot = 1;
    ctx->main->stats.logins++;

    if (ngx_http_pupil_login_terms(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_login_reserve(ctx);
}


static ngx_int_t
ngx_http_pupil_login_reserve(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;
    ngx_libpq_exchange_t    *ex;

    login = ctx->data;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add(ctx, ex,
                              ngx_http_pupil_stmt(ctx, PUPIL_LOGIN_RESERVE));
    ngx_libpq_param_bytea_array(ex, login->buckets, login->buckets_count);
    ngx_libpq_param_int4_array(ex, login->free, login->buckets_count);
    ngx_libpq_param_int4_array(ex, login->forget, login->buckets_count);
    ngx_libpq_param_int4_array(ex, login->longest, login->buckets_count);

    ctx->resume = ngx_http_pupil_login_reserved;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


static ngx_int_t
ngx_http_pupil_login_reserved(ngx_http_pupil_ctx_t *ctx)
{
    int32_t                  wait;
    ngx_http_pupil_login_t  *login;
    ngx_libpq_exchange_t    *ex;

    login = ctx->data;

    if (ngx_libpq_get_int4(ctx->exchange->results[0], 0, 1, &wait) != NGX_OK) {
        return NGX_ERROR;
    }

    if (wait != 0) {
        ctx->retry_after = (ngx_uint_t) ngx_max(wait, 1);
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_THROTTLED);
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add(ctx, ex,
                              ngx_http_pupil_stmt(ctx, PUPIL_LOGIN_FIND));
    ngx_libpq_param_bytea(ex, login->login_term, PUPIL_TERM_LEN);
    ngx_libpq_param_bytea(ex, login->email_term, PUPIL_TERM_LEN);

    ctx->resume = ngx_http_pupil_login_found;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


/*
 * The key comes from the key store for each log-in, known or not: what a
 * cache holds would show in the time that an answer takes.
 */
static ngx_int_t
ngx_http_pupil_login_found(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    login->found = ctx->exchange;

    ngx_http_pupil_login_account(ctx);

    if (ctx->missing == NULL) {
        ctx->missing = ngx_palloc(ctx->request->pool,
                                  NGX_HTTP_PUPIL_MAX_MISSING
                                  * sizeof(pupil_uuid_t));
        if (ctx->missing == NULL) {
            return NGX_ERROR;
        }
    }

    pupil_keyring_forget_owner(ctx->main->ring, &ctx->tenant,
                               &login->owner.id);
    ctx->missing[0] = login->owner.id;
    ctx->missing_count = 1;

    return ngx_http_pupil_keys_owners(ctx, ngx_http_pupil_login_opened);
}


static ngx_int_t
ngx_http_pupil_login_opened(ngx_http_pupil_ctx_t *ctx)
{
    char                     stored[PUPIL_PASSWORD_HASH_LEN];
    ngx_int_t                rc;
    pupil_str_t              value;
    ngx_http_pupil_row_t     row;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    row.stmt = ngx_http_pupil_stmt(ctx, PUPIL_LOGIN_FIND);
    row.res = login->found->results[0];
    row.n = 0;
    row.owner = &login->owner;
    row.record = &login->owner.id;

    if (login->has_owner
        && ngx_http_pupil_value(ctx, &row, NGX_HTTP_PUPIL_LOGIN_WANT_HASH,
                                &value)
           == PUPIL_OK
        && value.len < sizeof(stored))
    {
        ngx_memcpy(stored, value.data, value.len);
        stored[value.len] = '\0';

    } else {
        ngx_http_pupil_hash_nobody(&ctx->main->cost, stored);
        login->eligible = 0;
    }

    /* A damaged value is audited, and answered like every other failure. */
    ctx->missing_count = 0;
    ctx->integrity = 0;

    rc = ngx_http_pupil_hash_verify(ctx, login->input.password, stored,
                                    login->eligible ? login->renewed : NULL,
                                    ngx_http_pupil_login_verified);

    ngx_memzero(stored, sizeof(stored));
    pupil_input_login_wipe(&login->input);

    return rc == NGX_BUSY ? ngx_http_pupil_login_busy(ctx) : rc;
}


static ngx_int_t
ngx_http_pupil_login_verified(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    if (ctx->hash_rc == PUPIL_NO_MEMORY) {
        return ngx_http_pupil_login_busy(ctx);
    }

    if (ctx->hash_rc != PUPIL_OK || !login->eligible) {
        return ngx_http_pupil_login_refuse(ctx);
    }

    return ngx_http_pupil_login_accept(ctx);
}


static ngx_int_t
ngx_http_pupil_login_refuse(ngx_http_pupil_ctx_t *ctx)
{
    const char              *outcome;
    ngx_http_pupil_login_t  *login;
    ngx_libpq_exchange_t    *ex;

    login = ctx->data;
    ctx->main->stats.login_failures++;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    outcome = pupil_outcome_name(PUPIL_OUTCOME_REFUSED);

    (void) ngx_http_pupil_add(ctx, ex,
                              ngx_http_pupil_stmt(ctx, PUPIL_LOGIN_REFUSE));
    ngx_libpq_param_text(ex, outcome, ngx_strlen(outcome));
    ngx_libpq_param_uuid_array(ex, &login->owner.id, login->known ? 1 : 0);

    ctx->resume = ngx_http_pupil_login_refused;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


static ngx_int_t
ngx_http_pupil_login_refused(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_INVALID_CREDENTIALS);
}
