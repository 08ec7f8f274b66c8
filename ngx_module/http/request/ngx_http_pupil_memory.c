/*
 * Copyright (C) the Pupil authors
 *
 * Memory of a request for what is clear, wiped when the request ends, however
 * it ends: names, answers, passwords (invariant I14).  Small values share
 * blocks.
 */

#include <sodium.h>

#include "http/request/ngx_http_pupil.h"


#define NGX_HTTP_PUPIL_ALIGN  16

/* Bytes of a block for many values, and of a value that gets its own. */
#define NGX_HTTP_PUPIL_CHUNK  4096
#define NGX_HTTP_PUPIL_LARGE  1024


/* 16 bytes, so that what follows is aligned for any type. */
struct ngx_http_pupil_block_s {
    ngx_http_pupil_block_t  *next;
    size_t                   size;             /* this head included */
};


static ngx_http_pupil_block_t *ngx_http_pupil_block(
    ngx_http_pupil_ctx_t *ctx, size_t size);


void *
ngx_http_pupil_alloc(void *data, size_t size)
{
    ngx_http_pupil_ctx_t *ctx = data;

    ngx_http_pupil_block_t  *block;
#ifndef __SANITIZE_ADDRESS__
    u_char                  *p;
#endif

    if (size > NGX_MAX_SIZE_T_VALUE / 2) {
        return NULL;
    }

    size = ngx_align(ngx_max(size, 1), NGX_HTTP_PUPIL_ALIGN);

#ifndef __SANITIZE_ADDRESS__                                 /* pitfall 22 */

    if (size < NGX_HTTP_PUPIL_LARGE) {

        if (size > (size_t) (ctx->memory.end - ctx->memory.free)) {
            block = ngx_http_pupil_block(ctx, NGX_HTTP_PUPIL_CHUNK);
            if (block == NULL) {
                return NULL;
            }

            ctx->memory.free = (u_char *) (block + 1);
            ctx->memory.end = (u_char *) block + NGX_HTTP_PUPIL_CHUNK;
        }

        p = ctx->memory.free;
        ctx->memory.free += size;

        return p;
    }

#endif

    block = ngx_http_pupil_block(ctx, sizeof(ngx_http_pupil_block_t) + size);

    return block ? block + 1 : NULL;
}


static ngx_http_pupil_block_t *
ngx_http_pupil_block(ngx_http_pupil_ctx_t *ctx, size_t size)
{
    u_char                  *p;
    ngx_http_pupil_block_t  *block;

    p = ngx_palloc(ctx->request->pool, size + NGX_HTTP_PUPIL_ALIGN);
    if (p == NULL) {
        return NULL;
    }

    block = (ngx_http_pupil_block_t *) ngx_align_ptr(p, NGX_HTTP_PUPIL_ALIGN);
    block->size = size;
    block->next = ctx->memory.blocks;
    ctx->memory.blocks = block;

    return block;
}


void
ngx_http_pupil_memory_wipe(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_block_t  *block, *next;

    for (block = ctx->memory.blocks; block; block = next) {
        next = block->next;
        sodium_memzero(block, block->size);
    }

    ctx->memory.blocks = NULL;
}


void *
ngx_http_pupil_ctx_data(ngx_http_pupil_ctx_t *ctx, size_t size)
{
    ctx->data = ngx_http_pupil_alloc(ctx, size);
    if (ctx->data != NULL) {
        ngx_memzero(ctx->data, size);
    }

    return ctx->data;
}
