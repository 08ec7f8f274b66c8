/*
 * Copyright (C) the Pupil authors
 *
 * Rows that authorise: read from a result, and believed only when their MAC
 * fits (invariant I18).
 */

#include "http/request/ngx_http_pupil.h"


static ngx_int_t ngx_http_pupil_days(PGresult *res, ngx_uint_t row,
    ngx_uint_t col, int32_t *days);
static ngx_int_t ngx_http_pupil_authentic(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, ngx_uint_t col,
    const uint8_t mac[PUPIL_MAC_LEN], const char *what);


ngx_int_t
ngx_http_pupil_enrolment(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, pupil_enrolment_row_t *e)
{
    uint8_t             mac[PUPIL_MAC_LEN];
    ngx_int_t           rc;
    const pupil_key_t  *key;

    rc = ngx_libpq_get_uuid(res, row, col + PUPIL_CE_ENROLMENT,
                            e->enrolment.b);
    if (rc != NGX_OK) {
        return rc;
    }

    key = ngx_http_pupil_key(ctx, "mac");
    e->tenant = ctx->tenant;

    if (key == NULL
        || ngx_libpq_get_uuid(res, row, col + PUPIL_CE_SUBJECT, e->subject.b)
           != NGX_OK
        || ngx_libpq_get_uuid(res, row, col + PUPIL_CE_CLASS, e->class_id.b)
           != NGX_OK
        || ngx_libpq_get_uuid(res, row, col + PUPIL_CE_INSTITUTION,
                              e->institution.b) != NGX_OK
        || ngx_http_pupil_get_text(res, row, col + PUPIL_CE_ROLE, &e->role)
           != NGX_OK
        || ngx_http_pupil_days(res, row, col + PUPIL_CE_VALID_FROM,
                               &e->valid_from) != NGX_OK
        || ngx_http_pupil_days(res, row, col + PUPIL_CE_VALID_TO,
                               &e->valid_to) != NGX_OK
        || ngx_http_pupil_get_text(res, row, col + PUPIL_CE_SOURCE,
                                   &e->source) != NGX_OK)
    {
        return NGX_ERROR;
    }

    pupil_mac_enrolment(key, e, mac);

    return ngx_http_pupil_authentic(ctx, res, row, col + PUPIL_CE_MAC, mac,
                                    "an enrolment");
}


ngx_int_t
ngx_http_pupil_role(ngx_http_pupil_ctx_t *ctx, PGresult *res, ngx_uint_t row,
    ngx_uint_t col, pupil_role_row_t *role)
{
    uint8_t             mac[PUPIL_MAC_LEN];
    ngx_int_t           rc;
    const pupil_key_t  *key;

    rc = ngx_libpq_get_uuid(res, row, col + PUPIL_CR_SUBJECT,
                            role->subject.b);
    if (rc != NGX_OK) {
        return rc;
    }

    key = ngx_http_pupil_key(ctx, "mac");
    role->tenant = ctx->tenant;

    if (key == NULL
        || ngx_libpq_get_uuid(res, row, col + PUPIL_CR_INSTITUTION,
                              role->institution.b) != NGX_OK
        || ngx_http_pupil_get_text(res, row, col + PUPIL_CR_ROLE, &role->role)
           != NGX_OK
        || ngx_http_pupil_days(res, row, col + PUPIL_CR_VALID_FROM,
                               &role->valid_from) != NGX_OK
        || ngx_http_pupil_days(res, row, col + PUPIL_CR_VALID_TO,
                               &role->valid_to) != NGX_OK
        || ngx_http_pupil_get_text(res, row, col + PUPIL_CR_SOURCE,
                                   &role->source) != NGX_OK)
    {
        return NGX_ERROR;
    }

    pupil_mac_role(key, role, mac);

    return ngx_http_pupil_authentic(ctx, res, row, col + PUPIL_CR_MAC, mac,
                                    "a role");
}


ngx_int_t
ngx_http_pupil_subject(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, pupil_subject_row_t *subject)
{
    uint8_t             mac[PUPIL_MAC_LEN];
    ngx_int_t           rc;
    const pupil_key_t  *key;

    rc = ngx_libpq_get_uuid(res, row, col + PUPIL_CS_SUBJECT,
                            subject->subject.b);
    if (rc != NGX_OK) {
        return rc;
    }

    key = ngx_http_pupil_key(ctx, "mac");
    subject->tenant = ctx->tenant;

    if (key == NULL
        || ngx_http_pupil_get_text(res, row, col + PUPIL_CS_STATUS,
                                   &subject->status) != NGX_OK
        || ngx_http_pupil_get_text(res, row, col + PUPIL_CS_SOURCE,
                                   &subject->source) != NGX_OK)
    {
        return NGX_ERROR;
    }

    pupil_mac_subject(key, subject, mac);

    return ngx_http_pupil_authentic(ctx, res, row, col + PUPIL_CS_MAC, mac,
                                    "a subject's row");
}


ngx_uint_t
ngx_http_pupil_live(ngx_http_pupil_ctx_t *ctx, int32_t from, int32_t to)
{
    int32_t  today;

    today = (int32_t) (ctx->now / PUPIL_TIME_DAY);

    return from <= today && (to == PUPIL_DATE_NONE || to >= today);
}


static ngx_int_t
ngx_http_pupil_days(PGresult *res, ngx_uint_t row, ngx_uint_t col,
    int32_t *days)
{
    ngx_int_t  rc;

    rc = ngx_libpq_get_int4(res, row, col, days);

    if (rc == NGX_DECLINED) {
        *days = PUPIL_DATE_NONE;
        return NGX_OK;
    }

    return rc;
}


static ngx_int_t
ngx_http_pupil_authentic(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, const uint8_t mac[PUPIL_MAC_LEN],
    const char *what)
{
    pupil_str_t  stored;

    if (ngx_http_pupil_get_bytea(res, row, col, &stored) == NGX_OK
        && pupil_mac_check(mac, stored) == PUPIL_OK)
    {
        return NGX_OK;
    }

    ctx->audit.tampered = what;

    return NGX_ERROR;
}
