/*
 * Copyright (C) the Pupil authors
 *
 * Values in PostgreSQL's binary format: setters of parameters, and readers of
 * results.  Whatever the server sent, a reader looks at no byte outside the
 * value, and takes no other type for the one that was asked for.
 */

#include "pg/private.h"


/* PostgreSQL counts from 2000-01-01, callers from 1970-01-01. */
#define NGX_LIBPQ_EPOCH        INT64_C(946684800000000)    /* microseconds */
#define NGX_LIBPQ_EPOCH_DAYS   10957

/* Bytes of a one-dimensional array's header, and of one without elements. */
#define NGX_LIBPQ_ARRAY_HEAD   20
#define NGX_LIBPQ_ARRAY_EMPTY  12
#define NGX_LIBPQ_ARRAY_MAX    ((size_t) 256 * 1024 * 1024)

/* Of an element: its length goes before it. */
#define NGX_LIBPQ_UUID_SIZE    (4 + NGX_LIBPQ_UUID_LEN)


static ngx_libpq_exec_t *ngx_libpq_param_exec(ngx_libpq_exchange_t *ex);
static u_char *ngx_libpq_param(ngx_libpq_exchange_t *ex, Oid type, size_t len);
static u_char *ngx_libpq_array_head(ngx_libpq_exchange_t *ex, Oid array,
    Oid element, ngx_uint_t n, size_t size);
static void ngx_libpq_param_strings(ngx_libpq_exchange_t *ex, Oid array,
    Oid element, const ngx_str_t *values, ngx_uint_t n);
static ngx_int_t ngx_libpq_get(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, Oid type, ngx_int_t size, ngx_str_t *value);
static ngx_int_t ngx_libpq_get_raw(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, ngx_str_t *value);
static u_char *ngx_libpq_put32(u_char *p, uint32_t value);
static u_char *ngx_libpq_put64(u_char *p, uint64_t value);
static uint32_t ngx_libpq_read32(const u_char *p);
static uint64_t ngx_libpq_read64(const u_char *p);


static const char  ngx_libpq_too_large[] = "a parameter is too large";

/* Types whose binary form is their text. */
static const Oid  ngx_libpq_texts[] = {
    NGX_LIBPQ_TEXT, NGX_LIBPQ_NAME, NGX_LIBPQ_JSON, NGX_LIBPQ_BPCHAR,
    NGX_LIBPQ_VARCHAR, 0
};


/* ---- parameters ---- */


/* The execution that the next parameter is of; NULL: ex is marked. */

static ngx_libpq_exec_t *
ngx_libpq_param_exec(ngx_libpq_exchange_t *ex)
{
    ngx_libpq_exec_t  *exec;

    if (ex->status != NGX_LIBPQ_BUILDING || ex->nresults == 0) {
        ngx_libpq_exchange_fault(ex, "a parameter is of no statement");
        return NULL;
    }

    exec = &ex->execs[ex->nresults - 1];

    if (exec->n >= exec->stmt->nparams) {
        ngx_libpq_exchange_fault(ex, "a parameter is one too many");
        return NULL;
    }

    return exec;
}


/* Memory for the next parameter; NULL: ex is marked. */

static u_char *
ngx_libpq_param(ngx_libpq_exchange_t *ex, Oid type, size_t len)
{
    u_char            *p;
    ngx_libpq_exec_t  *exec;

    if (ex->nomem) {
        return NULL;
    }

    exec = ngx_libpq_param_exec(ex);
    if (exec == NULL) {
        return NULL;
    }

    if (exec->stmt->types[exec->n] != type) {
        ngx_libpq_exchange_fault(ex, "a parameter has another type than "
                                     "declared");
        return NULL;
    }

    if (len > NGX_LIBPQ_ARRAY_MAX) {
        ngx_libpq_exchange_fault(ex, ngx_libpq_too_large);
        return NULL;
    }

    p = ngx_pnalloc(ex->pool, len ? len : 1);
    if (p == NULL) {
        ex->nomem = 1;
        return NULL;
    }

    exec->values[exec->n] = (const char *) p;
    exec->lengths[exec->n] = (int) len;
    exec->n++;

    return p;
}


