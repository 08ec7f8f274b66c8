/*
 * Copyright (C) the Pupil authors
 *
 * POST /v1/login.  Whatever is wrong, the same steps run: reserve the attempt,
 * find an account (or the tenant's decoy), fetch its key from the key store,
 * one Argon2id, refuse (invariant I13).
 */

#include "core/endpoints/directive.h"
#include "http/login/ngx_http_pupil_factor.h"
#include "http/login/ngx_http_pupil_forgotten.h"
#include "http/login/ngx_http_pupil_oidc.h"
#include "http/login/ngx_http_pupil_sign_up.h"
#include "http/request/ngx_http_pupil_endpoints.h"


static ngx_int_t ngx_http_pupil_login_parse(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_start(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_reserved(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_tell(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_told(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_found(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_floors(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_opened(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_login_hash(ngx_http_pupil_ctx_t *ctx,
    char stored[PUPIL_PASSWORD_HASH_LEN]);
static ngx_int_t ngx_http_pupil_login_refused(ngx_http_pupil_ctx_t *ctx);


static const ngx_http_pupil_route_t  ngx_http_pupil_login_routes[] = {

    { .method = NGX_HTTP_POST, .path = "",
      .flags = NGX_HTTP_PUPIL_BODY|NGX_HTTP_PUPIL_PUBLIC,
      .parse = ngx_http_pupil_login_parse,
      .start = ngx_http_pupil_login_start },

    { .method = NGX_HTTP_GET, .path = "",
      .flags = NGX_HTTP_PUPIL_PUBLIC,
      .parse = ngx_http_pupil_no_arguments,
      .start = ngx_http_pupil_ways },

    { .method = NGX_HTTP_POST, .path = "/second-factor",
      .flags = NGX_HTTP_PUPIL_BODY|NGX_HTTP_PUPIL_PUBLIC,
      .parse = ngx_http_pupil_factor_parse,
      .start = ngx_http_pupil_factor_start },

    { .method = NGX_HTTP_POST, .path = "/forgotten",
      .flags = NGX_HTTP_PUPIL_BODY|NGX_HTTP_PUPIL_PUBLIC,
      .parse = ngx_http_pupil_forgotten_parse,
      .start = ngx_http_pupil_forgotten_start },

    { .method = NGX_HTTP_POST, .path = "/password",
      .flags = NGX_HTTP_PUPIL_BODY|NGX_HTTP_PUPIL_PUBLIC,
      .parse = ngx_http_pupil_reset_parse,
      .start = ngx_http_pupil_reset_start },

    { .method = NGX_HTTP_POST, .path = "/code",
      .flags = NGX_HTTP_PUPIL_BODY|NGX_HTTP_PUPIL_PUBLIC,
      .parse = ngx_http_pupil_by_code_parse,
      .start = ngx_http_pupil_by_code_start },

    { .method = NGX_HTTP_POST, .path = "/sign-up",
      .flags = NGX_HTTP_PUPIL_BODY|NGX_HTTP_PUPIL_PUBLIC,
      .parse = ngx_http_pupil_sign_up_parse,
      .start = ngx_http_pupil_sign_up_start },

    { .method = NGX_HTTP_POST, .path = "/sign-up/confirm",
      .flags = NGX_HTTP_PUPIL_BODY|NGX_HTTP_PUPIL_PUBLIC,
      .parse = ngx_http_pupil_confirm_parse,
      .start = ngx_http_pupil_confirm_start },

    { .method = NGX_HTTP_POST, .path = "/step-up",
      .flags = NGX_HTTP_PUPIL_BODY|NGX_HTTP_PUPIL_LIMITED,
      .parse = ngx_http_pupil_step_up_parse,
      .start = ngx_http_pupil_step_up_start },

    { .method = NGX_HTTP_POST, .path = "/recovery-codes",
      .parse = ngx_http_pupil_codes_parse,
      .start = ngx_http_pupil_codes_start },

    { .method = NGX_HTTP_POST, .path = "/tenant",
      .flags = NGX_HTTP_PUPIL_BODY|NGX_HTTP_PUPIL_PUBLIC,
      .parse = ngx_http_pupil_login_tenant_parse,
      .start = ngx_http_pupil_login_tenant },

    { .method = NGX_HTTP_GET, .path = "/{name}",
      .flags = NGX_HTTP_PUPIL_PUBLIC,
      .parse = ngx_http_pupil_oidc_begin_parse,
      .start = ngx_http_pupil_oidc_begin },

    { .method = NGX_HTTP_GET, .path = "/{name}/step-up",
      .flags = NGX_HTTP_PUPIL_PUBLIC,
      .parse = ngx_http_pupil_oidc_begin_parse,
      .start = ngx_http_pupil_oidc_again },

    { .method = NGX_HTTP_GET, .path = "/{name}/logout",
      .flags = NGX_HTTP_PUPIL_PUBLIC,
      .parse = ngx_http_pupil_oidc_begin_parse,
      .start = ngx_http_pupil_oidc_leave },

    { .method = NGX_HTTP_GET, .path = "/{name}/callback",
      .flags = NGX_HTTP_PUPIL_PUBLIC,
      .parse = ngx_http_pupil_oidc_query_parse,
      .start = ngx_http_pupil_oidc_callback },

    { .method = NGX_HTTP_POST, .path = "/{name}/callback",
      .flags = NGX_HTTP_PUPIL_FORM|NGX_HTTP_PUPIL_PUBLIC,
      .parse = ngx_http_pupil_oidc_form_parse,
      .start = ngx_http_pupil_oidc_form },

    { .method = NGX_HTTP_POST, .path = "/{name}/backchannel-logout",
      .flags = NGX_HTTP_PUPIL_FORM|NGX_HTTP_PUPIL_PUBLIC,
      .parse = ngx_http_pupil_oidc_out_parse,
      .start = ngx_http_pupil_oidc_out },

    { .method = NGX_HTTP_GET, .path = "/{name}/tenant",
      .flags = NGX_HTTP_PUPIL_PUBLIC,
      .parse = ngx_http_pupil_oidc_choice_parse,
      .start = ngx_http_pupil_oidc_choice },

    { .method = NGX_HTTP_POST, .path = "/{name}/tenant",
      .flags = NGX_HTTP_PUPIL_BODY|NGX_HTTP_PUPIL_PUBLIC,
      .parse = ngx_http_pupil_oidc_choose_parse,
      .start = ngx_http_pupil_oidc_choose },

    { .path = NULL }
};


const ngx_http_pupil_endpoint_t  ngx_http_pupil_login_endpoint = {
    .id = NGX_HTTP_PUPIL_ENDPOINT_LOGIN,
    .name = "login",
    .core = &pupil_login_endpoint,
    .routes = ngx_http_pupil_login_routes,
    .body_max = NGX_HTTP_PUPIL_LOGIN_BODY,
    .create = ngx_http_pupil_login_create,
    .init = ngx_http_pupil_login_init,
    .exit_process = ngx_http_pupil_login_exit,
    .metrics = ngx_http_pupil_login_metrics
};


static ngx_int_t
ngx_http_pupil_login_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                begun;
    pupil_rc_t               rc;
    pupil_fault_t            fault;
    ngx_http_pupil_login_t  *login;

    begun = ngx_http_pupil_login_begin(ctx, sizeof(ngx_http_pupil_login_t));
    if (begun != NGX_OK) {
        return begun;
    }

    login = ctx->data;
    login->next = ngx_http_pupil_login_look;
    login->opened = ngx_http_pupil_login_opened;
    login->fits = ngx_http_pupil_ticket_asked;
    login->failed = NGX_HTTP_PUPIL_INVALID_CREDENTIALS;

    rc = pupil_input_login(&ctx->alloc, &ctx->body, &login->input, &fault);

    return ngx_http_pupil_parsed(ctx, rc, &fault);
}


ngx_int_t
ngx_http_pupil_login_begin(ngx_http_pupil_ctx_t *ctx, size_t size)
{
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "parse");

    if (ctx->conf->login_password == PUPIL_PASSWORD_OFF) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_PASSWORD_LOGIN_OFF);
    }

    if (ngx_http_pupil_no_arguments(ctx) != NGX_OK) {
        return NGX_DONE;
    }

    login = ngx_http_pupil_ctx_data(ctx, size);
    if (login == NULL) {
        return NGX_ERROR;
    }

    login->conf = ngx_http_pupil_login_conf(ctx->main);

    return ngx_http_pupil_login_place(ctx);
}


ngx_int_t
ngx_http_pupil_login_busy(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "too many wait");

    ngx_http_pupil_login_conf(ctx->main)->busy++;
    ctx->response.retry_after = 5;

    return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_BUSY);
}


static ngx_int_t
ngx_http_pupil_login_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "start");

    return ngx_http_pupil_login_counted(ctx);
}


