/*
 * Copyright (C) the Pupil authors
 *
 * Keyed hashes that were made before: a class's rows are checked again with
 * each fetch, and their hashes are a third of what a fetch costs.  A fixed
 * number of entries, each in the one place that its message gives it.  As the
 * hash is a function, nothing here grows stale.
 *
 * There is no key in it: a key is told apart from others by 64 bits of SipHash
 * under a random key of the memo's own.  Messages lie here as they are, and
 * outlive whom they are about: only those that the database has in clear are
 * to be kept.
 *
 * Not for several threads.
 */

#ifndef PUPIL_MEMO_H
#define PUPIL_MEMO_H

#include "core/vault/vault.h"


#define PUPIL_MEMO_ROOM  256    /* bytes of a message, at most */
#define PUPIL_MEMO_HASH  32     /* of a hash, at most */


typedef struct pupil_memo_s  pupil_memo_t;

/* What is asked for: hash of len bytes of message under key. */
typedef struct {
    const pupil_key_t  *key;
    const uint8_t      *message;
    size_t              len;
    size_t              out_len;
} pupil_hashed_t;


/* Bytes of a memo; entries: a power of two. */
size_t pupil_memo_size(uint32_t entries);

/*
 * Makes a memo in memory of that size, aligned for any type, of zeros, which
 * is touched as it fills.  Ownership: the caller's.
 */
pupil_memo_t *pupil_memo_init(void *memory, uint32_t entries);

/* Copies the hash, and is not 0, when it is there. */
int pupil_memo_get(const pupil_memo_t *memo, const pupil_hashed_t *hashed,
    uint8_t *out);

/* Keeps it, in place of what was there. */
void pupil_memo_put(pupil_memo_t *memo, const pupil_hashed_t *hashed,
    const uint8_t *out);

#endif /* PUPIL_MEMO_H */
