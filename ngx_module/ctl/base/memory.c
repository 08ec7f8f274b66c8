/*
 * Copyright (C) the Pupil authors
 *
 * Memory of pupilctl.
 */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/ctl.h"
#include "ctl/base/memory.h"


#define BLOCK_SIZE  (64 * 1024 - 64)


struct ctl_block_s {
    ctl_block_t  *next;
    size_t        size, used;   /* bytes of data */
    max_align_t   data[];
};


void *
ctl_memory(size_t size)
{
    void  *p;

    p = malloc(size);
    if (p == NULL) {
        ctl_error("out of memory (%zu bytes)", size);
        exit(CTL_FAILED);
    }

    return p;
}


void *
ctl_pool_alloc(void *pool, size_t size)
{
    size_t        room;
    uint8_t      *p;
    ctl_pool_t   *blocks;
    ctl_block_t  *block;

    blocks = pool;
    block = blocks->blocks;
    size = (size + 15) & ~(size_t) 15;

    if (block == NULL || block->size - block->used < size) {
        room = size > BLOCK_SIZE ? size : BLOCK_SIZE;

        block = ctl_memory(sizeof(ctl_block_t) + room);
        block->next = blocks->blocks;
        block->size = room;
        block->used = 0;

        blocks->blocks = block;
    }

    p = (uint8_t *) block->data + block->used;
    block->used += size;

    return p;
}


void *
ctl_pool_owner(size_t size, size_t offset)
{
    uint8_t     *p;
    ctl_pool_t   pool;

    memset(&pool, 0, sizeof(ctl_pool_t));
    p = ctl_pool_alloc(&pool, size);
    memset(p, 0, size);
    memcpy(p + offset, &pool, sizeof(ctl_pool_t));

    return p;
}


char *
ctl_pool_text(ctl_pool_t *pool, const void *data, size_t len)
{
    char  *p;

    p = ctl_pool_alloc(pool, len + 1);

    if (len != 0) {
        memcpy(p, data, len);
    }

    p[len] = '\0';

    return p;
}


pupil_str_t
ctl_pool_str(ctl_pool_t *pool, const void *data, size_t len)
{
    pupil_str_t  s;

    s.data = (const uint8_t *) ctl_pool_text(pool, data, len);
    s.len = len;

    return s;
}


void
ctl_pool_free(ctl_pool_t *pool)
{
    ctl_block_t  *block;

    while (pool->blocks != NULL) {
        block = pool->blocks;
        pool->blocks = block->next;

        sodium_memzero(block->data, block->used);
        free(block);
    }
}
