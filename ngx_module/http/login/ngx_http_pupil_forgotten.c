/*
 * Copyright (C) the Pupil authors
 *
 * POST /v1/login/forgotten.  Whoever is named, or nobody, the same steps run
 * and the same is answered (invariant I13): the attempt is reserved, an account
 * or the decoy looked up, its key fetched, its values opened, and one statement
 * puts a mail into the outbox, or a row of no use.  The mail is to a member of
 * staff who has a password and an address, and its link is made where it is
 * sent: nothing here, and no row, gives it away.
 */

#include "http/login/ngx_http_pupil_forgotten.h"
#include "http/login/ngx_http_pupil_mail.h"


static ngx_int_t ngx_http_pupil_forgotten_opened(ngx_http_pupil_ctx_t *ctx);
static ngx_uint_t ngx_http_pupil_forgotten_whom(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_forgotten_put(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t may);
static ngx_int_t ngx_http_pupil_forgotten_params(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const pupil_mail_row_t *row, ngx_uint_t may);
static ngx_int_t ngx_http_pupil_forgotten_done(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_forgotten_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                begun;
    pupil_rc_t               rc;
    pupil_fault_t            fault;
    ngx_http_pupil_login_t  *login;

    if (ctx->conf->mail == NULL || ctx->conf->mail->forgotten.len == 0) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    begun = ngx_http_pupil_login_begin(ctx, sizeof(ngx_http_pupil_login_t));
    if (begun != NGX_OK) {
        return begun;
    }

    login = ctx->data;
    login->forgotten = 1;
    login->next = ngx_http_pupil_login_look;
    login->opened = ngx_http_pupil_forgotten_opened;

    rc = pupil_input_forgotten(&ctx->alloc, &ctx->body, &login->input, &fault);

    return ngx_http_pupil_parsed(ctx, rc, &fault);
}


ngx_int_t
ngx_http_pupil_forgotten_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "start");

    if (ngx_http_pupil_login_terms(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_http_pupil_login_comes(ctx, ngx_http_pupil_login_gone);

    return ngx_http_pupil_login_reserve(ctx);
}


static ngx_int_t
ngx_http_pupil_forgotten_opened(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t  may;

    ngx_http_pupil_debug(ctx, "key fetched");

    may = ngx_http_pupil_forgotten_whom(ctx);

    /* a damaged value is audited, and answered like all else */
    ctx->keys.missing_count = 0;
    ctx->integrity = 0;

    return ngx_http_pupil_forgotten_put(ctx, may);
}


/*
 * A member of staff, who is no pupil, too (M17), with a password and an
 * address.  All of it is looked at, whatever is found.
 */
static ngx_uint_t
ngx_http_pupil_forgotten_whom(ngx_http_pupil_ctx_t *ctx)
{
    char                     stored[PUPIL_PASSWORD_HASH_LEN];
    ngx_uint_t               may;
    pupil_str_t              address;
    ngx_http_pupil_row_t     row;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    if (!login->has_owner) {
        return 0;
    }

    ngx_http_pupil_login_credential(ctx, PUPIL_LOGIN_FIND, &row);

    may = ngx_http_pupil_login_hashed(ctx, &row, PUPIL_LF_CHANGED_AT, stored)
          == NGX_OK;
    may &= ngx_http_pupil_login_named(ctx, &row);
    may &= ngx_http_pupil_value(ctx, &row, PUPIL_LF_WANT_EMAIL, &address)
           == PUPIL_OK;

    ngx_explicit_memzero(stored, sizeof(stored));

    return may && login->eligible && ngx_http_pupil_login_mails(login)
           && login->stored.number >= ctx->floors.are.credential;
}


/*
 * What a link was asked for since: neither falls, so that the sum is the same
 * as long as both are.
 */
uint32_t
ngx_http_pupil_forgotten_floors(ngx_http_pupil_ctx_t *ctx)
{
    return ctx->floors.are.session + ctx->floors.address;
}


static ngx_int_t
ngx_http_pupil_forgotten_put(ngx_http_pupil_ctx_t *ctx, ngx_uint_t may)
{
    ngx_uint_t                 at;
    pupil_mail_row_t           row;
    ngx_libpq_exchange_t      *ex;
    ngx_http_pupil_login_t    *login;
    ngx_http_pupil_writing_t   what;

    login = ctx->data;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_mail_row(ctx, PUPIL_MAIL_FORGOTTEN_KIND, &login->owner.id,
                            &row);
    row.number = login->stored.number;
    row.floors = ngx_http_pupil_forgotten_floors(ctx);

    if (ngx_http_pupil_mail_link(ctx, ctx->conf->mail->forgotten, &row.link)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    at = ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_FORGOTTEN);

    if (ngx_http_pupil_forgotten_params(ctx, ex, &row, may) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = pupil_login_choices;
    what.n = PUPIL_LOGIN_CHOICES;
    what.numbers = 1;
    what.subject = login->known ? &login->owner.id : NULL;
    what.note.data = (uint8_t *) PUPIL_LOGIN_NOTE_FORGOTTEN;
    what.note.len = sizeof(PUPIL_LOGIN_NOTE_FORGOTTEN) - 1;
    ngx_http_pupil_audit_write(ctx, ex, at,
                               ngx_http_pupil_stmt(ctx, PUPIL_LOGIN_FORGOTTEN),
                               &what);

    return ngx_http_pupil_login_send(ctx, ex, ngx_http_pupil_forgotten_done);
}


/*
 * As core/endpoints/login.h tells them.  Who asks in vain is counted as who has
 * a mail is, and elsewhere: an account that is unlocked has one at once.
 */
static ngx_int_t
ngx_http_pupil_forgotten_params(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const pupil_mail_row_t *row, ngx_uint_t may)
{
    uint8_t                  account[PUPIL_HASH_LEN], nobody[PUPIL_HASH_LEN];
    uint8_t                  mac[PUPIL_MAC_LEN];
    ngx_http_pupil_login_t  *login;
    ngx_http_pupil_bucket_e  kind;

    login = ctx->data;

    (void) ngx_http_pupil_login_device_over(ctx);

    kind = may ? NGX_HTTP_PUPIL_BUCKET_FORGOTTEN
               : NGX_HTTP_PUPIL_BUCKET_FORGOTTEN_VAIN;

    if (ngx_http_pupil_login_mail_buckets(ctx, kind, account, nobody) != NGX_OK
        || ngx_http_pupil_mail_mac(ctx, row, mac) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_libpq_param_bytea(ex, account, sizeof(account));
    ngx_libpq_param_uuid_array(ex, &login->owner.id, login->known ? 1 : 0);

    if (may) {
        ngx_libpq_param_uuid(ex, row->subject.b);

    } else {
        ngx_libpq_param_null(ex);
    }

    ngx_libpq_param_text(ex, row->language.data, row->language.len);
    ngx_libpq_param_text(ex, row->link.data, row->link.len);
    ngx_libpq_param_timestamptz(ex, row->created_at);
    ngx_libpq_param_bytea(ex, mac, pupil_mac_len(mac));
    ngx_libpq_param_bytea(ex, nobody, sizeof(nobody));
    ngx_libpq_param_int8(ex, (int64_t) row->floors);

    return NGX_OK;
}


/* Not whether there is a mail: either is on record. */
static ngx_int_t
ngx_http_pupil_forgotten_done(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "written");

    if (ctx->audit.recorded == 1 << 1) {
        ctx->audit.due = 1 << 1;
    }

    ctx->response.status = NGX_HTTP_ACCEPTED;

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "status");
    pupil_writer_cstr(&ctx->out, "accepted");
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}
