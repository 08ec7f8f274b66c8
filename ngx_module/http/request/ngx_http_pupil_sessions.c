/*
 * Copyright (C) the Pupil authors
 */

#include "core/endpoints/session.h"
#include "http/request/ngx_http_pupil.h"


static ngx_int_t ngx_http_pupil_sessions_listed(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_sessions_ask(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_sessions_read(ngx_http_pupil_ctx_t *ctx);
static ngx_uint_t ngx_http_pupil_sessions_row(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t i, ngx_http_pupil_session_t *session);
static ngx_uint_t ngx_http_pupil_sessions_count(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_session_t *session, uint32_t floor);
static ngx_uint_t ngx_http_pupil_sessions_ended(ngx_http_pupil_ctx_t *ctx,
    const uint8_t hash[32]);
static ngx_int_t ngx_http_pupil_sessions_next(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_sessions_went(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_sessions_followed(ngx_http_pupil_ctx_t *ctx);
static ngx_uint_t ngx_http_pupil_ending_has(
    const ngx_http_pupil_ending_t *ending,
    const ngx_http_pupil_session_t *session);
static ngx_int_t ngx_http_pupil_ending_tell(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_ending_step(ngx_http_pupil_ctx_t *ctx);
static void ngx_http_pupil_revocation_closed(ngx_libpq_exchange_t *ex);


ngx_int_t
ngx_http_pupil_sessions_list(ngx_http_pupil_ctx_t *ctx, ngx_uint_t least,
    ngx_http_pupil_step_pt next)
{
    ngx_libpq_exchange_t       *ex;
    ngx_http_pupil_sessions_t  *sessions;

    sessions = &ctx->sessions;
    sessions->n = 0;
    sessions->whole = 0;
    sessions->least = least;
    sessions->next = next;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_session_stmt(ctx, ex, PUPIL_SESSION_LIST);
    ngx_libpq_param_bytea(ex, ctx->session.hash, sizeof(ctx->session.hash));

    ctx->resume = ngx_http_pupil_sessions_listed;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


static ngx_int_t
ngx_http_pupil_sessions_listed(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_sessions_t  *sessions;

    ngx_http_pupil_debug(ctx, "sessions: listed");

    sessions = &ctx->sessions;
    sessions->rows = ctx->exchange->results[0];

    return (ngx_uint_t) PQntuples(sessions->rows) > sessions->least
           ? ngx_http_pupil_sessions_ask(ctx)
           : ngx_http_pupil_sessions_next(ctx);
}


/* Which of them, and of who asks, does the key store know to have ended? */
static ngx_int_t
ngx_http_pupil_sessions_ask(ngx_http_pupil_ctx_t *ctx)
{
    PGresult              *rows;
    ngx_uint_t             i, n;
    pupil_str_t           *hashes;
    ngx_libpq_exchange_t  *ex;

    rows = ctx->sessions.rows;
    n = (ngx_uint_t) PQntuples(rows);

    hashes = ngx_pcalloc(ctx->request->pool, (n + 1) * sizeof(pupil_str_t));
    if (hashes == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (ngx_http_pupil_get_bytea(rows, i, PUPIL_SO_TOKEN_HASH, &hashes[i])
            == NGX_ERROR)
        {
            return NGX_ERROR;
        }
    }

    hashes[n].data = ctx->session.hash;
    hashes[n].len = sizeof(ctx->session.hash);

    ex = ngx_http_pupil_keystore_exchange(ctx, ngx_http_pupil_sessions_read);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_libpq_exchange_add(ex, ctx->main->fixed[PUPIL_FIXED_SESSIONS]);
    ngx_libpq_param_uuid(ex, ctx->tenant.b);
    ngx_libpq_param_uuid(ex, ctx->session.subject.b);
    ngx_http_pupil_param_bytea_array(ex, hashes, n + 1);

    return ngx_http_pupil_track(ctx, ex);
}


static ngx_int_t
ngx_http_pupil_sessions_read(ngx_http_pupil_ctx_t *ctx)
{
    int32_t                     floor;
    PGresult                   *rows;
    ngx_uint_t                  i, n, own;
    ngx_http_pupil_session_t   *session;
    ngx_http_pupil_sessions_t  *sessions;

    sessions = &ctx->sessions;

    if (ctx->answer.exchange->status != NGX_LIBPQ_OK) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
    }

    rows = sessions->rows;
    n = (ngx_uint_t) PQntuples(rows);

    sessions->n = 0;
    sessions->list = ngx_pcalloc(ctx->request->pool, n * sizeof(*session));

    if (sessions->list == NULL
        || ngx_libpq_get_int4(ctx->answer.exchange->results[0], 0,
                              PUPIL_KN_SESSION, &floor) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* whoever asks and logs out at once is not missing */
    own = ngx_http_pupil_sessions_ended(ctx, ctx->session.hash);
    sessions->whole = n < PUPIL_SESSIONS_MOST;

    for (i = 0; i < n; i++) {
        session = &sessions->list[sessions->n];

        if (!ngx_http_pupil_sessions_row(ctx, i, session)) {
            sessions->whole = 0;
            continue;
        }

        own |= ngx_memcmp(session->hash, ctx->session.hash,
                          sizeof(session->hash)) == 0;

        sessions->n += ngx_http_pupil_sessions_count(ctx, session,
                                                     (uint32_t) floor);
    }

    sessions->whole &= own;

    return ngx_http_pupil_sessions_next(ctx);
}


/* The actor's, by its MAC (invariant I20). */
static ngx_uint_t
ngx_http_pupil_sessions_row(ngx_http_pupil_ctx_t *ctx, ngx_uint_t i,
    ngx_http_pupil_session_t *session)
{
    PGresult    *rows;
    pupil_str_t  hash;

    rows = ctx->sessions.rows;

    if (ngx_http_pupil_get_bytea(rows, i, PUPIL_SO_TOKEN_HASH, &hash) != NGX_OK
        || hash.len != sizeof(session->hash))
    {
        return 0;
    }

    ngx_memcpy(session->hash, hash.data, hash.len);

    if (ngx_http_pupil_session_row(ctx, rows, i, PUPIL_SO_SESSION, session)
        != NGX_OK)
    {
        return 0;
    }

    if (pupil_uuid_compare(&session->subject, &ctx->session.subject) != 0) {
        ngx_http_pupil_tampered(ctx, "pupil.session", NULL, &session->subject,
                                "it is another's");
        return 0;
    }

    return 1;
}


/* It is alive. */
static ngx_uint_t
ngx_http_pupil_sessions_count(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_session_t *session, uint32_t floor)
{
    return session->number >= floor
           && !ngx_http_pupil_session_over(ctx, session)
           && !ngx_http_pupil_sessions_ended(ctx, session->hash);
}


static ngx_uint_t
ngx_http_pupil_sessions_ended(ngx_http_pupil_ctx_t *ctx,
    const uint8_t hash[32])
{
    int          row;
    PGresult    *known;
    pupil_str_t  ended;

    known = ctx->answer.exchange->results[0];

    for (row = 0; row < PQntuples(known); row++) {
        if (ngx_http_pupil_get_bytea(known, row, PUPIL_KN_TOKEN_HASH, &ended)
            == NGX_OK
            && ended.len == sizeof(ctx->session.hash)
            && ngx_memcmp(ended.data, hash, ended.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_pupil_sessions_next(ngx_http_pupil_ctx_t *ctx)
{
    ctx->step = ctx->sessions.next;

    return ctx->sessions.next(ctx);
}


ngx_int_t
ngx_http_pupil_sessions_doubt(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_tampered(ctx, "pupil.session", NULL, &ctx->session.subject,
                            "others may be missing");

    return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_INTEGRITY);
}


ngx_int_t
ngx_http_pupil_sessions_end(ngx_http_pupil_ctx_t *ctx,
    const ngx_uint_t *which, ngx_uint_t n, ngx_http_pupil_step_pt next)
{
    ngx_uint_t                 i, at;
    ngx_libpq_exchange_t      *ex;
    ngx_http_pupil_ending_t   *ending;
    ngx_http_pupil_telling_t   telling;

    ending = &ctx->ending;

    ex = ngx_http_pupil_exchange(ctx);

    if (ex == NULL || ngx_http_pupil_ending_begin(ctx, n, next) != NGX_OK) {
        return NGX_ERROR;
    }

    ending->then = next;

    for (i = 0; i < n; i++) {
        ngx_http_pupil_ending_add(ctx, &ctx->sessions.list[which[i]]);
    }

    at = ngx_http_pupil_add_session_stmt(ctx, ex, PUPIL_SESSION_END_THESE);
    ngx_http_pupil_param_bytea_array(ex, ending->hashes, n);
    ngx_libpq_param_uuid_array(ex, ending->revocations, n);
    ngx_http_pupil_audit_write_one(ctx, ex, at,
                                   ngx_http_pupil_session_stmt(ctx,
                                                   PUPIL_SESSION_END_THESE),
                                   pupil_audit_allowed);

    if (ending->tell != NULL) {
        ngx_memzero(&telling, sizeof(ngx_http_pupil_telling_t));
        telling.subject = &ctx->session.subject;
        ngx_http_pupil_notice_add(&telling, ending->tell);
        ngx_http_pupil_notice(ctx, ex, &telling);
        ending->tell = NULL;
    }

    ctx->resume = ngx_http_pupil_sessions_went;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


static ngx_int_t
ngx_http_pupil_sessions_went(ngx_http_pupil_ctx_t *ctx)
{
    int64_t  gone;

    if (ngx_libpq_get_int8(ctx->exchange->results[0], 0, PUPIL_SN_GONE, &gone)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if ((ngx_uint_t) gone != ctx->ending.n) {
        ctx->ending.next = ngx_http_pupil_sessions_follow;
    }

    return ngx_http_pupil_sessions_gone(ctx);
}


ngx_int_t
ngx_http_pupil_sessions_follow(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_sessions_list(ctx, 0,
                                        ngx_http_pupil_sessions_followed);
}


static ngx_int_t
ngx_http_pupil_sessions_followed(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                  i, n, *which;
    ngx_http_pupil_ending_t    *ending;
    ngx_http_pupil_sessions_t  *sessions;

    ngx_http_pupil_debug(ctx, "sessions: do they live on");

    ending = &ctx->ending;
    sessions = &ctx->sessions;

    which = ngx_palloc(ctx->request->pool, sessions->n * sizeof(ngx_uint_t));
    if (which == NULL) {
        return NGX_ERROR;
    }

    for (i = 0, n = 0; i < sessions->n; i++) {
        if (ngx_http_pupil_ending_has(ending, &sessions->list[i])) {
            which[n++] = i;
        }
    }

    if (n != 0) {
        return ngx_http_pupil_sessions_end(ctx, which, n, ending->then);
    }

    if (!sessions->whole) {
        return ngx_http_pupil_sessions_doubt(ctx);
    }

    ctx->step = ending->then;

    return ending->then(ctx);
}


static ngx_uint_t
ngx_http_pupil_ending_has(const ngx_http_pupil_ending_t *ending,
    const ngx_http_pupil_session_t *session)
{
    ngx_uint_t  i;

    for (i = 0; i < ending->n; i++) {
        if (ending->began[i] == session->created_at) {
            return 1;
        }
    }

    return 0;
}


ngx_int_t
ngx_http_pupil_ending_begin(ngx_http_pupil_ctx_t *ctx, ngx_uint_t n,
    ngx_http_pupil_step_pt next)
{
    ngx_pool_t               *pool;
    ngx_http_pupil_ending_t  *ending;

    pool = ctx->request->pool;
    ending = &ctx->ending;

    ending->n = 0;
    ending->next = next;
    ending->until = 0;
    ending->hashes = ngx_palloc(pool, n * sizeof(pupil_str_t));
    ending->revocations = ngx_palloc(pool, n * sizeof(pupil_uuid_t));
    ending->began = ngx_palloc(pool, n * sizeof(pupil_time_t));

    return ending->hashes != NULL && ending->revocations != NULL
           && ending->began != NULL ? NGX_OK : NGX_ERROR;
}


void
ngx_http_pupil_ending_add(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_session_t *session)
{
    ngx_http_pupil_ending_t  *ending;

    ending = &ctx->ending;

    ending->hashes[ending->n].data = session->hash;
    ending->hashes[ending->n].len = sizeof(session->hash);
    ending->began[ending->n] = session->created_at;
    ending->until = ngx_max(ending->until, session->expires_at);
    pupil_uuid_random(&ending->revocations[ending->n]);
    ending->n++;
}


ngx_int_t
ngx_http_pupil_sessions_gone(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                i;
    ngx_http_pupil_ending_t  *ending;

    ngx_http_pupil_debug(ctx, "sessions: %ui end", ctx->ending.n);

    ending = &ctx->ending;

    for (i = 0; i < ending->n; i++) {
        ngx_http_pupil_zone_remove(ctx->main, ending->hashes[i].data);
    }

    return ngx_http_pupil_ending_tell(ctx);
}


ngx_int_t
ngx_http_pupil_session_end(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_session_t *session, ngx_http_pupil_step_pt next)
{
    ngx_http_pupil_ending_t  *ending;

    ending = &ctx->ending;

    ending->one.data = session->hash;
    ending->one.len = sizeof(session->hash);
    ending->hashes = &ending->one;
    ending->revocations = &ctx->id;
    ending->one_began = session->created_at;
    ending->began = &ending->one_began;
    ending->n = 1;
    ending->until = session->expires_at;
    ending->next = next;

    return ngx_http_pupil_ending_tell(ctx);
}


/*
 * Whether there were rows does not matter: who hid one for the moment would put
 * it back (invariant I18).
 */
static ngx_int_t
ngx_http_pupil_ending_tell(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t     *ex;
    ngx_http_pupil_ending_t  *ending;

    ending = &ctx->ending;

    ex = ngx_http_pupil_keystore_exchange(ctx, ngx_http_pupil_ending_step);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_libpq_exchange_add(ex,
                                  ctx->main->fixed[PUPIL_FIXED_END_SESSIONS]);
    ngx_http_pupil_param_bytea_array(ex, ending->hashes, ending->n);
    ngx_libpq_param_timestamptz(ex, ending->until);
    ex->writes = 1;

    return ngx_http_pupil_track(ctx, ex);
}


/* What the key store did not take stays open, and pupilctl finishes it. */
static ngx_int_t
ngx_http_pupil_ending_step(ngx_http_pupil_ctx_t *ctx)
{
    if (ctx->answer.exchange->status != NGX_LIBPQ_OK) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
    }

    ngx_http_pupil_revocation_close(ctx, ctx->ending.revocations,
                                    ctx->ending.n);

    ctx->step = ctx->ending.next;

    return ctx->ending.next(ctx);
}


/* Waits for nothing: a revocation that stays open is finished once more. */
void
ngx_http_pupil_revocation_close(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *revocations, ngx_uint_t n)
{
    ngx_libpq_exchange_t   *ex;
    ngx_http_pupil_stmt_t  *stmt;

    stmt = ngx_http_pupil_session_stmt(ctx, PUPIL_SESSION_CLOSE);

    ex = ngx_libpq_exchange_create(ctx->main->data,
                                   ngx_http_pupil_revocation_closed, NULL);
    if (ex == NULL) {
        return;
    }

    ngx_http_pupil_exchange_day(ex, &ctx->tenant, ctx->today);
    (void) ngx_libpq_exchange_add(ex, stmt->registered);
    ngx_http_pupil_common(ctx, ex);
    ngx_libpq_param_uuid_array(ex, revocations, n);
    ex->writes = 1;

    if (ngx_libpq_exchange_submit(ex) != NGX_OK) {
        ngx_libpq_exchange_destroy(ex);
    }
}


static void
ngx_http_pupil_revocation_closed(ngx_libpq_exchange_t *ex)
{
    ngx_libpq_exchange_destroy(ex);
}
