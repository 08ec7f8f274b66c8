/*
 * Copyright (C) the Pupil authors
 *
 * /v1/me/notices: what people are told of their own account, newest first.
 */

#include "core/endpoints/support.h"
#include "core/vault/authentic.h"
#include "http/rights/ngx_http_pupil_rights.h"


static ngx_int_t ngx_http_pupil_rights_notice(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, pupil_cursor_t *cursor);
static ngx_int_t ngx_http_pupil_notice_row(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, pupil_notice_row_t *notice);
static ngx_int_t ngx_http_pupil_rights_seen_read(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_rights_notices_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "notices: start");

    return ngx_http_pupil_rights_newest(ctx, PUPIL_RIGHTS_NOTICES);
}


ngx_int_t
ngx_http_pupil_rights_notices_render(ngx_http_pupil_ctx_t *ctx)
{
    PGresult        *res;
    ngx_uint_t       row, n, limit;
    pupil_cursor_t   cursor;

    ngx_http_pupil_debug(ctx, "notices: render");

    res = ctx->exchange->results[0];
    limit = ((pupil_rights_query_t *) ctx->data)->page.limit;
    n = (ngx_uint_t) PQntuples(res);

    ngx_http_pupil_shown(ctx, ngx_http_pupil_stmt(ctx, PUPIL_RIGHTS_NOTICES));
    ngx_memzero(&cursor, sizeof(pupil_cursor_t));

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "notices");
    pupil_writer_array_begin(&ctx->out);

    for (row = 0; row < n && row < limit; row++) {
        if (ngx_http_pupil_rights_notice(ctx, res, row, &cursor) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    pupil_writer_array_end(&ctx->out);
    ngx_http_pupil_next_write(ctx, n > limit ? &cursor : NULL);

    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


/*
 * What is another's, or nobody has written, is left out, and noted (I20); the
 * page ends behind it all the same.
 */
static ngx_int_t
ngx_http_pupil_rights_notice(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, pupil_cursor_t *cursor)
{
    int64_t              seen;
    ngx_int_t            rc;
    pupil_writer_t      *out;
    pupil_notice_row_t   notice;

    rc = ngx_http_pupil_notice_row(ctx, res, row, &notice);
    if (rc == NGX_ERROR || rc == NGX_DECLINED) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    cursor->id = notice.notice;
    cursor->time = notice.at;

    if (rc == NGX_DONE) {
        return NGX_OK;
    }

    rc = ngx_libpq_get_timestamptz(res, row, PUPIL_RO_SEEN_AT, &seen);
    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    out = &ctx->out;

    pupil_writer_object_begin(out);
    pupil_writer_key(out, "id");
    pupil_writer_uuid(out, &notice.notice);
    pupil_writer_key(out, "kind");
    pupil_writer_str(out, &notice.kind);
    pupil_writer_key(out, "at");
    pupil_writer_time(out, notice.at);
    pupil_writer_key(out, "seen_at");

    if (rc == NGX_OK) {
        pupil_writer_time(out, seen);

    } else {
        pupil_writer_null(out);
    }

    pupil_writer_object_end(out);

    return NGX_OK;
}


/*
 * NGX_DECLINED: there is none; NGX_DONE: a row, which does not count, and is
 * noted.
 */
static ngx_int_t
ngx_http_pupil_notice_row(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, pupil_notice_row_t *notice)
{
    uint8_t             mac[PUPIL_MAC_LEN];
    ngx_int_t           rc;
    const char         *why;
    pupil_str_t         stored;
    const pupil_key_t  *key;

    rc = ngx_libpq_get_uuid(res, row, PUPIL_RO_NOTICE, notice->notice.b);
    if (rc != NGX_OK) {
        return rc;
    }

    key = ngx_http_pupil_key(ctx, "mac");

    if (key == NULL
        || ngx_libpq_get_uuid(res, row, PUPIL_RO_SUBJECT, notice->subject.b)
           != NGX_OK
        || ngx_http_pupil_get_text(res, row, PUPIL_RO_KIND, &notice->kind)
           != NGX_OK
        || ngx_libpq_get_timestamptz(res, row, PUPIL_RO_AT, &notice->at)
           != NGX_OK
        || ngx_http_pupil_get_bytea(res, row, PUPIL_RO_MAC, &stored)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    notice->tenant = ctx->tenant;
    pupil_mac_notice(key, notice, mac);

    why = pupil_mac_check(mac, stored) != PUPIL_OK ? "its MAC does not fit"
          : pupil_uuid_compare(&notice->subject, &ctx->session.subject) != 0
          ? "it is another's" : NULL;

    if (why == NULL) {
        return NGX_OK;
    }

    ngx_http_pupil_tampered(ctx, "pupil.notice", &notice->notice,
                            &notice->subject, why);

    return NGX_DONE;
}


ngx_int_t
ngx_http_pupil_rights_seen_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "notice: start");

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_RIGHTS_NOTICE);
    ngx_libpq_param_uuid(ex, ctx->path_id.b);

    ctx->resume = ngx_http_pupil_rights_seen_read;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


/* What is not shown was not seen, either: no row has the MAC of none. */
static ngx_int_t
ngx_http_pupil_rights_seen_read(ngx_http_pupil_ctx_t *ctx)
{
    PGresult              *res;
    ngx_int_t              rc;
    ngx_uint_t             at;
    pupil_str_t            mac;
    pupil_notice_row_t     notice;
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "notice: read");

    res = ctx->exchange->results[0];

    ngx_memzero(&mac, sizeof(pupil_str_t));

    rc = ngx_http_pupil_notice_row(ctx, res, 0, &notice);

    if (rc == NGX_OK
        && pupil_uuid_compare(&notice.notice, &ctx->path_id) == 0)
    {
        rc = ngx_http_pupil_get_bytea(res, 0, PUPIL_RO_MAC, &mac);
    }

    ex = ngx_http_pupil_exchange(ctx);

    if (rc == NGX_ERROR || ex == NULL) {
        return NGX_ERROR;
    }

    at = ngx_http_pupil_add_stmt(ctx, ex, PUPIL_RIGHTS_NOTICE_SEEN);
    ngx_libpq_param_uuid(ex, ctx->path_id.b);
    ngx_libpq_param_timestamptz(ex, ctx->now);
    ngx_libpq_param_bytea(ex, mac.data, mac.len);

    ngx_http_pupil_rights_record(ctx, ex, at, PUPIL_RIGHTS_NOTICE_SEEN,
                                 pupil_support_ends);

    ctx->resume = ngx_http_pupil_rights_seen_render;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


ngx_int_t
ngx_http_pupil_rights_seen_render(ngx_http_pupil_ctx_t *ctx)
{
    int64_t  seen;

    ngx_http_pupil_debug(ctx, "notice: written");

    if (ngx_libpq_get_int8(ctx->exchange->results[0], 0, PUPIL_RZ_SEEN, &seen)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (seen != 1) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    ctx->response.status = NGX_HTTP_NO_CONTENT;

    return NGX_OK;
}