ngx_int_t
ngx_http_pupil_login_counted(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (ngx_http_pupil_login_terms(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_pupil_login_seat(ctx);

    return rc == NGX_OK ? ngx_http_pupil_login_reserve(ctx) : rc;
}


ngx_int_t
ngx_http_pupil_login_reserve(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                rc;
    ngx_libpq_exchange_t    *ex;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    if (ngx_http_pupil_login_seat_lost(login)) {
        return ngx_http_pupil_login_busy(ctx);
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_RESERVE);
    ngx_http_pupil_param_bytea_array(ex, login->buckets, login->buckets_count);
    ngx_libpq_param_int4_array(ex, login->free, login->buckets_count);
    ngx_libpq_param_int4_array(ex, login->forget, login->buckets_count);
    ngx_libpq_param_int4_array(ex, login->longest, login->buckets_count);
    ngx_libpq_param_int4(ex, login->rests);

    /* attempts on an account lock its row */
    ngx_libpq_exchange_key(ex, login->buckets[0].data, login->buckets[0].len);

    ctx->resume = ngx_http_pupil_login_reserved;

    rc = ngx_http_pupil_submit(ctx, ex, 1);

    if (rc == NGX_AGAIN) {
        login->reserve = ex;
    }

    return rc;
}


static ngx_int_t
ngx_http_pupil_login_reserved(ngx_http_pupil_ctx_t *ctx)
{
    int32_t                  wait;
    PGresult                *res;
    ngx_uint_t               untold;
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "attempt reserved");

    login = ctx->data;
    res = ctx->exchange->results[0];

    if (ngx_libpq_get_int4(res, 0, PUPIL_LR_WAIT, &wait) != NGX_OK
        || ngx_libpq_get_bool(res, 0, PUPIL_LR_UNTOLD, &untold) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (wait != 0) {
        ctx->response.retry_after = (ngx_uint_t) ngx_max(wait, 1);

        if (login->reserved) {
            /* it counted where they were known: that is what is on record */
            return ngx_http_pupil_login_record(ctx,
                                               ngx_http_pupil_login_told);
        }

        return untold ? ngx_http_pupil_login_tell(ctx)
                      : ngx_http_pupil_login_told(ctx);
    }

    login->reserved = 1;

    if (ngx_http_pupil_login_seat_lost(login)
        || (login->stands && ngx_http_pupil_login_sits(ctx) != NGX_OK))
    {
        return ngx_http_pupil_login_unmade(ctx);
    }

    ctx->step = login->next;

    return login->next(ctx);
}


ngx_int_t
ngx_http_pupil_login_look(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_login_find(ctx, ngx_http_pupil_login_found);
}


static ngx_int_t
ngx_http_pupil_login_tell(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t               at;
    ngx_libpq_exchange_t    *ex;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    at = ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_TELL);
    ngx_http_pupil_param_bytea_array(ex, login->buckets, login->buckets_count);
    ngx_http_pupil_audit_write_one(ctx, ex, at,
                                   ngx_http_pupil_stmt(ctx, PUPIL_LOGIN_TELL),
                                   pupil_login_throttled);

    ctx->resume = ngx_http_pupil_login_told;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


static ngx_int_t
ngx_http_pupil_login_told(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "throttled");

    return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_THROTTLED);
}


