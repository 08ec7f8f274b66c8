/*
 * Copyright (C) the Pupil authors
 */

#include "core/login/token.h"
#include "http/request/ngx_http_pupil.h"


static ngx_int_t ngx_http_pupil_support_read(PGresult *res, ngx_uint_t row,
    ngx_uint_t col, pupil_support_row_t *grant, pupil_str_t *mac);
static ngx_int_t ngx_http_pupil_supports_ask(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_supports_told(ngx_http_pupil_ctx_t *ctx);
static ngx_uint_t ngx_http_pupil_support_ended(PGresult *res,
    const uint8_t hash[PUPIL_HASH_LEN]);


ngx_int_t
ngx_http_pupil_support(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, const pupil_expected_t *expected,
    pupil_support_row_t *grant)
{
    uint8_t       mac[PUPIL_MAC_LEN];
    ngx_int_t     rc;
    pupil_rc_t    prc;
    pupil_str_t   stored;
    const char   *why;

    rc = ngx_libpq_get_uuid(res, row, col + PUPIL_CG_GRANT, grant->grant.b);
    if (rc != NGX_OK) {
        return rc;
    }

    grant->tenant = ctx->tenant;
    ngx_memzero(&grant->subject, sizeof(pupil_uuid_t));

    prc = PUPIL_TAMPERED;
    why = "not whole";

    if (ngx_http_pupil_support_read(res, row, col, grant, &stored) == NGX_OK) {
        if (ngx_http_pupil_support_mac(ctx, grant, mac) != NGX_OK) {
            return NGX_ERROR;
        }

        why = "its MAC does not fit";

        if (pupil_mac_check(mac, stored) == PUPIL_OK) {
            prc = pupil_expected_support(expected, grant, &why);
        }
    }

    if (prc == PUPIL_TAMPERED) {
        ngx_http_pupil_tampered(ctx, "pupil.support_grant", &grant->grant,
                                &grant->subject, why);
        return NGX_ERROR;
    }

    return prc == PUPIL_OK ? NGX_OK : NGX_DECLINED;
}


/* Three columns are there together, or none is. */
static ngx_int_t
ngx_http_pupil_support_read(PGresult *res, ngx_uint_t row, ngx_uint_t col,
    pupil_support_row_t *grant, pupil_str_t *mac)
{
    grant->redeemed_at = PUPIL_TIME_NONE;
    ngx_memzero(&grant->actor, sizeof(pupil_uuid_t));
    ngx_memzero(&grant->session, sizeof(pupil_str_t));

    if (ngx_libpq_get_uuid(res, row, col + PUPIL_CG_SUBJECT,
                           grant->subject.b) != NGX_OK
        || ngx_http_pupil_get_bytea(res, row, col + PUPIL_CG_CODE,
                                    &grant->code) != NGX_OK
        || ngx_libpq_get_timestamptz(res, row, col + PUPIL_CG_CREATED_AT,
                                     &grant->created_at) != NGX_OK
        || ngx_libpq_get_timestamptz(res, row, col + PUPIL_CG_EXPIRES_AT,
                                     &grant->expires_at) != NGX_OK
        || ngx_libpq_get_timestamptz(res, row, col + PUPIL_CG_REDEEMED_AT,
                                     &grant->redeemed_at) == NGX_ERROR
        || ngx_libpq_get_uuid(res, row, col + PUPIL_CG_ACTOR, grant->actor.b)
           == NGX_ERROR
        || ngx_http_pupil_get_bytea(res, row, col + PUPIL_CG_SESSION,
                                    &grant->session) == NGX_ERROR
        || ngx_http_pupil_get_bytea(res, row, col + PUPIL_CG_MAC, mac)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    grant->number = pupil_mac_number(*mac);

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_support_mac(ngx_http_pupil_ctx_t *ctx,
    const pupil_support_row_t *grant, uint8_t mac[PUPIL_MAC_LEN])
{
    const pupil_key_t  *key;

    key = ngx_http_pupil_key(ctx, "mac");
    if (key == NULL) {
        return NGX_ERROR;
    }

    pupil_mac_support(key, grant, mac);

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_supports(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t col, const pupil_expected_t *expected,
    ngx_http_pupil_step_pt next)
{
    ngx_uint_t                 row, n;
    ngx_http_pupil_support_t  *support;

    support = &ctx->support;
    n = ngx_min((ngx_uint_t) PQntuples(res), PUPIL_SUPPORT_ROWS);

    support->n = 0;
    support->next = next;
    support->list = ngx_palloc(ctx->request->pool,
                               n * sizeof(pupil_support_row_t));
    if (support->list == NULL) {
        return NGX_ERROR;
    }

    for (row = 0; row < n; row++) {
        support->n += ngx_http_pupil_support(ctx, res, row, col, expected,
                                             &support->list[support->n])
                      == NGX_OK;
    }

    if (support->n == 0) {
        ctx->step = next;
        return next(ctx);
    }

    return ngx_http_pupil_supports_ask(ctx);
}


static ngx_int_t
ngx_http_pupil_supports_ask(ngx_http_pupil_ctx_t *ctx)
{
    uint8_t                   *bytes;
    ngx_uint_t                 i, n;
    pupil_str_t               *hashes;
    const pupil_key_t         *key;
    ngx_libpq_exchange_t      *ex;
    ngx_http_pupil_support_t  *support;

    support = &ctx->support;
    n = support->n;

    key = ngx_http_pupil_key(ctx, "token");
    hashes = ngx_palloc(ctx->request->pool, n * sizeof(pupil_str_t));
    bytes = ngx_pnalloc(ctx->request->pool, n * PUPIL_HASH_LEN);

    if (key == NULL || hashes == NULL || bytes == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        hashes[i].data = bytes + i * PUPIL_HASH_LEN;
        hashes[i].len = PUPIL_HASH_LEN;
        pupil_support_hash(key, &support->list[i].grant,
                           bytes + i * PUPIL_HASH_LEN);
    }

    ex = ngx_http_pupil_keystore_exchange(ctx, ngx_http_pupil_supports_told);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_libpq_exchange_add(ex, ctx->main->fixed[PUPIL_FIXED_SESSIONS]);
    ngx_libpq_param_uuid(ex, ctx->tenant.b);
    ngx_libpq_param_uuid(ex, support->list[0].subject.b);
    ngx_http_pupil_param_bytea_array(ex, hashes, n);

    return ngx_http_pupil_track(ctx, ex);
}


/* Restricted, erased, with other log-ins by now, or ended: none is left. */
static ngx_int_t
ngx_http_pupil_supports_told(ngx_http_pupil_ctx_t *ctx)
{
    int32_t                    floor;
    uint8_t                    hash[PUPIL_HASH_LEN];
    PGresult                  *res;
    ngx_uint_t                 i, n;
    pupil_str_t                state;
    const pupil_key_t         *key;
    ngx_http_pupil_support_t  *support;

    ngx_http_pupil_debug(ctx, "support: the key store was asked");

    support = &ctx->support;

    if (ctx->answer.exchange->status != NGX_LIBPQ_OK) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
    }

    res = ctx->answer.exchange->results[0];
    key = ngx_http_pupil_key(ctx, "token");

    if (key == NULL
        || ngx_libpq_get_int4(res, 0, PUPIL_KN_SESSION, &floor) != NGX_OK
        || ngx_http_pupil_get_text(res, 0, PUPIL_KN_STATE, &state) != NGX_OK)
    {
        return NGX_ERROR;
    }

    n = support->n;
    support->n = 0;

    for (i = 0; i < n; i++) {
        pupil_support_hash(key, &support->list[i].grant, hash);

        if (pupil_owner_state(state) == PUPIL_OWNER_STATE_ACTIVE
            && support->list[i].number >= (uint32_t) floor
            && !ngx_http_pupil_support_ended(res, hash))
        {
            support->list[support->n++] = support->list[i];
        }
    }

    ctx->step = support->next;

    return support->next(ctx);
}


static ngx_uint_t
ngx_http_pupil_support_ended(PGresult *res, const uint8_t hash[PUPIL_HASH_LEN])
{
    int          row;
    pupil_str_t  ended;

    for (row = 0; row < PQntuples(res); row++) {
        if (ngx_http_pupil_get_bytea(res, row, PUPIL_KN_TOKEN_HASH, &ended)
            == NGX_OK
            && ended.len == PUPIL_HASH_LEN
            && ngx_memcmp(ended.data, hash, PUPIL_HASH_LEN) == 0)
        {
            return 1;
        }
    }

    return 0;
}
