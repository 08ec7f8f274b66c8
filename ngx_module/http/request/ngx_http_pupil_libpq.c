/*
 * Copyright (C) the Pupil authors
 *
 * Between core's types and ngx_libpq's.
 */

#include "core/base/text.h"
#include "core/policy/statement.h"
#include "http/request/ngx_http_pupil_libpq.h"


_Static_assert(NGX_HTTP_PUPIL_PROBE_END <= NGX_LIBPQ_PROBE_MAX,
               "ngx_libpq counts fewer kinds of callbacks");
_Static_assert(PUPIL_UUID_TEXT_LEN + 1 + NGX_INT32_LEN
               <= NGX_LIBPQ_SETTING_MAX,
               "a tenant and its day are too long for a session setting");

/* Core says the types of parameters, and the pool sets them. */
#define NGX_HTTP_PUPIL_OID(type)                                              \
    _Static_assert((int) PUPIL_OID_##type == (int) NGX_LIBPQ_##type,          \
                   "a type has one object id on both sides")

NGX_HTTP_PUPIL_OID(BOOL);
NGX_HTTP_PUPIL_OID(BYTEA);
NGX_HTTP_PUPIL_OID(INT8);
NGX_HTTP_PUPIL_OID(INT4);
NGX_HTTP_PUPIL_OID(TEXT);
NGX_HTTP_PUPIL_OID(BYTEA_ARRAY);
NGX_HTTP_PUPIL_OID(INT4_ARRAY);
NGX_HTTP_PUPIL_OID(TEXT_ARRAY);
NGX_HTTP_PUPIL_OID(TIMESTAMPTZ);
NGX_HTTP_PUPIL_OID(UUID);
NGX_HTTP_PUPIL_OID(UUID_ARRAY);

#if (PUPIL_TIME_NONE != NGX_LIBPQ_TIME_NULL)
#error "no time is not NULL on both sides"
#endif


static ngx_str_t *ngx_http_pupil_strings(ngx_libpq_exchange_t *ex,
    const pupil_str_t *values, ngx_uint_t n);


void
ngx_http_pupil_exchange_tenant(ngx_libpq_exchange_t *ex,
    const pupil_uuid_t *tenant)
{
    u_char  text[PUPIL_UUID_TEXT_LEN];

    if (pupil_uuid_is_zero(tenant)) {
        return;
    }

    pupil_uuid_format(tenant, text);
    ngx_libpq_exchange_setting(ex, text, sizeof(text));
}


void
ngx_http_pupil_exchange_day(ngx_libpq_exchange_t *ex,
    const pupil_uuid_t *tenant, int32_t day)
{
    u_char  *p, text[PUPIL_UUID_TEXT_LEN + 1 + NGX_INT32_LEN];

    if (pupil_uuid_is_zero(tenant)) {
        return;
    }

    pupil_uuid_format(tenant, text);
    p = ngx_sprintf(text + PUPIL_UUID_TEXT_LEN, " %D", day);
    ngx_libpq_exchange_setting(ex, text, (size_t) (p - text));
}


void
ngx_http_pupil_param_bytea(ngx_libpq_exchange_t *ex, const pupil_str_t *value)
{
    if (value->data != NULL) {
        ngx_libpq_param_bytea(ex, value->data, value->len);

    } else {
        ngx_libpq_param_null(ex);
    }
}


void
ngx_http_pupil_param_id(ngx_libpq_exchange_t *ex, const pupil_uuid_t *id)
{
    if (pupil_uuid_is_zero(id)) {
        ngx_libpq_param_null(ex);

    } else {
        ngx_libpq_param_uuid(ex, id->b);
    }
}


void
ngx_http_pupil_param_bytea_array(ngx_libpq_exchange_t *ex,
    const pupil_str_t *values, ngx_uint_t n)
{
    ngx_libpq_param_bytea_array(ex, ngx_http_pupil_strings(ex, values, n), n);
}


void
ngx_http_pupil_param_text_array(ngx_libpq_exchange_t *ex,
    const pupil_str_t *values, ngx_uint_t n)
{
    ngx_libpq_param_text_array(ex, ngx_http_pupil_strings(ex, values, n), n);
}


/* Valid as long as ex; without memory ex is marked. */

static ngx_str_t *
ngx_http_pupil_strings(ngx_libpq_exchange_t *ex, const pupil_str_t *values,
    ngx_uint_t n)
{
    ngx_str_t   *strings;
    ngx_uint_t   i;

    strings = ngx_palloc(ex->pool, n * sizeof(ngx_str_t));
    if (strings == NULL) {
        ex->nomem = 1;
        return NULL;
    }

    for (i = 0; i < n; i++) {
        strings[i].data = (u_char *) values[i].data;
        strings[i].len = values[i].len;
    }

    return strings;
}


ngx_int_t
ngx_http_pupil_get_bytea(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
    pupil_str_t *value)
{
    ngx_int_t  rc;
    ngx_str_t  found;

    rc = ngx_libpq_get_bytea(res, row, col, &found);
    if (rc == NGX_OK) {
        value->data = found.data;
        value->len = found.len;
    }

    return rc;
}


ngx_int_t
ngx_http_pupil_get_text(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
    pupil_str_t *value)
{
    ngx_int_t  rc;
    ngx_str_t  found;

    rc = ngx_libpq_get_text(res, row, col, &found);
    if (rc == NGX_OK) {
        value->data = found.data;
        value->len = found.len;
    }

    return rc;
}
