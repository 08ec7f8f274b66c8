/*
 * Copyright (C) the Pupil authors
 *
 * /v1/me/sessions: where the actor is logged in.  What a session is called is
 * made of its token's hash, and so changes with the token.
 */

#include "http/rights/ngx_http_pupil_rights.h"


static void ngx_http_pupil_rights_sessions_write(ngx_http_pupil_ctx_t *ctx,
    const pupil_key_t *key, const ngx_http_pupil_session_t *session);
static ngx_uint_t ngx_http_pupil_rights_current(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_session_t *session);
static ngx_int_t ngx_http_pupil_rights_session_ended(
    ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_rights_others_again(
    ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_rights_own_ended(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_rights_sessions_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "sessions: start");

    return ngx_http_pupil_sessions_list(ctx, 0, ctx->route->render);
}


ngx_int_t
ngx_http_pupil_rights_sessions_render(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t          i;
    const pupil_key_t  *key;

    ngx_http_pupil_debug(ctx, "sessions: render");

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_shown(ctx, ngx_http_pupil_session_stmt(ctx,
                                                          PUPIL_SESSION_LIST));

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "sessions");
    pupil_writer_array_begin(&ctx->out);

    for (i = 0; i < ctx->sessions.n; i++) {
        ngx_http_pupil_rights_sessions_write(ctx, key, &ctx->sessions.list[i]);
    }

    pupil_writer_array_end(&ctx->out);
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


static void
ngx_http_pupil_rights_sessions_write(ngx_http_pupil_ctx_t *ctx,
    const pupil_key_t *key, const ngx_http_pupil_session_t *session)
{
    pupil_uuid_t     id;
    pupil_writer_t  *out;

    out = &ctx->out;

    pupil_session_id(key, session->hash, &id);

    pupil_writer_object_begin(out);
    pupil_writer_key(out, "id");
    pupil_writer_uuid(out, &id);
    pupil_writer_key(out, "current");
    pupil_writer_bool(out, (int) ngx_http_pupil_rights_current(ctx, session));
    pupil_writer_key(out, "role");
    pupil_writer_str(out, &session->role);
    pupil_writer_key(out, "institution_id");

    if (pupil_uuid_is_zero(&session->institution)) {
        pupil_writer_null(out);                /* a role of the whole tenant */

    } else {
        pupil_writer_uuid(out, &session->institution);
    }

    pupil_writer_key(out, "created_at");
    pupil_writer_time(out, session->created_at);
    pupil_writer_key(out, "seen_at");
    pupil_writer_time(out, session->seen_at);
    pupil_writer_key(out, "expires_at");
    pupil_writer_time(out, session->expires_at);
    pupil_writer_object_end(out);
}


static ngx_uint_t
ngx_http_pupil_rights_current(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_session_t *session)
{
    return ngx_memcmp(session->hash, ctx->session.hash, sizeof(session->hash))
           == 0;
}


/* By its name; another's is as if it were not there. */
ngx_int_t
ngx_http_pupil_rights_session_end(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                       i;
    pupil_uuid_t                     id;
    const pupil_key_t               *key;
    const ngx_http_pupil_session_t  *session;

    ngx_http_pupil_debug(ctx, "sessions: which is it");

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < ctx->sessions.n; i++) {
        session = &ctx->sessions.list[i];
        pupil_session_id(key, session->hash, &id);

        if (pupil_uuid_compare(&id, &ctx->path_id) == 0) {
            return ngx_http_pupil_sessions_end(ctx, &i, 1,
                             ngx_http_pupil_rights_current(ctx, session)
                             ? ngx_http_pupil_rights_own_ended
                             : ngx_http_pupil_rights_session_ended);
        }
    }

    if (!ctx->sessions.whole) {
        return ngx_http_pupil_sessions_doubt(ctx);
    }

    return ngx_http_pupil_refuse(ctx,
                                 ngx_http_pupil_session_stmt(ctx,
                                                   PUPIL_SESSION_END_THESE),
                                 NULL, NGX_HTTP_PUPIL_NOT_FOUND);
}


static ngx_int_t
ngx_http_pupil_rights_session_ended(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "sessions: the key store knows");

    ctx->response.status = NGX_HTTP_NO_CONTENT;

    return NGX_OK;
}


/* It ended as by a log-out. */
static ngx_int_t
ngx_http_pupil_rights_own_ended(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_rights_session_ended(ctx) == NGX_OK
           ? ngx_http_pupil_session_forget(ctx) : NGX_ERROR;
}


/*
 * All but the one that asks, until there is no other: whoever took another role
 * meanwhile has another token of the same session.
 */
ngx_int_t
ngx_http_pupil_rights_others_end(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t  i, n, *which;

    ngx_http_pupil_debug(ctx, "sessions: all others");

    which = ngx_palloc(ctx->request->pool,
                       ctx->sessions.n * sizeof(ngx_uint_t));
    if (which == NULL) {
        return NGX_ERROR;
    }

    for (i = 0, n = 0; i < ctx->sessions.n; i++) {
        if (!ngx_http_pupil_rights_current(ctx, &ctx->sessions.list[i])) {
            which[n++] = i;
        }
    }

    if (n == 0 && ctx->ending.hashes != NULL) {
        return ctx->sessions.whole ? ngx_http_pupil_rights_session_ended(ctx)
                                   : ngx_http_pupil_sessions_doubt(ctx);
    }

    return ngx_http_pupil_sessions_end(ctx, which, n,
                                       ngx_http_pupil_rights_others_again);
}


static ngx_int_t
ngx_http_pupil_rights_others_again(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_sessions_list(ctx, 0,
                                        ngx_http_pupil_rights_others_end);
}
