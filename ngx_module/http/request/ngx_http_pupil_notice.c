/*
 * Copyright (C) the Pupil authors
 */

#include "core/endpoints/session.h"
#include "core/vault/authentic.h"
#include "http/request/ngx_http_pupil.h"


void
ngx_http_pupil_notice_add(ngx_http_pupil_telling_t *telling, const char *kind)
{
    telling->kinds[telling->n++] = kind;
}


void
ngx_http_pupil_notice(ngx_http_pupil_ctx_t *ctx, ngx_libpq_exchange_t *ex,
    const ngx_http_pupil_telling_t *telling)
{
    uint8_t              made[NGX_HTTP_PUPIL_NOTICES][PUPIL_MAC_LEN];
    ngx_uint_t           i;
    pupil_str_t          kinds[NGX_HTTP_PUPIL_NOTICES];
    pupil_str_t          macs[NGX_HTTP_PUPIL_NOTICES];
    pupil_uuid_t         ids[NGX_HTTP_PUPIL_NOTICES];
    const pupil_key_t   *key;
    pupil_notice_row_t   row;

    if (telling->n == 0) {
        return;
    }

    key = ngx_http_pupil_key(ctx, "mac");
    if (key == NULL) {
        ex->nomem = 1;
        return;
    }

    row.tenant = ctx->tenant;
    row.subject = *telling->subject;
    row.at = ctx->now;

    for (i = 0; i < telling->n; i++) {
        kinds[i].data = (const uint8_t *) telling->kinds[i];
        kinds[i].len = ngx_strlen(telling->kinds[i]);
        pupil_uuid_random(&ids[i]);

        row.notice = ids[i];
        row.kind = kinds[i];
        pupil_mac_notice(key, &row, made[i]);

        macs[i].data = made[i];
        macs[i].len = pupil_mac_len(made[i]);
    }

    (void) ngx_http_pupil_add_session_stmt(ctx, ex, PUPIL_SESSION_NOTICE);
    ngx_libpq_param_uuid(ex, row.subject.b);
    ngx_libpq_param_uuid_array(ex, ids, telling->n);
    ngx_http_pupil_param_text_array(ex, kinds, telling->n);
    ngx_libpq_param_timestamptz(ex, row.at);
    ngx_http_pupil_param_bytea_array(ex, macs, telling->n);
    ngx_http_pupil_param_bytea(ex, &telling->session);
    ngx_http_pupil_param_bytea(ex, &telling->grant);
    ngx_http_pupil_param_bytea_array(ex, telling->buckets,
                                     telling->buckets_count);

    if (telling->revoked) {
        ngx_libpq_param_uuid(ex, ctx->id.b);

    } else {
        ngx_libpq_param_null(ex);
    }
}


void
ngx_http_pupil_notice_grant(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const pupil_uuid_t *subject, const uint8_t *mac,
    const char *kind)
{
    ngx_http_pupil_telling_t  telling;

    ngx_memzero(&telling, sizeof(ngx_http_pupil_telling_t));
    telling.subject = subject;
    telling.grant.data = mac;
    telling.grant.len = pupil_mac_len(mac);
    ngx_http_pupil_notice_add(&telling, kind);
    ngx_http_pupil_notice(ctx, ex, &telling);
}
