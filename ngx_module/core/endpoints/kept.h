/*
 * Copyright (C) the Pupil authors
 *
 * What a worker keeps of what it has read and checked, so that a request need
 * not read it again: a fixed number of entries of one size, each found by
 * three ids, and the one that was used longest ago goes first.  What is kept
 * is a guess, not a proof: whoever relies on it has the database compare it
 * with what is stored.  So nothing here grows stale, and nobody has to be told
 * of a change.
 *
 * Context: request.  Not for several threads.
 */

#ifndef PUPIL_KEPT_H
#define PUPIL_KEPT_H

#include "core/base/pupil.h"


#define PUPIL_KEPT_IDS  3       /* an entry begins with them */


typedef struct pupil_kept_s  pupil_kept_t;


/* Bytes that a cache takes; size: of an entry, its ids included. */
size_t pupil_kept_size(uint32_t entries, size_t size);

/*
 * Makes a cache in memory of that size, aligned for any type, which needs not
 * be cleared and is touched as it fills.  Ownership: the caller's, who calls
 * pupil_kept_wipe() before it frees it.  entries: not 0.
 */
pupil_kept_t *pupil_kept_init(void *memory, uint32_t entries, size_t size);
void pupil_kept_wipe(pupil_kept_t *kept);

/*
 * NULL: none.  Valid until the next call with this cache: copy what has to
 * last.
 */
const void *pupil_kept_find(pupil_kept_t *kept,
    const pupil_uuid_t ids[PUPIL_KEPT_IDS]);

/* Keeps a copy, in place of what was there. */
void pupil_kept_put(pupil_kept_t *kept, const void *entry);

/* Forgets; nothing happens when it is not there. */
void pupil_kept_drop(pupil_kept_t *kept,
    const pupil_uuid_t ids[PUPIL_KEPT_IDS]);

#endif /* PUPIL_KEPT_H */
