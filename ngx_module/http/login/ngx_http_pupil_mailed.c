/*
 * Copyright (C) the Pupil authors
 *
 * A code by mail as the second half of a log-in, for members of staff who need
 * one and have no authenticator.  It is asked for with the ticket that the
 * password gave, which then names the mail; whoever sends that makes the code,
 * and whoever is sent it makes it again: no row gives it away.  It is of that
 * ticket alone, and none counts of a ticket that is no newer than the last that
 * did (invariant I18).
 */

#include "http/login/ngx_http_pupil_factor.h"
#include "http/login/ngx_http_pupil_mail.h"


static ngx_int_t ngx_http_pupil_mailed_put(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t may);
static ngx_int_t ngx_http_pupil_mailed_params(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t may);
static ngx_int_t ngx_http_pupil_mailed_asked(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_mailed_can(ngx_http_pupil_ctx_t *ctx, ngx_uint_t found,
    const pupil_factor_t *factor)
{
    pupil_rc_t               rc;
    pupil_str_t              address;
    ngx_http_pupil_row_t     row;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    if (!ngx_http_pupil_mail_on(ctx) || !ctx->conf->mail->codes
        || login->policy != PUPIL_FACTOR_REQUIRED || factor->enrolled
        || !ngx_http_pupil_login_mails(login))
    {
        return NGX_DECLINED;
    }

    ngx_http_pupil_login_credential(ctx, found, &row);

    rc = ngx_http_pupil_value(ctx, &row, PUPIL_LF_WANT_EMAIL, &address);
    ctx->integrity = 0;              /* it is audited, and gets no mail */

    return rc == PUPIL_OK ? NGX_OK
           : rc == PUPIL_NO_KEY ? NGX_AGAIN : NGX_DECLINED;
}


/*
 * Answered alike whether there is a mail.  What the attempt reserved stays, so
 * that mailboxes are not flooded; the first one gives the ticket the time that
 * a mail takes.
 */
ngx_int_t
ngx_http_pupil_mailed_ask(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                may;
    pupil_ticket_t           *ticket;
    ngx_http_pupil_factor_t  *factor;

    factor = ctx->data;
    ticket = &factor->ticket;

    may = ngx_http_pupil_mailed_can(ctx, PUPIL_LOGIN_AGAIN, &factor->is)
          == NGX_OK;
    ctx->keys.missing_count = 0;

    if (!pupil_ticket_mailed(ticket)) {
        ticket->made = ctx->now / PUPIL_TIME_SECOND;
    }

    ticket->mail = ctx->id;

    return ngx_http_pupil_ticket_seal(ctx, ticket) == NGX_OK
           ? ngx_http_pupil_mailed_put(ctx, may) : NGX_ERROR;
}


static ngx_int_t
ngx_http_pupil_mailed_put(ngx_http_pupil_ctx_t *ctx, ngx_uint_t may)
{
    ngx_uint_t                 at;
    ngx_libpq_exchange_t      *ex;
    ngx_http_pupil_login_t    *login;
    ngx_http_pupil_writing_t   what;

    login = ctx->data;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    at = ngx_http_pupil_add_stmt(ctx, ex, PUPIL_LOGIN_MAIL);

    if (ngx_http_pupil_mailed_params(ctx, ex, may) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = pupil_login_choices;
    what.n = PUPIL_LOGIN_CHOICES;
    what.numbers = 1;
    what.subject = &login->owner.id;
    what.note.data = (uint8_t *) PUPIL_LOGIN_NOTE_MAIL;
    what.note.len = sizeof(PUPIL_LOGIN_NOTE_MAIL) - 1;
    ngx_http_pupil_audit_write(ctx, ex, at,
                               ngx_http_pupil_stmt(ctx, PUPIL_LOGIN_MAIL),
                               &what);

    return ngx_http_pupil_login_send(ctx, ex, ngx_http_pupil_mailed_asked);
}


/* As core/endpoints/login.h tells them. */
static ngx_int_t
ngx_http_pupil_mailed_params(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t may)
{
    uint8_t                  mac[PUPIL_MAC_LEN];
    pupil_mail_row_t         row;
    ngx_http_pupil_login_t  *login;

    login = ctx->data;

    ngx_libpq_param_uuid_array(ex, &login->owner.id, 1);

    if (!may) {
        ngx_libpq_param_null(ex);
        ngx_libpq_param_null(ex);
        ngx_libpq_param_null(ex);
        ngx_libpq_param_null(ex);

        return NGX_OK;
    }

    ngx_http_pupil_mail_row(ctx, PUPIL_MAIL_CODE, &login->owner.id, &row);
    row.number = ctx->floors.are.credential;

    if (ngx_http_pupil_mail_mac(ctx, &row, mac) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_libpq_param_uuid(ex, row.subject.b);
    ngx_libpq_param_text(ex, row.language.data, row.language.len);
    ngx_libpq_param_timestamptz(ex, row.created_at);
    ngx_libpq_param_bytea(ex, mac, pupil_mac_len(mac));

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_mailed_asked(ngx_http_pupil_ctx_t *ctx)
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

    return ngx_http_pupil_ticket_give_mailed(ctx);
}


ngx_int_t
ngx_http_pupil_mailed_judge(ngx_http_pupil_ctx_t *ctx)
{
    int64_t                   last;
    ngx_int_t                 rc;
    const pupil_key_t        *key;
    const pupil_ticket_t     *ticket;
    ngx_http_pupil_factor_t  *factor;

    factor = ctx->data;
    ticket = &factor->ticket;

    /* by a clock that was set back: the key store knows each that counted */
    last = factor->is.mailed
           <= ctx->now / PUPIL_TIME_SECOND + PUPIL_TICKET_SKEW
           ? factor->is.mailed : 0;

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    rc = ngx_http_pupil_mailed_can(ctx, PUPIL_LOGIN_AGAIN, &factor->is);
    ctx->keys.missing_count = 0;

    if (rc != NGX_OK || !pupil_ticket_mailed(ticket)
        || ticket->made <= last
        || !pupil_factor_mailed_is(key, &ticket->subject, &ticket->mail,
                                   factor->input.code))
    {
        return NGX_DECLINED;
    }

    factor->is.mailed = ticket->made;

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_mailed_spend(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt next)
{
    const pupil_key_t     *key;
    const pupil_ticket_t  *ticket;

    ticket = &((ngx_http_pupil_factor_t *) ctx->data)->ticket;

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    pupil_factor_mailed_spent(key, &ticket->subject, &ticket->mail,
                              ctx->spend.hashes[0]);
    ctx->spend.n = 1;

    return ngx_http_pupil_spend(ctx, (ticket->made + PUPIL_TICKET_MAILED
                                      + 2 * PUPIL_TICKET_SKEW)
                                     * PUPIL_TIME_SECOND, 1, next);
}
