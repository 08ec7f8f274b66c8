/*
 * Copyright (C) the Pupil authors
 *
 * Values between text and ngx_libpq.  Bytes and UUIDs are hexadecimal, times
 * microseconds since 1970, elements of arrays have commas between them.
 */

#include "ngx_http_libpq_test.h"


static ngx_uint_t
ngx_http_libpq_test_split(ngx_str_t *value, ngx_str_t *parts, ngx_uint_t max)
{
    u_char      *p, *last;
    ngx_uint_t   n;

    p = value->data;
    last = p + value->len;

    for (n = 0; n < max && p < last; n++) {
        parts[n].data = p;
        p = ngx_strlchr(p, last, ',');
        p = p ? p : last;
        parts[n].len = (size_t) (p - parts[n].data);

        if (parts[n].len == 4 && ngx_strncmp(parts[n].data, "NULL", 4) == 0) {
            parts[n].data = NULL;
        }

        p++;
    }

    return n;
}


/* In place. */

static void
ngx_http_libpq_test_unhex(ngx_str_t *value)
{
    size_t  i;

    for (i = 0; value->data && i < value->len / 2; i++) {
        value->data[i] = (u_char) ngx_hextoi(value->data + 2 * i, 2);
    }

    value->len /= 2;
}


static void
ngx_http_libpq_test_set_bool(ngx_libpq_exchange_t *ex, ngx_str_t *value)
{
    ngx_libpq_param_bool(ex, value->data[0] == 't');
}


static void
ngx_http_libpq_test_set_int4(ngx_libpq_exchange_t *ex, ngx_str_t *value)
{
    ngx_libpq_param_int4(ex, (int32_t) ngx_atoi(value->data, value->len));
}


static void
ngx_http_libpq_test_set_text(ngx_libpq_exchange_t *ex, ngx_str_t *value)
{
    ngx_libpq_param_text(ex, value->data, value->len);
}


static void
ngx_http_libpq_test_set_bytea(ngx_libpq_exchange_t *ex, ngx_str_t *value)
{
    ngx_http_libpq_test_unhex(value);
    ngx_libpq_param_bytea(ex, value->data, value->len);
}


static void
ngx_http_libpq_test_set_uuid(ngx_libpq_exchange_t *ex, ngx_str_t *value)
{
    ngx_http_libpq_test_unhex(value);
    ngx_libpq_param_uuid(ex, value->data);
}


static void
ngx_http_libpq_test_set_time(ngx_libpq_exchange_t *ex, ngx_str_t *value)
{
    ngx_libpq_param_timestamptz(ex, ngx_atoi(value->data, value->len));
}


static void
ngx_http_libpq_test_set_int4s(ngx_libpq_exchange_t *ex, ngx_str_t *value)
{
    int32_t     values[8];
    ngx_str_t   parts[8];
    ngx_uint_t  i, n;

    n = ngx_http_libpq_test_split(value, parts, 8);

    for (i = 0; i < n; i++) {
        values[i] = (int32_t) ngx_atoi(parts[i].data, parts[i].len);
    }

    ngx_libpq_param_int4_array(ex, values, n);
}


static void
ngx_http_libpq_test_set_texts(ngx_libpq_exchange_t *ex, ngx_str_t *value)
{
    ngx_str_t   parts[8];
    ngx_uint_t  n;

    n = ngx_http_libpq_test_split(value, parts, 8);
    ngx_libpq_param_text_array(ex, parts, n);
}


static void
ngx_http_libpq_test_set_byteas(ngx_libpq_exchange_t *ex, ngx_str_t *value)
{
    ngx_str_t   parts[8];
    ngx_uint_t  i, n;

    n = ngx_http_libpq_test_split(value, parts, 8);

    for (i = 0; i < n; i++) {
        ngx_http_libpq_test_unhex(&parts[i]);
    }

    ngx_libpq_param_bytea_array(ex, parts, n);
}


static void
ngx_http_libpq_test_set_uuids(ngx_libpq_exchange_t *ex, ngx_str_t *value)
{
    u_char      uuids[8][NGX_LIBPQ_UUID_LEN];
    ngx_str_t   parts[8];
    ngx_uint_t  i, n;

    n = ngx_http_libpq_test_split(value, parts, 8);

    for (i = 0; i < n; i++) {
        ngx_http_libpq_test_unhex(&parts[i]);
        ngx_memcpy(uuids[i], parts[i].data, NGX_LIBPQ_UUID_LEN);
    }

    ngx_libpq_param_uuid_array(ex, uuids, n);
}


static ngx_int_t
ngx_http_libpq_test_get_bool(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, u_char **p)
{
    ngx_int_t   rc;
    ngx_uint_t  value;

    rc = ngx_libpq_get_bool(res, row, col, &value);
    if (rc == NGX_OK) {
        *p = ngx_sprintf(*p, "%s", value ? "true" : "false");
    }

    return rc;
}


static ngx_int_t
ngx_http_libpq_test_get_int4(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, u_char **p)
{
    int32_t    value;
    ngx_int_t  rc;

    rc = ngx_libpq_get_int4(res, row, col, &value);
    if (rc == NGX_OK) {
        *p = ngx_sprintf(*p, "%D", value);
    }

    return rc;
}


