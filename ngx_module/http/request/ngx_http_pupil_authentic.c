/*
 * Copyright (C) the Pupil authors
 *
 * Rows that authorise: read from a result, believed only when their MAC fits
 * (invariant I18), and used only when they are about what the request expects
 * (invariant I20).
 */

#include "http/request/ngx_http_pupil.h"


static ngx_int_t ngx_http_pupil_days(PGresult *res, ngx_uint_t row,
    ngx_uint_t col, int32_t *days);
static pupil_str_t ngx_http_pupil_stored_mac(PGresult *res, ngx_uint_t row,
    ngx_uint_t col);
static ngx_int_t ngx_http_pupil_judge(ngx_http_pupil_ctx_t *ctx,
    const char *table, pupil_rc_t rc, const pupil_uuid_t *record,
    const pupil_uuid_t *subject, uint32_t number, const char *why);


static const char  ngx_http_pupil_no_mac[] = "its MAC does not fit";
static const char  ngx_http_pupil_not_whole[] = "not whole";


ngx_int_t
ngx_http_pupil_enrolment(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, const pupil_expected_t *expected,
    pupil_enrolment_row_t *e)
{
    uint8_t             mac[PUPIL_MAC_LEN];
    ngx_int_t           rc;
    pupil_rc_t          prc;
    const char         *why;
    pupil_str_t         stored;
    const pupil_key_t  *key;

    rc = ngx_libpq_get_uuid(res, row, col + PUPIL_CE_ENROLMENT,
                            e->enrolment.b);
    if (rc != NGX_OK) {
        return rc;
    }

    key = ngx_http_pupil_key(ctx, "mac");
    if (key == NULL) {
        return NGX_ERROR;
    }

    e->tenant = ctx->tenant;
    ngx_memzero(&e->subject, sizeof(pupil_uuid_t));

    prc = PUPIL_TAMPERED;
    why = ngx_http_pupil_not_whole;

    if (ngx_libpq_get_uuid(res, row, col + PUPIL_CE_SUBJECT, e->subject.b)
        == NGX_OK
        && ngx_libpq_get_uuid(res, row, col + PUPIL_CE_CLASS, e->class_id.b)
           == NGX_OK
        && ngx_libpq_get_uuid(res, row, col + PUPIL_CE_INSTITUTION,
                              e->institution.b) == NGX_OK
        && ngx_http_pupil_get_text(res, row, col + PUPIL_CE_ROLE, &e->role)
           == NGX_OK
        && ngx_http_pupil_days(res, row, col + PUPIL_CE_VALID_FROM,
                               &e->valid_from) == NGX_OK
        && ngx_http_pupil_days(res, row, col + PUPIL_CE_VALID_TO,
                               &e->valid_to) == NGX_OK
        && ngx_http_pupil_get_text(res, row, col + PUPIL_CE_SOURCE,
                                   &e->source) == NGX_OK)
    {
        stored = ngx_http_pupil_stored_mac(res, row, col + PUPIL_CE_MAC);
        e->number = pupil_mac_number(stored);
        pupil_mac_enrolment(key, e, mac);
        why = ngx_http_pupil_no_mac;

        if (pupil_mac_check(mac, stored) == PUPIL_OK) {
            prc = pupil_expected_enrolment(expected, e, &why);
        }
    }

    return ngx_http_pupil_judge(ctx, "pupil.enrolment", prc, &e->enrolment,
                                &e->subject, e->number, why);
}


