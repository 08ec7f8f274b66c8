/*
 * Copyright (C) the Pupil authors
 *
 * A provider says that somebody has logged out there (OpenID Connect
 * Back-Channel Logout): their sessions end here, as by a log-out of their own.
 *
 * Anybody can send such a form: until its signature fits, nothing of it is
 * looked up, recorded, or logged but for debugging.
 */

#include "core/endpoints/session.h"
#include "http/login/ngx_http_pupil_oidc.h"


static ngx_int_t ngx_http_pupil_oidc_out_keys(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_out_verified(ngx_http_pupil_ctx_t *ctx,
    pupil_rc_t rc, pupil_str_t payload, const char *why);
static pupil_rc_t ngx_http_pupil_oidc_out_claims(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t payload, const char **why);
static ngx_int_t ngx_http_pupil_oidc_out_find(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_out_found(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_out_read(ngx_http_pupil_ctx_t *ctx,
    PGresult *rows);
static ngx_int_t ngx_http_pupil_oidc_out_next(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_out_end(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t n);
static ngx_int_t ngx_http_pupil_oidc_out_record(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t at, const pupil_uuid_t *subject);
static ngx_int_t ngx_http_pupil_oidc_out_ended(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_out_answer(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_oidc_out_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t               rc;
    pupil_rc_t              parsed;
    const char             *why;
    ngx_http_pupil_oidc_t  *oidc;

    ngx_http_pupil_debug(ctx, "parse");

    if (ngx_http_pupil_no_arguments(ctx) != NGX_OK) {
        return NGX_DONE;
    }

    rc = ngx_http_pupil_oidc_create(ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    oidc = ngx_http_pupil_oidc_of(ctx);
    oidc->by_provider = 1;
    oidc->verified = ngx_http_pupil_oidc_out_verified;

    parsed = pupil_oidc_logout_form(&ctx->alloc, ctx->body, &oidc->token,
                                    &why);

    if (parsed == PUPIL_INVALID) {
        ngx_http_pupil_debug(ctx, "the form is refused: %s", why);
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_MALFORMED);
    }

    return parsed == PUPIL_OK ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_pupil_oidc_out(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    ngx_http_pupil_debug(ctx, "start");

    rc = ngx_http_pupil_oidc_know(ctx, ngx_http_pupil_oidc_out_keys);

    return rc == NGX_OK ? ngx_http_pupil_oidc_out_keys(ctx) : rc;
}


static ngx_int_t
ngx_http_pupil_oidc_out_keys(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_pupil_oidc_keys(ctx, 0, ngx_http_pupil_oidc_verify);

    return rc == NGX_OK ? ngx_http_pupil_oidc_verify(ctx) : rc;
}


static ngx_int_t
ngx_http_pupil_oidc_out_verified(ngx_http_pupil_ctx_t *ctx, pupil_rc_t rc,
    pupil_str_t payload, const char *why)
{
    if (rc == PUPIL_INVALID || rc == PUPIL_NO_KEY) {
        ngx_http_pupil_debug(ctx, "the token is refused: %s", why);
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_LOGOUT_TOKEN);
    }

    if (rc == PUPIL_OK) {
        rc = ngx_http_pupil_oidc_out_claims(ctx, payload, &why);
    }

    if (rc == PUPIL_INVALID) {
        ngx_http_pupil_oidc_doubt(ctx, "a log-out token", why);
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_LOGOUT_TOKEN);
    }

    return rc == PUPIL_OK ? ngx_http_pupil_oidc_out_find(ctx) : NGX_ERROR;
}


static pupil_rc_t
ngx_http_pupil_oidc_out_claims(ngx_http_pupil_ctx_t *ctx, pupil_str_t payload,
    const char **why)
{
    pupil_rc_t                  rc;
    pupil_json_t                json;
    pupil_claims_expected_t     expected;
    ngx_http_pupil_provider_t  *provider;

    provider = ngx_http_pupil_oidc_of(ctx)->provider;

    ngx_memzero(&expected, sizeof(pupil_claims_expected_t));
    expected.issuer = provider->client.issuer;
    expected.client = provider->client.client;
    expected.now = ngx_time();

    rc = pupil_claims_read(&ctx->alloc, payload, &json, why);

    if (rc == PUPIL_OK) {
        rc = pupil_claims_check_logout(&json, &expected, why);
    }

    if (rc == PUPIL_OK && ngx_http_pupil_oidc_there(ctx, &json) != NGX_OK) {
        return PUPIL_NO_MEMORY;
    }

    return rc;
}


static ngx_int_t
ngx_http_pupil_oidc_out_find(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t          *ex;
    const ngx_http_pupil_there_t  *there;

    there = &ngx_http_pupil_oidc_of(ctx)->there;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_session_stmt(ctx, ex, PUPIL_SESSION_THERE);
    ngx_http_pupil_param_bytea(ex, &there->session);
    ngx_http_pupil_param_bytea(ex, &there->subject);
    ngx_http_pupil_param_bytea(ex, &there->token);

    ctx->resume = ngx_http_pupil_oidc_out_found;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


static ngx_int_t
ngx_http_pupil_oidc_out_found(ngx_http_pupil_ctx_t *ctx)
{
    PGresult    *rows;
    ngx_uint_t   used;

    ngx_http_pupil_debug(ctx, "sessions looked up");

    rows = ctx->exchange->results[0];

    if (ngx_libpq_get_bool(rows, 0, PUPIL_SY_USED, &used) != NGX_OK
        || ngx_http_pupil_oidc_out_read(ctx, rows) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (used) {
        ngx_http_pupil_oidc_doubt(ctx, "a log-out token",
                                  "it was used before");
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_LOGOUT_TOKEN);
    }

    return ngx_http_pupil_oidc_out_next(ctx);
}


/* Those that are authentic: others open nothing, and are on record. */
static ngx_int_t
ngx_http_pupil_oidc_out_read(ngx_http_pupil_ctx_t *ctx, PGresult *rows)
{
    ngx_uint_t                 i, n;
    pupil_str_t                hash;
    ngx_http_pupil_out_t      *out;
    ngx_http_pupil_session_t  *session;

    out = &ngx_http_pupil_oidc_of(ctx)->out;
    n = (ngx_uint_t) PQntuples(rows);
    out->whole = n < PUPIL_SESSIONS_MOST;

    out->list = ngx_pcalloc(ctx->request->pool,
                            n * sizeof(ngx_http_pupil_session_t));
    if (out->list == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n && !PQgetisnull(rows, (int) i, PUPIL_SY_TOKEN_HASH); i++)
    {
        session = &out->list[out->n];

        if (ngx_http_pupil_get_bytea(rows, i, PUPIL_SY_TOKEN_HASH, &hash)
            != NGX_OK
            || hash.len != sizeof(session->hash))
        {
            return NGX_ERROR;
        }

        ngx_memcpy(session->hash, hash.data, hash.len);

        if (ngx_http_pupil_session_row(ctx, rows, i, PUPIL_SY_SESSION, session)
            == NGX_OK)
        {
            out->n++;

        } else {
            out->whole = 0;
        }
    }

    return NGX_OK;
}


/*
 * All of one person at a time, as a record is about one.  The token counts as
 * used with the last of them: whoever is interrupted may send it again.
 */
static ngx_int_t
ngx_http_pupil_oidc_out_next(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t             n;
    ngx_http_pupil_out_t  *out;

    out = &ngx_http_pupil_oidc_of(ctx)->out;

    if (out->at == out->n && (out->n != 0 || !out->whole)) {
        return ngx_http_pupil_oidc_out_answer(ctx);
    }

    for (n = 0; out->at + n < out->n; n++) {
        if (pupil_uuid_compare(&out->list[out->at + n].subject,
                               &out->list[out->at].subject) != 0)
        {
            break;
        }
    }

    return ngx_http_pupil_oidc_out_end(ctx, n);
}


static ngx_int_t
ngx_http_pupil_oidc_out_end(ngx_http_pupil_ctx_t *ctx, ngx_uint_t n)
{
    ngx_uint_t                 i, at;
    ngx_libpq_exchange_t      *ex;
    ngx_http_pupil_out_t      *out;
    ngx_http_pupil_oidc_t     *oidc;
    ngx_http_pupil_ending_t   *ending;
    ngx_http_pupil_session_t  *session;

    oidc = ngx_http_pupil_oidc_of(ctx);
    out = &oidc->out;
    session = &out->list[out->at];
    ending = &ctx->ending;

    ex = ngx_http_pupil_exchange(ctx);

    if (ex == NULL
        || ngx_http_pupil_ending_begin(ctx, n, ngx_http_pupil_oidc_out_next)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        ngx_http_pupil_ending_add(ctx, &session[i]);
    }

    out->at += n;

    at = ngx_http_pupil_add_session_stmt(ctx, ex, PUPIL_SESSION_END_THERE);
    ngx_http_pupil_param_bytea_array(ex, ending->hashes, n);
    ngx_libpq_param_uuid_array(ex, ending->revocations, n);
    ngx_http_pupil_param_bytea_array(ex, &oidc->there.token,
                                     out->at == out->n && out->whole);
    ngx_libpq_param_uuid_array(ex, &session->subject, n != 0);

    if (ngx_http_pupil_oidc_out_record(ctx, ex, at,
                                       n != 0 ? &session->subject : NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->resume = ngx_http_pupil_oidc_out_ended;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


/* The parameters from the note on. */
static ngx_int_t
ngx_http_pupil_oidc_out_record(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t at, const pupil_uuid_t *subject)
{
    u_char                    *p;
    pupil_str_t                name;
    ngx_http_pupil_writing_t   what;

    name = ngx_http_pupil_oidc_of(ctx)->provider->client.name;

    p = ngx_http_pupil_alloc(ctx, sizeof(PUPIL_SESSION_NOTE_THERE) + name.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = subject != NULL ? pupil_audit_allowed
                                   : pupil_session_nobody;
    what.n = 1;
    what.numbers = 1;
    what.subject = subject;
    what.note.data = p;
    p = ngx_cpymem(p, PUPIL_SESSION_NOTE_THERE,
                   sizeof(PUPIL_SESSION_NOTE_THERE) - 1);
    p = ngx_cpymem(p, name.data, name.len);
    what.note.len = p - what.note.data;

    ngx_libpq_param_text(ex, what.note.data, what.note.len);
    ngx_http_pupil_audit_write(ctx, ex, at,
                               ngx_http_pupil_session_stmt(ctx,
                                                   PUPIL_SESSION_END_THERE),
                               &what);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_oidc_out_ended(ngx_http_pupil_ctx_t *ctx)
{
    int64_t  ended;

    ngx_http_pupil_debug(ctx, "sessions: %ui end", ctx->ending.n);

    if (ngx_libpq_get_int8(ctx->exchange->results[0], 0, PUPIL_SX_ENDED,
                           &ended) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ended != 1) {                       /* by somebody else, meanwhile */
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_LOGOUT_TOKEN);
    }

    return ctx->ending.n != 0 ? ngx_http_pupil_sessions_gone(ctx)
                              : ngx_http_pupil_oidc_out_answer(ctx);
}


/* Beside a row in doubt nobody is told that all have ended (invariant I20). */
static ngx_int_t
ngx_http_pupil_oidc_out_answer(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "answer");

    if (!ngx_http_pupil_oidc_of(ctx)->out.whole) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_INTEGRITY);
    }

    ctx->response.status = NGX_HTTP_OK;

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "status");
    pupil_writer_cstr(&ctx->out, "logged out");
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}
