/*
 * Copyright (C) the Pupil authors
 *
 * /v1/me/support-grants: whom somebody lets in.  A grant has a code, which is
 * shown once and read out; it ends as a session does, so that nobody puts it
 * back (invariant I18).
 */

#include "core/endpoints/directive.h"
#include "core/endpoints/support.h"
#include "core/login/factor.h"
#include "core/login/password.h"
#include "http/rights/ngx_http_pupil_rights.h"


/* ctx->data of one that is made. */
typedef struct {
    uint32_t             seconds;
    pupil_support_row_t  row;
    uint8_t              hash[PUPIL_HASH_LEN];
    char                 code[PUPIL_PASSWORD_CODE_LEN];
} ngx_http_pupil_rights_grant_t;


static ngx_int_t ngx_http_pupil_rights_support_put(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_rights_support_new(ngx_http_pupil_ctx_t *ctx,
    uint8_t mac[PUPIL_MAC_LEN]);
static void ngx_http_pupil_rights_support_write(ngx_http_pupil_ctx_t *ctx,
    const pupil_support_row_t *row);
static ngx_int_t ngx_http_pupil_rights_supports_read(
    ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_rights_support_ended(
    ngx_http_pupil_ctx_t *ctx);


/* Whoever ends them, too, makes no more a day. */
static const ngx_http_pupil_limit_t  ngx_http_pupil_rights_support_limit = {
    .name = "support grant",
    .reserve = PUPIL_RIGHTS_SUPPORT_RESERVE,
    .tell = PUPIL_RIGHTS_SUPPORT_TELL,
    .free = 20,
    .forget = 3600,
    .longest = 3600
};


ngx_int_t
ngx_http_pupil_rights_support_parse(ngx_http_pupil_ctx_t *ctx)
{
    pupil_rc_t                      rc;
    pupil_fault_t                   fault;
    ngx_http_pupil_rights_grant_t  *grant;

    ngx_http_pupil_debug(ctx, "support grant: parse");

    if (ngx_http_pupil_no_arguments(ctx) != NGX_OK) {
        return NGX_DONE;
    }

    grant = ngx_http_pupil_ctx_data(ctx,
                                    sizeof(ngx_http_pupil_rights_grant_t));
    if (grant == NULL) {
        return NGX_ERROR;
    }

    rc = pupil_input_grant(&ctx->alloc, &ctx->body,
                           (uint32_t) ctx->conf->support_time,
                           &grant->seconds, &fault);

    return ngx_http_pupil_parsed(ctx, rc, &fault);
}


ngx_int_t
ngx_http_pupil_rights_support_make(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "support grant: start");

    return ngx_http_pupil_throttle(ctx, &ngx_http_pupil_rights_support_limit,
                                   ngx_http_pupil_rights_support_put);
}


static ngx_int_t
ngx_http_pupil_rights_support_put(ngx_http_pupil_ctx_t *ctx)
{
    uint8_t                     mac[PUPIL_MAC_LEN];
    ngx_uint_t                  at;
    pupil_support_row_t        *row;
    ngx_libpq_exchange_t       *ex;

    ngx_http_pupil_debug(ctx, "support grant: counted");

    if (ngx_http_pupil_rights_support_new(ctx, mac) != NGX_OK) {
        return NGX_ERROR;
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    row = &((ngx_http_pupil_rights_grant_t *) ctx->data)->row;

    at = ngx_http_pupil_add_stmt(ctx, ex, PUPIL_RIGHTS_SUPPORT_MAKE);
    ngx_libpq_param_uuid(ex, row->grant.b);
    ngx_libpq_param_bytea(ex, row->code.data, row->code.len);
    ngx_libpq_param_timestamptz(ex, row->created_at);
    ngx_libpq_param_timestamptz(ex, row->expires_at);
    ngx_libpq_param_bytea(ex, mac, pupil_mac_len(mac));

    ngx_http_pupil_rights_record(ctx, ex, at, PUPIL_RIGHTS_SUPPORT_MAKE,
                                 pupil_support_makes);

    ngx_http_pupil_notice_grant(ctx, ex, &ctx->session.subject, mac,
                                PUPIL_NOTICE_SUPPORT_GRANTED);

    return ngx_http_pupil_submit(ctx, ex, 1);
}


/* It counts for as long as the log-ins that this session is one of. */
static ngx_int_t
ngx_http_pupil_rights_support_new(ngx_http_pupil_ctx_t *ctx,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_str_t                     code;
    pupil_support_row_t            *row;
    const pupil_key_t              *key;
    ngx_http_pupil_rights_grant_t  *grant;

    static const pupil_uuid_t  anybody;

    grant = ctx->data;
    row = &grant->row;

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    pupil_password_code(grant->code);
    code.data = (const uint8_t *) grant->code;
    code.len = ngx_strlen(grant->code);

    if (pupil_factor_hash(key, "support", &anybody, code, grant->hash)
        != PUPIL_OK)
    {
        return NGX_ERROR;
    }

    row->tenant = ctx->tenant;
    pupil_uuid_random(&row->grant);
    row->subject = ctx->session.subject;
    row->code.data = grant->hash;
    row->code.len = sizeof(grant->hash);
    row->created_at = ctx->now;
    row->expires_at = ctx->now
                      + (pupil_time_t) grant->seconds * PUPIL_TIME_SECOND;
    row->redeemed_at = PUPIL_TIME_NONE;
    row->number = ctx->session.number;

    return ngx_http_pupil_support_mac(ctx, row, mac);
}


ngx_int_t
ngx_http_pupil_rights_support_made(ngx_http_pupil_ctx_t *ctx)
{
    int64_t                         made;
    pupil_writer_t                 *out;
    ngx_http_pupil_rights_grant_t  *grant;

    ngx_http_pupil_debug(ctx, "support grant: written");

    grant = ctx->data;

    if (ngx_libpq_get_int8(ctx->exchange->results[0], 0, PUPIL_RM_MADE, &made)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (made != 1) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_CONFLICT);
    }

    out = &ctx->out;
    ctx->response.status = NGX_HTTP_CREATED;

    pupil_writer_object_begin(out);
    ngx_http_pupil_rights_support_write(ctx, &grant->row);
    pupil_writer_key(out, "code");
    pupil_writer_cstr(out, grant->code);
    pupil_writer_key(out, "code_expires_at");
    pupil_writer_time(out, ngx_min(grant->row.expires_at,
                                   grant->row.created_at
                                   + PUPIL_SUPPORT_CODE_TIME
                                     * PUPIL_TIME_SECOND));
    pupil_writer_object_end(out);

    ngx_explicit_memzero(grant->code, sizeof(grant->code));

    return NGX_OK;
}


static void
ngx_http_pupil_rights_support_write(ngx_http_pupil_ctx_t *ctx,
    const pupil_support_row_t *row)
{
    pupil_writer_t  *out;

    out = &ctx->out;

    pupil_writer_key(out, "id");
    pupil_writer_uuid(out, &row->grant);
    pupil_writer_key(out, "purpose");
    pupil_writer_cstr(out, pupil_purpose_name(PUPIL_PURPOSE_SUPPORT));
    pupil_writer_key(out, "created_at");
    pupil_writer_time(out, row->created_at);
    pupil_writer_key(out, "expires_at");
    pupil_writer_time(out, row->expires_at);
    pupil_writer_key(out, "redeemed_at");

    if (row->redeemed_at == PUPIL_TIME_NONE) {
        pupil_writer_null(out);

    } else {
        pupil_writer_time(out, row->redeemed_at);
    }
}


ngx_int_t
ngx_http_pupil_rights_supports_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "support grants: start");

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_RIGHTS_SUPPORT_LIST);

    ctx->resume = ngx_http_pupil_rights_supports_read;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


