/*
 * Copyright (C) the Pupil authors
 *
 * Between core's types and ngx_libpq's: strings, tenants, kinds of callbacks.
 */

#ifndef _NGX_HTTP_PUPIL_LIBPQ_H_INCLUDED_
#define _NGX_HTTP_PUPIL_LIBPQ_H_INCLUDED_

#include "core/base/pupil.h"
#include "pg/ngx_libpq.h"
#include "pg/probe.h"


/* Kinds of callbacks whose time is measured, behind those of ngx_libpq. */
enum {
    NGX_HTTP_PUPIL_PROBE_REQUEST = NGX_LIBPQ_PROBE_USER,
                                     /* nginx hands over a request */
    NGX_HTTP_PUPIL_PROBE_BODY,       /* its body is there */
    NGX_HTTP_PUPIL_PROBE_RESUME,     /* a request goes on, within another */
    NGX_HTTP_PUPIL_PROBE_CLEANUP,    /* the end of a request's memory */
    NGX_HTTP_PUPIL_PROBE_AUDIT,      /* a group of records leaves */
    NGX_HTTP_PUPIL_PROBE_END
};

/* The last declaration of a callback's body; see ngx_libpq_probe(). */
#define ngx_http_pupil_probe(kind)                                            \
    ngx_libpq_probe(NGX_HTTP_PUPIL_PROBE_##kind)


/*
 * The tenant of row-level security (I10), which is the session setting of both
 * pools.  The zero UUID is none: submit() then refuses ex.  Of the data's pool
 * it is also the day that it is there.
 */
void ngx_http_pupil_exchange_tenant(ngx_libpq_exchange_t *ex,
    const pupil_uuid_t *tenant);
void ngx_http_pupil_exchange_day(ngx_libpq_exchange_t *ex,
    const pupil_uuid_t *tenant, int32_t day);

/* As the setters and readers of ngx_libpq; data NULL is NULL. */
void ngx_http_pupil_param_bytea(ngx_libpq_exchange_t *ex,
    const pupil_str_t *value);
void ngx_http_pupil_param_id(ngx_libpq_exchange_t *ex,
    const pupil_uuid_t *id);                    /* all zeros: NULL */
void ngx_http_pupil_param_bytea_array(ngx_libpq_exchange_t *ex,
    const pupil_str_t *values, ngx_uint_t n);
void ngx_http_pupil_param_text_array(ngx_libpq_exchange_t *ex,
    const pupil_str_t *values, ngx_uint_t n);
ngx_int_t ngx_http_pupil_get_bytea(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, pupil_str_t *value);
ngx_int_t ngx_http_pupil_get_text(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, pupil_str_t *value);

#endif /* _NGX_HTTP_PUPIL_LIBPQ_H_INCLUDED_ */
