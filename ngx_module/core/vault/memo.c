/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>
#include <string.h>

#include "core/vault/memo.h"


typedef struct {
    uint64_t  key;              /* which it was */
    uint16_t  len;              /* 0: an entry that is free */
    uint16_t  out_len;
    uint8_t   out[PUPIL_MEMO_HASH];
    uint8_t   message[PUPIL_MEMO_ROOM];
} pupil_memo_entry_t;

struct pupil_memo_s {
    uint8_t             hash_key[crypto_shorthash_KEYBYTES];
    uint32_t            mask;   /* entries - 1 */
    pupil_memo_entry_t  entries[];
};


static uint64_t pupil_memo_key(const pupil_memo_t *memo,
    const pupil_key_t *key);
static uint32_t pupil_memo_place(const pupil_memo_t *memo,
    const pupil_hashed_t *hashed);
static int pupil_memo_fits(const pupil_hashed_t *hashed);


size_t
pupil_memo_size(uint32_t entries)
{
    return sizeof(pupil_memo_t) + entries * sizeof(pupil_memo_entry_t);
}


pupil_memo_t *
pupil_memo_init(void *memory, uint32_t entries)
{
    pupil_memo_t  *memo = memory;

    randombytes_buf(memo->hash_key, sizeof(memo->hash_key));
    memo->mask = entries - 1;

    return memo;
}


int
pupil_memo_get(const pupil_memo_t *memo, const pupil_hashed_t *hashed,
    uint8_t *out)
{
    const pupil_memo_entry_t  *entry;

    if (!pupil_memo_fits(hashed)) {
        return 0;
    }

    entry = &memo->entries[pupil_memo_place(memo, hashed)];

    if (entry->len != hashed->len || entry->out_len != hashed->out_len
        || memcmp(entry->message, hashed->message, hashed->len) != 0
        || entry->key != pupil_memo_key(memo, hashed->key))
    {
        return 0;
    }

    memcpy(out, entry->out, hashed->out_len);

    return 1;
}


void
pupil_memo_put(pupil_memo_t *memo, const pupil_hashed_t *hashed,
    const uint8_t *out)
{
    pupil_memo_entry_t  *entry;

    if (!pupil_memo_fits(hashed)) {
        return;
    }

    entry = &memo->entries[pupil_memo_place(memo, hashed)];
    entry->key = pupil_memo_key(memo, hashed->key);
    entry->len = (uint16_t) hashed->len;
    entry->out_len = (uint16_t) hashed->out_len;
    memcpy(entry->message, hashed->message, hashed->len);
    memcpy(entry->out, out, hashed->out_len);
}


static int
pupil_memo_fits(const pupil_hashed_t *hashed)
{
    return hashed->len != 0 && hashed->len <= PUPIL_MEMO_ROOM
           && hashed->out_len <= PUPIL_MEMO_HASH;
}


static uint64_t
pupil_memo_key(const pupil_memo_t *memo, const pupil_key_t *key)
{
    uint8_t   hash[crypto_shorthash_BYTES];
    uint64_t  which;

    crypto_shorthash(hash, key->b, sizeof(key->b), memo->hash_key);
    memcpy(&which, hash, sizeof(which));

    return which;
}


/*
 * Any mixture will do: whoever makes two messages meet has them hashed each
 * time, as without a memo.  Most end with what differs.
 */
static uint32_t
pupil_memo_place(const pupil_memo_t *memo, const pupil_hashed_t *hashed)
{
    size_t    at;
    uint64_t  word, mixed;

    mixed = hashed->len;

    for (at = hashed->len; at >= sizeof(word); at -= sizeof(word)) {
        memcpy(&word, hashed->message + at - sizeof(word), sizeof(word));
        mixed = (mixed ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        mixed ^= mixed >> 32;
    }

    return (uint32_t) mixed & memo->mask;
}
