/*
 * Copyright (C) the Pupil authors
 *
 * The password fits: the session's row, the address it came from, the end of
 * the throttle's count and the audit record, in one statement.
 */

#include "core/endpoints/session.h"
#include "http/login/ngx_http_pupil_factor.h"
#include "http/login/ngx_http_pupil_oidc.h"


#define NGX_HTTP_PUPIL_LIMITED_LIFE  900           /* seconds */


/* What is made for the statement, beside the session. */
typedef struct {
    uint8_t       mac[PUPIL_MAC_LEN];    /* of the session's row */
    pupil_uuid_t  record;                /* of the address */
    pupil_str_t   address;               /* sealed; data NULL: none */

    ngx_http_pupil_hashed_t  renewed;    /* data NULL: none */
} ngx_http_pupil_made_t;


static void ngx_http_pupil_login_params(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const ngx_http_pupil_made_t *made);
static void ngx_http_pupil_login_there(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);
static ngx_int_t ngx_http_pupil_login_session(ngx_http_pupil_ctx_t *ctx,
    uint8_t mac[PUPIL_MAC_LEN]);
static void ngx_http_pupil_login_address(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *record, pupil_str_t *sealed);
static ngx_int_t ngx_http_pupil_login_renewed(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_made_t *made);
static ngx_int_t ngx_http_pupil_login_bound(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_place_t *place, ngx_uint_t found,
    ngx_http_pupil_hashed_t *made);
static ngx_int_t ngx_http_pupil_login_answer(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);