/* The key store is asked before any row of this person is believed. */
static ngx_int_t
ngx_http_pupil_login_found(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "account looked up");

    login = ctx->data;
    login->found = ctx->exchange;
    ctx->read_at = ngx_current_msec;

    ngx_http_pupil_login_whom(ctx);

    return ngx_http_pupil_floors_fetch(ctx, &login->owner.id, NULL,
                                       ngx_http_pupil_login_floors);
}


/*
 * The key comes from the key store for each log-in, known or not: what a
 * cache holds would show in the time that an answer takes.
 */
static ngx_int_t
ngx_http_pupil_login_floors(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    ngx_http_pupil_login_account(ctx);

    pupil_keyring_forget_owner(ctx->main->vault.ring, &ctx->tenant,
                               &login->owner.id);
    ctx->keys.missing_count = 0;

    if (ngx_http_pupil_keys_missing(ctx, &login->owner.id) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_keys_owners(ctx, login->opened);
}


static ngx_int_t
ngx_http_pupil_login_opened(ngx_http_pupil_ctx_t *ctx)
{
    char                     stored[PUPIL_PASSWORD_HASH_LEN];
    ngx_int_t                rc;
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "key fetched");

    login = ctx->data;

    if (ngx_http_pupil_login_hash(ctx, stored) != NGX_OK) {
        ngx_http_pupil_hash_nobody(&login->conf->cost, stored);
        login->eligible = 0;
    }

    if (ngx_http_pupil_login_device_over(ctx)) {
        ngx_explicit_memzero(stored, sizeof(stored));

        return ngx_http_pupil_login_stranger(ctx);
    }

    /* A damaged value is audited, and answered like every other failure. */
    ctx->keys.missing_count = 0;
    ctx->integrity = 0;

    rc = ngx_http_pupil_hash_verify(ctx, stored, ngx_http_pupil_ticket_can(ctx)
                                                 ? login->renewed : NULL,
                                    ngx_http_pupil_login_verified);

    ngx_explicit_memzero(stored, sizeof(stored));
    pupil_input_login_wipe(&login->input);

    return rc;
}


