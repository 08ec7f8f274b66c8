/*
 * Copyright (C) the Pupil authors
 *
 * POST /v1/support/redeem: a support account lets itself in by a code that the
 * owner has read out.  The attempt is counted before anything is looked at; the
 * key store says that the code is used for the first time; then the grant is
 * this session's, and ends with it.
 */

#include "core/endpoints/support.h"
#include "core/login/factor.h"
#include "http/request/ngx_http_pupil.h"
#include "http/request/ngx_http_pupil_endpoints.h"


/* ctx->data. */
typedef struct {
    pupil_input_code_t   input;
    uint8_t              hash[PUPIL_HASH_LEN];     /* of the code */
    pupil_support_row_t  row;
    pupil_str_t          mac;                      /* as it was read */
} ngx_http_pupil_redeem_t;


static ngx_int_t ngx_http_pupil_redeem_parse(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_redeem_start(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_redeem_find(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_redeem_found(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_redeem_unknown(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_redeem_use(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_redeem_used(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_redeem_write(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_redeem_written(ngx_http_pupil_ctx_t *ctx);


static const ngx_http_pupil_limit_t  ngx_http_pupil_redeem_limit = {
    .name = "support",
    .reserve = PUPIL_SUPPORT_RESERVE,
    .tell = PUPIL_SUPPORT_TELL,
    .free = 5,
    .forget = 900,
    .longest = 3600
};


static const ngx_http_pupil_route_t  ngx_http_pupil_support_routes[] = {

    { .method = NGX_HTTP_POST, .path = "/redeem",
      .flags = NGX_HTTP_PUPIL_BODY,
      .parse = ngx_http_pupil_redeem_parse,
      .start = ngx_http_pupil_redeem_start },

    { .path = NULL }
};


const ngx_http_pupil_endpoint_t  ngx_http_pupil_support_endpoint = {
    .id = NGX_HTTP_PUPIL_ENDPOINT_SUPPORT,
    .name = "support",
    .core = &pupil_support_endpoint,
    .routes = ngx_http_pupil_support_routes,
    .body_max = NGX_HTTP_PUPIL_BODY_MAX
};


static ngx_int_t
ngx_http_pupil_redeem_parse(ngx_http_pupil_ctx_t *ctx)
{
    pupil_rc_t                rc;
    pupil_fault_t             fault;
    ngx_http_pupil_redeem_t  *redeem;

    ngx_http_pupil_debug(ctx, "redeem: parse");

    if (ngx_http_pupil_no_arguments(ctx) != NGX_OK) {
        return NGX_DONE;
    }

    redeem = ngx_http_pupil_ctx_data(ctx, sizeof(ngx_http_pupil_redeem_t));
    if (redeem == NULL) {
        return NGX_ERROR;
    }

    rc = pupil_input_code(&ctx->alloc, &ctx->body, &redeem->input, &fault);

    return ngx_http_pupil_parsed(ctx, rc, &fault);
}


/* What cannot be a code is one that nobody has. */
static ngx_int_t
ngx_http_pupil_redeem_start(ngx_http_pupil_ctx_t *ctx)
{
    const pupil_key_t        *key;
    ngx_http_pupil_redeem_t  *redeem;

    static const pupil_uuid_t  anybody;

    ngx_http_pupil_debug(ctx, "redeem: start");

    if (!ngx_http_pupil_is(ctx, "support")) {
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_SUPPORT_REDEEM,
                                          NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    redeem = ctx->data;

    key = ngx_http_pupil_key(ctx, "token");
    if (key == NULL) {
        return NGX_ERROR;
    }

    if (pupil_factor_hash(key, "support", &anybody, redeem->input.code,
                          redeem->hash) != PUPIL_OK)
    {
        ngx_memzero(redeem->hash, sizeof(redeem->hash));
    }

    return ngx_http_pupil_throttle(ctx, &ngx_http_pupil_redeem_limit,
                                   ngx_http_pupil_redeem_find);
}


static ngx_int_t
ngx_http_pupil_redeem_find(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t     *ex;
    ngx_http_pupil_redeem_t  *redeem;

    redeem = ctx->data;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_SUPPORT_FIND);
    ngx_libpq_param_bytea(ex, redeem->hash, sizeof(redeem->hash));

    ctx->resume = ngx_http_pupil_redeem_found;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


/* Nobody has redeemed it, and whoever reads it out has done so just now. */
static ngx_int_t
ngx_http_pupil_redeem_found(ngx_http_pupil_ctx_t *ctx)
{
    PGresult                 *res;
    pupil_expected_t          expected;
    ngx_http_pupil_redeem_t  *redeem;

    ngx_http_pupil_debug(ctx, "redeem: looked up");

    redeem = ctx->data;
    res = ctx->exchange->results[0];

    ngx_memzero(&expected, sizeof(pupil_expected_t));
    expected.code.data = redeem->hash;
    expected.code.len = sizeof(redeem->hash);
    expected.now = ctx->now;

    if (ngx_http_pupil_support(ctx, res, 0, PUPIL_SF_GRANT, &expected,
                               &redeem->row) != NGX_OK
        || redeem->row.redeemed_at != PUPIL_TIME_NONE
        || ctx->now - redeem->row.created_at
           >= PUPIL_SUPPORT_CODE_TIME * PUPIL_TIME_SECOND
        || pupil_uuid_compare(&redeem->row.subject, &ctx->session.subject)
           == 0
        || ngx_http_pupil_get_bytea(res, 0, PUPIL_SF_GRANT + PUPIL_CG_MAC,
                                    &redeem->mac) != NGX_OK)
    {
        return ngx_http_pupil_redeem_unknown(ctx);
    }

    return ngx_http_pupil_redeem_use(ctx);
}


/* Wrong, used, too old or ended: which, nobody is told. */
static ngx_int_t
ngx_http_pupil_redeem_unknown(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_refuse_stmt(ctx, PUPIL_SUPPORT_REDEEM,
                                      NGX_HTTP_PUPIL_NOT_FOUND);
}


static ngx_int_t
ngx_http_pupil_redeem_use(ngx_http_pupil_ctx_t *ctx)
{
    uint8_t                   hash[PUPIL_HASH_LEN];
    const pupil_key_t        *key;
    ngx_libpq_exchange_t     *ex;
    ngx_http_pupil_redeem_t  *redeem;

    redeem = ctx->data;

    key = ngx_http_pupil_key(ctx, "token");
    ex = ngx_http_pupil_keystore_exchange(ctx, ngx_http_pupil_redeem_used);

    if (key == NULL || ex == NULL) {
        return NGX_ERROR;
    }

    pupil_support_hash(key, &redeem->row.grant, hash);

    (void) ngx_libpq_exchange_add(ex, ctx->main->fixed[PUPIL_FIXED_REDEEM]);
    ngx_libpq_param_uuid(ex, redeem->row.subject.b);
    ngx_libpq_param_int4(ex, (int32_t) redeem->row.number);
    ngx_libpq_param_bytea(ex, hash, sizeof(hash));
    ngx_libpq_param_bytea(ex, redeem->hash, sizeof(redeem->hash));
    ngx_libpq_param_timestamptz(ex, redeem->row.expires_at);
    ex->writes = 1;

    return ngx_http_pupil_track(ctx, ex);
}


static ngx_int_t
ngx_http_pupil_redeem_used(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t  redeemed;

    ngx_http_pupil_debug(ctx, "redeem: the key store was told");

    if (ctx->answer.exchange->status != NGX_LIBPQ_OK) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
    }

    if (ngx_libpq_get_bool(ctx->answer.exchange->results[0], 0,
                           PUPIL_KU_REDEEMED, &redeemed) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return redeemed ? ngx_http_pupil_redeem_write(ctx)
                    : ngx_http_pupil_redeem_unknown(ctx);
}


static ngx_int_t
ngx_http_pupil_redeem_write(ngx_http_pupil_ctx_t *ctx)
{
    uint8_t                    mac[PUPIL_MAC_LEN];
    ngx_uint_t                 at;
    pupil_support_row_t       *row;
    ngx_libpq_exchange_t      *ex;
    ngx_http_pupil_redeem_t   *redeem;
    ngx_http_pupil_writing_t   what;
    u_char                     note[sizeof(ctx->support.note)];

    redeem = ctx->data;
    row = &redeem->row;

    row->redeemed_at = ctx->now;
    row->actor = ctx->session.subject;
    row->session.data = ctx->session.hash;
    row->session.len = sizeof(ctx->session.hash);

    ex = ngx_http_pupil_exchange(ctx);

    if (ex == NULL || ngx_http_pupil_support_mac(ctx, row, mac) != NGX_OK) {
        return NGX_ERROR;
    }

    at = ngx_http_pupil_add_stmt(ctx, ex, PUPIL_SUPPORT_REDEEM);
    ngx_libpq_param_uuid(ex, row->grant.b);
    ngx_libpq_param_bytea(ex, redeem->mac.data, redeem->mac.len);
    ngx_libpq_param_uuid(ex, row->subject.b);
    ngx_libpq_param_timestamptz(ex, row->redeemed_at);
    ngx_libpq_param_bytea(ex, row->session.data, row->session.len);
    ngx_libpq_param_bytea(ex, mac, pupil_mac_len(mac));
    ngx_libpq_param_bytea(ex, ctx->throttle.bytes,
                          sizeof(ctx->throttle.bytes));

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = pupil_support_makes;
    what.n = PUPIL_SUPPORT_CHOICES;
    what.numbers = 1;
    what.subject = &row->subject;
    what.note.data = note;
    what.note.len = sizeof(PUPIL_SUPPORT_NOTE) - 1 + PUPIL_UUID_TEXT_LEN;
    pupil_uuid_format(&row->grant, ngx_cpymem(note, PUPIL_SUPPORT_NOTE,
                                        sizeof(PUPIL_SUPPORT_NOTE) - 1));
    ngx_http_pupil_audit_write(ctx, ex, at,
                               ngx_http_pupil_stmt(ctx, PUPIL_SUPPORT_REDEEM),
                               &what);

    ngx_http_pupil_notice_grant(ctx, ex, &row->subject, mac,
                                PUPIL_NOTICE_SUPPORT_REDEEMED);

    ctx->resume = ngx_http_pupil_redeem_written;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


static ngx_int_t
ngx_http_pupil_redeem_written(ngx_http_pupil_ctx_t *ctx)
{
    int64_t               redeemed;
    pupil_writer_t       *out;
    pupil_support_row_t  *row;

    ngx_http_pupil_debug(ctx, "redeem: written");

    if (ngx_libpq_get_int8(ctx->exchange->results[0], 0, PUPIL_SU_REDEEMED,
                           &redeemed) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (redeemed != 1) {                  /* its owner has ended it */
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_CONFLICT);
    }

    row = &((ngx_http_pupil_redeem_t *) ctx->data)->row;
    out = &ctx->out;

    pupil_writer_object_begin(out);
    pupil_writer_key(out, "id");
    pupil_writer_uuid(out, &row->grant);
    pupil_writer_key(out, "subject");
    pupil_writer_uuid(out, &row->subject);
    pupil_writer_key(out, "purpose");
    pupil_writer_cstr(out, pupil_purpose_name(PUPIL_PURPOSE_SUPPORT));
    pupil_writer_key(out, "expires_at");
    pupil_writer_time(out, row->expires_at);
    pupil_writer_object_end(out);

    return NGX_OK;
}
