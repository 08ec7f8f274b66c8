/*
 * Copyright (C) the Pupil authors
 *
 * Typed readers of results in binary format.  Whatever the server sent, a
 * reader looks at no byte outside the value, and takes no other type for the
 * one that was asked for.
 */

#include "pg/private.h"


#define NGX_LIBPQ_EPOCH  INT64_C(946684800000000)

/* Bytes of an array's header, of one without elements, and of an element. */
#define NGX_LIBPQ_ARRAY_HEAD   20
#define NGX_LIBPQ_ARRAY_EMPTY  12
#define NGX_LIBPQ_UUID_SIZE    (4 + PUPIL_UUID_LEN)

/* Types at and above this are the user's: enums travel as text. */
#define NGX_LIBPQ_FIRST_USER_TYPE  16384


static ngx_int_t ngx_libpq_get(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, Oid type, ngx_int_t size, pupil_str_t *value);
static ngx_int_t ngx_libpq_get_raw(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, pupil_str_t *value);
static uint32_t ngx_libpq_read32(const u_char *p);
static uint64_t ngx_libpq_read64(const u_char *p);


/* text, "char"[], name, json, char(n), varchar: their binary form is text */
static const Oid  ngx_libpq_texts[] = {
    NGX_LIBPQ_TEXT, 19, 114, 1042, 1043, 0
};


static uint32_t
ngx_libpq_read32(const u_char *p)
{
    return (uint32_t) p[0] << 24 | (uint32_t) p[1] << 16
           | (uint32_t) p[2] << 8 | p[3];
}


static uint64_t
ngx_libpq_read64(const u_char *p)
{
    return (uint64_t) ngx_libpq_read32(p) << 32 | ngx_libpq_read32(p + 4);
}


static ngx_int_t
ngx_libpq_get_raw(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
    pupil_str_t *value)
{
    if (res == NULL || PQresultStatus(res) != PGRES_TUPLES_OK
        || row >= (ngx_uint_t) PQntuples(res)
        || col >= (ngx_uint_t) PQnfields(res)
        || PQfformat(res, (int) col) != 1)
    {
        return NGX_ERROR;
    }

    if (PQgetisnull(res, (int) row, (int) col)) {
        return NGX_DECLINED;
    }

    value->data = (const uint8_t *) PQgetvalue(res, (int) row, (int) col);
    value->len = (size_t) PQgetlength(res, (int) row, (int) col);

    return NGX_OK;
}