/* Who was known by a password of before waits as strangers do. */
ngx_int_t
ngx_http_pupil_login_stranger(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                rc;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    login->next = login->opened;

    ngx_http_pupil_login_strange(ctx);

    rc = ngx_http_pupil_login_seat_anew(ctx);

    return rc == NGX_OK ? ngx_http_pupil_login_reserve(ctx) : rc;
}


/*
 * One from before the password was changed, or of whom the name belonged to
 * before, is checked like any other, and lets nobody in.
 */
static ngx_int_t
ngx_http_pupil_login_hash(ngx_http_pupil_ctx_t *ctx,
    char stored[PUPIL_PASSWORD_HASH_LEN])
{
    ngx_http_pupil_row_t     row;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    ngx_http_pupil_login_credential(ctx, PUPIL_LOGIN_FIND, &row);

    if (!login->has_owner
        || ngx_http_pupil_login_hashed(ctx, &row, PUPIL_LF_CHANGED_AT, stored)
           != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (!ngx_http_pupil_login_named(ctx, &row)
        || !ngx_http_pupil_login_current(ctx))
    {
        login->eligible = 0;
    }

    return NGX_OK;
}


void
ngx_http_pupil_login_credential(ngx_http_pupil_ctx_t *ctx, ngx_uint_t found,
    ngx_http_pupil_row_t *row)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    row->stmt = ngx_http_pupil_stmt(ctx, found);
    row->res = login->found->results[0];
    row->n = 0;
    row->owner = &login->owner;
    row->record = &login->owner.id;
}


ngx_int_t
ngx_http_pupil_login_hashed(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t changed_at,
    char stored[PUPIL_PASSWORD_HASH_LEN])
{
    pupil_str_t              value, *hash;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    hash = &login->stored.hash;

    if (ngx_http_pupil_login_stored(ctx, row, changed_at) != NGX_OK
        || ngx_http_pupil_value(ctx, row, PUPIL_LF_WANT_PASSWORD_HASH, &value)
           != PUPIL_OK
        || pupil_password_read(value, &login->stored) != PUPIL_OK
        || hash->len >= PUPIL_PASSWORD_HASH_LEN)
    {
        return NGX_DECLINED;
    }

    ngx_memcpy(stored, hash->data, hash->len);
    stored[hash->len] = '\0';

    return NGX_OK;
}


