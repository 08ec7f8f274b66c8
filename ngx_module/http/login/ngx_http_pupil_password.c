/*
 * Copyright (C) the Pupil authors
 *
 * POST /v1/me/password.  The present password is looked at like a log-in's: the
 * attempt is reserved, then hashed in its turn.  The new one takes its place
 * under a number to which the floor rises, and so do this session and no other:
 * what was before does not come back (invariant I18).
 */

#include "core/endpoints/directive.h"
#include "core/endpoints/session.h"
#include "http/login/ngx_http_pupil_mail.h"
#include "http/login/ngx_http_pupil_password.h"
#include "http/request/ngx_http_pupil_endpoints.h"


static ngx_int_t ngx_http_pupil_password_parse(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_password_start(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_password_found(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_password_judge(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_password_hash(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_password_back(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_password_numbered(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_password_change(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_password_mail(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);


static const ngx_http_pupil_route_t  ngx_http_pupil_password_routes[] = {

    { .method = NGX_HTTP_POST, .path = "",
      .flags = NGX_HTTP_PUPIL_BODY|NGX_HTTP_PUPIL_LIMITED,
      .parse = ngx_http_pupil_password_parse,
      .start = ngx_http_pupil_password_start },

    { .path = NULL }
};


const ngx_http_pupil_endpoint_t  ngx_http_pupil_password_endpoint = {
    .id = NGX_HTTP_PUPIL_ENDPOINT_PASSWORD,
    .name = "password",
    .core = &pupil_password_endpoint,
    .routes = ngx_http_pupil_password_routes,
    .body_max = NGX_HTTP_PUPIL_LOGIN_BODY,
    .init = ngx_http_pupil_login_init,
    .exit_process = ngx_http_pupil_login_exit
};


static ngx_int_t
ngx_http_pupil_password_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   begun;
    pupil_rc_t                  rc;
    pupil_fault_t               fault;
    ngx_http_pupil_login_t     *login;
    ngx_http_pupil_password_t  *password;

    begun = ngx_http_pupil_login_begin(ctx, sizeof(ngx_http_pupil_password_t));
    if (begun != NGX_OK) {
        return begun;
    }

    password = ctx->data;
    login = &password->login;
    login->next = ngx_http_pupil_password_hash;
    login->fits = ngx_http_pupil_password_back;
    login->eligible = 1;
    login->failed = NGX_HTTP_PUPIL_WRONG_PASSWORD;
    login->anew = &password->anew;
    password->found = PUPIL_LOGIN_OWN;

    rc = pupil_input_password(&ctx->alloc, &ctx->body, &login->conf->chosen,
                              &password->input, &fault);

    login->input.password = password->input.current;
    login->fresh = password->input.fresh;

    return ngx_http_pupil_parsed(ctx, rc, &fault);
}


static ngx_int_t
ngx_http_pupil_password_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t              rc;
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "start");

    if (ctx->conf->login_password != PUPIL_PASSWORD_ALL
        && ngx_http_pupil_is(ctx, "pupil"))
    {
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_LOGIN_CHANGE,
                                          NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    ngx_http_pupil_login_own_bucket(ctx, NGX_HTTP_PUPIL_BUCKET_PASSWORD);

    rc = ngx_http_pupil_login_seat(ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_OWN);

    ctx->resume = ngx_http_pupil_password_found;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


static ngx_int_t
ngx_http_pupil_password_found(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "credential read");

    return ngx_http_pupil_login_own(ctx, PUPIL_LO_OWNER,
                                    ngx_http_pupil_password_judge);
}


/* Runs again from its beginning once a key that it missed is there. */
static ngx_int_t
ngx_http_pupil_password_judge(ngx_http_pupil_ctx_t *ctx)
{
    PGresult                   *res;
    const char                 *broken;
    ngx_http_pupil_row_t        row;
    ngx_http_pupil_login_t     *login;
    ngx_http_pupil_password_t  *password;

    ngx_http_pupil_debug(ctx, "floors known");

    password = ctx->data;
    login = &password->login;
    res = login->found->results[0];

    if (ngx_http_pupil_session_revoked(ctx)
        || !ngx_http_pupil_login_active(ctx, PUPIL_LO_SUBJECT))
    {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NO_SESSION);
    }

    ngx_http_pupil_login_credential(ctx, PUPIL_LOGIN_OWN, &row);

    if (ngx_http_pupil_login_hashed(ctx, &row, PUPIL_LO_CHANGED_AT,
                                    password->stored) != NGX_OK
        || !ngx_http_pupil_login_current(ctx)
        || ngx_libpq_get_timestamptz(res, 0, PUPIL_LO_CHANGED_AT,
                                     &login->changed_at) != NGX_OK)
    {
        /* who has none knows none */
        ngx_http_pupil_hash_nobody(&login->conf->cost, password->stored);
    }

    broken = ngx_http_pupil_password_named(ctx, &row);

    if (ctx->keys.missing_count != 0) {
        return NGX_OK;
    }

    if (broken != NULL) {
        return ngx_http_pupil_refuse_at(ctx,
                                        ngx_http_pupil_stmt(ctx,
                                                            PUPIL_LOGIN_OWN),
                                        NULL, "/new", broken);
    }

    return ngx_http_pupil_login_reserve(ctx);
}


const char *
ngx_http_pupil_password_named(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row)
{
    ngx_uint_t               i;
    pupil_str_t              names[2];
    ngx_http_pupil_login_t  *login;

    static const ngx_uint_t  wants[] = { PUPIL_LF_WANT_LOGIN_ID,
                                         PUPIL_LF_WANT_EMAIL };

    login = ctx->data;

    for (i = 0; i < 2; i++) {
        if (ngx_http_pupil_value(ctx, row, wants[i], &names[i]) != PUPIL_OK) {
            ngx_memzero(&names[i], sizeof(pupil_str_t));
        }
    }

    return pupil_chosen_breaks(&login->conf->chosen, login->fresh, names, 2);
}


static ngx_int_t
ngx_http_pupil_password_hash(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_http_pupil_password_t  *password;

    ngx_http_pupil_debug(ctx, "attempt counted");

    password = ctx->data;

    rc = ngx_http_pupil_hash_verify(ctx, password->stored,
                                    password->login.renewed,
                                    ngx_http_pupil_login_verified);

    ngx_explicit_memzero(password->stored, sizeof(password->stored));
    pupil_input_password_wipe(&password->input);

    return rc;
}


/* Who knows it has not failed, whatever comes of the new one. */
static ngx_int_t
ngx_http_pupil_password_back(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t    *ex;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_BACK);
    ngx_http_pupil_param_bytea_array(ex, login->buckets, 1);

    ctx->resume = ngx_http_pupil_password_right;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


ngx_int_t
ngx_http_pupil_password_right(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "attempt taken back");

    login = ctx->data;

    if (login->renewed[0] == '\0') {
        return ngx_http_pupil_login_busy(ctx);
    }

    return ngx_http_pupil_floors_take(ctx, ngx_http_pupil_password_numbered);
}


/*
 * The key is fetched, whether or not it is cached: who was first, of several,
 * had it dropped by what rose.
 */
static ngx_int_t
ngx_http_pupil_password_numbered(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "numbers taken");

    if (ctx->floors.own_after != 0) {
        ctx->response.retry_after = ctx->floors.own_after;

        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_BUSY);
    }

    if (ctx->floors.own.credential == 0) {
        return ngx_http_pupil_login_busy(ctx);
    }

    if (ngx_http_pupil_keys_missing(ctx, &ctx->session.subject) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_keys_owners(ctx, ngx_http_pupil_password_change);
}


/* Nothing is signed under the numbers yet. */
static ngx_int_t
ngx_http_pupil_password_change(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                  at;
    pupil_password_stored_t     beside;
    ngx_libpq_exchange_t       *ex;
    ngx_http_pupil_hashed_t     made;
    ngx_http_pupil_password_t  *password;

    ngx_http_pupil_debug(ctx, "key fetched");

    password = ctx->data;

    ngx_memzero(&beside, sizeof(pupil_password_stored_t));
    beside.number = ctx->floors.own.credential;

    if (ngx_http_pupil_login_device_anew(ctx, password->found) != NGX_OK
        || ngx_http_pupil_login_seal(ctx, password->found, &beside, &made)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ctx->stored = ngx_http_pupil_anew_written;

    at = ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_CHANGE);

    if (ngx_http_pupil_anew_params(ctx, ex, &made) != NGX_OK
        || ngx_http_pupil_password_mail(ctx, ex) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_pupil_anew_tells(ctx, password->anew.handed
                                   ? PUPIL_NOTICE_PASSWORD_BY_CODE
                                   : PUPIL_NOTICE_PASSWORD_CHANGED);
    ngx_http_pupil_login_noted(ctx, ex);

    return ngx_http_pupil_login_write(ctx, ex, at, PUPIL_LOGIN_CHANGE,
                                      ngx_http_pupil_anew_written);
}


/* Pupils get no mail (M17), nor does who is one, too, which the SQL minds. */
static ngx_int_t
ngx_http_pupil_password_mail(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex)
{
    uint8_t           mac[PUPIL_MAC_LEN];
    pupil_mail_row_t  row;

    if (!ngx_http_pupil_mail_on(ctx) || ngx_http_pupil_is(ctx, "pupil")) {
        ngx_libpq_param_null(ex);
        ngx_libpq_param_null(ex);

        return NGX_OK;
    }

    ngx_http_pupil_mail_row(ctx, PUPIL_MAIL_PASSWORD_CHANGED,
                            &ctx->session.subject, &row);

    if (ngx_http_pupil_mail_mac(ctx, &row, mac) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_libpq_param_text(ex, row.language.data, row.language.len);
    ngx_libpq_param_bytea(ex, mac, pupil_mac_len(mac));

    return NGX_OK;
}
