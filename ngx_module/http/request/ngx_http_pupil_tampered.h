/*
 * Copyright (C) the Pupil authors
 *
 * What a request found that is not what Pupil stored, or not what it asked
 * for: noted where it is found, and audited before the answer leaves.
 */

#ifndef _NGX_HTTP_PUPIL_TAMPERED_H_INCLUDED_
#define _NGX_HTTP_PUPIL_TAMPERED_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


/* A request writes as many records of it at most; the last says "and more". */
#define NGX_HTTP_PUPIL_TAMPERED  8

typedef struct {
    const char     *table;          /* with its schema; static or r->pool's */
    const char     *why;            /* static */
    pupil_uuid_t    record;         /* zero: it has no id */
    pupil_uuid_t    subject;        /* whom the row claims to be of */
} ngx_http_pupil_found_t;

/* ctx->audit.tampered: in the order in which it was found, each once. */
typedef struct {
    ngx_http_pupil_found_t   found[NGX_HTTP_PUPIL_TAMPERED];
    ngx_uint_t               count;
    unsigned                 more:1;       /* than fits */
} ngx_http_pupil_tampered_t;


/*
 * Notes it.  record: NULL for a row without an id.  Whether the row is left
 * out or the answer is a problem is the caller's to decide.
 */
void ngx_http_pupil_tampered(ngx_http_pupil_ctx_t *ctx, const char *table,
    const pupil_uuid_t *record, const pupil_uuid_t *subject,
    const char *why);

/* The same of a record of a category. */
void ngx_http_pupil_tampered_record(ngx_http_pupil_ctx_t *ctx,
    const char *category, const pupil_uuid_t *record,
    const pupil_uuid_t *subject, const char *why);

/* The answer it was found for is not given: another says why. */
void ngx_http_pupil_tampered_forget(ngx_http_pupil_ctx_t *ctx);

/*
 * Adds an audit record for each, about what was asked last; its note is
 * "<table> <record> of <subject>: <why>".  NGX_OK, NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_audit_tampered(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_TAMPERED_H_INCLUDED_ */