ngx_uint_t
ngx_http_pupil_login_current(ngx_http_pupil_ctx_t *ctx)
{
    const pupil_password_stored_t  *stored;

    stored = &((ngx_http_pupil_login_t *) ctx->data)->stored;

    return stored->number >= ctx->floors.are.credential
           && (stored->until == 0
               || ctx->now / PUPIL_TIME_SECOND < stored->until);
}


ngx_int_t
ngx_http_pupil_login_stored(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t changed_at)
{
    ngx_int_t                rc;
    pupil_bound_row_t        bound;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    if (PQgetisnull(row->res, 0, (int) changed_at)) {
        return NGX_DECLINED;
    }

    rc = ngx_http_pupil_facts(ctx, row);

    if (rc == NGX_OK) {
        ngx_http_pupil_facts_row(row, &bound);
        login->facts = bound.facts;
    }

    return rc;
}


ngx_int_t
ngx_http_pupil_login_verified(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "password hashed");

    login = ctx->data;

    if (login->verified == PUPIL_NO_MEMORY) {
        return ngx_http_pupil_login_unmade(ctx);
    }

    if (login->verified != PUPIL_OK || !login->eligible) {
        return ngx_http_pupil_login_refuse(ctx);
    }

    return login->fits(ctx);
}


ngx_int_t
ngx_http_pupil_login_refuse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;
    login->conf->failures++;

    return ngx_http_pupil_login_record(ctx, ngx_http_pupil_login_refused);
}


ngx_int_t
ngx_http_pupil_login_record(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt resume)
{
    ngx_libpq_exchange_t  *ex;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_login_refusal(ctx, ex);

    return ngx_http_pupil_login_send(ctx, ex, resume);
}


ngx_int_t
ngx_http_pupil_login_write(ngx_http_pupil_ctx_t *ctx, ngx_libpq_exchange_t *ex,
    ngx_uint_t at, ngx_uint_t stmt, ngx_http_pupil_step_pt resume)
{
    ngx_http_pupil_writing_t  what;

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = pupil_login_choices;
    what.n = PUPIL_LOGIN_CHOICES;
    what.numbers = 1;
    what.note = ((ngx_http_pupil_login_t *) ctx->data)->note;
    ngx_http_pupil_audit_write(ctx, ex, at, ngx_http_pupil_stmt(ctx, stmt),
                               &what);
    ngx_http_pupil_notice(ctx, ex,
                          &((ngx_http_pupil_login_t *) ctx->data)->telling);

    return ngx_http_pupil_login_send(ctx, ex, resume);
}


ngx_int_t
ngx_http_pupil_login_send(ngx_http_pupil_ctx_t *ctx, ngx_libpq_exchange_t *ex,
    ngx_http_pupil_step_pt resume)
{
    ngx_int_t                rc;
    ngx_http_pupil_login_t  *login;

    ctx->resume = resume;

    rc = ngx_http_pupil_submit(ctx, ex, 1);

    login = ctx->data;
    login->record = rc == NGX_AGAIN ? ex : NULL;

    return rc;
}


void
ngx_http_pupil_login_refusal(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex)
{
    ngx_uint_t                 at;
    ngx_http_pupil_login_t    *login;
    ngx_http_pupil_writing_t   what;

    login = ctx->data;

    at = ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_REFUSE);
    ngx_libpq_param_uuid_array(ex, &login->owner.id, login->known ? 1 : 0);

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = pupil_login_refused;
    what.n = 1;
    what.numbers = 1;
    what.subject = login->known ? &login->owner.id : NULL;
    ngx_http_pupil_audit_write(ctx, ex, at,
                               ngx_http_pupil_stmt(ctx, PUPIL_LOGIN_REFUSE),
                               &what);
}


static ngx_int_t
ngx_http_pupil_login_refused(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_login_t  *login;

    ngx_http_pupil_debug(ctx, "refused");

    login = ctx->data;

    return ngx_http_pupil_problem(ctx, login->failed);
}
