/*
 * Copyright (C) the Pupil authors
 *
 * Floors of the person whom a request is of (invariant I18).
 */

#include "http/request/ngx_http_pupil.h"


static ngx_int_t ngx_http_pupil_floors_step(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_floors_read(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);
static ngx_uint_t ngx_http_pupil_floors_unknown(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *subject);
static ngx_int_t ngx_http_pupil_floors_own(ngx_http_pupil_ctx_t *ctx,
    pupil_fixed_id_t stmt, ngx_http_pupil_step_pt step,
    ngx_http_pupil_step_pt next);
static ngx_int_t ngx_http_pupil_floors_taken(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_floors_risen(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_floors_next(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_floors_fetch(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *subject, const uint8_t *hash,
    ngx_http_pupil_step_pt next)
{
    ngx_libpq_exchange_t  *ex;

    ex = ngx_http_pupil_keystore_exchange(ctx, ngx_http_pupil_floors_step);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ctx->floors.subject = *subject;
    ctx->floors.known = 0;
    ctx->floors.next = next;

    (void) ngx_libpq_exchange_add(ex, ctx->main->fixed[PUPIL_FIXED_FLOORS]);
    ngx_libpq_param_uuid(ex, ctx->tenant.b);
    ngx_libpq_param_uuid(ex, subject->b);

    if (hash != NULL) {
        ngx_libpq_param_bytea(ex, hash, 32);

    } else {
        ngx_libpq_param_bytea(ex, "", 0);
    }

    return ngx_http_pupil_track(ctx, ex);
}


static ngx_int_t
ngx_http_pupil_floors_step(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t  *ex;

    ex = ctx->answer.exchange;

    if (ex->status != NGX_LIBPQ_OK) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
    }

    if (ngx_http_pupil_floors_read(ctx, ex->results[0]) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_floors_next(ctx);
}


static ngx_int_t
ngx_http_pupil_floors_read(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    int32_t                   session, credential, authority, ended, token;
    int32_t                   address;
    pupil_str_t               state;
    ngx_http_pupil_floors_t  *floors;

    floors = &ctx->floors;

    if (ngx_libpq_get_int4(res, 0, PUPIL_KF_SESSION, &session) != NGX_OK
        || ngx_libpq_get_int4(res, 0, PUPIL_KF_CREDENTIAL, &credential)
           != NGX_OK
        || ngx_libpq_get_int4(res, 0, PUPIL_KF_AUTHORITY, &authority)
           != NGX_OK
        || ngx_libpq_get_int4(res, 0, PUPIL_KF_ENDED, &ended) != NGX_OK
        || ngx_http_pupil_get_text(res, 0, PUPIL_KF_STATE, &state) != NGX_OK
        || ngx_libpq_get_int4(res, 0, PUPIL_KF_TOKEN, &token) != NGX_OK
        || ngx_libpq_get_int4(res, 0, PUPIL_KF_ADDRESS, &address) != NGX_OK)
    {
        return NGX_ERROR;
    }

    floors->are.session = (uint32_t) session;
    floors->are.credential = (uint32_t) credential;
    floors->are.authority = (uint32_t) authority;
    floors->token = (uint32_t) token;
    floors->address = (uint32_t) address;
    floors->owner = pupil_owner_state(state);
    floors->ended = ended != 0;
    floors->known = 1;

    return NGX_OK;
}


ngx_uint_t
ngx_http_pupil_floors_admit(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *subject, uint32_t number)
{
    uint32_t                  floor;
    ngx_http_pupil_floors_t  *floors;

    floors = &ctx->floors;

    if (floors->known && pupil_uuid_compare(&floors->subject, subject) == 0) {
        return number >= floors->are.authority;
    }

    if (pupil_keyring_floor(ctx->main->vault.ring, &ctx->tenant, subject,
                            ngx_http_pupil_time(), &floor)
        == PUPIL_OK)
    {
        return number >= floor;
    }

    return ngx_http_pupil_floors_unknown(ctx, subject);
}


/*
 * Of somebody else, whose key is not cached: it is fetched, with the floor,
 * before anything of this step leaves, and the step runs again.
 */
static ngx_uint_t
ngx_http_pupil_floors_unknown(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *subject)
{
    ngx_uint_t  i;

    for (i = 0; i < ctx->keys.keyless_count; i++) {
        if (pupil_uuid_compare(&ctx->keys.keyless[i], subject) == 0) {
            return 1;
        }
    }

    return ngx_http_pupil_keys_missing(ctx, subject) == NGX_OK;
}


ngx_int_t
ngx_http_pupil_floors_take(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt next)
{
    return ngx_http_pupil_floors_own(ctx, PUPIL_FIXED_OWN_GIVE,
                                     ngx_http_pupil_floors_taken, next);
}


ngx_int_t
ngx_http_pupil_floors_raise(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt next)
{
    return ngx_http_pupil_floors_own(ctx, PUPIL_FIXED_OWN_RAISE,
                                     ngx_http_pupil_floors_risen, next);
}


static ngx_int_t
ngx_http_pupil_floors_own(ngx_http_pupil_ctx_t *ctx, pupil_fixed_id_t stmt,
    ngx_http_pupil_step_pt step, ngx_http_pupil_step_pt next)
{
    ngx_libpq_exchange_t     *ex;
    ngx_http_pupil_floors_t  *floors;

    floors = &ctx->floors;

    ex = ngx_http_pupil_keystore_exchange(ctx, step);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    floors->next = next;

    (void) ngx_libpq_exchange_add(ex, ctx->main->fixed[stmt]);
    ngx_libpq_param_uuid(ex, ctx->session.subject.b);

    if (stmt == PUPIL_FIXED_OWN_RAISE) {
        ngx_libpq_param_int4(ex, (int32_t) floors->own.session);
        ngx_libpq_param_int4(ex, (int32_t) floors->own.credential);
    }

    ex->writes = 1;

    return ngx_http_pupil_track(ctx, ex);
}


static ngx_int_t
ngx_http_pupil_floors_taken(ngx_http_pupil_ctx_t *ctx)
{
    int32_t                   session, credential, after;
    ngx_int_t                 rc;
    ngx_libpq_exchange_t     *ex;
    ngx_http_pupil_floors_t  *floors;

    floors = &ctx->floors;
    ex = ctx->answer.exchange;

    if (ex->status != NGX_LIBPQ_OK) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
    }

    ngx_memzero(&floors->own, sizeof(pupil_floors_t));
    floors->own_after = 0;

    rc = ngx_libpq_get_int4(ex->results[0], 0, PUPIL_KG_SESSION, &session);

    if (rc == NGX_OK) {
        rc = ngx_libpq_get_int4(ex->results[0], 0, PUPIL_KG_CREDENTIAL,
                                &credential);
    }

    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_OK) {
        floors->own.session = (uint32_t) session;
        floors->own.credential = (uint32_t) credential;

    } else {
        rc = ngx_libpq_get_int4(ex->results[0], 0, PUPIL_KG_AFTER, &after);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_OK) {
            floors->own_after = (ngx_uint_t) ngx_max(after, 1);
        }
    }

    return ngx_http_pupil_floors_next(ctx);
}


/* What the key store did not take stays open, and pupilctl finishes it. */
static ngx_int_t
ngx_http_pupil_floors_risen(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t             raised;
    ngx_libpq_exchange_t  *ex;

    ex = ctx->answer.exchange;

    if (ex->status == NGX_LIBPQ_OK
        && ngx_libpq_get_bool(ex->results[0], 0, PUPIL_KR_RAISED, &raised)
           == NGX_OK)
    {
        ctx->floors.told = 1;
        ctx->floors.raised = raised;
        ngx_http_pupil_revocation_close(ctx, &ctx->id, 1);
    }

    return ngx_http_pupil_floors_next(ctx);
}


static ngx_int_t
ngx_http_pupil_floors_next(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_step_pt  next;

    next = ctx->floors.next;
    ctx->step = next;

    return next(ctx);
}
