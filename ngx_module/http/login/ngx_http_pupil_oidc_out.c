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


#define NGX_HTTP_PUPIL_OUT_ALIKE  6        /* bytes before a UUID's version */


static ngx_int_t ngx_http_pupil_oidc_out_keys(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_out_verified(ngx_http_pupil_ctx_t *ctx,
    pupil_rc_t rc, pupil_str_t payload, const char *why);
static pupil_rc_t ngx_http_pupil_oidc_out_claims(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t payload, const char **why);
static ngx_int_t ngx_http_pupil_oidc_out_find(ngx_http_pupil_ctx_t *ctx);
static void ngx_http_pupil_oidc_out_mark(ngx_http_pupil_ctx_t *ctx,
    pupil_uuid_t *revocation);
static ngx_int_t ngx_http_pupil_oidc_out_found(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_out_finish(ngx_http_pupil_ctx_t *ctx,
    PGresult *rows);
static ngx_int_t ngx_http_pupil_oidc_out_read(ngx_http_pupil_ctx_t *ctx,
    PGresult *rows);
static ngx_uint_t ngx_http_pupil_oidc_out_meant(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_session_t *session);
static ngx_uint_t ngx_http_pupil_oidc_out_is(
    const uint8_t hash[PUPIL_HASH_LEN], pupil_str_t named);
static ngx_int_t ngx_http_pupil_oidc_out_next(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_out_end(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t n);
static ngx_int_t ngx_http_pupil_oidc_out_ended(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_out_done(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_out_entered(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_out_home(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_out_spend(ngx_http_pupil_ctx_t *ctx,
    const pupil_str_t *bucket, const ngx_str_t *note);
static ngx_int_t ngx_http_pupil_oidc_out_note(ngx_http_pupil_ctx_t *ctx,
    ngx_str_t *note);
static void ngx_http_pupil_oidc_out_record(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t at, ngx_uint_t stmt,
    const pupil_uuid_t *subject, const ngx_str_t *note);
static ngx_int_t ngx_http_pupil_oidc_out_spent(ngx_http_pupil_ctx_t *ctx);


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

    if (rc == NGX_OK && ctx->conf->tenants != NULL) {
        rc = ngx_http_pupil_oidc_at_home(ctx);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    oidc = ngx_http_pupil_oidc_of(ctx);
    oidc->by_provider = 1;
    oidc->plain = 1;
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


/*
 * One transaction: of a log-in that is under way either the session is found,
 * or what is heard here is met by it.  And what this token has ended before,
 * while the key store did not hear.
 */
static ngx_int_t
ngx_http_pupil_oidc_out_find(ngx_http_pupil_ctx_t *ctx)
{
    pupil_uuid_t                   first, last;
    ngx_libpq_exchange_t          *ex;
    const ngx_http_pupil_there_t  *there;

    there = &ngx_http_pupil_oidc_of(ctx)->there;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_memset(&first, 0x00, sizeof(pupil_uuid_t));
    ngx_memset(&last, 0xff, sizeof(pupil_uuid_t));
    ngx_http_pupil_oidc_out_mark(ctx, &first);
    ngx_http_pupil_oidc_out_mark(ctx, &last);

    (void) ngx_http_pupil_add_session_stmt(ctx, ex, PUPIL_SESSION_HEAR);
    ngx_http_pupil_param_bytea(ex, there->session.data != NULL
                                   ? &there->session : &there->subject);
    ngx_libpq_param_timestamptz(ex, ctx->now);
    ngx_http_pupil_param_bytea(ex, &there->token);

    (void) ngx_http_pupil_add_session_stmt(ctx, ex, PUPIL_SESSION_THERE);
    ngx_http_pupil_param_bytea(ex, &there->session);
    ngx_http_pupil_param_bytea(ex, &there->subject);
    ngx_http_pupil_param_bytea(ex, &there->token);

    (void) ngx_http_pupil_add_session_stmt(ctx, ex, PUPIL_SESSION_OPEN_THERE);
    ngx_libpq_param_uuid(ex, first.b);
    ngx_libpq_param_uuid(ex, last.b);

    ctx->resume = ngx_http_pupil_oidc_out_found;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


/*
 * Revocations by one token begin alike, so that it finds them when it is sent
 * again.  Of another that begins so by chance the key store is told, too.
 */
static void
ngx_http_pupil_oidc_out_mark(ngx_http_pupil_ctx_t *ctx,
    pupil_uuid_t *revocation)
{
    ngx_memcpy(revocation->b, ngx_http_pupil_oidc_of(ctx)->there.token.data,
               NGX_HTTP_PUPIL_OUT_ALIKE);
}


static ngx_int_t
ngx_http_pupil_oidc_out_found(ngx_http_pupil_ctx_t *ctx)
{
    PGresult    *rows, *open;
    ngx_uint_t   used;

    ngx_http_pupil_debug(ctx, "sessions looked up");

    rows = ctx->exchange->results[1];
    open = ctx->exchange->results[2];

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

    return PQgetisnull(open, 0, PUPIL_SR_REVOCATION)
           ? ngx_http_pupil_oidc_out_next(ctx)
           : ngx_http_pupil_oidc_out_finish(ctx, open);
}


/* Their rows are gone: until when they would have lived is not believed. */
static ngx_int_t
ngx_http_pupil_oidc_out_finish(ngx_http_pupil_ctx_t *ctx, PGresult *rows)
{
    ngx_uint_t                 i, n;
    pupil_str_t                hash;
    ngx_http_pupil_session_t  *session;

    n = (ngx_uint_t) PQntuples(rows);

    session = ngx_pcalloc(ctx->request->pool,
                          n * sizeof(ngx_http_pupil_session_t));

    if (session == NULL
        || ngx_http_pupil_ending_begin(ctx, n, ngx_http_pupil_oidc_out_next)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        if (ngx_http_pupil_get_bytea(rows, i, PUPIL_SR_TOKEN_HASH, &hash)
            != NGX_OK
            || hash.len != sizeof(session[i].hash))
        {
            return NGX_ERROR;
        }

        ngx_memcpy(session[i].hash, hash.data, hash.len);
        session[i].expires_at = ctx->now
                                + ctx->conf->absolute * PUPIL_TIME_SECOND;
        ngx_http_pupil_ending_add(ctx, &session[i]);

        if (ngx_libpq_get_uuid(rows, i, PUPIL_SR_REVOCATION,
                               ctx->ending.revocations[i].b) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    ngx_http_pupil_oidc_of(ctx)->out.some = 1;

    return ngx_http_pupil_sessions_gone(ctx);
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
    out->n = 0;
    out->at = 0;

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
            == NGX_OK
            && ngx_http_pupil_oidc_out_meant(ctx, session))
        {
            out->n++;

        } else {
            out->whole = 0;
        }
    }

    return NGX_OK;
}


/* Of whom the token names, by its MAC (invariant I20). */
static ngx_uint_t
ngx_http_pupil_oidc_out_meant(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_session_t *session)
{
    const ngx_http_pupil_there_t  *there;

    there = &ngx_http_pupil_oidc_of(ctx)->there;

    if (ngx_http_pupil_oidc_out_is(session->provider_session, there->session)
        && ngx_http_pupil_oidc_out_is(session->provider_subject,
                                      there->subject))
    {
        return 1;
    }

    ngx_http_pupil_tampered(ctx, "pupil.session", NULL, &session->subject,
                            "it is another's");

    return 0;
}


static ngx_uint_t
ngx_http_pupil_oidc_out_is(const uint8_t hash[PUPIL_HASH_LEN],
    pupil_str_t named)
{
    return named.data == NULL
           || ngx_memcmp(hash, named.data, PUPIL_HASH_LEN) == 0;
}


/*
 * All of one person at a time, as a record is about one, until none is found:
 * whoever takes another role or password meanwhile has another row.  Only then
 * the token counts as used: whoever is interrupted may send it again.
 */
static ngx_int_t
ngx_http_pupil_oidc_out_next(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t             n;
    ngx_http_pupil_out_t  *out;

    out = &ngx_http_pupil_oidc_of(ctx)->out;

    if (out->n == 0) {
        return ngx_http_pupil_oidc_out_done(ctx);
    }

    if (out->at == out->n) {
        return ngx_http_pupil_oidc_out_find(ctx);
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
    ngx_str_t                  note;
    ngx_uint_t                 i, at;
    ngx_libpq_exchange_t      *ex;
    ngx_http_pupil_out_t      *out;
    ngx_http_pupil_ending_t   *ending;
    ngx_http_pupil_session_t  *session;

    out = &ngx_http_pupil_oidc_of(ctx)->out;
    session = &out->list[out->at];
    ending = &ctx->ending;

    ex = ngx_http_pupil_exchange(ctx);

    if (ex == NULL
        || ngx_http_pupil_oidc_out_note(ctx, &note) != NGX_OK
        || ngx_http_pupil_ending_begin(ctx, n, ngx_http_pupil_oidc_out_next)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        ngx_http_pupil_ending_add(ctx, &session[i]);
        ngx_http_pupil_oidc_out_mark(ctx, &ending->revocations[i]);
    }

    out->at += n;

    at = ngx_http_pupil_add_session_stmt(ctx, ex, PUPIL_SESSION_END_THERE);
    ngx_http_pupil_param_bytea_array(ex, ending->hashes, n);
    ngx_libpq_param_uuid_array(ex, ending->revocations, n);
    ngx_libpq_param_uuid_array(ex, &session->subject, 1);

    ngx_http_pupil_oidc_out_record(ctx, ex, at, PUPIL_SESSION_END_THERE,
                                   &session->subject, &note);

    ctx->resume = ngx_http_pupil_oidc_out_ended;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


static ngx_int_t
ngx_http_pupil_oidc_out_ended(ngx_http_pupil_ctx_t *ctx)
{
    int32_t  recorded;

    if (ngx_libpq_get_int4(ctx->exchange->results[0], 0, PUPIL_RECORDED,
                           &recorded) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_pupil_oidc_of(ctx)->out.some |= recorded != 0;

    return ngx_http_pupil_sessions_gone(ctx);
}


/*
 * Of this tenant none is left.  Nobody says of which somebody is: all that
 * share the address are looked at, each by a name of its own.  Beside a row in
 * doubt nobody is told that all have ended (invariant I20); of several tenants
 * that one comes last again, as what is found is recorded there.
 */
static ngx_int_t
ngx_http_pupil_oidc_out_done(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_out_t   *out;
    ngx_http_pupil_oidc_t  *oidc;
    pupil_login_tenant_t   *tenant;

    oidc = ngx_http_pupil_oidc_of(ctx);
    out = &oidc->out;

    if (!out->whole && (ctx->conf->tenants == NULL || out->last)) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_INTEGRITY);
    }

    if (ctx->conf->tenants == NULL) {
        return ngx_http_pupil_oidc_out_home(ctx);
    }

    if (!out->whole) {
        out->doubt = 1;
        out->doubtful = ctx->tenant;
        ngx_http_pupil_tampered_forget(ctx);
    }

    while (out->tenants < ctx->conf->tenants->nelts) {
        tenant = ctx->conf->tenants->elts;
        tenant += out->tenants++;

        if (pupil_uuid_compare(&tenant->id, &oidc->home) != 0) {
            return ngx_http_pupil_tenant_enter(ctx, &tenant->id,
                                            ngx_http_pupil_oidc_out_entered);
        }
    }

    if (out->doubt && !out->last) {
        out->last = 1;
        return ngx_http_pupil_tenant_enter(ctx, &out->doubtful,
                                           ngx_http_pupil_oidc_out_entered);
    }

    return ngx_http_pupil_tenant_enter(ctx, &oidc->home,
                                       ngx_http_pupil_oidc_out_home);
}


static ngx_int_t
ngx_http_pupil_oidc_out_entered(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_oidc_names(ctx) == NGX_OK
           ? ngx_http_pupil_oidc_out_find(ctx) : NGX_ERROR;
}


/* The token is used; on record, if nobody was there whose record says so. */
static ngx_int_t
ngx_http_pupil_oidc_out_home(ngx_http_pupil_ctx_t *ctx)
{
    ngx_str_t               note;
    ngx_http_pupil_oidc_t  *oidc;

    oidc = ngx_http_pupil_oidc_of(ctx);

    return ngx_http_pupil_oidc_names(ctx) == NGX_OK
           && ngx_http_pupil_oidc_out_note(ctx, &note) == NGX_OK
           ? ngx_http_pupil_oidc_out_spend(ctx, &oidc->there.token,
                                           oidc->out.some ? NULL : &note)
           : NGX_ERROR;
}


/* The token counts no more, by its bucket; note NULL: there is no record. */
static ngx_int_t
ngx_http_pupil_oidc_out_spend(ngx_http_pupil_ctx_t *ctx,
    const pupil_str_t *bucket, const ngx_str_t *note)
{
    ngx_uint_t             at;
    ngx_libpq_exchange_t  *ex;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    at = ngx_http_pupil_add_session_stmt(ctx, ex, PUPIL_SESSION_SPEND);
    ngx_http_pupil_param_bytea_array(ex, bucket, 1);
    ngx_libpq_param_uuid_array(ex, NULL, 0);

    ngx_http_pupil_oidc_out_record(ctx, ex, at, PUPIL_SESSION_SPEND, NULL,
                                   note);
    ctx->resume = ngx_http_pupil_oidc_out_spent;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


static ngx_int_t
ngx_http_pupil_oidc_out_note(ngx_http_pupil_ctx_t *ctx, ngx_str_t *note)
{
    u_char       *p;
    pupil_str_t   name;

    name = ngx_http_pupil_oidc_of(ctx)->provider->client.name;

    p = ngx_http_pupil_alloc(ctx, sizeof(PUPIL_SESSION_NOTE_THERE) + name.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    note->data = p;
    p = ngx_cpymem(p, PUPIL_SESSION_NOTE_THERE,
                   sizeof(PUPIL_SESSION_NOTE_THERE) - 1);
    p = ngx_cpymem(p, name.data, name.len);
    note->len = p - note->data;

    return NGX_OK;
}


/* The parameters from the note on; note NULL: there is no record. */
static void
ngx_http_pupil_oidc_out_record(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t at, ngx_uint_t stmt,
    const pupil_uuid_t *subject, const ngx_str_t *note)
{
    ngx_http_pupil_writing_t  what;

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = subject != NULL ? pupil_audit_allowed
                                   : pupil_session_nobody;
    what.n = 1;
    what.numbers = 1;
    what.subject = subject;

    if (note != NULL) {
        what.note.data = note->data;
        what.note.len = note->len;
        ngx_libpq_param_text(ex, note->data, note->len);

    } else {
        ngx_libpq_param_null(ex);
    }

    ngx_http_pupil_audit_write(ctx, ex, at,
                               ngx_http_pupil_session_stmt(ctx, stmt), &what);
    ctx->audit.due = note != NULL;
}


static ngx_int_t
ngx_http_pupil_oidc_out_spent(ngx_http_pupil_ctx_t *ctx)
{
    int64_t  spent;

    ngx_http_pupil_debug(ctx, "the token is used");

    if (ngx_libpq_get_int8(ctx->exchange->results[0], 0, PUPIL_SP_SPENT,
                           &spent) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (spent != 1) {                       /* by somebody else, meanwhile */
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_LOGOUT_TOKEN);
    }

    ctx->response.status = NGX_HTTP_OK;

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "status");
    pupil_writer_cstr(&ctx->out, "logged out");
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}
