/*
 * Copyright (C) the Pupil authors
 *
 * The test harness of the unit tests: TAP on standard output, an allocator
 * that fails on the nth call, and buffers that end at a PROT_NONE page so
 * that reading or writing one byte too far is a crash, not luck.
 */

#ifndef PUPIL_TAP_H
#define PUPIL_TAP_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/base/pupil.h"


#define TAP_BLOCKS  65536

static int  tap_count, tap_failed;


__attribute__((unused, format(printf, 2, 3))) static int
tap_ok(int pass, const char *format, ...)
{
    va_list  args;

    printf("%s %d - ", pass ? "ok" : "not ok", ++tap_count);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    fflush(stdout);

    tap_failed += !pass;

    return pass;
}

#define ok(pass, ...)  tap_ok(!!(pass), __VA_ARGS__)


__attribute__((unused)) static int
tap_done(void)
{
    printf("1..%d\n", tap_count);

    return tap_failed != 0;
}


/* A copy of data whose last byte is the last readable one.  Never freed. */
__attribute__((unused)) static uint8_t *
tap_guarded(const void *data, size_t len)
{
    size_t    page, size;
    uint8_t  *map;

    page = (size_t) sysconf(_SC_PAGESIZE);
    size = (len + page - 1) / page * page;
    map = mmap(NULL, size + page, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (map == MAP_FAILED || mprotect(map + size, page, PROT_NONE) != 0) {
        perror("tap_guarded");
        exit(2);
    }

    if (len != 0) {
        memcpy(map + size - len, data, len);
    }

    return map + size - len;
}


/* An arena of malloc blocks; fail_at counts down to the call that fails. */
typedef struct {
    void    *blocks[TAP_BLOCKS];
    size_t   used;
    long     fail_at;           /* 0: never */
} tap_arena_t;


__attribute__((unused)) static void *
tap_arena_alloc(void *ctx, size_t size)
{
    tap_arena_t  *arena = ctx;
    void         *block;

    if (arena->fail_at != 0 && --arena->fail_at == 0) {
        return NULL;
    }

    if (arena->used == TAP_BLOCKS) {
        return NULL;
    }

    block = malloc(size != 0 ? size : 1);
    if (block != NULL) {
        arena->blocks[arena->used++] = block;
    }

    return block;
}


__attribute__((unused)) static void
tap_arena_reset(tap_arena_t *arena)
{
    while (arena->used != 0) {
        free(arena->blocks[--arena->used]);
    }
}

#endif /* PUPIL_TAP_H */