static ngx_int_t
ngx_http_libpq_test_get_int8(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, u_char **p)
{
    int64_t    value;
    ngx_int_t  rc;

    rc = ngx_libpq_get_int8(res, row, col, &value);
    if (rc == NGX_OK) {
        *p = ngx_sprintf(*p, "%L", value);
    }

    return rc;
}


static ngx_int_t
ngx_http_libpq_test_get_text(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, u_char **p)
{
    ngx_int_t  rc;
    ngx_str_t  value;

    rc = ngx_libpq_get_text(res, row, col, &value);
    if (rc == NGX_OK) {
        *p = ngx_sprintf(*p, "%V", &value);
    }

    return rc;
}


static ngx_int_t
ngx_http_libpq_test_get_bytea(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, u_char **p)
{
    ngx_int_t  rc;
    ngx_str_t  value;

    rc = ngx_libpq_get_bytea(res, row, col, &value);
    if (rc == NGX_OK) {
        *p = ngx_hex_dump(*p, value.data, value.len);
    }

    return rc;
}


static ngx_int_t
ngx_http_libpq_test_get_uuid(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, u_char **p)
{
    u_char     value[NGX_LIBPQ_UUID_LEN];
    ngx_int_t  rc;

    rc = ngx_libpq_get_uuid(res, row, col, value);
    if (rc == NGX_OK) {
        *p = ngx_hex_dump(*p, value, sizeof(value));
    }

    return rc;
}


static ngx_int_t
ngx_http_libpq_test_get_time(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, u_char **p)
{
    int64_t    value;
    ngx_int_t  rc;

    rc = ngx_libpq_get_timestamptz(res, row, col, &value);
    if (rc == NGX_OK) {
        *p = ngx_sprintf(*p, "%L", value);
    }

    return rc;
}


static ngx_int_t
ngx_http_libpq_test_get_date(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, u_char **p)
{
    int32_t    value;
    ngx_int_t  rc;

    rc = ngx_libpq_get_date(res, row, col, &value);
    if (rc == NGX_OK) {
        *p = ngx_sprintf(*p, "%D", value);
    }

    return rc;
}


static ngx_int_t
ngx_http_libpq_test_get_uuids(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, u_char **p)
{
    u_char             value[NGX_LIBPQ_UUID_LEN];
    ngx_int_t          rc;
    ngx_libpq_array_t  array;

    rc = ngx_libpq_get_uuid_array(res, row, col, &array);
    if (rc != NGX_OK) {
        return rc;
    }

    *p = ngx_sprintf(*p, "%ui:", array.n);

    while (ngx_libpq_array_next_uuid(&array, value) == NGX_OK) {
        *p = ngx_hex_dump(*p, value, sizeof(value));
        *p = ngx_sprintf(*p, array.left ? "," : "");
    }

    return NGX_OK;
}


static const ngx_http_libpq_test_type_t  ngx_http_libpq_test_types[] = {
    { ngx_string("bool"), NGX_LIBPQ_BOOL, ngx_http_libpq_test_set_bool,
      ngx_http_libpq_test_get_bool },
    { ngx_string("int4"), NGX_LIBPQ_INT4, ngx_http_libpq_test_set_int4,
      ngx_http_libpq_test_get_int4 },
    { ngx_string("int8"), NGX_LIBPQ_INT8, NULL, ngx_http_libpq_test_get_int8 },
    { ngx_string("text"), NGX_LIBPQ_TEXT, ngx_http_libpq_test_set_text,
      ngx_http_libpq_test_get_text },
    { ngx_string("bytea"), NGX_LIBPQ_BYTEA, ngx_http_libpq_test_set_bytea,
      ngx_http_libpq_test_get_bytea },
    { ngx_string("uuid"), NGX_LIBPQ_UUID, ngx_http_libpq_test_set_uuid,
      ngx_http_libpq_test_get_uuid },
    { ngx_string("timestamptz"), NGX_LIBPQ_TIMESTAMPTZ,
      ngx_http_libpq_test_set_time, ngx_http_libpq_test_get_time },
    { ngx_string("date"), NGX_LIBPQ_DATE, NULL, ngx_http_libpq_test_get_date },
    { ngx_string("int4[]"), NGX_LIBPQ_INT4_ARRAY,
      ngx_http_libpq_test_set_int4s, NULL },
    { ngx_string("text[]"), NGX_LIBPQ_TEXT_ARRAY,
      ngx_http_libpq_test_set_texts, NULL },
    { ngx_string("bytea[]"), NGX_LIBPQ_BYTEA_ARRAY,
      ngx_http_libpq_test_set_byteas, NULL },
    { ngx_string("uuid[]"), NGX_LIBPQ_UUID_ARRAY,
      ngx_http_libpq_test_set_uuids, ngx_http_libpq_test_get_uuids },
    { ngx_null_string, 0, NULL, NULL }
};


const ngx_http_libpq_test_type_t *
ngx_http_libpq_test_type(ngx_str_t *name, Oid oid)
{
    const ngx_http_libpq_test_type_t  *type;

    for (type = ngx_http_libpq_test_types; type->name.len; type++) {
        if (name ? (type->name.len == name->len
                    && ngx_strncmp(type->name.data, name->data, name->len)
                       == 0)
                 : type->oid == oid)
        {
            return type;
        }
    }

    return NULL;
}
