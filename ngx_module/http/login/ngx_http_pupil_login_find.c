/*
 * Copyright (C) the Pupil authors
 *
 * Who wants to log in: index terms of the identifier, and what the database
 * has of the account.
 */

#include <sodium.h>

#include "core/endpoints/directive.h"
#include "core/plugin/fold.h"
#include "http/login/ngx_http_pupil_login.h"


/* What an identifier may be, and where its terms go. */
typedef struct {
    pupil_str_t   category, field;
    const char   *key;
    ngx_uint_t    want;             /* of PUPIL_LOGIN_FIND: what is in force */
} ngx_http_pupil_indexed_t;


static ngx_int_t ngx_http_pupil_login_term(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_indexed_t *indexed, pupil_str_t sent,
    uint8_t (*terms)[PUPIL_TERM_LEN], pupil_str_t *plain);
static ngx_int_t ngx_http_pupil_login_row(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, pupil_uuid_t *owner);
static ngx_int_t ngx_http_pupil_login_again_found(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_again_floors(ngx_http_pupil_ctx_t *ctx);
static const ngx_http_pupil_indexed_t *ngx_http_pupil_login_by(ngx_uint_t by);
static void ngx_http_pupil_login_asked(ngx_http_pupil_login_t *login,
    ngx_uint_t by, pupil_index_row_t *asked);
static void ngx_http_pupil_login_indexed(ngx_libpq_exchange_t *ex);
static ngx_uint_t ngx_http_pupil_login_role(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);
static ngx_uint_t ngx_http_pupil_login_better(const pupil_role_row_t *a,
    const pupil_role_row_t *b);


static const ngx_http_pupil_indexed_t  ngx_http_pupil_login_id = {
    .category = pupil_str("credential"),
    .field = pupil_str("login_id"),
    .key = "index:credential.login_id",
    .want = PUPIL_LF_WANT_LOGIN_ID
};

static const ngx_http_pupil_indexed_t  ngx_http_pupil_login_email = {
    .category = pupil_str("contact"),
    .field = pupil_str("email"),
    .key = "index:contact.email",
    .want = PUPIL_LF_WANT_EMAIL
};

static const ngx_http_pupil_indexed_t  ngx_http_pupil_login_external = {
    .category = pupil_str("credential"),
    .field = pupil_str("external_id"),
    .key = "index:credential.external_id",
    .want = PUPIL_LF_WANT_EXTERNAL_ID
};


ngx_int_t
ngx_http_pupil_login_terms(ngx_http_pupil_ctx_t *ctx)
{
    pupil_str_t              sent, login_plain, email_plain;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    sent = login->input.identifier;

    if (ngx_http_pupil_login_term(ctx, &ngx_http_pupil_login_id, sent,
                                  &login->terms[PUPIL_LOGIN_ID_BEFORE],
                                  &login_plain) != NGX_OK
        || ngx_http_pupil_login_term(ctx, &ngx_http_pupil_login_email, sent,
                                     &login->terms[PUPIL_LOGIN_EMAIL_BEFORE],
                                     &email_plain) != NGX_OK)
    {
        return NGX_ERROR;
    }

    randombytes_buf(login->terms[PUPIL_LOGIN_EXTERNAL], PUPIL_TERM_LEN);

    return ngx_http_pupil_login_throttle(ctx, login_plain, email_plain);
}


/* The terms of an address are of nobody. */
ngx_int_t
ngx_http_pupil_login_terms_of(ngx_http_pupil_ctx_t *ctx, pupil_str_t name)
{
    uint8_t                  external[2][PUPIL_TERM_LEN];
    pupil_str_t              plain;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    if (ngx_http_pupil_login_term(ctx, &ngx_http_pupil_login_external, name,
                                  external, &plain) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(login->terms[PUPIL_LOGIN_EXTERNAL], external[1],
               PUPIL_TERM_LEN);
    randombytes_buf(login->terms[PUPIL_LOGIN_EMAIL_BEFORE], PUPIL_TERM_LEN);
    randombytes_buf(login->terms[PUPIL_LOGIN_EMAIL], PUPIL_TERM_LEN);

    return ngx_http_pupil_login_term(ctx, &ngx_http_pupil_login_id, name,
                                     &login->terms[PUPIL_LOGIN_ID_BEFORE],
                                     &plain);
}


ngx_int_t
ngx_http_pupil_login_plain(ngx_http_pupil_ctx_t *ctx, pupil_str_t name,
    pupil_str_t *plain)
{
    uint8_t  terms[2][PUPIL_TERM_LEN];

    return ngx_http_pupil_login_term(ctx, &ngx_http_pupil_login_email, name,
                                     terms, plain);
}


ngx_int_t
ngx_http_pupil_login_find(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt found)
{
    ngx_uint_t               i;
    ngx_libpq_exchange_t    *ex;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_FIND);

    for (i = 0; i < PUPIL_LOGIN_TERMS; i++) {
        ngx_libpq_param_bytea(ex, login->terms[i], PUPIL_TERM_LEN);
    }

    ctx->resume = found;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


ngx_int_t
ngx_http_pupil_login_again(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t    *ex;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_AGAIN);
    ngx_libpq_param_uuid(ex, login->owner.id.b);

    ctx->resume = ngx_http_pupil_login_again_found;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


/* The key store is asked before any row of this person is believed. */
static ngx_int_t
ngx_http_pupil_login_again_found(ngx_http_pupil_ctx_t *ctx)
{
    pupil_uuid_t             account;
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "account looked up");

    login = ctx->data;
    login->found = ctx->exchange;
    ctx->read_at = ngx_current_msec;

    account = login->owner.id;
    login->has_owner = ngx_http_pupil_owner(ctx, login->found->results[0], 0,
                                            PUPIL_LF_OWNER, &account,
                                            &login->owner)
                       == NGX_OK;
    login->known = login->has_owner;
    login->owner.id = account;

    return ngx_http_pupil_floors_fetch(ctx, &login->owner.id, NULL,
                                       ngx_http_pupil_login_again_floors);
}


/* The key is fetched, whether or not it is cached: it may have been dropped. */
static ngx_int_t
ngx_http_pupil_login_again_floors(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "floors known");

    login = ctx->data;

    ngx_http_pupil_login_account(ctx);

    if (!login->eligible) {
        return ngx_http_pupil_login_refuse(ctx);
    }

    if (ngx_http_pupil_keys_missing(ctx, &login->owner.id) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_keys_owners(ctx, login->opened);
}


/*
 * The two terms of what is sent, of before and of today.  plain: as it is
 * compared; as sent when the category is not there or refuses it, and then
 * nothing is found.
 */
static ngx_int_t
ngx_http_pupil_login_term(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_indexed_t *indexed, pupil_str_t sent,
    uint8_t (*terms)[PUPIL_TERM_LEN], pupil_str_t *plain)
{
    int32_t             c, f;
    pupil_str_t         before;
    const pupil_key_t  *key;
    pupil_category_t   *category;

    c = pupil_policy_category(&ctx->conf->serves.policy, indexed->category);
    category = c < 0 ? NULL : ctx->conf->serves.policy.categories[c];
    f = c < 0 ? -1 : pupil_category_field(category, indexed->field);

    if (f < 0
        || pupil_value_term_before(category, (uint32_t) f, sent, &ctx->alloc,
                                   &before) != PUPIL_OK
        || pupil_fold(before, &ctx->alloc, plain) != PUPIL_OK)
    {
        before = sent;
        *plain = sent;
    }

    key = ngx_http_pupil_key(ctx, indexed->key);
    if (key == NULL) {
        key = ngx_http_pupil_key(ctx, "token");        /* finds nothing */
    }

    if (key == NULL) {
        return NGX_ERROR;
    }

    pupil_blind_term(key, before, terms[0]);
    pupil_blind_term(key, *plain, terms[1]);

    return NGX_OK;
}


/* The key store is asked before any row of this person is believed. */
ngx_int_t
ngx_http_pupil_login_own(ngx_http_pupil_ctx_t *ctx, ngx_uint_t col,
    ngx_http_pupil_step_pt next)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    login->found = ctx->exchange;

    if (ngx_http_pupil_owner(ctx, login->found->results[0], 0, col,
                             &ctx->session.subject, &login->owner) != NGX_OK)
    {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NO_SESSION);
    }

    login->known = 1;

    return ngx_http_pupil_floors_fetch(ctx, &ctx->session.subject,
                                       ctx->session.hash, next);
}


