/*
 * Copyright (C) the Pupil authors
 */

#include "core/endpoints/directive.h"
#include "core/endpoints/directive_login.h"
#include "http/login/ngx_http_pupil_mail.h"


ngx_uint_t
ngx_http_pupil_mail_on(ngx_http_pupil_ctx_t *ctx)
{
    return ctx->conf->mail != NULL
           && ctx->conf->mail->language != PUPIL_MAIL_OFF;
}


void
ngx_http_pupil_mail_row(ngx_http_pupil_ctx_t *ctx, const char *kind,
    const pupil_uuid_t *subject, pupil_mail_row_t *row)
{
    const char  *language;

    language = pupil_mail_words[PUPIL_MAIL_LANGUAGE]
                   .choices[ctx->conf->mail->language];

    ngx_memzero(row, sizeof(pupil_mail_row_t));

    row->tenant = ctx->tenant;
    row->mail = ctx->id;
    row->subject = *subject;
    row->kind.data = (const uint8_t *) kind;
    row->kind.len = ngx_strlen(kind);
    row->language.data = (const uint8_t *) language;
    row->language.len = ngx_strlen(language);
    row->created_at = ctx->now;
}


ngx_int_t
ngx_http_pupil_mail_mac(ngx_http_pupil_ctx_t *ctx, const pupil_mail_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    const pupil_key_t  *key;

    key = ngx_http_pupil_key(ctx, "mac");
    if (key == NULL) {
        return NGX_ERROR;
    }

    pupil_mac_mail(key, row, mac);

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_mail_link(ngx_http_pupil_ctx_t *ctx, pupil_str_t page,
    pupil_str_t *link)
{
    u_char                      *text, *end;
    pupil_str_t                  name;
    const pupil_login_tenant_t  *tenant;

    *link = page;

    if (ctx->conf->tenants == NULL) {
        return NGX_OK;
    }

    ngx_memzero(&name, sizeof(pupil_str_t));

    tenant = ngx_http_pupil_tenant_of(ctx, &ctx->tenant);
    if (tenant != NULL) {
        name = tenant->name;
    }

    text = ngx_http_pupil_alloc(ctx, PUPIL_MAIL_LINK_MAX);
    if (text == NULL) {
        return NGX_ERROR;
    }

    end = ngx_snprintf(text, PUPIL_MAIL_LINK_MAX, "%*s#%*s.", page.len,
                       page.data, name.len, name.data);
    link->data = text;
    link->len = end - text;

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_mail_enter(ngx_http_pupil_ctx_t *ctx, pupil_str_t *token,
    ngx_http_pupil_step_pt next)
{
    pupil_str_t                  name;
    pupil_uuid_t                 own, of;
    const uint8_t               *dot;
    const pupil_login_tenant_t  *tenant;

    dot = ctx->conf->tenants == NULL
          ? NULL : memchr(token->data, '.', token->len);

    if (dot == NULL) {
        return next(ctx);
    }

    name.data = token->data;
    name.len = dot - token->data;
    token->data += name.len + 1;
    token->len -= name.len + 1;

    own = ctx->tenant;

    if (name.len != 0) {
        tenant = ngx_http_pupil_tenant_named(ctx, name);
        if (tenant == NULL) {
            return NGX_DECLINED;
        }

        of = tenant->id;

    } else {
        if (ngx_http_pupil_tenant_home(ctx) != NGX_OK) {
            return NGX_ERROR;
        }

        of = ctx->tenant;
        ctx->tenant = own;
    }

    if (ctx->conf->audit_holes == PUPIL_HOLES_REFUSE
        && ngx_http_pupil_holes_of(&ctx->main->holes, &of))
    {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_AUDIT_HOLE);
    }

    return ngx_http_pupil_tenant_enter(ctx, &of, next);
}