static ngx_int_t
ngx_http_pupil_rights_supports_read(ngx_http_pupil_ctx_t *ctx)
{
    pupil_expected_t  expected;

    ngx_http_pupil_debug(ctx, "support grants: read");

    ngx_memzero(&expected, sizeof(pupil_expected_t));
    expected.subject = &ctx->session.subject;
    expected.now = ctx->now;

    return ngx_http_pupil_supports(ctx, ctx->exchange->results[0],
                                   PUPIL_RL_GRANT, &expected,
                                   ctx->route->render);
}


ngx_int_t
ngx_http_pupil_rights_supports_render(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t       i;
    pupil_writer_t  *out;

    ngx_http_pupil_debug(ctx, "support grants: render");

    out = &ctx->out;

    ngx_http_pupil_shown(ctx, ngx_http_pupil_stmt(ctx,
                                                  PUPIL_RIGHTS_SUPPORT_LIST));

    pupil_writer_object_begin(out);
    pupil_writer_key(out, "support_grants");
    pupil_writer_array_begin(out);

    for (i = 0; i < ctx->support.n; i++) {
        pupil_writer_object_begin(out);
        ngx_http_pupil_rights_support_write(ctx, &ctx->support.list[i]);
        pupil_writer_object_end(out);
    }

    pupil_writer_array_end(out);
    pupil_writer_object_end(out);

    return NGX_OK;
}


/* Until when it is open as a revocation the row does not say: it may lie. */
ngx_int_t
ngx_http_pupil_rights_support_end(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                  at;
    const pupil_key_t          *key;
    ngx_libpq_exchange_t       *ex;
    ngx_http_pupil_session_t   *ends;

    ngx_http_pupil_debug(ctx, "support grant: ends");

    key = ngx_http_pupil_key(ctx, "token");
    ends = ngx_http_pupil_ctx_data(ctx, sizeof(ngx_http_pupil_session_t));
    ex = ngx_http_pupil_exchange(ctx);

    if (key == NULL || ends == NULL || ex == NULL) {
        return NGX_ERROR;
    }

    pupil_support_hash(key, &ctx->path_id, ends->hash);
    ends->expires_at = ctx->now + PUPIL_SUPPORT_TIME_MOST * PUPIL_TIME_SECOND;

    at = ngx_http_pupil_add_stmt(ctx, ex, PUPIL_RIGHTS_SUPPORT_END);
    ngx_libpq_param_uuid(ex, ctx->path_id.b);
    ngx_libpq_param_bytea(ex, ends->hash, sizeof(ends->hash));
    ngx_libpq_param_timestamptz(ex, ends->expires_at);

    ngx_http_pupil_rights_record(ctx, ex, at, PUPIL_RIGHTS_SUPPORT_END,
                                 pupil_support_ends);

    return ngx_http_pupil_submit(ctx, ex, 1);
}


ngx_int_t
ngx_http_pupil_rights_support_gone(ngx_http_pupil_ctx_t *ctx)
{
    int64_t  ended;

    ngx_http_pupil_debug(ctx, "support grant: no row any more");

    if (ngx_libpq_get_int8(ctx->exchange->results[0], 0, PUPIL_RE_ENDED,
                           &ended) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ended == 1
           ? ngx_http_pupil_session_end(ctx, ctx->data,
                                        ngx_http_pupil_rights_support_ended)
           : ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
}


static ngx_int_t
ngx_http_pupil_rights_support_ended(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "support grant: the key store knows");

    ctx->response.status = NGX_HTTP_NO_CONTENT;

    return NGX_OK;
}
