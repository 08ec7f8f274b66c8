/*
 * Copyright (C) the Pupil authors
 *
 * Locked memory for keys: the only place where a key lies in clear
 * (invariant I14).  Never swapped, never in a core dump, between guard pages,
 * wiped when it goes.
 */

#ifndef PUPIL_ARENA_H
#define PUPIL_ARENA_H

#include "core/base/pupil.h"


typedef struct pupil_arena_s  pupil_arena_t;


/*
 * Maps and locks size bytes, rounded up to pages; a page takes memory when it
 * is first written, and is locked from then on.  A lock does not survive a
 * fork: each process makes an arena of its own.  NULL with error set when the
 * memory cannot be had or RLIMIT_MEMLOCK forbids the lock; the text names the
 * limit and how to raise it.  Context: worker start, pupilctl.
 */
pupil_arena_t *pupil_arena_create(size_t size, pupil_error_t *error);

/* Wipes and unmaps.  NULL is allowed. */
void pupil_arena_destroy(pupil_arena_t *arena);

/*
 * size bytes, 64-byte aligned, zeroed, valid as long as the arena; NULL when
 * it is full.  Context: any; does not call the system.
 */
void *pupil_arena_alloc(pupil_arena_t *arena, size_t size);

/* Whether p lies in the arena; for assertions and tests. */
int pupil_arena_holds(const pupil_arena_t *arena, const void *p);

#endif /* PUPIL_ARENA_H */
