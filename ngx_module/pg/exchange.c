/*
 * Copyright (C) the Pupil authors
 *
 * Exchanges: building, parameters in binary format, freeing.
 */

#include <sodium.h>

#include "pg/private.h"


#define NGX_LIBPQ_POOL_SIZE  2048

/* PostgreSQL counts microseconds from 2000-01-01, Pupil from 1970-01-01. */
#define NGX_LIBPQ_EPOCH      INT64_C(946684800000000)

/* Bytes of a one-dimensional array's header, and of one without elements. */
#define NGX_LIBPQ_ARRAY_HEAD   20
#define NGX_LIBPQ_ARRAY_EMPTY  12
#define NGX_LIBPQ_ARRAY_MAX    ((size_t) 256 * 1024 * 1024)


static ngx_int_t ngx_libpq_exec_init(ngx_libpq_exchange_t *ex,
    const ngx_libpq_stmt_t *stmt);
static u_char *ngx_libpq_param(ngx_libpq_exchange_t *ex, Oid type, size_t len);
static u_char *ngx_libpq_put32(u_char *p, uint32_t value);
static u_char *ngx_libpq_put64(u_char *p, uint64_t value);
static u_char *ngx_libpq_array_head(ngx_libpq_exchange_t *ex, Oid array,
    Oid element, ngx_uint_t n, size_t size);
static void ngx_libpq_param_strings(ngx_libpq_exchange_t *ex, Oid array,
    Oid element, const pupil_str_t *values, ngx_uint_t n);


