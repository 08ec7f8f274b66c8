/*
 * Copyright (C) the Pupil authors
 *
 * Memory of a request for what is clear, wiped when the request ends, however
 * it ends (invariant I14).  Event loop only.
 */

#ifndef _NGX_HTTP_PUPIL_MEMORY_H_INCLUDED_
#define _NGX_HTTP_PUPIL_MEMORY_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


typedef struct ngx_http_pupil_block_s  ngx_http_pupil_block_t;

/* ctx->memory: blocks, and what is free in the last of them. */
typedef struct {
    ngx_http_pupil_block_t  *blocks;
    ngx_http_pupil_block_t  *headers;
    u_char                  *free, *end;
} ngx_http_pupil_memory_t;


/*
 * Bytes that live until the answer is sent, aligned for any type; NULL: none.
 * data: the request's ctx, as pupil_alloc_t hands it over.
 */
void *ngx_http_pupil_alloc(void *data, size_t size);

/* For the value of a header, which logs may show when all is sent. */
u_char *ngx_http_pupil_alloc_header(ngx_http_pupil_ctx_t *ctx, size_t size);

/* Zeroed, as ctx->data of a route; NULL: none. */
void *ngx_http_pupil_ctx_data(ngx_http_pupil_ctx_t *ctx, size_t size);

/* The answer in ctx->out is whole: what else there is, is wiped and freed. */
void ngx_http_pupil_memory_answered(ngx_http_pupil_ctx_t *ctx);

/* The request ends. */
void ngx_http_pupil_memory_wipe(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_MEMORY_H_INCLUDED_ */