void
ngx_libpq_param_null(ngx_libpq_exchange_t *ex)
{
    ngx_libpq_exec_t  *exec;

    exec = ngx_libpq_param_exec(ex);
    if (exec == NULL) {
        return;
    }

    exec->values[exec->n] = NULL;
    exec->lengths[exec->n] = 0;
    exec->n++;
}


void
ngx_libpq_param_bool(ngx_libpq_exchange_t *ex, ngx_uint_t value)
{
    u_char  *p;

    p = ngx_libpq_param(ex, NGX_LIBPQ_BOOL, 1);
    if (p) {
        *p = value ? 1 : 0;
    }
}


void
ngx_libpq_param_int4(ngx_libpq_exchange_t *ex, int32_t value)
{
    u_char  *p;

    p = ngx_libpq_param(ex, NGX_LIBPQ_INT4, 4);
    if (p) {
        ngx_libpq_put32(p, (uint32_t) value);
    }
}


void
ngx_libpq_param_int8(ngx_libpq_exchange_t *ex, int64_t value)
{
    u_char  *p;

    p = ngx_libpq_param(ex, NGX_LIBPQ_INT8, 8);
    if (p) {
        ngx_libpq_put64(p, (uint64_t) value);
    }
}


void
ngx_libpq_param_timestamptz(ngx_libpq_exchange_t *ex, int64_t value)
{
    u_char  *p;

    if (value == NGX_LIBPQ_TIME_NULL) {
        ngx_libpq_param_null(ex);
        return;
    }

    if (value < INT64_MIN + NGX_LIBPQ_EPOCH) {
        ngx_libpq_exchange_fault(ex, "a time is before all that PostgreSQL "
                                     "has");
        return;
    }

    p = ngx_libpq_param(ex, NGX_LIBPQ_TIMESTAMPTZ, 8);
    if (p) {
        /* the largest value is PostgreSQL's 'infinity', and stays it */
        if (value != INT64_MAX) {
            value -= NGX_LIBPQ_EPOCH;
        }

        ngx_libpq_put64(p, (uint64_t) value);
    }
}


void
ngx_libpq_param_uuid(ngx_libpq_exchange_t *ex,
    const u_char uuid[NGX_LIBPQ_UUID_LEN])
{
    u_char  *p;

    p = ngx_libpq_param(ex, NGX_LIBPQ_UUID, NGX_LIBPQ_UUID_LEN);
    if (p) {
        ngx_memcpy(p, uuid, NGX_LIBPQ_UUID_LEN);
    }
}


void
ngx_libpq_param_bytea(ngx_libpq_exchange_t *ex, const void *data, size_t len)
{
    u_char  *p;

    p = ngx_libpq_param(ex, NGX_LIBPQ_BYTEA, len);
    if (p && len) {
        ngx_memcpy(p, data, len);
    }
}


void
ngx_libpq_param_text(ngx_libpq_exchange_t *ex, const void *data, size_t len)
{
    u_char  *p;

    p = ngx_libpq_param(ex, NGX_LIBPQ_TEXT, len);
    if (p && len) {
        ngx_memcpy(p, data, len);
    }
}


/* Returns the place of the first element; NULL: none, or ex is marked. */

static u_char *
ngx_libpq_array_head(ngx_libpq_exchange_t *ex, Oid array, Oid element,
    ngx_uint_t n, size_t size)
{
    u_char  *p;

    size = n ? NGX_LIBPQ_ARRAY_HEAD + size : NGX_LIBPQ_ARRAY_EMPTY;

    p = ngx_libpq_param(ex, array, size);
    if (p == NULL) {
        return NULL;
    }

    p = ngx_libpq_put32(p, n ? 1 : 0);      /* dimensions */
    p = ngx_libpq_put32(p, 0);              /* the flags are 0 or 1 */
    p = ngx_libpq_put32(p, element);

    if (n == 0) {
        return NULL;
    }

    p = ngx_libpq_put32(p, (uint32_t) n);

    return ngx_libpq_put32(p, 1);           /* lower bound */
}


