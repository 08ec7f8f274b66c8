/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/vault/keyed.h"


static void pupil_keyed_flush(pupil_keyed_t *hash);


static __thread pupil_memo_t  *pupil_keyed_memo;


void
pupil_keyed_remember(pupil_memo_t *memo)
{
    pupil_keyed_memo = memo;
}


void
pupil_keyed_begin(pupil_keyed_t *hash, const pupil_key_t *key,
    const char *label, size_t out_len)
{
    pupil_str_t  text;

    hash->key = key;
    hash->out_len = out_len;
    hash->len = 0;
    hash->keep = 0;
    hash->begun = 0;

    text.data = (const uint8_t *) label;
    text.len = strlen(label);
    pupil_keyed_str(hash, text);
}


void
pupil_keyed_keep(pupil_keyed_t *hash)
{
    hash->keep = 1;
}


void
pupil_keyed_bytes(pupil_keyed_t *hash, const void *data, size_t len)
{
    if (len > sizeof(hash->b) - hash->len) {
        pupil_keyed_flush(hash);
    }

    if (len > sizeof(hash->b)) {
        crypto_generichash_update(&hash->state, data, len);

    } else if (len != 0) {
        memcpy(hash->b + hash->len, data, len);
        hash->len += len;
    }
}


static void
pupil_keyed_flush(pupil_keyed_t *hash)
{
    if (!hash->begun) {
        crypto_generichash_init(&hash->state, hash->key->b,
                                sizeof(hash->key->b), hash->out_len);
        hash->begun = 1;
    }

    crypto_generichash_update(&hash->state, hash->b, hash->len);
    hash->len = 0;
}


void
pupil_keyed_uuid(pupil_keyed_t *hash, const pupil_uuid_t *uuid)
{
    pupil_keyed_bytes(hash, uuid->b, sizeof(uuid->b));
}


void
pupil_keyed_u32(pupil_keyed_t *hash, uint32_t value)
{
    uint8_t  b[4];

    pupil_u32_write(b, value);
    pupil_keyed_bytes(hash, b, sizeof(b));
}


void
pupil_keyed_u64(pupil_keyed_t *hash, uint64_t value)
{
    uint8_t  b[8];

    pupil_u32_write(b, (uint32_t) (value >> 32));
    pupil_u32_write(b + 4, (uint32_t) value);
    pupil_keyed_bytes(hash, b, sizeof(b));
}


void
pupil_keyed_str(pupil_keyed_t *hash, pupil_str_t str)
{
    pupil_keyed_u64(hash, str.len);
    pupil_keyed_bytes(hash, str.data, str.len);
}


void
pupil_keyed_end(pupil_keyed_t *hash, uint8_t *out)
{
    pupil_memo_t  *memo;

    const pupil_hashed_t  hashed = {
        .key = hash->key, .message = hash->b, .len = hash->len,
        .out_len = hash->out_len
    };

    memo = hash->keep && !hash->begun ? pupil_keyed_memo : NULL;

    if (memo != NULL && pupil_memo_get(memo, &hashed, out)) {
        return;
    }

    /* flushing empties the message for whoever goes on, and leaves its bytes */
    pupil_keyed_flush(hash);
    crypto_generichash_final(&hash->state, out, hash->out_len);

    if (memo != NULL) {
        pupil_memo_put(memo, &hashed, out);
    }

    sodium_memzero(hash, sizeof(*hash));
}


void
pupil_u32_write(uint8_t *out, uint32_t value)
{
    out[0] = (uint8_t) (value >> 24);
    out[1] = (uint8_t) (value >> 16);
    out[2] = (uint8_t) (value >> 8);
    out[3] = (uint8_t) value;
}


uint32_t
pupil_u32_read(const uint8_t *in)
{
    return (uint32_t) in[0] << 24 | (uint32_t) in[1] << 16
           | (uint32_t) in[2] << 8 | in[3];
}
