/*
 * Copyright (C) the Pupil authors
 *
 * Memory of a request for what is clear, wiped when the request ends, however
 * it ends: names, answers, passwords (invariant I14).  Small values share
 * blocks.  An answer may wait long for its client: what it was made of is wiped
 * and freed before.
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
    ngx_http_pupil_ctx_t *ctx, ngx_http_pupil_block_t **list, size_t size);
static ngx_uint_t ngx_http_pupil_block_holds(
    const ngx_http_pupil_block_t *block, const pupil_writer_t *out);
static void ngx_http_pupil_block_free(ngx_http_pupil_block_t *block);


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
            block = ngx_http_pupil_block(ctx, &ctx->memory.blocks,
                                         NGX_HTTP_PUPIL_CHUNK);
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

    block = ngx_http_pupil_block(ctx, &ctx->memory.blocks,
                                 sizeof(ngx_http_pupil_block_t) + size);

    return block ? block + 1 : NULL;
}


u_char *
ngx_http_pupil_alloc_header(ngx_http_pupil_ctx_t *ctx, size_t size)
{
    ngx_http_pupil_block_t  *block;

    block = ngx_http_pupil_block(ctx, &ctx->memory.headers,
                                 sizeof(ngx_http_pupil_block_t) + size);

    return block ? (u_char *) (block + 1) : NULL;
}


/* Not from r->pool, which gives nothing back before the request ends. */
static ngx_http_pupil_block_t *
ngx_http_pupil_block(ngx_http_pupil_ctx_t *ctx, ngx_http_pupil_block_t **list,
    size_t size)
{
    ngx_http_pupil_block_t  *block;

    block = ngx_memalign(NGX_HTTP_PUPIL_ALIGN, size,
                         ctx->request->connection->log);
    if (block == NULL) {
        return NULL;
    }

    block->size = size;
    block->next = *list;
    *list = block;

    return block;
}


void
ngx_http_pupil_memory_answered(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_block_t  *block, *next, *answer;

    answer = NULL;

    for (block = ctx->memory.blocks; block; block = next) {
        next = block->next;

        if (ngx_http_pupil_block_holds(block, &ctx->out)) {
            block->next = answer;
            answer = block;
            continue;
        }

        ngx_http_pupil_block_free(block);
    }

    ctx->memory.blocks = answer;
    ctx->memory.free = NULL;
    ctx->memory.end = NULL;

    ctx->data = NULL;
    ctx->body.data = NULL;
    ctx->body.len = 0;
}


static ngx_uint_t
ngx_http_pupil_block_holds(const ngx_http_pupil_block_t *block,
    const pupil_writer_t *out)
{
    const u_char         *first, *last;
    const pupil_chunk_t  *chunk;

    first = (const u_char *) block;
    last = first + block->size;

    for (chunk = out->first; chunk; chunk = chunk->next) {
        if (chunk->data >= first && chunk->data < last) {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_pupil_block_free(ngx_http_pupil_block_t *block)
{
    sodium_memzero(block, block->size);
    ngx_free(block);
}


void
ngx_http_pupil_memory_wipe(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_block_t  *block, *next;

    for (block = ctx->memory.blocks; block; block = next) {
        next = block->next;
        ngx_http_pupil_block_free(block);
    }

    for (block = ctx->memory.headers; block; block = next) {
        next = block->next;
        ngx_http_pupil_block_free(block);
    }

    ctx->memory.blocks = NULL;
    ctx->memory.headers = NULL;
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
