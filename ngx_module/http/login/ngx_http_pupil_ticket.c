/*
 * Copyright (C) the Pupil authors
 *
 * The password was right, and is not enough: the browser gets a ticket, by
 * which nobody is logged in, and which says nothing to whoever has it.
 */

#include "http/login/ngx_http_pupil_factor.h"


#define NGX_HTTP_PUPIL_TICKET_COOKIE  "__Host-pupil-login"


static ngx_int_t ngx_http_pupil_ticket_answer(ngx_http_pupil_ctx_t *ctx);
static ngx_uint_t ngx_http_pupil_ticket_counts(ngx_http_pupil_ctx_t *ctx,
    const pupil_factor_t *factor);
static void ngx_http_pupil_ticket_make(ngx_http_pupil_ctx_t *ctx,
    const pupil_key_t *key, pupil_ticket_t *ticket);
static ngx_int_t ngx_http_pupil_ticket_cookie(ngx_http_pupil_ctx_t *ctx,
    size_t len, time_t age);


ngx_uint_t
ngx_http_pupil_ticket_can(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t               can;
    pupil_factor_t           factor;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    if (!login->eligible || login->policy != PUPIL_FACTOR_REQUIRED) {
        return login->eligible;
    }

    can = ngx_http_pupil_factor_stored(ctx, PUPIL_LOGIN_FIND, &factor)
          == NGX_OK
          && (ngx_http_pupil_ticket_counts(ctx, &factor)
              || ngx_http_pupil_mailed_can(ctx, PUPIL_LOGIN_FIND, &factor)
                 == NGX_OK);

    pupil_factor_wipe(&factor);
    ctx->keys.missing_count = 0;

    return can;
}


/*
 * Whoever needs one and has none is answered like who does not know the
 * password (invariant I13).
 */
ngx_int_t
ngx_http_pupil_ticket_asked(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                rc;
    pupil_factor_t           factor;
    pupil_ticket_t           ticket;
    const pupil_key_t       *key;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    if (login->policy == PUPIL_FACTOR_OFF) {
        return ngx_http_pupil_login_accept(ctx);
    }

    rc = ngx_http_pupil_factor_stored(ctx, PUPIL_LOGIN_FIND, &factor);

    if (rc == NGX_OK && !ngx_http_pupil_ticket_counts(ctx, &factor)) {
        rc = login->policy == PUPIL_FACTOR_REQUIRED
             ? ngx_http_pupil_mailed_can(ctx, PUPIL_LOGIN_FIND, &factor)
             : NGX_DONE;
    }

    pupil_factor_wipe(&factor);

    if (rc == NGX_AGAIN) {
        return ngx_http_pupil_keys_owners(ctx, ngx_http_pupil_ticket_asked);
    }

    if (rc == NGX_DONE) {
        return ngx_http_pupil_login_accept(ctx);
    }

    if (rc != NGX_OK) {
        return ngx_http_pupil_login_refuse(ctx);
    }

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_ticket_make(ctx, key, &ticket);
    rc = ngx_http_pupil_ticket_record(ctx, &ticket,
                                      ngx_http_pupil_ticket_answer);
    pupil_ticket_wipe(&ticket);

    return rc;
}


/* Is there something by which the log-in can go on? */
static ngx_uint_t
ngx_http_pupil_ticket_counts(ngx_http_pupil_ctx_t *ctx,
    const pupil_factor_t *factor)
{
    return factor->enrolled || ctx->now / PUPIL_TIME_SECOND < factor->until;
}


static void
ngx_http_pupil_ticket_make(ngx_http_pupil_ctx_t *ctx, const pupil_key_t *key,
    pupil_ticket_t *ticket)
{
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    ngx_memzero(ticket, sizeof(pupil_ticket_t));
    ticket->subject = login->owner.id;
    ticket->number = login->stored.number;
    ngx_http_pupil_login_code_bucket(ctx, ticket->bucket);
    ngx_memcpy(ticket->hash, login->renewed, sizeof(ticket->hash));
    ngx_memzero(login->renewed, sizeof(login->renewed));

    /* whoever has no second factor gets none of a device to guess from */
    ticket->known = login->device;
    ngx_http_pupil_login_device_half(ctx, key, ticket->device);
}


