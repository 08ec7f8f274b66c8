/*
 * Copyright (C) the Pupil authors
 *
 * The session of a request: the cookie, the shared zone, else the database,
 * with every row that authorises checked (invariant I18).
 */

#include "core/endpoints/session.h"
#include "core/login/factor.h"
#include "http/request/ngx_http_pupil.h"


#define NGX_HTTP_PUPIL_COOKIE       "__Host-pupil"
#define NGX_HTTP_PUPIL_CLOCKS       60    /* seconds, between hosts */
#define NGX_HTTP_PUPIL_TOUCH_MIN    60    /* seconds */
#define NGX_HTTP_PUPIL_TOUCH_PARTS  24    /* of the idle time */


static ngx_int_t ngx_http_pupil_session_none(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_session_gone(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_session_ask(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_session_loaded(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_session_floors(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_session_get(PGresult *res, ngx_uint_t n,
    ngx_uint_t col, pupil_str_t *hash);
static ngx_int_t ngx_http_pupil_session_subject(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);
static void ngx_http_pupil_session_touch(ngx_http_pupil_ctx_t *ctx);
static void ngx_http_pupil_session_touched(ngx_libpq_exchange_t *ex);
static void ngx_http_pupil_session_mac(ngx_http_pupil_ctx_t *ctx,
    const pupil_key_t *key, const ngx_http_pupil_session_t *session,
    uint8_t mac[PUPIL_MAC_LEN]);


static ngx_int_t
ngx_http_pupil_session_none(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "session: none");

    ctx->has_session = 0;

    return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NO_SESSION);
}


/* What the zone still knows of it makes nobody known (strangers.h). */
static ngx_int_t
ngx_http_pupil_session_gone(ngx_http_pupil_ctx_t *ctx)
{
    if (!ctx->stranger.is) {
        ngx_http_pupil_zone_remove(ctx->main, ctx->session.hash);
    }

    return ngx_http_pupil_session_none(ctx);
}


ngx_int_t
ngx_http_pupil_session_text(ngx_http_pupil_ctx_t *ctx, pupil_str_t *text)
{
    return ngx_http_pupil_cookie(ctx->request, NGX_HTTP_PUPIL_COOKIE, text);
}


ngx_int_t
ngx_http_pupil_session_sent(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_session_t *session)
{
    pupil_str_t         text;
    const pupil_key_t  *key;

    if (ngx_http_pupil_session_text(ctx, &text) != NGX_OK) {
        return NGX_DECLINED;
    }

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    if (pupil_token_parse(key, text, session->token) != PUPIL_OK) {
        return NGX_DECLINED;
    }

    pupil_token_hash(key, session->token, session->hash);

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_session_load(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt next)
{
    ngx_int_t                  rc;
    ngx_http_pupil_session_t  *session;

    session = &ctx->session;

    rc = ngx_http_pupil_session_sent(ctx, session);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? ngx_http_pupil_session_none(ctx) : rc;
    }

    if (ngx_http_pupil_zone_get(ctx, session->hash, session) == NGX_OK) {

        if (ngx_http_pupil_session_over(ctx, session)) {
            return ngx_http_pupil_session_none(ctx);
        }

        ngx_http_pupil_debug(ctx, "session: loaded from the zone");

        ctx->has_session = 1;
        ngx_http_pupil_session_touch(ctx);

        return NGX_OK;
    }

    ctx->session_next = next;

    if (!ngx_http_pupil_zone_knows(ctx, session->hash)) {
        rc = ngx_http_pupil_stranger(ctx, ngx_http_pupil_session_ask);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_http_pupil_session_ask(ctx);
}


static ngx_int_t
ngx_http_pupil_session_ask(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t              rc;
    ngx_libpq_exchange_t  *ex;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_session_stmt(ctx, ex, PUPIL_SESSION_LOAD);
    ngx_libpq_param_bytea(ex, ctx->session.hash, 32);

    ctx->read_at = ngx_current_msec;
    ctx->resume = ngx_http_pupil_session_loaded;

    rc = ngx_http_pupil_submit(ctx, ex, 0);

    /* what was not sent is no more */
    ctx->stranger.exchange = rc == NGX_AGAIN ? ex : NULL;

    return rc;
}


/* There is a row: does the key store say that its like still count? */
static ngx_int_t
ngx_http_pupil_session_loaded(ngx_http_pupil_ctx_t *ctx)
{
    pupil_uuid_t  subject;

    ngx_http_pupil_stranger_leaves(ctx);

    if (ngx_libpq_get_uuid(ctx->exchange->results[0], 0,
                           PUPIL_SL_SESSION + PUPIL_CN_SUBJECT, subject.b)
        != NGX_OK)
    {
        return ngx_http_pupil_session_gone(ctx);
    }

    return ngx_http_pupil_floors_fetch(ctx, &subject, ctx->session.hash,
                                       ngx_http_pupil_session_floors);
}


static ngx_int_t
ngx_http_pupil_session_floors(ngx_http_pupil_ctx_t *ctx)
{
    PGresult                *res;
    ngx_http_pupil_step_pt   next;

    res = ctx->exchange->results[0];

    if (ngx_http_pupil_session_row(ctx, res, 0, PUPIL_SL_SESSION,
                                   &ctx->session) != NGX_OK
        || ngx_http_pupil_session_revoked(ctx)
        || ngx_http_pupil_session_over(ctx, &ctx->session)
        || ngx_http_pupil_session_subject(ctx, res) != NGX_OK)
    {
        return ngx_http_pupil_session_gone(ctx);
    }

    ngx_http_pupil_debug(ctx, "session: loaded from the database");

    ctx->has_session = 1;

    ngx_http_pupil_zone_put(ctx, &ctx->session, ctx->read_at);
    ngx_http_pupil_session_touch(ctx);

    next = ctx->session_next;
    ctx->step = next;

    return next(ctx);
}


ngx_int_t
ngx_http_pupil_session_row(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t n, ngx_uint_t col, ngx_http_pupil_session_t *session)
{
    uint8_t               mac[PUPIL_MAC_LEN];
    pupil_str_t           stored;
    const pupil_key_t    *key;
    pupil_session_row_t   row;

    if (ngx_libpq_get_uuid(res, n, col + PUPIL_CN_SUBJECT, row.subject.b)
        != NGX_OK
        || ngx_http_pupil_get_text(res, n, col + PUPIL_CN_ROLE, &row.role)
           != NGX_OK
        || ngx_libpq_get_uuid(res, n, col + PUPIL_CN_INSTITUTION,
                              row.institution.b) != NGX_OK
        || ngx_libpq_get_timestamptz(res, n, col + PUPIL_CN_CREATED_AT,
                                     &row.created_at) != NGX_OK
        || ngx_libpq_get_timestamptz(res, n, col + PUPIL_CN_SEEN_AT,
                                     &row.seen_at) != NGX_OK
        || ngx_libpq_get_timestamptz(res, n, col + PUPIL_CN_EXPIRES_AT,
                                     &row.expires_at) != NGX_OK
        || ngx_libpq_get_timestamptz(res, n, col + PUPIL_CN_PROVED_AT,
                                     &row.proved_at) != NGX_OK
        || ngx_http_pupil_session_get(res, n, col + PUPIL_CN_PROVIDER_SESSION,
                                      &row.provider_session) != NGX_OK
        || ngx_http_pupil_session_get(res, n, col + PUPIL_CN_PROVIDER_SUBJECT,
                                      &row.provider_subject) != NGX_OK
        || ngx_http_pupil_get_bytea(res, n, col + PUPIL_CN_MAC, &stored)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    key = ngx_http_pupil_key(ctx, "mac");
    if (key == NULL) {
        return NGX_DECLINED;
    }

    row.tenant = ctx->tenant;
    row.token_hash.data = session->hash;
    row.token_hash.len = sizeof(session->hash);

    pupil_mac_session_read(stored, &row);
    pupil_mac_session(key, &row, mac);

    if (pupil_mac_check(mac, stored) != PUPIL_OK
        || pupil_role_name(pupil_role_find(row.role), &session->role)
           != PUPIL_OK)
    {
        ngx_http_pupil_tampered(ctx, "pupil.session", NULL, &row.subject,
                                "its MAC does not fit");
        return NGX_DECLINED;
    }

    session->subject = row.subject;
    session->institution = row.institution;
    session->created_at = row.created_at;
    session->seen_at = row.seen_at;
    session->expires_at = row.expires_at;
    session->proved_at = row.proved_at;
    session->number = row.number;
    session->limited = row.limited;
    session->second = row.second;
    ngx_http_pupil_session_of(session->provider_session, row.provider_session);
    ngx_http_pupil_session_of(session->provider_subject, row.provider_subject);

    return NGX_OK;
}


/* NULL is none; what is of another length has no MAC. */
static ngx_int_t
ngx_http_pupil_session_get(PGresult *res, ngx_uint_t n, ngx_uint_t col,
    pupil_str_t *hash)
{
    ngx_memzero(hash, sizeof(pupil_str_t));

    return PQgetisnull(res, (int) n, (int) col)
           ? NGX_OK : ngx_http_pupil_get_bytea(res, n, col, hash);
}


void
ngx_http_pupil_session_of(uint8_t to[PUPIL_HASH_LEN], pupil_str_t hash)
{
    if (hash.len == PUPIL_HASH_LEN) {
        ngx_memcpy(to, hash.data, PUPIL_HASH_LEN);

    } else {
        ngx_memzero(to, PUPIL_HASH_LEN);
    }
}


pupil_str_t
ngx_http_pupil_session_there(const uint8_t hash[PUPIL_HASH_LEN])
{
    pupil_str_t  str;

    static const uint8_t  none[PUPIL_HASH_LEN];

    str.len = ngx_memcmp(hash, none, PUPIL_HASH_LEN) == 0 ? 0 : PUPIL_HASH_LEN;
    str.data = str.len == 0 ? NULL : hash;

    return str;
}


void
ngx_http_pupil_session_params(ngx_libpq_exchange_t *ex,
    const ngx_http_pupil_session_t *session)
{
    pupil_str_t  hash;

    hash = ngx_http_pupil_session_there(session->provider_session);
    ngx_http_pupil_param_bytea(ex, &hash);

    hash = ngx_http_pupil_session_there(session->provider_subject);
    ngx_http_pupil_param_bytea(ex, &hash);
}


/* The role that the session acts in, and the account behind it. */
static ngx_int_t
ngx_http_pupil_session_subject(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    pupil_str_t          state;
    pupil_expected_t     expected;
    pupil_role_row_t     role;
    pupil_subject_row_t  subject;

    ngx_http_pupil_expect_actor(ctx, &expected);
    expected.day = 0;                /* one that has ended is still stored */

    if (ngx_http_pupil_role(ctx, res, 0, PUPIL_SL_ROLE_ROW, &expected, &role)
        != NGX_OK
        || !ngx_http_pupil_live(ctx, role.valid_from, role.valid_to))
    {
        return NGX_DECLINED;
    }

    if (ngx_http_pupil_subject(ctx, res, 0, PUPIL_SL_SUBJECT_ROW, &expected,
                               &subject) != NGX_OK
        || subject.status.len != sizeof("active") - 1
        || ngx_memcmp(subject.status.data, "active", subject.status.len) != 0)
    {
        return NGX_DECLINED;
    }

    if (ngx_http_pupil_get_text(res, 0, PUPIL_SL_OWNER_STATE, &state) != NGX_OK
        || pupil_owner_state(state) >= PUPIL_OWNER_STATE_RECOVERY
        || ctx->floors.owner >= PUPIL_OWNER_STATE_RECOVERY)
    {
        return NGX_DECLINED;
    }

    return NGX_OK;
}


/*
 * What is of a time to come was written by a clock that was ahead: it would
 * live for as long as that was.
 */
ngx_uint_t
ngx_http_pupil_session_over(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_session_t *session)
{
    pupil_time_t  last;

    last = ctx->now + NGX_HTTP_PUPIL_CLOCKS * PUPIL_TIME_SECOND;

    return session->created_at > last || session->seen_at > last
           || session->proved_at > last
           || ctx->now >= session->expires_at
           || ctx->now - session->created_at
              >= ctx->conf->absolute * PUPIL_TIME_SECOND
           || ctx->now - session->seen_at
              >= ctx->conf->idle * PUPIL_TIME_SECOND;
}


ngx_uint_t
ngx_http_pupil_session_revoked(ngx_http_pupil_ctx_t *ctx)
{
    return ctx->floors.ended
           || ctx->session.number < ctx->floors.are.session;
}


ngx_uint_t
ngx_http_pupil_session_proves(ngx_http_pupil_ctx_t *ctx, int64_t within)
{
    pupil_time_t  at;

    at = ctx->session.proved_at != 0 ? ctx->session.proved_at
                                     : ctx->session.created_at;

    return within == 0 || ctx->now - at < within * PUPIL_TIME_SECOND;
}


/* A role may have come, or its terms have changed, since the log-in. */
ngx_uint_t
ngx_http_pupil_session_suffices(ngx_http_pupil_ctx_t *ctx, pupil_str_t role)
{
    pupil_role_t  rank;

    if (ctx->conf->factor == NULL || ctx->session.second) {
        return 1;
    }

    rank = pupil_role_find(role);

    return rank != PUPIL_ROLE_NONE
           && ctx->conf->factor[rank] != PUPIL_FACTOR_REQUIRED;
}


/*
 * Writes seen_at now and then, not with each request, and waits for nothing:
 * if it fails, the session is a little older than it could be.
 */
static void
ngx_http_pupil_session_touch(ngx_http_pupil_ctx_t *ctx)
{
    time_t                     every;
    uint8_t                    mac[PUPIL_MAC_LEN];
    const pupil_key_t         *key;
    ngx_libpq_exchange_t      *ex;
    ngx_http_pupil_stmt_t     *stmt;
    ngx_http_pupil_session_t  *session;

    session = &ctx->session;
    every = ngx_max(ctx->conf->idle / NGX_HTTP_PUPIL_TOUCH_PARTS,
                    NGX_HTTP_PUPIL_TOUCH_MIN);

    if (ctx->now - session->seen_at < every * PUPIL_TIME_SECOND) {
        return;
    }

    key = ngx_http_pupil_key(ctx, "mac");
    stmt = ngx_http_pupil_session_stmt(ctx, PUPIL_SESSION_TOUCH);

    if (key == NULL) {
        return;
    }

    ex = ngx_libpq_exchange_create(ctx->main->data,
                                   ngx_http_pupil_session_touched, NULL);
    if (ex == NULL) {
        return;
    }

    session->seen_at = ctx->now;
    ngx_http_pupil_session_mac(ctx, key, session, mac);

    ngx_http_pupil_exchange_day(ex, &ctx->tenant, ctx->today);
    (void) ngx_libpq_exchange_add(ex, stmt->registered);
    ngx_http_pupil_common(ctx, ex);
    ngx_libpq_param_bytea(ex, session->hash, 32);
    ngx_libpq_param_timestamptz(ex, session->seen_at);
    ngx_libpq_param_bytea(ex, mac, pupil_mac_len(mac));
    ex->writes = 1;

    if (ngx_libpq_exchange_submit(ex) != NGX_OK) {
        ngx_libpq_exchange_destroy(ex);
        return;
    }

    ngx_http_pupil_debug(ctx, "session: its time is written");

    /* so that the next request does not touch it as well */
    ngx_http_pupil_zone_put(ctx, session, ctx->read_at);
}


static void
ngx_http_pupil_session_touched(ngx_libpq_exchange_t *ex)
{
    ngx_libpq_exchange_destroy(ex);
}


ngx_int_t
ngx_http_pupil_session_make(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_session_t *session, uint8_t text[PUPIL_TOKEN_TEXT_LEN],
    uint8_t mac[PUPIL_MAC_LEN])
{
    const char         *zone;
    const pupil_key_t  *token, *key;

    zone = pupil_keyring_zone(ctx->main->vault.ring, &ctx->tenant);
    token = ngx_http_pupil_key(ctx, "token");
    key = ngx_http_pupil_key(ctx, "mac");

    if (zone == NULL || token == NULL || key == NULL) {
        return NGX_ERROR;
    }

    ngx_cpystrn((u_char *) session->zone, (u_char *) zone,
                sizeof(session->zone));

    pupil_token_make(token, session->token, text);
    pupil_token_hash(token, session->token, session->hash);
    pupil_csrf_make(token, session->token, session->csrf);
    ngx_http_pupil_session_mac(ctx, key, session, mac);

    return NGX_OK;
}


/* Of a session's row; key: "mac". */
static void
ngx_http_pupil_session_mac(ngx_http_pupil_ctx_t *ctx, const pupil_key_t *key,
    const ngx_http_pupil_session_t *session, uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_session_row_t  row;

    row.tenant = ctx->tenant;
    row.token_hash.data = session->hash;
    row.token_hash.len = sizeof(session->hash);
    row.subject = session->subject;
    row.role = session->role;
    row.institution = session->institution;
    row.created_at = session->created_at;
    row.seen_at = session->seen_at;
    row.expires_at = session->expires_at;
    row.proved_at = session->proved_at;
    row.provider_session = ngx_http_pupil_session_there(
                               session->provider_session);
    row.provider_subject = ngx_http_pupil_session_there(
                               session->provider_subject);
    row.number = session->number;
    row.limited = session->limited;
    row.second = session->second;

    pupil_mac_session(key, &row, mac);
}


ngx_int_t
ngx_http_pupil_session_cookie(ngx_http_pupil_ctx_t *ctx, const uint8_t *text,
    size_t len)
{
    ngx_http_pupil_cookie_t  cookie;

    ngx_memzero(&cookie, sizeof(ngx_http_pupil_cookie_t));
    cookie.name = NGX_HTTP_PUPIL_COOKIE;
    cookie.value.data = text;
    cookie.value.len = len;

    return ngx_http_pupil_cookie_set(ctx, &cookie);
}


/*
 * And what pages have left there, on a computer that others use next; not all
 * cookies: by one of them the browser stays known to whoever logs in there.
 */
ngx_int_t
ngx_http_pupil_session_forget(ngx_http_pupil_ctx_t *ctx)
{
    static ngx_str_t  clear = ngx_string("\"cache\", \"storage\"");

    return ngx_http_pupil_session_cookie(ctx, NULL, 0) == NGX_OK
           ? ngx_http_pupil_header(ctx->request, "Clear-Site-Data", &clear)
           : NGX_ERROR;
}


void
ngx_http_pupil_session_write(ngx_http_pupil_ctx_t *ctx)
{
    const char                *zone;
    pupil_time_t               end;
    const pupil_key_t         *key;
    ngx_http_pupil_session_t  *session;

    session = &ctx->session;

    if (session->csrf[0] == '\0') {
        zone = pupil_keyring_zone(ctx->main->vault.ring, &ctx->tenant);
        key = ngx_http_pupil_key(ctx, "token");

        if (zone == NULL || key == NULL) {
            ctx->out.rc = PUPIL_FAILED;
            return;
        }

        ngx_cpystrn((u_char *) session->zone, (u_char *) zone,
                    sizeof(session->zone));
        pupil_csrf_make(key, session->token, session->csrf);
    }

    end = ngx_min(session->expires_at,
                  session->created_at
                  + ctx->conf->absolute * PUPIL_TIME_SECOND);

    pupil_writer_key(&ctx->out, "session");
    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "csrf_token");
    pupil_writer_string(&ctx->out, session->csrf, PUPIL_TOKEN_TEXT_LEN);
    pupil_writer_key(&ctx->out, "expires_at");
    pupil_writer_time(&ctx->out, end / PUPIL_TIME_SECOND * PUPIL_TIME_SECOND);
    pupil_writer_key(&ctx->out, "idle_timeout");
    pupil_writer_int64(&ctx->out, ctx->conf->idle);
    pupil_writer_key(&ctx->out, "time_zone");
    pupil_writer_cstr(&ctx->out, session->zone);
    pupil_writer_object_end(&ctx->out);
}


ngx_uint_t
ngx_http_pupil_role_active(ngx_http_pupil_ctx_t *ctx,
    const pupil_role_row_t *role)
{
    return pupil_uuid_compare(&role->institution, &ctx->session.institution)
           == 0
           && role->role.len == ctx->session.role.len
           && ngx_memcmp(role->role.data, ctx->session.role.data,
                         role->role.len) == 0;
}