ngx_int_t
ngx_http_pupil_role(ngx_http_pupil_ctx_t *ctx, PGresult *res, ngx_uint_t row,
    ngx_uint_t col, const pupil_expected_t *expected, pupil_role_row_t *role)
{
    uint8_t             mac[PUPIL_MAC_LEN];
    ngx_int_t           rc;
    pupil_rc_t          prc;
    const char         *why;
    pupil_str_t         stored;
    const pupil_key_t  *key;

    rc = ngx_libpq_get_uuid(res, row, col + PUPIL_CR_SUBJECT,
                            role->subject.b);
    if (rc != NGX_OK) {
        return rc;
    }

    key = ngx_http_pupil_key(ctx, "mac");
    if (key == NULL) {
        return NGX_ERROR;
    }

    role->tenant = ctx->tenant;
    ngx_memzero(&role->institution, sizeof(pupil_uuid_t));

    prc = PUPIL_TAMPERED;
    why = ngx_http_pupil_not_whole;

    if (ngx_libpq_get_uuid(res, row, col + PUPIL_CR_INSTITUTION,
                           role->institution.b) == NGX_OK
        && ngx_http_pupil_get_text(res, row, col + PUPIL_CR_ROLE, &role->role)
           == NGX_OK
        && ngx_http_pupil_days(res, row, col + PUPIL_CR_VALID_FROM,
                               &role->valid_from) == NGX_OK
        && ngx_http_pupil_days(res, row, col + PUPIL_CR_VALID_TO,
                               &role->valid_to) == NGX_OK
        && ngx_http_pupil_get_text(res, row, col + PUPIL_CR_SOURCE,
                                   &role->source) == NGX_OK)
    {
        stored = ngx_http_pupil_stored_mac(res, row, col + PUPIL_CR_MAC);
        role->number = pupil_mac_number(stored);
        pupil_mac_role(key, role, mac);
        why = ngx_http_pupil_no_mac;

        if (pupil_mac_check(mac, stored) == PUPIL_OK) {
            prc = pupil_expected_role(expected, role, &why);
        }
    }

    /* a role has no id: the school stands for it */
    return ngx_http_pupil_judge(ctx, "pupil.role", prc, &role->institution,
                                &role->subject, role->number, why);
}


ngx_int_t
ngx_http_pupil_subject(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, const pupil_expected_t *expected,
    pupil_subject_row_t *subject)
{
    uint8_t             mac[PUPIL_MAC_LEN];
    ngx_int_t           rc;
    pupil_rc_t          prc;
    const char         *why;
    pupil_str_t         stored;
    const pupil_key_t  *key;

    rc = ngx_libpq_get_uuid(res, row, col + PUPIL_CS_SUBJECT,
                            subject->subject.b);
    if (rc != NGX_OK) {
        return rc;
    }

    key = ngx_http_pupil_key(ctx, "mac");
    if (key == NULL) {
        return NGX_ERROR;
    }

    subject->tenant = ctx->tenant;

    prc = PUPIL_TAMPERED;
    why = ngx_http_pupil_not_whole;

    if (ngx_http_pupil_get_text(res, row, col + PUPIL_CS_STATUS,
                                &subject->status) == NGX_OK
        && ngx_http_pupil_get_text(res, row, col + PUPIL_CS_SOURCE,
                                   &subject->source) == NGX_OK)
    {
        stored = ngx_http_pupil_stored_mac(res, row, col + PUPIL_CS_MAC);
        subject->number = pupil_mac_number(stored);
        pupil_mac_subject(key, subject, mac);
        why = ngx_http_pupil_no_mac;

        if (pupil_mac_check(mac, stored) == PUPIL_OK) {
            prc = pupil_expected_subject(expected, subject, &why);
        }
    }

    return ngx_http_pupil_judge(ctx, "pupil.subject", prc, &subject->subject,
                                &subject->subject, subject->number, why);
}


/* Empty when there is none, which fits no row. */
static pupil_str_t
ngx_http_pupil_stored_mac(PGresult *res, ngx_uint_t row, ngx_uint_t col)
{
    pupil_str_t  stored;

    if (ngx_http_pupil_get_bytea(res, row, col, &stored) != NGX_OK) {
        ngx_memzero(&stored, sizeof(pupil_str_t));
    }

    return stored;
}


/* What a row's MAC and expectation say, as the readers of rows return it. */
static ngx_int_t
ngx_http_pupil_judge(ngx_http_pupil_ctx_t *ctx, const char *table,
    pupil_rc_t rc, const pupil_uuid_t *record, const pupil_uuid_t *subject,
    uint32_t number, const char *why)
{
    switch (rc) {

    case PUPIL_OK:
        /* below the floor it was revoked, which is no finding */
        return ngx_http_pupil_floors_admit(ctx, subject, number) ? NGX_OK
                                                                 : NGX_ABORT;

    case PUPIL_NOT_FOUND:
        return NGX_DECLINED;

    default:
        ngx_http_pupil_tampered(ctx, table, record, subject, why);
        return NGX_ERROR;
    }
}


void
ngx_http_pupil_expect_actor(ngx_http_pupil_ctx_t *ctx,
    pupil_expected_t *expected)
{
    ngx_memzero(expected, sizeof(pupil_expected_t));

    expected->subject = &ctx->session.subject;
    expected->institution = &ctx->session.institution;
    expected->role = ctx->session.role;
    expected->day = ctx->today;
}


ngx_uint_t
ngx_http_pupil_live(ngx_http_pupil_ctx_t *ctx, int32_t from, int32_t to)
{
    return from <= ctx->today && (to == PUPIL_DATE_NONE || to >= ctx->today);
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
