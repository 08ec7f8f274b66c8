/*
 * Copyright (C) the Pupil authors
 *
 * One mapping: a guard page, the pages of the arena, a guard page.  The
 * arena's own record is the first thing in its pages, so that nothing of it
 * lies on the heap.
 */

#define _GNU_SOURCE

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include <sodium.h>

#include "core/vault/arena.h"


#define PUPIL_ARENA_ALIGN  64


struct pupil_arena_s {
    uint8_t  *map;          /* with the guard pages */
    size_t    map_len;
    uint8_t  *end;          /* of the pages */
    uint8_t  *free;         /* what the next alloc returns */
};


static int pupil_arena_lock(void *map, size_t len);
static void pupil_arena_limit_text(size_t size, int err,
    pupil_error_t *error);


pupil_arena_t *
pupil_arena_create(size_t size, pupil_error_t *error)
{
    size_t          page, len;
    uint8_t        *map;
    pupil_arena_t  *arena;

    if (sodium_init() < 0) {
        snprintf(error->text, sizeof(error->text),
                 "libsodium cannot start: it has no source of random bytes");
        return NULL;
    }

    page = (size_t) sysconf(_SC_PAGESIZE);

    if (size > SIZE_MAX / 2) {
        snprintf(error->text, sizeof(error->text),
                 "%zu bytes of locked memory are more than any machine has",
                 size);
        return NULL;
    }

    len = size + sizeof(pupil_arena_t) + PUPIL_ARENA_ALIGN;
    len = (len + page - 1) / page * page;

    map = mmap(NULL, len + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS,
               -1, 0);
    if (map == MAP_FAILED) {
        snprintf(error->text, sizeof(error->text),
                 "cannot map %zu KiB of memory for keys: %s", len / 1024,
                 strerror(errno));
        return NULL;
    }

    /* Out of dumps before it is readable, locked before it is used. */

    if (madvise(map, len + 2 * page, MADV_DONTDUMP) != 0
        || mprotect(map + page, len, PROT_READ | PROT_WRITE) != 0)
    {
        snprintf(error->text, sizeof(error->text),
                 "cannot keep %zu KiB of memory for keys out of core dumps:"
                 " %s", len / 1024, strerror(errno));
        munmap(map, len + 2 * page);
        return NULL;
    }

    if (pupil_arena_lock(map + page, len) != 0) {
        pupil_arena_limit_text(len, errno, error);
        munmap(map, len + 2 * page);
        return NULL;
    }

    arena = (pupil_arena_t *) (map + page);
    arena->map = map;
    arena->map_len = len + 2 * page;
    arena->end = map + page + len;
    arena->free = map + page + PUPIL_ARENA_ALIGN;

    return arena;
}


/*
 * Each page is locked from the moment that it is first touched, and counts
 * against the limit from now on.  Where the kernel cannot (or a tool that
 * runs the program), all are touched and locked now.
 */
static int
pupil_arena_lock(void *map, size_t len)
{
#ifdef MLOCK_ONFAULT
    if (mlock2(map, len, MLOCK_ONFAULT) == 0) {
        return 0;
    }

    if (errno != ENOSYS && errno != EINVAL) {
        return -1;
    }
#endif

    return mlock(map, len);
}


void
pupil_arena_destroy(pupil_arena_t *arena)
{
    size_t    len, map_len;
    uint8_t  *map;

    if (arena == NULL) {
        return;
    }

    map = arena->map;
    map_len = arena->map_len;
    len = (size_t) (arena->end - (uint8_t *) arena);

    sodium_memzero(arena, len);
    munmap(map, map_len);
}


void *
pupil_arena_alloc(pupil_arena_t *arena, size_t size)
{
    size_t    left;
    uint8_t  *p;

    left = (size_t) (arena->end - arena->free);

    if (size > left) {
        return NULL;
    }

    /* left is a multiple of the alignment, so rounding up still fits. */

    size = (size + PUPIL_ARENA_ALIGN - 1) / PUPIL_ARENA_ALIGN
           * PUPIL_ARENA_ALIGN;

    p = arena->free;
    arena->free += size;

    return p;
}


int
pupil_arena_holds(const pupil_arena_t *arena, const void *p)
{
    uintptr_t  at = (uintptr_t) p;

    return at >= (uintptr_t) arena && at < (uintptr_t) arena->end;
}


static void
pupil_arena_limit_text(size_t size, int err, pupil_error_t *error)
{
    struct rlimit  limit;

    if ((err == ENOMEM || err == EPERM || err == EAGAIN)
        && getrlimit(RLIMIT_MEMLOCK, &limit) == 0
        && limit.rlim_cur != RLIM_INFINITY)
    {
        snprintf(error->text, sizeof(error->text),
                 "cannot lock %zu KiB of memory for keys: %s; the limit"
                 " RLIMIT_MEMLOCK of this process is %llu KiB: raise it with"
                 " LimitMEMLOCK= in the systemd unit, or with ulimit -l in"
                 " the shell that starts it (nginx has no worker_rlimit"
                 " directive for it), or cache fewer keys",
                 size / 1024, strerror(err),
                 (unsigned long long) limit.rlim_cur / 1024);
        return;
    }

    snprintf(error->text, sizeof(error->text),
             "cannot lock %zu KiB of memory for keys: %s; raise"
             " LimitMEMLOCK= in the systemd unit, or cache fewer keys",
             size / 1024, strerror(err));
}
