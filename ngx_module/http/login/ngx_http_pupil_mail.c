/*
 * Copyright (C) the Pupil authors
 */

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
