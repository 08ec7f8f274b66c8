/*
 * Copyright (C) the Pupil authors
 *
 * POST /v1/login/sign-up/confirm: the address is theirs, as the token of the
 * link was sent to it; what they are called, and a password.  nginx's role
 * writes no account and no role (invariant I18): pupilctl work makes them of
 * the row.
 */

#include "http/login/ngx_http_pupil_mail.h"
#include "http/login/ngx_http_pupil_sign_up.h"


static ngx_int_t ngx_http_pupil_confirm_entered(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_confirm_look(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_confirm_read(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_confirm_row(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_confirm_columns(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);
static ngx_int_t ngx_http_pupil_confirm_hashed(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_confirm_done(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_confirm_over(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_confirm_none(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_confirm_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                  begun;
    pupil_rc_t                 rc;
    pupil_fault_t              fault;
    pupil_input_sign_up_t     *input;
    ngx_http_pupil_signing_t  *signing;

    /* where several share the address, the link says of which it is */
    begun = ctx->conf->tenants != NULL || ngx_http_pupil_signing_here(ctx)
            ? ngx_http_pupil_signing_begin(ctx)
            : ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    if (begun != NGX_OK) {
        return begun;
    }

    signing = ctx->data;
    input = &signing->input;
    signing->login.next = ngx_http_pupil_confirm_look;
    signing->login.failed = NGX_HTTP_PUPIL_INVALID_CREDENTIALS;

    rc = pupil_input_confirm(&ctx->alloc, &ctx->body,
                             &signing->login.conf->chosen, input, &fault);

    if (rc == PUPIL_OK) {
        rc = ngx_http_pupil_signing_value(ctx, "identity", "given_name",
                                          &input->given_name, &fault);
    }

    if (rc == PUPIL_OK && input->family_name.len != 0) {
        rc = ngx_http_pupil_signing_value(ctx, "identity", "family_name",
                                          &input->family_name, &fault);
    }

    signing->login.fresh = input->fresh;

    return ngx_http_pupil_parsed(ctx, rc, &fault);
}


/* What is no token, or not of this day, is nobody's: no record. */
ngx_int_t
ngx_http_pupil_confirm_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                  rc;
    ngx_http_pupil_signing_t  *signing;

    ngx_http_pupil_debug(ctx, "start");

    signing = ctx->data;

    rc = ngx_http_pupil_mail_enter(ctx, &signing->input.token,
                                   ngx_http_pupil_confirm_entered);

    return rc == NGX_DECLINED ? ngx_http_pupil_confirm_none(ctx) : rc;
}


static ngx_int_t
ngx_http_pupil_confirm_entered(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                  rc;
    const pupil_key_t         *key;
    ngx_http_pupil_signing_t  *signing;

    ngx_http_pupil_debug(ctx, "the tenant is entered");

    signing = ctx->data;

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    if (!ngx_http_pupil_signing_here(ctx)
        || pupil_link_open(key, PUPIL_LINK_SIGN_UP, signing->input.token,
                           ctx->now / PUPIL_TIME_SECOND, &signing->link)
           != PUPIL_OK)
    {
        return ngx_http_pupil_confirm_none(ctx);
    }

    ngx_http_pupil_login_link_bucket(ctx, &signing->link);

    rc = ngx_http_pupil_login_seat(ctx);

    return rc == NGX_OK ? ngx_http_pupil_login_reserve(ctx) : rc;
}


/* Nobody's account is guessed at: what comes of it has its own record. */
static ngx_int_t
ngx_http_pupil_confirm_look(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t      *ex;
    ngx_http_pupil_signing_t  *signing;

    ngx_http_pupil_debug(ctx, "attempt counted");

    signing = ctx->data;
    signing->login.reserve = NULL;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_SIGNED_UP);
    ngx_libpq_param_uuid(ex, signing->link.subject.b);

    ctx->resume = ngx_http_pupil_confirm_read;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


static ngx_int_t
ngx_http_pupil_confirm_read(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                  rc;
    const char                *broken;
    pupil_str_t                names[3];
    ngx_http_pupil_login_t    *login;
    ngx_http_pupil_signing_t  *signing;

    ngx_http_pupil_debug(ctx, "row read");

    signing = ctx->data;
    login = &signing->login;

    rc = ngx_http_pupil_confirm_row(ctx);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? ngx_http_pupil_confirm_over(ctx) : rc;
    }

    names[0] = signing->said.email;
    names[1] = signing->input.given_name;
    names[2] = signing->input.family_name;

    broken = pupil_chosen_breaks(&login->conf->chosen, login->fresh, names, 3);

    if (broken != NULL) {
        return ngx_http_pupil_refuse_at(ctx,
                                        ngx_http_pupil_stmt(ctx,
                                                         PUPIL_LOGIN_CONFIRM),
                                        &signing->row.subject, "/new", broken);
    }

    rc = ngx_http_pupil_hash_verify(ctx, "", login->renewed,
                                    ngx_http_pupil_confirm_hashed);

    pupil_input_sign_up_wipe(&signing->input);
    ngx_memzero(&login->fresh, sizeof(pupil_str_t));

    return rc;
}


/* The row of the link, as it was written; NGX_DECLINED: there is none. */
static ngx_int_t
ngx_http_pupil_confirm_row(ngx_http_pupil_ctx_t *ctx)
{
    uint8_t                    made[PUPIL_MAC_LEN];
    const pupil_key_t         *token, *key;
    pupil_sign_up_row_t       *row;
    ngx_http_pupil_signing_t  *signing;

    signing = ctx->data;
    row = &signing->row;

    if (ngx_http_pupil_confirm_columns(ctx, ctx->exchange->results[0])
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    token = ngx_http_pupil_key(ctx, "token");
    key = ngx_http_pupil_key(ctx, "mac");

    if (token == NULL || key == NULL) {
        return NGX_ERROR;
    }

    pupil_mac_sign_up(key, row, made);

    if (pupil_mac_check(made, signing->mac) != PUPIL_OK
        || pupil_sign_up_open(token, &row->tenant, &row->subject, row->sealed,
                              signing->room, &signing->said) != PUPIL_OK)
    {
        ngx_http_pupil_tampered(ctx, "pupil.sign_up", &row->subject,
                                &row->subject, "its MAC");
        return NGX_DECLINED;
    }

    return row->asked_at / PUPIL_TIME_SECOND == signing->link.made
           ? NGX_OK : NGX_DECLINED;
}


static ngx_int_t
ngx_http_pupil_confirm_columns(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    int32_t                    trial;
    pupil_sign_up_row_t       *row;
    ngx_http_pupil_signing_t  *signing;

    signing = ctx->data;
    row = &signing->row;

    row->tenant = ctx->tenant;
    row->confirmed_at = PUPIL_TIME_NONE;

    if (ngx_libpq_get_uuid(res, 0, PUPIL_LS_SUBJECT, row->subject.b) != NGX_OK
        || pupil_uuid_compare(&row->subject, &signing->link.subject) != 0
        || ngx_libpq_get_uuid(res, 0, PUPIL_LS_INSTITUTION, row->institution.b)
           != NGX_OK
        || ngx_libpq_get_int4(res, 0, PUPIL_LS_TRIAL, &trial) != NGX_OK
        || ngx_http_pupil_get_text(res, 0, PUPIL_LS_LANGUAGE, &row->language)
           != NGX_OK
        || ngx_libpq_get_timestamptz(res, 0, PUPIL_LS_ASKED_AT, &row->asked_at)
           != NGX_OK
        || ngx_http_pupil_get_bytea(res, 0, PUPIL_LS_SEALED, &row->sealed)
           != NGX_OK
        || ngx_http_pupil_get_bytea(res, 0, PUPIL_LS_MAC, &signing->mac)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    row->trial = (uint32_t) trial;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_confirm_hashed(ngx_http_pupil_ctx_t *ctx)
{
    uint8_t                    mac[PUPIL_MAC_LEN];
    ngx_uint_t                 at;
    ngx_libpq_exchange_t      *ex;
    pupil_sign_up_row_t       *row;
    ngx_http_pupil_login_t    *login;
    ngx_http_pupil_signing_t  *signing;

    ngx_http_pupil_debug(ctx, "password hashed");

    signing = ctx->data;
    login = &signing->login;
    row = &signing->row;

    if (login->renewed[0] == '\0') {
        return ngx_http_pupil_login_busy(ctx);
    }

    signing->said.given_name = signing->input.given_name;
    signing->said.family_name = signing->input.family_name;
    signing->said.hash.data = login->renewed;
    signing->said.hash.len = ngx_strlen(login->renewed);
    row->confirmed_at = ctx->now;

    if (ngx_http_pupil_signing_seal(ctx, mac) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_explicit_memzero(login->renewed, sizeof(login->renewed));

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    at = ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_CONFIRM);
    ngx_libpq_param_uuid(ex, row->subject.b);
    ngx_libpq_param_bytea(ex, signing->mac.data, signing->mac.len);
    ngx_libpq_param_timestamptz(ex, row->confirmed_at);
    ngx_libpq_param_bytea(ex, row->sealed.data, row->sealed.len);
    ngx_libpq_param_bytea(ex, mac, pupil_mac_len(mac));

    return ngx_http_pupil_signing_write(ctx, ex, at, PUPIL_LOGIN_CONFIRM,
                                        &row->subject,
                                        ngx_http_pupil_confirm_done);
}


/* Another request with the same link may have been first. */
static ngx_int_t
ngx_http_pupil_confirm_done(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "written");

    if (ctx->audit.recorded == 1 << 1) {
        ctx->audit.due = 1 << 1;

        return ngx_http_pupil_confirm_none(ctx);
    }

    return ngx_http_pupil_signing_accepted(ctx, "pending");
}


/*
 * A link that we have sent, and that is over: on record, as somebody has it.
 * Each try was counted, so that who has such a link does not fill the log by it
 * (invariant I1).
 */
static ngx_int_t
ngx_http_pupil_confirm_over(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "the link is over");

    login = ctx->data;
    login->owner.id = ((ngx_http_pupil_signing_t *) ctx->data)->link.subject;
    login->known = 1;

    return ngx_http_pupil_login_refuse(ctx);
}


static ngx_int_t
ngx_http_pupil_confirm_none(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_signing_t  *signing;

    signing = ctx->data;
    signing->login.conf->failures++;

    return ngx_http_pupil_problem(ctx, signing->login.failed);
}