void
ngx_libpq_param_uuid_array(ngx_libpq_exchange_t *ex, const void *uuids,
    ngx_uint_t n)
{
    u_char        *p;
    ngx_uint_t     i;
    const u_char  *uuid;

    if (n > NGX_LIBPQ_ARRAY_MAX / NGX_LIBPQ_UUID_SIZE) {
        ngx_libpq_exchange_fault(ex, ngx_libpq_too_large);
        return;
    }

    p = ngx_libpq_array_head(ex, NGX_LIBPQ_UUID_ARRAY, NGX_LIBPQ_UUID, n,
                             n * NGX_LIBPQ_UUID_SIZE);
    uuid = uuids;

    for (i = 0; p && i < n; i++) {
        p = ngx_libpq_put32(p, NGX_LIBPQ_UUID_LEN);
        p = ngx_cpymem(p, uuid, NGX_LIBPQ_UUID_LEN);
        uuid += NGX_LIBPQ_UUID_LEN;
    }
}


void
ngx_libpq_param_int4_array(ngx_libpq_exchange_t *ex, const int32_t *values,
    ngx_uint_t n)
{
    u_char      *p;
    ngx_uint_t   i;

    if (n > NGX_LIBPQ_ARRAY_MAX / 8) {
        ngx_libpq_exchange_fault(ex, ngx_libpq_too_large);
        return;
    }

    p = ngx_libpq_array_head(ex, NGX_LIBPQ_INT4_ARRAY, NGX_LIBPQ_INT4, n,
                             n * 8);

    for (i = 0; p && i < n; i++) {
        p = ngx_libpq_put32(p, 4);
        p = ngx_libpq_put32(p, (uint32_t) values[i]);
    }
}


static void
ngx_libpq_param_strings(ngx_libpq_exchange_t *ex, Oid array, Oid element,
    const ngx_str_t *values, ngx_uint_t n)
{
    u_char      *p;
    size_t       size;
    ngx_uint_t   i;

    if (ex->nomem) {
        return;
    }

    size = 0;

    for (i = 0; i < n; i++) {
        if (values[i].len > NGX_LIBPQ_ARRAY_MAX || size > NGX_LIBPQ_ARRAY_MAX) {
            ngx_libpq_exchange_fault(ex, ngx_libpq_too_large);
            return;
        }

        size += 4 + (values[i].data ? values[i].len : 0);
    }

    p = ngx_libpq_array_head(ex, array, element, n, size);

    for (i = 0; p && i < n; i++) {
        if (values[i].data == NULL) {
            p = ngx_libpq_put32(p, (uint32_t) -1);
            continue;
        }

        p = ngx_libpq_put32(p, (uint32_t) values[i].len);
        p = ngx_cpymem(p, values[i].data, values[i].len);
    }
}


void
ngx_libpq_param_bytea_array(ngx_libpq_exchange_t *ex, const ngx_str_t *values,
    ngx_uint_t n)
{
    ngx_libpq_param_strings(ex, NGX_LIBPQ_BYTEA_ARRAY, NGX_LIBPQ_BYTEA, values,
                            n);
}


void
ngx_libpq_param_text_array(ngx_libpq_exchange_t *ex, const ngx_str_t *values,
    ngx_uint_t n)
{
    ngx_libpq_param_strings(ex, NGX_LIBPQ_TEXT_ARRAY, NGX_LIBPQ_TEXT, values,
                            n);
}


/* ---- results ---- */


static ngx_int_t
ngx_libpq_get_raw(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
    ngx_str_t *value)
{
    /* a result that failed, or none at all, has no rows */

    if (row >= (ngx_uint_t) PQntuples(res)
        || col >= (ngx_uint_t) PQnfields(res)
        || PQfformat(res, (int) col) != 1)
    {
        return NGX_ERROR;
    }

    value->len = (size_t) PQgetlength(res, (int) row, (int) col);

    if (value->len == 0 && PQgetisnull(res, (int) row, (int) col)) {
        return NGX_DECLINED;
    }

    value->data = (u_char *) PQgetvalue(res, (int) row, (int) col);

    return NGX_OK;
}


static ngx_int_t
ngx_libpq_get(const PGresult *res, ngx_uint_t row, ngx_uint_t col, Oid type,
    ngx_int_t size, ngx_str_t *value)
{
    ngx_int_t  rc;
    ngx_str_t  raw;

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
    ngx_int_t  rc;
    ngx_str_t  v;

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
    ngx_int_t  rc;
    ngx_str_t  v;

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
    ngx_int_t  rc;
    ngx_str_t  v;

    rc = ngx_libpq_get(res, row, col, NGX_LIBPQ_INT8, 8, &v);
    if (rc == NGX_OK) {
        *value = (int64_t) ngx_libpq_read64(v.data);
    }

    return rc;
}