static ngx_int_t
ngx_libpq_get(const PGresult *res, ngx_uint_t row, ngx_uint_t col, Oid type,
    ngx_int_t size, pupil_str_t *value)
{
    ngx_int_t    rc;
    pupil_str_t  raw;

    rc = ngx_libpq_get_raw(res, row, col, &raw);

    /* the type is checked for NULLs as well */

    if (rc == NGX_ERROR || PQftype(res, (int) col) != type) {
        return NGX_ERROR;
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (size >= 0 && raw.len != (size_t) size) {
        return NGX_ERROR;
    }

    *value = raw;

    return NGX_OK;
}


ngx_int_t
ngx_libpq_get_bool(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
    ngx_uint_t *value)
{
    ngx_int_t    rc;
    pupil_str_t  v;

    rc = ngx_libpq_get(res, row, col, NGX_LIBPQ_BOOL, 1, &v);
    if (rc == NGX_OK) {
        *value = (v.data[0] != 0);
    }

    return rc;
}


ngx_int_t
ngx_libpq_get_int4(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
    int32_t *value)
{
    ngx_int_t    rc;
    pupil_str_t  v;

    rc = ngx_libpq_get(res, row, col, NGX_LIBPQ_INT4, 4, &v);
    if (rc == NGX_OK) {
        *value = (int32_t) ngx_libpq_read32(v.data);
    }

    return rc;
}


ngx_int_t
ngx_libpq_get_int8(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
    int64_t *value)
{
    ngx_int_t    rc;
    pupil_str_t  v;

    rc = ngx_libpq_get(res, row, col, NGX_LIBPQ_INT8, 8, &v);
    if (rc == NGX_OK) {
        *value = (int64_t) ngx_libpq_read64(v.data);
    }

    return rc;
}


ngx_int_t
ngx_libpq_get_uuid(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
    pupil_uuid_t *value)
{
    ngx_int_t    rc;
    pupil_str_t  v;

    rc = ngx_libpq_get(res, row, col, NGX_LIBPQ_UUID, PUPIL_UUID_LEN, &v);
    if (rc == NGX_OK) {
        ngx_memcpy(value->b, v.data, PUPIL_UUID_LEN);
    }

    return rc;
}


ngx_int_t
ngx_libpq_get_timestamptz(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
    pupil_time_t *value)
{
    int64_t      t;
    ngx_int_t    rc;
    pupil_str_t  v;

    rc = ngx_libpq_get(res, row, col, NGX_LIBPQ_TIMESTAMPTZ, 8, &v);
    if (rc != NGX_OK) {
        return rc;
    }

    t = (int64_t) ngx_libpq_read64(v.data);

    if (t > INT64_MAX - NGX_LIBPQ_EPOCH) {
        t = INT64_MAX;      /* 'infinity' */

    } else if (t == INT64_MIN) {
        t = INT64_MIN + 1;  /* '-infinity', which is not PUPIL_TIME_NONE */

    } else {
        t += NGX_LIBPQ_EPOCH;
    }

    *value = t;

    return NGX_OK;
}


ngx_int_t
ngx_libpq_get_bytea(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
    pupil_str_t *value)
{
    return ngx_libpq_get(res, row, col, NGX_LIBPQ_BYTEA, -1, value);
}


ngx_int_t
ngx_libpq_get_text(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
    pupil_str_t *value)
{
    Oid          type;
    ngx_int_t    rc;
    ngx_uint_t   i;
    pupil_str_t  raw;

    rc = ngx_libpq_get_raw(res, row, col, &raw);
    if (rc == NGX_ERROR) {
        return rc;
    }

    type = PQftype(res, (int) col);

    if (type < NGX_LIBPQ_FIRST_USER_TYPE) {

        for (i = 0; ngx_libpq_texts[i] != type; i++) {
            if (ngx_libpq_texts[i] == 0) {
                return NGX_ERROR;
            }
        }
    }

    if (rc == NGX_OK) {
        *value = raw;
    }

    return rc;
}


ngx_int_t
ngx_libpq_get_uuid_array(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
    ngx_libpq_array_t *array)
{
    size_t         head;
    uint32_t       n, dims;
    ngx_int_t      rc;
    ngx_uint_t     i;
    pupil_str_t    v;
    const u_char  *p;

    rc = ngx_libpq_get(res, row, col, NGX_LIBPQ_UUID_ARRAY, -1, &v);
    if (rc != NGX_OK) {
        return rc;
    }

    if (v.len < NGX_LIBPQ_ARRAY_EMPTY
        || ngx_libpq_read32(v.data + 8) != NGX_LIBPQ_UUID)
    {
        return NGX_ERROR;
    }

    dims = ngx_libpq_read32(v.data);
    head = dims ? NGX_LIBPQ_ARRAY_HEAD : NGX_LIBPQ_ARRAY_EMPTY;

    if (dims > 1 || v.len < head) {
        return NGX_ERROR;
    }

    n = dims ? ngx_libpq_read32(v.data + 12) : 0;

    /* a NULL element would be shorter */

    if (v.len - head != (size_t) n * NGX_LIBPQ_UUID_SIZE) {
        return NGX_ERROR;
    }

    p = v.data + head;

    for (i = 0; i < n; i++) {
        if (ngx_libpq_read32(p + i * NGX_LIBPQ_UUID_SIZE) != PUPIL_UUID_LEN) {
            return NGX_ERROR;
        }
    }

    array->pos = p;
    array->left = array->n = n;

    return NGX_OK;
}


ngx_int_t
ngx_libpq_array_next_uuid(ngx_libpq_array_t *array, pupil_uuid_t *uuid)
{
    if (array->left == 0) {
        return NGX_DONE;
    }

    array->left--;

    /* lengths were checked by get_uuid_array() */

    ngx_memcpy(uuid->b, array->pos + 4, PUPIL_UUID_LEN);
    array->pos += NGX_LIBPQ_UUID_SIZE;

    return NGX_OK;
}
