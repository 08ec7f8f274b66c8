/*
 * Copyright (C) the Pupil authors
 *
 * Keyed BLAKE2b (RFC 7693) over fields that cannot run into each other: a
 * label that names the use, then values of fixed width or preceded by their
 * length.  The state holds the key: it lies on the stack of one function and
 * pupil_keyed_end() wipes it.  That function then calls pupil_stack_wipe().
 * The key itself has to last as long.
 */

#ifndef PUPIL_KEYED_H
#define PUPIL_KEYED_H

#include <sodium.h>

#include "core/vault/memo.h"


/* Fields are gathered: most rows are hashed by one call of the library. */
#define PUPIL_KEYED_ROOM  PUPIL_MEMO_ROOM

typedef struct {
    const pupil_key_t        *key;
    size_t                    out_len;
    size_t                    len;
    int                       keep;     /* a memo may */
    int                       begun;    /* state is in use */
    uint8_t                   b[PUPIL_KEYED_ROOM];
    crypto_generichash_state  state;
} pupil_keyed_t;


/* out_len: 16 to 64 bytes.  label: NUL-terminated, one for each use. */
void pupil_keyed_begin(pupil_keyed_t *hash, const pupil_key_t *key,
    const char *label, size_t out_len);

/*
 * All that it will hash stands in the database in clear, as ids, states and
 * commitments do, and it is likely to be asked for again: a memo may keep it.
 */
void pupil_keyed_keep(pupil_keyed_t *hash);

/* The memo of this thread; NULL: none, as at first. */
void pupil_keyed_remember(pupil_memo_t *memo);

/* Of fixed width: the caller's layout fixes len. */
void pupil_keyed_bytes(pupil_keyed_t *hash, const void *data, size_t len);
void pupil_keyed_uuid(pupil_keyed_t *hash, const pupil_uuid_t *uuid);
void pupil_keyed_u32(pupil_keyed_t *hash, uint32_t value);
void pupil_keyed_u64(pupil_keyed_t *hash, uint64_t value);

/* Preceded by its length, 8 bytes big-endian. */
void pupil_keyed_str(pupil_keyed_t *hash, pupil_str_t str);

/* Writes out_len bytes and wipes the state. */
void pupil_keyed_end(pupil_keyed_t *hash, uint8_t *out);

/* Big-endian. */
void pupil_u32_write(uint8_t *out, uint32_t value);
uint32_t pupil_u32_read(const uint8_t *in);

#endif /* PUPIL_KEYED_H */
