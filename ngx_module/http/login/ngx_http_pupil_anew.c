/*
 * Copyright (C) the Pupil authors
 *
 * What a new password and new codes of recovery have in common, once there is
 * something to be written.
 */

#include "http/login/ngx_http_pupil_anew.h"


static ngx_int_t ngx_http_pupil_anew_session(ngx_http_pupil_ctx_t *ctx,
    uint8_t mac[PUPIL_MAC_LEN]);
static ngx_int_t ngx_http_pupil_anew_risen(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_anew_pending(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_anew_answer(ngx_http_pupil_ctx_t *ctx,
    const char *status);


/* As the one that asks, with another token; longer where it was limited. */
static ngx_int_t
ngx_http_pupil_anew_session(ngx_http_pupil_ctx_t *ctx,
    uint8_t mac[PUPIL_MAC_LEN])
{
    ngx_http_pupil_anew_t     *anew;
    ngx_http_pupil_session_t  *session;

    anew = ((ngx_http_pupil_login_t *) ctx->data)->anew;
    session = &anew->session;

    *session = ctx->session;
    session->seen_at = ctx->now;
    session->number = ctx->floors.own.session;

    if (session->limited) {
        session->limited = 0;
        session->expires_at = session->created_at
                              + ctx->conf->absolute * PUPIL_TIME_SECOND;
    }

    return ngx_http_pupil_session_make(ctx, session, anew->text, mac);
}


/* As core/endpoints/login.h tells them. */
ngx_int_t
ngx_http_pupil_anew_params(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const ngx_http_pupil_hashed_t *made)
{
    uint8_t                    mac[PUPIL_MAC_LEN];
    ngx_http_pupil_anew_t     *anew;
    ngx_http_pupil_login_t    *login;
    ngx_http_pupil_session_t  *session;

    login = ctx->data;
    anew = login->anew;
    session = &anew->session;

    if (!anew->forgotten
        && ngx_http_pupil_anew_session(ctx, mac) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (anew->forgotten) {
        ngx_libpq_param_null(ex);
        ngx_libpq_param_null(ex);
        ngx_libpq_param_null(ex);
        ngx_libpq_param_timestamptz(ex, ctx->now);
        ngx_libpq_param_null(ex);
        ngx_libpq_param_null(ex);

    } else {
        ngx_libpq_param_bytea(ex, ctx->session.hash, 32);
        ngx_libpq_param_bytea(ex, session->hash, 32);
        ngx_libpq_param_timestamptz(ex, session->created_at);
        ngx_libpq_param_timestamptz(ex, session->seen_at);
        ngx_libpq_param_timestamptz(ex, session->expires_at);
        ngx_libpq_param_bytea(ex, mac, pupil_mac_len(mac));
    }

    /* a link's stay as they are, and so does a network's */
    ngx_http_pupil_param_bytea_array(ex, login->buckets,
                                     anew->forgotten && !anew->handed
                                     ? 0 : login->buckets_count
                                           - login->strange);

    ngx_libpq_param_int4(ex, (int32_t) login->owner.version);
    ngx_libpq_param_bytea(ex, login->subject_mac.data, login->subject_mac.len);
    ngx_libpq_param_timestamptz(ex, login->changed_at);
    ngx_http_pupil_param_bytea(ex, &login->facts);
    ngx_http_pupil_param_bytea(ex, &made->hash);
    ngx_http_pupil_param_bytea(ex, &made->facts);
    ngx_libpq_param_int4(ex, (int32_t) ctx->floors.own.session);
    ngx_libpq_param_int4(ex, (int32_t) ctx->floors.own.credential);

    if (anew->forgotten) {
        ngx_libpq_param_null(ex);
        ngx_libpq_param_null(ex);
        ngx_libpq_param_null(ex);

    } else {
        ngx_libpq_param_timestamptz(ex, session->proved_at);
        ngx_http_pupil_session_params(ex, session);
    }

    return NGX_OK;
}


void
ngx_http_pupil_anew_tells(ngx_http_pupil_ctx_t *ctx, const char *kind)
{
    ngx_http_pupil_telling_t  *telling;

    telling = &((ngx_http_pupil_login_t *) ctx->data)->telling;

    telling->subject = &ctx->session.subject;
    telling->revoked = 1;
    ngx_http_pupil_notice_add(telling, kind);
}


ngx_int_t
ngx_http_pupil_anew_written(ngx_http_pupil_ctx_t *ctx)
{
    int64_t  made;

    ngx_http_pupil_debug(ctx, "written");

    if (ngx_libpq_get_int8(ctx->exchange->results[0], 0, PUPIL_LC_MADE, &made)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (made != 1) {                 /* by whoever was first */
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_CONFLICT);
    }

    if (!((ngx_http_pupil_login_t *) ctx->data)->anew->forgotten) {
        ngx_http_pupil_zone_remove(ctx->main, ctx->session.hash);
    }

    /* it counts from here on, whatever becomes of the rest */
    ctx->late = ngx_http_pupil_anew_pending;

    return ngx_http_pupil_floors_raise(ctx, ngx_http_pupil_anew_risen);
}


static ngx_int_t
ngx_http_pupil_anew_risen(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "the key store was told");

    if (!ctx->floors.told) {
        return ngx_http_pupil_anew_pending(ctx);
    }

    if (!ctx->floors.raised) {       /* by whoever was later, an operator */
        ctx->late = NULL;

        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_CONFLICT);
    }

    return ngx_http_pupil_anew_answer(ctx, "ok");
}


/*
 * Who asked has something new and a new session, and has to know; that nothing
 * of before comes back is not acknowledged (invariant I18).
 */
static ngx_int_t
ngx_http_pupil_anew_pending(ngx_http_pupil_ctx_t *ctx)
{
    ctx->response.status = NGX_HTTP_ACCEPTED;

    return ngx_http_pupil_anew_answer(ctx, "pending");
}


static ngx_int_t
ngx_http_pupil_anew_answer(ngx_http_pupil_ctx_t *ctx, const char *status)
{
    ngx_http_pupil_anew_t  *anew;

    anew = ((ngx_http_pupil_login_t *) ctx->data)->anew;

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "status");
    pupil_writer_cstr(&ctx->out, status);

    if (!anew->forgotten) {
        ctx->session = anew->session;
        ngx_http_pupil_session_write(ctx);
    }

    if (anew->shows != NULL) {
        anew->shows(ctx);
    }

    pupil_writer_object_end(&ctx->out);

    if (!anew->forgotten
        && ngx_http_pupil_session_cookie(ctx, anew->text, sizeof(anew->text))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_pupil_login_device_set(ctx);
}