/* The account, or the decoy: everybody is somebody. */
void
ngx_http_pupil_login_whom(ngx_http_pupil_ctx_t *ctx)
{
    PGresult                *res;
    pupil_uuid_t             account;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    res = login->found->results[0];

    login->known = ngx_http_pupil_login_row(ctx, res, &account) == NGX_OK;

    /* the decoy's, where nobody is found, and no other's */
    if (!login->known
        && ngx_libpq_get_uuid(res, 0, PUPIL_LF_INDEX + PUPIL_CI_OWNER,
                              account.b) != NGX_OK
        && ngx_libpq_get_uuid(res, 0, PUPIL_LF_DECOY, account.b) != NGX_OK)
    {
        pupil_uuid_random(&account);
    }

    login->has_owner = ngx_http_pupil_owner(ctx, res, 0, PUPIL_LF_OWNER,
                                            &account, &login->owner)
                       == NGX_OK;
    login->owner.id = account;
    login->known = login->known && login->has_owner;
}


/*
 * Whatever is wrong makes the account not eligible, and changes nothing in
 * what is done next.
 */
void
ngx_http_pupil_login_account(ngx_http_pupil_ctx_t *ctx)
{
    PGresult                *res;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    res = login->found->results[0];

    login->eligible = login->known
                      && login->owner.state == PUPIL_OWNER_STATE_ACTIVE
                      && ctx->floors.owner == PUPIL_OWNER_STATE_ACTIVE
                      && ngx_libpq_get_timestamptz(res, 0, PUPIL_LF_CHANGED_AT,
                                                   &login->changed_at)
                         == NGX_OK
                      && ngx_http_pupil_login_active(ctx, PUPIL_LF_SUBJECT)
                      && ngx_http_pupil_login_role(ctx, res);
}