ngx_int_t
ngx_libpq_get_uuid(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
    u_char uuid[NGX_LIBPQ_UUID_LEN])
{
    ngx_int_t  rc;
    ngx_str_t  v;

    rc = ngx_libpq_get(res, row, col, NGX_LIBPQ_UUID, NGX_LIBPQ_UUID_LEN, &v);
    if (rc == NGX_OK) {
        ngx_memcpy(uuid, v.data, NGX_LIBPQ_UUID_LEN);
    }

    return rc;
}


ngx_int_t
ngx_libpq_get_date(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
    int32_t *days)
{
    int32_t    d;
    ngx_int_t  rc;
    ngx_str_t  v;

    rc = ngx_libpq_get(res, row, col, NGX_LIBPQ_DATE, 4, &v);
    if (rc != NGX_OK) {
        return rc;
    }

    d = (int32_t) ngx_libpq_read32(v.data);

    if (d > INT32_MAX - NGX_LIBPQ_EPOCH_DAYS) {
        d = INT32_MAX;      /* 'infinity' */

    } else if (d != INT32_MIN) {
        d += NGX_LIBPQ_EPOCH_DAYS;
    }

    *days = d;

    return NGX_OK;
}


ngx_int_t
ngx_libpq_get_timestamptz(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
    int64_t *value)
{
    int64_t    t;
    ngx_int_t  rc;
    ngx_str_t  v;

    rc = ngx_libpq_get(res, row, col, NGX_LIBPQ_TIMESTAMPTZ, 8, &v);
    if (rc != NGX_OK) {
        return rc;
    }

    t = (int64_t) ngx_libpq_read64(v.data);

    if (t > INT64_MAX - NGX_LIBPQ_EPOCH) {
        t = INT64_MAX;      /* 'infinity' */

    } else if (t == INT64_MIN) {
        t = INT64_MIN + 1;  /* '-infinity', which is not NGX_LIBPQ_TIME_NULL */

    } else {
        t += NGX_LIBPQ_EPOCH;
    }

    *value = t;

    return NGX_OK;
}


ngx_int_t
ngx_libpq_get_bytea(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
    ngx_str_t *value)
{
    return ngx_libpq_get(res, row, col, NGX_LIBPQ_BYTEA, -1, value);
}


ngx_int_t
ngx_libpq_get_text(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
    ngx_str_t *value)
{
    Oid         type;
    ngx_int_t   rc;
    ngx_str_t   raw;
    ngx_uint_t  i;

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
    ngx_str_t      v;
    ngx_uint_t     i;
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
        if (ngx_libpq_read32(p + i * NGX_LIBPQ_UUID_SIZE)
            != NGX_LIBPQ_UUID_LEN)
        {
            return NGX_ERROR;
        }
    }

    array->pos = p;
    array->left = array->n = n;

    return NGX_OK;
}


ngx_int_t
ngx_libpq_array_next_uuid(ngx_libpq_array_t *array,
    u_char uuid[NGX_LIBPQ_UUID_LEN])
{
    if (array->left == 0) {
        return NGX_DONE;
    }

    array->left--;

    /* lengths were checked by get_uuid_array() */

    ngx_memcpy(uuid, array->pos + 4, NGX_LIBPQ_UUID_LEN);
    array->pos += NGX_LIBPQ_UUID_SIZE;

    return NGX_OK;
}


/* ---- integers in network order ---- */


static u_char *
ngx_libpq_put32(u_char *p, uint32_t value)
{
    *p++ = (u_char) (value >> 24);
    *p++ = (u_char) (value >> 16);
    *p++ = (u_char) (value >> 8);
    *p++ = (u_char) value;

    return p;
}


static u_char *
ngx_libpq_put64(u_char *p, uint64_t value)
{
    p = ngx_libpq_put32(p, (uint32_t) (value >> 32));

    return ngx_libpq_put32(p, (uint32_t) value);
}


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