ngx_int_t
ngx_http_pupil_ticket_record(ngx_http_pupil_ctx_t *ctx,
    pupil_ticket_t *ticket, ngx_http_pupil_step_pt next)
{
    ngx_uint_t                 at;
    ngx_libpq_exchange_t      *ex;
    ngx_http_pupil_login_t    *login;
    ngx_http_pupil_writing_t   what;

    login = ctx->data;
    ticket->made = ctx->now / PUPIL_TIME_SECOND;

    ex = ngx_http_pupil_exchange(ctx);

    if (ex == NULL || ngx_http_pupil_ticket_seal(ctx, ticket) != NGX_OK) {
        return NGX_ERROR;
    }

    at = ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_HALF);
    ngx_libpq_param_uuid_array(ex, &login->owner.id, 1);
    ngx_http_pupil_login_buckets(ctx, ex);

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = pupil_login_half;
    what.n = 1;
    what.numbers = 1;
    what.subject = &login->owner.id;
    ngx_http_pupil_audit_write(ctx, ex, at,
                               ngx_http_pupil_stmt(ctx, PUPIL_LOGIN_HALF),
                               &what);

    return ngx_http_pupil_login_send(ctx, ex, next);
}


ngx_int_t
ngx_http_pupil_ticket_seal(ngx_http_pupil_ctx_t *ctx,
    const pupil_ticket_t *ticket)
{
    const pupil_key_t       *key;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    key = ngx_http_pupil_key(ctx, "token");
    login->ticket = ngx_http_pupil_alloc(ctx, PUPIL_TICKET_TEXT_LEN);

    if (key == NULL || login->ticket == NULL) {
        return NGX_ERROR;
    }

    pupil_ticket_seal(key, ticket, login->ticket);

    return NGX_OK;
}


/* Runs again from its beginning once a key that it missed is there. */
static ngx_int_t
ngx_http_pupil_ticket_answer(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t        mailed;
    pupil_writer_t  *out;
    pupil_factor_t   factor;

    ngx_http_pupil_debug(ctx, "the password is half of it");

    if (ngx_http_pupil_factor_stored(ctx, PUPIL_LOGIN_FIND, &factor)
        != NGX_OK)
    {
        return ctx->keys.missing_count != 0 ? NGX_OK : NGX_ERROR;
    }

    mailed = ngx_http_pupil_mailed_can(ctx, PUPIL_LOGIN_FIND, &factor);

    if (mailed == NGX_AGAIN) {
        pupil_factor_wipe(&factor);
        return NGX_OK;
    }

    out = &ctx->out;

    pupil_writer_object_begin(out);
    pupil_writer_key(out, "status");
    pupil_writer_cstr(out, "second_factor_required");
    pupil_writer_key(out, "methods");
    pupil_writer_array_begin(out);

    if (factor.enrolled) {
        pupil_writer_cstr(out, "totp");
    }

    if (factor.recovery_count != 0) {
        pupil_writer_cstr(out, "recovery");
    }

    if (ctx->now / PUPIL_TIME_SECOND < factor.until) {
        pupil_writer_cstr(out, "token");
    }

    if (mailed == NGX_OK) {
        pupil_writer_cstr(out, "email");
    }

    pupil_writer_array_end(out);
    pupil_writer_object_end(out);

    pupil_factor_wipe(&factor);

    return ngx_http_pupil_ticket_give(ctx);
}


ngx_int_t
ngx_http_pupil_ticket_sent(ngx_http_pupil_ctx_t *ctx, pupil_ticket_t *ticket)
{
    pupil_str_t         text;
    const pupil_key_t  *key;

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_cookie(ctx->request, NGX_HTTP_PUPIL_TICKET_COOKIE,
                                 &text) == NGX_OK
           && pupil_ticket_open(key, text, ctx->now / PUPIL_TIME_SECOND,
                                ticket) == PUPIL_OK
           ? NGX_OK : NGX_DECLINED;
}


ngx_int_t
ngx_http_pupil_ticket_give(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_ticket_cookie(ctx, PUPIL_TICKET_TEXT_LEN,
                                        PUPIL_TICKET_LIFETIME);
}


ngx_int_t
ngx_http_pupil_ticket_give_mailed(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_ticket_cookie(ctx, PUPIL_TICKET_TEXT_LEN,
                                        PUPIL_TICKET_MAILED);
}


ngx_int_t
ngx_http_pupil_ticket_end(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_ticket_cookie(ctx, 0, 0);
}


static ngx_int_t
ngx_http_pupil_ticket_cookie(ngx_http_pupil_ctx_t *ctx, size_t len,
    time_t age)
{
    ngx_http_pupil_login_t   *login;
    ngx_http_pupil_cookie_t   cookie;

    login = ctx->data;

    ngx_memzero(&cookie, sizeof(ngx_http_pupil_cookie_t));
    cookie.name = NGX_HTTP_PUPIL_TICKET_COOKIE;
    cookie.value.data = login->ticket;
    cookie.value.len = len;
    cookie.age = age;

    return ngx_http_pupil_cookie_set(ctx, &cookie);
}