/* The blind index' row: believed when its MAC fits, for what was asked. */
static ngx_int_t
ngx_http_pupil_login_row(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    pupil_uuid_t *owner)
{
    uint8_t                  mac[PUPIL_MAC_LEN];
    ngx_uint_t               i, col;
    const char              *why;
    pupil_str_t              stored;
    const pupil_key_t       *key;
    pupil_index_row_t        row, asked[PUPIL_LOGIN_TERMS];
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    col = PUPIL_LF_INDEX;
    key = ngx_http_pupil_key(ctx, "mac");
    row.tenant = ctx->tenant;

    if (key == NULL
        || ngx_http_pupil_get_text(res, 0, col + PUPIL_CI_CATEGORY,
                                   &row.category) != NGX_OK
        || ngx_http_pupil_get_text(res, 0, col + PUPIL_CI_FIELD, &row.field)
           != NGX_OK
        || ngx_http_pupil_get_bytea(res, 0, col + PUPIL_CI_TERM, &row.term)
           != NGX_OK
        || ngx_libpq_get_uuid(res, 0, col + PUPIL_CI_OWNER, row.owner.b)
           != NGX_OK
        || ngx_libpq_get_uuid(res, 0, col + PUPIL_CI_RECORD, row.record.b)
           != NGX_OK
        || ngx_http_pupil_get_bytea(res, 0, col + PUPIL_CI_MAC, &stored)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    pupil_mac_index(key, &row, mac);

    why = "its MAC does not fit";

    for (i = 0; i < PUPIL_LOGIN_TERMS; i++) {
        ngx_http_pupil_login_asked(login, i, &asked[i]);
    }

    if (pupil_mac_check(mac, stored) != PUPIL_OK
        || pupil_expected_index(asked, PUPIL_LOGIN_TERMS, &row, &why)
           != PUPIL_OK)
    {
        ngx_http_pupil_tampered(ctx, "pupil.blind_index", &row.record,
                                &row.owner, why);
        return NGX_ERROR;
    }

    for (i = 0; pupil_expected_index(&asked[i], 1, &row, &why) != PUPIL_OK;
         i++)
    {
        /* void */
    }

    login->found_by = i;
    login->found_record = row.record;
    *owner = row.owner;

    return NGX_OK;
}


/*
 * One of the two terms: who is found by that of before may have one name with
 * that of today.  The decoy's name, too, is looked for: whoever is not found
 * costs as much (invariant I13).
 */
ngx_uint_t
ngx_http_pupil_login_named(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row)
{
    uint8_t                          terms[2][PUPIL_TERM_LEN];
    uint8_t                         *asked;
    pupil_rc_t                       rc;
    pupil_str_t                      value, plain;
    ngx_http_pupil_login_t          *login;
    const ngx_http_pupil_indexed_t  *indexed;

    login = ctx->data;
    asked = login->terms[login->found_by];
    indexed = ngx_http_pupil_login_by(login->found_by);

    rc = ngx_http_pupil_value(ctx, row, indexed->want, &value);

    if (rc == PUPIL_OK
        && ngx_http_pupil_login_term(ctx, indexed, value, terms, &plain)
           == NGX_OK
        && (ngx_memcmp(terms[0], asked, PUPIL_TERM_LEN) == 0
            || ngx_memcmp(terms[1], asked, PUPIL_TERM_LEN) == 0))
    {
        return 1;
    }

    if (login->known && row->stmt->statement.granted[indexed->want]
        && (rc == PUPIL_OK || rc == PUPIL_NOT_FOUND))
    {
        ngx_http_pupil_tampered(ctx, "pupil.blind_index", &login->found_record,
                                &login->owner.id,
                                "it is of a name from before");
    }

    return 0;
}


static const ngx_http_pupil_indexed_t *
ngx_http_pupil_login_by(ngx_uint_t by)
{
    return by <= PUPIL_LOGIN_ID    ? &ngx_http_pupil_login_id
         : by <= PUPIL_LOGIN_EMAIL ? &ngx_http_pupil_login_email
                                   : &ngx_http_pupil_login_external;
}


ngx_uint_t
ngx_http_pupil_login_want(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    return ngx_http_pupil_login_by(login->found_by)->want;
}


/* What a row by this term must be of. */
static void
ngx_http_pupil_login_asked(ngx_http_pupil_login_t *login, ngx_uint_t by,
    pupil_index_row_t *asked)
{
    const ngx_http_pupil_indexed_t  *indexed;

    indexed = ngx_http_pupil_login_by(by);

    ngx_memzero(asked, sizeof(pupil_index_row_t));
    asked->category = indexed->category;
    asked->field = indexed->field;
    asked->term.data = login->terms[by];
    asked->term.len = PUPIL_TERM_LEN;
}


/*
 * Waits for nothing: if it fails, the next log-in does it.  Without a record of
 * its own: nothing is shown, and the log-in has one.
 */
void
ngx_http_pupil_login_index(ngx_http_pupil_ctx_t *ctx)
{
    uint8_t                  mac[PUPIL_MAC_LEN];
    const pupil_key_t       *key;
    pupil_index_row_t        row;
    ngx_libpq_exchange_t    *ex;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    if ((login->found_by != PUPIL_LOGIN_ID_BEFORE
         && login->found_by != PUPIL_LOGIN_EMAIL_BEFORE)
        || ngx_memcmp(login->terms[login->found_by],
                      login->terms[login->found_by + 1], PUPIL_TERM_LEN) == 0)
    {
        return;
    }

    key = ngx_http_pupil_key(ctx, "mac");
    ex = ngx_libpq_exchange_create(ctx->main->data,
                                   ngx_http_pupil_login_indexed, NULL);

    if (key == NULL || ex == NULL) {
        return;
    }

    ngx_http_pupil_login_asked(login, login->found_by + 1, &row);
    row.tenant = ctx->tenant;
    row.owner = login->owner.id;
    row.record = login->found_record;
    pupil_mac_index(key, &row, mac);

    ngx_http_pupil_exchange_day(ex, &ctx->tenant, ctx->today);
    (void) ngx_libpq_exchange_add(ex, ngx_http_pupil_stmt(ctx,
                                      PUPIL_LOGIN_INDEX)->registered);
    ngx_http_pupil_common(ctx, ex);
    ngx_libpq_param_text(ex, row.category.data, row.category.len);
    ngx_libpq_param_text(ex, row.field.data, row.field.len);
    ngx_libpq_param_bytea(ex, login->terms[login->found_by], PUPIL_TERM_LEN);
    ngx_libpq_param_bytea(ex, row.term.data, PUPIL_TERM_LEN);
    ngx_libpq_param_uuid(ex, row.record.b);
    ngx_libpq_param_bytea(ex, mac, pupil_mac_len(mac));
    ex->writes = 1;

    if (ngx_libpq_exchange_submit(ex) != NGX_OK) {
        ngx_libpq_exchange_destroy(ex);
    }
}


static void
ngx_http_pupil_login_indexed(ngx_libpq_exchange_t *ex)
{
    ngx_libpq_exchange_destroy(ex);
}


ngx_uint_t
ngx_http_pupil_login_active(ngx_http_pupil_ctx_t *ctx, ngx_uint_t col)
{
    PGresult                *res;
    pupil_expected_t         expected;
    pupil_subject_row_t      row;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    res = login->found->results[0];

    ngx_memzero(&expected, sizeof(pupil_expected_t));
    expected.subject = &login->owner.id;

    return ngx_http_pupil_subject(ctx, res, 0, col, &expected, &row) == NGX_OK
           && row.status.len == sizeof("active") - 1
           && ngx_memcmp(row.status.data, "active", row.status.len) == 0
           && ngx_http_pupil_get_bytea(res, 0, col + PUPIL_CS_MAC,
                                       &login->subject_mac) == NGX_OK;
}


/*
 * The role and institution that the session begins in; of what roles need the
 * strictest, as the session may change to any.
 */
static ngx_uint_t
ngx_http_pupil_login_role(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    int                      i, n;
    ngx_int_t                rc;
    ngx_uint_t               found;
    pupil_role_t             rank;
    pupil_expected_t         expected;
    pupil_role_row_t         role, best;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    n = PQntuples(res);
    found = 0;

    ngx_memzero(&expected, sizeof(pupil_expected_t));
    expected.subject = &login->owner.id;

    for (i = 0; i < n; i++) {
        rc = ngx_http_pupil_role(ctx, res, i, PUPIL_LF_ROLE, &expected, &role);
        if (rc != NGX_OK) {
            login->doubted |= rc == NGX_ERROR;
            continue;
        }

        rank = pupil_role_find(role.role);
        login->staff |= rank != PUPIL_ROLE_PUPIL
                        && role.valid_to >= ctx->today;

        if (!ngx_http_pupil_live(ctx, role.valid_from, role.valid_to)) {
            continue;
        }

        login->pupil |= rank == PUPIL_ROLE_PUPIL;

        if (login->oidc == NULL
            && ctx->conf->login_password != PUPIL_PASSWORD_ALL
            && rank == PUPIL_ROLE_PUPIL)
        {
            continue;
        }

        if (ctx->conf->factor != NULL && rank != PUPIL_ROLE_NONE) {
            login->policy = ngx_max(login->policy, ctx->conf->factor[rank]);
        }

        if (!found || ngx_http_pupil_login_better(&role, &best)) {
            best = role;
            found = 1;
        }
    }

    if (!found) {
        return 0;
    }

    login->institution = best.institution;

    return pupil_role_name(pupil_role_find(best.role), &login->role)
           == PUPIL_OK;
}


/* A school before the whole tenant, then by id, then the stronger role. */
static ngx_uint_t
ngx_http_pupil_login_better(const pupil_role_row_t *a,
    const pupil_role_row_t *b)
{
    int  zero_a, zero_b, order;

    zero_a = pupil_uuid_is_zero(&a->institution);
    zero_b = pupil_uuid_is_zero(&b->institution);

    if (zero_a != zero_b) {
        return (ngx_uint_t) zero_b;
    }

    order = pupil_uuid_compare(&a->institution, &b->institution);

    if (order != 0) {
        return order < 0;
    }

    return pupil_role_find(a->role) < pupil_role_find(b->role);
}
