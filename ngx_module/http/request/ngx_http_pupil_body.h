/*
 * Copyright (C) the Pupil authors
 *
 * What comes in: bodies, query arguments, header fields, and the two defences
 * against requests that another site makes the browser send.
 */

#ifndef _NGX_HTTP_PUPIL_BODY_H_INCLUDED_
#define _NGX_HTTP_PUPIL_BODY_H_INCLUDED_

#include "core/input/query.h"
#include "http/request/ngx_http_pupil_types.h"


/* Bytes of a request body. */
#define NGX_HTTP_PUPIL_BODY_MAX  (1024 * 1024)


/* Before a body is read: NGX_OK, or a problem. */
ngx_int_t ngx_http_pupil_body_check(ngx_http_pupil_ctx_t *ctx);

/* After it was read: one piece of memory in ctx->body; NGX_OK, or a problem. */
ngx_int_t ngx_http_pupil_body_take(ngx_http_pupil_ctx_t *ctx);

/* Unsafe methods: NGX_OK, or 403, counted and not audited. */
ngx_int_t ngx_http_pupil_csrf(ngx_http_pupil_ctx_t *ctx);

/* No Origin header, our own https origin, or one that was allowed. */
ngx_int_t ngx_http_pupil_origin(ngx_http_pupil_ctx_t *ctx);

/* The query arguments, into query; others than allowed are refused. */
ngx_int_t ngx_http_pupil_arguments(ngx_http_pupil_ctx_t *ctx,
    const pupil_argument_t *allowed, void *query);

/* A route's parse, or its beginning: query arguments are refused (422). */
ngx_int_t ngx_http_pupil_no_arguments(ngx_http_pupil_ctx_t *ctx);

/* A header field by its lower-case name; *count says how many there are, the
 * first is returned; NULL. */
ngx_str_t *ngx_http_pupil_request_header(ngx_http_request_t *r,
    const char *lowcase, ngx_uint_t *count);

#endif /* _NGX_HTTP_PUPIL_BODY_H_INCLUDED_ */