ngx_libpq_exchange_t *
ngx_libpq_exchange_create(ngx_libpq_pool_t *pg, ngx_libpq_handler_pt handler,
    void *data)
{
    ngx_pool_t            *pool;
    ngx_libpq_exchange_t  *ex;

    /* pitfall 16: not r->pool, the exchange may outlive the request */

    pool = ngx_create_pool(NGX_LIBPQ_POOL_SIZE, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    ex = ngx_pcalloc(pool, sizeof(ngx_libpq_exchange_t));
    if (ex == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    ex->pool = pool;
    ex->pg = pg;
    ex->handler = handler;
    ex->data = data;

    ex->results = ngx_pcalloc(pool, NGX_LIBPQ_MAX_STMTS * sizeof(PGresult *));

    ex->execs = ngx_palloc(pool, NGX_LIBPQ_MAX_STMTS
                                 * sizeof(ngx_libpq_exec_t));

    if (ex->results == NULL || ex->execs == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    return ex;
}


static ngx_int_t
ngx_libpq_exec_init(ngx_libpq_exchange_t *ex, const ngx_libpq_stmt_t *stmt)
{
    ngx_libpq_exec_t  *exec;

    exec = &ex->execs[ex->nresults];

    exec->stmt = stmt;
    exec->n = 1;
    exec->values = ngx_pcalloc(ex->pool, stmt->nparams * sizeof(char *));
    exec->lengths = ngx_pcalloc(ex->pool, stmt->nparams * sizeof(int));

    if (exec->values == NULL || exec->lengths == NULL) {
        ex->nomem = 1;
        return NGX_ERROR;
    }

    exec->values[0] = (const char *) exec->nonce;
    exec->lengths[0] = sizeof(exec->nonce);

    return NGX_OK;
}


void
ngx_libpq_exchange_tenant(ngx_libpq_exchange_t *ex,
    const u_char uuid[PUPIL_UUID_LEN])
{
    if (!pupil_uuid_is_zero(&ex->tenant) || ex->nresults) {
        ex->broken = 1;
        return;
    }

    ngx_memcpy(ex->tenant.b, uuid, PUPIL_UUID_LEN);
}


ngx_uint_t
ngx_libpq_exchange_add(ngx_libpq_exchange_t *ex, const ngx_libpq_stmt_t *stmt)
{
    ngx_libpq_exec_t  *last;

    if (ex->status != NGX_LIBPQ_BUILDING
        || ex->nresults == NGX_LIBPQ_MAX_STMTS)
    {
        ex->broken = 1;
        return 0;
    }

    if (ex->nresults) {
        last = &ex->execs[ex->nresults - 1];

        if (last->n != last->stmt->nparams) {
            ex->broken = 1;
        }
    }

    if (ngx_libpq_exec_init(ex, stmt) != NGX_OK) {
        return 0;
    }

    return ex->nresults++;
}


ngx_int_t
ngx_libpq_exchange_check(ngx_libpq_exchange_t *ex)
{
    const char        *what;
    ngx_libpq_exec_t  *last;

    if (ex->nomem) {
        return NGX_ERROR;
    }

    what = NULL;

    if (ex->status != NGX_LIBPQ_BUILDING) {
        what = "it was submitted before";

    } else if (ex->nresults == 0) {
        what = "it has no statement";

    } else if (pupil_uuid_is_zero(&ex->tenant)) {
        what = "it has no tenant";

    } else if (ex->broken) {
        what = "a parameter has another type than declared, or is one too "
               "many or too few";

    } else {
        last = &ex->execs[ex->nresults - 1];

        if (last->n != last->stmt->nparams) {
            what = "parameters of the last statement are missing";
        }
    }

    if (what) {
        last = ex->nresults ? &ex->execs[ex->nresults - 1] : NULL;

        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "pupil: exchange on \"%V\" refused: %s; last statement "
                      "is %s", &ex->pg->name, what,
                      last ? last->stmt->name : "none");
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_libpq_exchange_detach(ngx_libpq_exchange_t *ex)
{
    ex->handler = NULL;

    if (ex->status != NGX_LIBPQ_PENDING) {
        ngx_libpq_exchange_free(ex);
        return;
    }

    if (ex->in_queue && !ex->writes) {
        ngx_libpq_pool_dequeue(ex);
        ngx_libpq_exchange_free(ex);
    }

    /* else it finishes as an orphan (pitfall 16) */
}


void
ngx_libpq_exchange_destroy(ngx_libpq_exchange_t *ex)
{
    ngx_libpq_exchange_detach(ex);
}


void
ngx_libpq_exchange_clear(ngx_libpq_exchange_t *ex)
{
    ngx_uint_t  i;

    for (i = 0; i < ex->nresults; i++) {
        PQclear(ex->results[i]);
        ex->results[i] = NULL;
    }
}


void
ngx_libpq_exchange_free(ngx_libpq_exchange_t *ex)
{
    ngx_uint_t         i, k;
    ngx_libpq_exec_t  *exec;

    ngx_libpq_exchange_clear(ex);

    /* parameters may be secrets (invariant I14) */

    for (i = 0; i < ex->nresults; i++) {
        exec = &ex->execs[i];

        for (k = 1; k < exec->n; k++) {
            if (exec->values[k]) {
                sodium_memzero((void *) exec->values[k], exec->lengths[k]);
            }
        }
    }

    ngx_destroy_pool(ex->pool);
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

    if (ex->status != NGX_LIBPQ_BUILDING || ex->nresults == 0
        || len > NGX_LIBPQ_ARRAY_MAX)
    {
        ex->broken = 1;
        return NULL;
    }

    exec = &ex->execs[ex->nresults - 1];

    if (exec->n >= exec->stmt->nparams || exec->stmt->types[exec->n] != type) {
        ex->broken = 1;
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


void
ngx_libpq_param_null(ngx_libpq_exchange_t *ex)
{
    ngx_libpq_exec_t  *exec;

    if (ex->status != NGX_LIBPQ_BUILDING || ex->nresults == 0) {
        ex->broken = 1;
        return;
    }

    exec = &ex->execs[ex->nresults - 1];

    if (exec->n >= exec->stmt->nparams) {
        ex->broken = 1;
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
ngx_libpq_param_timestamptz(ngx_libpq_exchange_t *ex, pupil_time_t value)
{
    u_char  *p;

    if (value == PUPIL_TIME_NONE) {
        ngx_libpq_param_null(ex);
        return;
    }

    if (value < INT64_MIN + NGX_LIBPQ_EPOCH) {
        ex->broken = 1;
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
    const u_char uuid[PUPIL_UUID_LEN])
{
    u_char  *p;

    p = ngx_libpq_param(ex, NGX_LIBPQ_UUID, PUPIL_UUID_LEN);
    if (p) {
        ngx_memcpy(p, uuid, PUPIL_UUID_LEN);
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

    p = ngx_libpq_param(
        ex, array, n ? NGX_LIBPQ_ARRAY_HEAD + size : NGX_LIBPQ_ARRAY_EMPTY);
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
ngx_libpq_param_uuid_array(ngx_libpq_exchange_t *ex, const pupil_uuid_t *uuids,
    ngx_uint_t n)
{
    u_char      *p;
    ngx_uint_t   i;

    if (n > NGX_LIBPQ_ARRAY_MAX / (4 + PUPIL_UUID_LEN)) {
        ex->broken = 1;
        return;
    }

    p = ngx_libpq_array_head(ex, NGX_LIBPQ_UUID_ARRAY, NGX_LIBPQ_UUID, n,
                             n * (4 + PUPIL_UUID_LEN));

    for (i = 0; p && i < n; i++) {
        p = ngx_libpq_put32(p, PUPIL_UUID_LEN);
        p = ngx_cpymem(p, uuids[i].b, PUPIL_UUID_LEN);
    }
}


void
ngx_libpq_param_int4_array(ngx_libpq_exchange_t *ex, const int32_t *values,
    ngx_uint_t n)
{
    u_char      *p;
    ngx_uint_t   i;

    if (n > NGX_LIBPQ_ARRAY_MAX / 8) {
        ex->broken = 1;
        return;
    }

    p = ngx_libpq_array_head(ex, NGX_LIBPQ_INT4_ARRAY,
                             NGX_LIBPQ_INT4, n, n * 8);

    for (i = 0; p && i < n; i++) {
        p = ngx_libpq_put32(p, 4);
        p = ngx_libpq_put32(p, (uint32_t) values[i]);
    }
}


static void
ngx_libpq_param_strings(ngx_libpq_exchange_t *ex, Oid array, Oid element,
    const pupil_str_t *values, ngx_uint_t n)
{
    u_char      *p;
    size_t       size;
    ngx_uint_t   i;

    size = 0;

    for (i = 0; i < n; i++) {
        if (values[i].len > NGX_LIBPQ_ARRAY_MAX || size > NGX_LIBPQ_ARRAY_MAX) {
            ex->broken = 1;
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
ngx_libpq_param_bytea_array(ngx_libpq_exchange_t *ex,
    const pupil_str_t *values, ngx_uint_t n)
{
    ngx_libpq_param_strings(ex, NGX_LIBPQ_BYTEA_ARRAY,
                            NGX_LIBPQ_BYTEA, values, n);
}


void
ngx_libpq_param_text_array(ngx_libpq_exchange_t *ex, const pupil_str_t *values,
    ngx_uint_t n)
{
    ngx_libpq_param_strings(ex, NGX_LIBPQ_TEXT_ARRAY,
                            NGX_LIBPQ_TEXT, values, n);
}