ngx_int_t
ngx_http_pupil_login_accept(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t              stmt, at;
    ngx_libpq_exchange_t   *ex;
    ngx_http_pupil_made_t   made;

    pupil_uuid_random(&made.record);
    ngx_http_pupil_login_address(ctx, &made.record, &made.address);
    stmt = ngx_http_pupil_login_renewed(ctx, &made) == NGX_OK
           ? PUPIL_LOGIN_RENEW : PUPIL_LOGIN_ACCEPT;

    /* From here on the request is the subject's. */
    if (ngx_http_pupil_login_session(ctx, made.mac) != NGX_OK) {
        return NGX_ERROR;
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_login_tells(ctx, PUPIL_LOGIN_FIND);

    at = ngx_http_pupil_add_stmt(ctx, ex, stmt);
    ngx_http_pupil_login_params(ctx, ex, &made);
    ngx_http_pupil_login_there(ctx, ex);
    ngx_http_pupil_login_noted(ctx, ex);

    return ngx_http_pupil_login_write(ctx, ex, at, stmt,
                                      ngx_http_pupil_login_accepted);
}


ngx_int_t
ngx_http_pupil_login_prove(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_proof_t *proof, ngx_http_pupil_step_pt resume)
{
    ngx_uint_t              stmt, at;
    pupil_floors_t         *own;
    ngx_libpq_exchange_t   *ex;
    ngx_http_pupil_made_t   made;

    own = &ctx->floors.own;

    pupil_uuid_random(&made.record);
    ngx_http_pupil_login_address(ctx, &made.record, &made.address);
    made.renewed.hash = proof->hash;
    made.renewed.facts = proof->facts;
    stmt = proof->hash.data != NULL ? PUPIL_LOGIN_ENROL : PUPIL_LOGIN_PROVE;

    if (ngx_http_pupil_login_session(ctx, made.mac) != NGX_OK) {
        return NGX_ERROR;
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_login_tells(ctx, PUPIL_LOGIN_AGAIN);

    at = ngx_http_pupil_add_stmt(ctx, ex, stmt);
    ngx_http_pupil_login_params(ctx, ex, &made);
    ngx_http_pupil_param_bytea(ex, &proof->factor);

    if (own->session != 0) {
        ngx_libpq_param_int4(ex, (int32_t) own->session);
        ngx_libpq_param_int4(ex, (int32_t) own->credential);

    } else {
        ngx_libpq_param_null(ex);
        ngx_libpq_param_null(ex);
    }

    ngx_http_pupil_login_noted(ctx, ex);

    return ngx_http_pupil_login_write(ctx, ex, at, stmt, resume);
}


/* As core/endpoints/login.h tells them. */
static void
ngx_http_pupil_login_params(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const ngx_http_pupil_made_t *made)
{
    ngx_http_pupil_login_t    *login;
    ngx_http_pupil_session_t  *session;

    login = ctx->data;
    session = &ctx->session;

    ngx_libpq_param_bytea(ex, session->hash, 32);
    ngx_libpq_param_timestamptz(ex, session->created_at);
    ngx_libpq_param_timestamptz(ex, session->expires_at);
    ngx_libpq_param_bytea(ex, made->mac, pupil_mac_len(made->mac));

    ngx_http_pupil_login_buckets(ctx, ex);
    ngx_libpq_param_uuid(ex, made->record.b);
    ngx_http_pupil_param_bytea(ex, &made->address);
    ngx_libpq_param_int4(ex, (int32_t) login->owner.version);
    ngx_libpq_param_bytea(ex, login->subject_mac.data, login->subject_mac.len);
    ngx_libpq_param_timestamptz(ex, login->changed_at);
    ngx_http_pupil_param_bytea(ex, &made->renewed.hash);
    ngx_http_pupil_param_bytea(ex, &login->facts);
    ngx_http_pupil_param_bytea(ex, &made->renewed.facts);
    ngx_http_pupil_session_params(ex, session);
    ngx_libpq_param_timestamptz(ex, session->proved_at);
}


/* By what names a provider may say meanwhile that it is over. */
static void
ngx_http_pupil_login_there(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex)
{
    ngx_uint_t              n;
    pupil_str_t             names[2];
    ngx_http_pupil_oidc_t  *oidc;

    oidc = ngx_http_pupil_oidc_of(ctx);
    n = 0;

    if (oidc != NULL && oidc->there.session.data != NULL) {
        names[n++] = oidc->there.session;
    }

    if (oidc != NULL && oidc->there.subject.data != NULL) {
        names[n++] = oidc->there.subject;
    }

    ngx_http_pupil_param_bytea_array(ex, names, n);
    ngx_libpq_param_timestamptz(ex, oidc != NULL
                                    ? oidc->flow.begun * PUPIL_TIME_SECOND
                                    : ctx->now);
}


void
ngx_http_pupil_login_noted(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex)
{
    const pupil_str_t  *note;

    note = &((ngx_http_pupil_login_t *) ctx->data)->note;

    if (note->len != 0) {
        ngx_libpq_param_text(ex, note->data, note->len);

    } else {
        ngx_libpq_param_null(ex);
    }
}


static ngx_int_t
ngx_http_pupil_login_session(ngx_http_pupil_ctx_t *ctx,
    uint8_t mac[PUPIL_MAC_LEN])
{
    ngx_http_pupil_login_t    *login;
    ngx_http_pupil_session_t  *session;

    login = ctx->data;
    session = &ctx->session;

    session->subject = login->owner.id;
    session->role = login->role;
    session->institution = login->institution;
    session->created_at = ctx->now;
    session->seen_at = ctx->now;
    session->proved_at = login->oidc == NULL
                         ? 0 : ngx_min(login->oidc->proved_at, ctx->now);
    session->expires_at = ctx->now + ctx->conf->absolute * PUPIL_TIME_SECOND;
    session->number = ngx_max(ctx->floors.are.session,
                              ctx->floors.own.session);

    session->second = login->factor != NULL || login->oidc != NULL;

    if (login->oidc != NULL) {
        ngx_http_pupil_session_of(session->provider_session,
                                  login->oidc->there.session);
        ngx_http_pupil_session_of(session->provider_subject,
                                  login->oidc->there.subject);
    }

    if (login->oidc == NULL && login->stored.first) {
        session->limited = 1;
        session->expires_at = ngx_min(session->expires_at, ctx->now
                                      + NGX_HTTP_PUPIL_LIMITED_LIFE
                                        * PUPIL_TIME_SECOND);
    }

    if (ngx_http_pupil_session_make(ctx, session, login->text, mac) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->has_session = 1;

    return NGX_OK;
}


/* Sealed under the subject's key; nothing when the policy denies it. */
static void
ngx_http_pupil_login_address(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *record, pupil_str_t *sealed)
{
    ngx_str_t                *addr;
    pupil_str_t               text, value;
    pupil_fault_t             fault;
    ngx_http_pupil_stmt_t    *stmt;
    ngx_http_pupil_login_t   *login;
    ngx_http_pupil_place_t    place;
    const pupil_statement_t  *st;

    login = ctx->data;
    stmt = ngx_http_pupil_stmt(ctx, PUPIL_LOGIN_ACCEPT);
    st = &stmt->statement;
    addr = &ctx->request->connection->addr_text;

    ngx_memzero(sealed, sizeof(pupil_str_t));

    if (!st->granted[PUPIL_LA_WANT_ADDRESS] || ctx->network[0] == '\0') {
        return;
    }

    text.data = addr->data;
    text.len = addr->len;

    place.category = "network";
    place.field = "address";
    place.owner = &login->owner;
    place.record = record;

    if (pupil_value_accept_text(st->category[PUPIL_LA_WANT_ADDRESS],
                                (uint32_t) st->field[PUPIL_LA_WANT_ADDRESS],
                                text, &ctx->alloc, &value, &fault)
        != PUPIL_OK
        || ngx_http_pupil_seal(ctx, &place, value, sealed) != PUPIL_OK)
    {
        ngx_memzero(sealed, sizeof(pupil_str_t));
        ctx->keys.missing_count = 0;
    }
}


/* The hash at the cost in force; NGX_DECLINED: none is to be stored. */
static ngx_int_t
ngx_http_pupil_login_renewed(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_made_t *made)
{
    ngx_http_pupil_stmt_t   *stmt;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    stmt = ngx_http_pupil_stmt(ctx, PUPIL_LOGIN_RENEW);

    ngx_memzero(&made->renewed, sizeof(ngx_http_pupil_hashed_t));

    if (login->renewed[0] == '\0'
        || !stmt->statement.granted[PUPIL_LA_WANT_RENEWED_HASH])
    {
        return NGX_DECLINED;
    }

    login->stored.number = ctx->floors.are.credential;

    return ngx_http_pupil_login_seal(ctx, PUPIL_LOGIN_FIND, &login->stored,
                                     &made->renewed);
}


ngx_int_t
ngx_http_pupil_login_seal(ngx_http_pupil_ctx_t *ctx, ngx_uint_t found,
    const pupil_password_stored_t *beside, ngx_http_pupil_hashed_t *made)
{
    char                      stored[PUPIL_PASSWORD_STORED_LEN];
    pupil_rc_t                rc;
    pupil_str_t               value;
    ngx_http_pupil_login_t   *login;
    ngx_http_pupil_place_t    place;
    pupil_password_stored_t   fresh;

    login = ctx->data;

    fresh = *beside;
    fresh.hash.data = login->renewed;
    fresh.hash.len = ngx_strlen(login->renewed);
    value.data = (uint8_t *) stored;
    value.len = pupil_password_write(&fresh, stored);

    place.category = "credential";
    place.field = "password_hash";
    place.owner = &login->owner;
    place.record = &login->owner.id;

    rc = ngx_http_pupil_seal(ctx, &place, value, &made->hash);

    if (rc == PUPIL_OK
        && ngx_http_pupil_login_bound(ctx, &place, found, made) != NGX_OK)
    {
        rc = PUPIL_FAILED;
    }

    if (rc != PUPIL_OK) {
        ngx_memzero(made, sizeof(ngx_http_pupil_hashed_t));
    }

    ngx_explicit_memzero(stored, sizeof(stored));
    ngx_memzero(login->renewed, sizeof(login->renewed));
    ctx->keys.missing_count = 0;

    return rc == PUPIL_OK ? NGX_OK : NGX_DECLINED;
}


/* The facts of the credential that was found, with that hash. */
static ngx_int_t
ngx_http_pupil_login_bound(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_place_t *place, ngx_uint_t found,
    ngx_http_pupil_hashed_t *made)
{
    pupil_bound_row_t        bound;
    ngx_http_pupil_row_t     row;
    const pupil_category_t  *category;

    ngx_http_pupil_login_credential(ctx, found, &row);

    category = row.stmt->statement.bound;

    ngx_http_pupil_facts_row(&row, &bound);
    ngx_http_pupil_facts_sealed(category, place->field, made->hash, &bound);

    return ngx_http_pupil_facts_make(ctx, category, place, &bound,
                                     &made->facts);
}


ngx_int_t
ngx_http_pupil_login_accepted(ngx_http_pupil_ctx_t *ctx)
{
    int64_t                  made;
    PGresult                *res;
    ngx_int_t                rc;
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "session written");

    login = ctx->data;
    res = ctx->exchange->results[0];

    if (ngx_libpq_get_int8(res, 0, PUPIL_LA_MADE, &made) != NGX_OK) {
        return NGX_ERROR;
    }

    if (made != 1) {                 /* locked, erased ... while we hashed */
        login->conf->failures++;
        ctx->has_session = 0;
        ctx->audit.due = 1 << 1;     /* the choice that is refused */

        return login->oidc == NULL
               ? ngx_http_pupil_problem(ctx,
                                        NGX_HTTP_PUPIL_INVALID_CREDENTIALS)
               : ngx_http_pupil_oidc_failed(ctx, NGX_HTTP_PUPIL_LOGIN_DENIED);
    }

    if (login->oidc != NULL && !login->oidc->plain) {
        rc = ngx_http_pupil_oidc_welcome(ctx);

    } else {
        rc = ngx_http_pupil_login_answer(ctx, res);
    }

    if (rc != NGX_OK || ctx->keys.missing_count != 0) {
        return rc;
    }

    ngx_http_pupil_zone_put(ctx, &ctx->session, ctx->read_at);

    if (ngx_http_pupil_session_cookie(ctx, login->text, sizeof(login->text))
        != NGX_OK
        || ngx_http_pupil_login_device_keep(ctx) != NGX_OK
        || ngx_http_pupil_login_keep(ctx) != NGX_OK
        || (login->factor != NULL
            && ngx_http_pupil_ticket_end(ctx) != NGX_OK))
    {
        return NGX_ERROR;
    }

    ngx_http_pupil_login_index(ctx);

    return ngx_http_pupil_login_leave(ctx);
}


static ngx_int_t
ngx_http_pupil_login_answer(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    pupil_writer_t          *out;
    ngx_http_pupil_row_t     row;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    out = &ctx->out;

    pupil_writer_object_begin(out);
    pupil_writer_key(out, "status");
    pupil_writer_cstr(out, ctx->session.limited ? "password_change_required"
                                                : "ok");
    pupil_writer_key(out, "user");
    pupil_writer_object_begin(out);
    pupil_writer_key(out, "id");
    pupil_writer_uuid(out, &ctx->session.subject);
    pupil_writer_key(out, "role");
    pupil_writer_str(out, &ctx->session.role);

    row.stmt = ngx_http_pupil_stmt(ctx, login->factor != NULL
                                        ? PUPIL_LOGIN_PROVE
                                        : PUPIL_LOGIN_ACCEPT);
    row.res = res;
    row.n = 0;
    row.owner = &login->owner;

    ngx_http_pupil_display_name(ctx, &row, PUPIL_LA_WANT_GIVEN_NAME,
                                PUPIL_LA_WANT_FAMILY_NAME);
    pupil_writer_object_end(out);
    ngx_http_pupil_session_write(ctx);

    if (login->factor != NULL) {
        ngx_http_pupil_factor_recovery(ctx);
    }

    pupil_writer_object_end(out);

    return NGX_OK;
}
