/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include <sodium.h>

#include "core/login/carried.h"
#include "core/vault/keyed.h"


#define NONCE_LEN  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

_Static_assert(PUPIL_CARRIED_SEALED(0)
               == NONCE_LEN + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "a nonce, what is carried, a tag");


static void carried_key(const pupil_carried_by_t *by,
    uint8_t derived[PUPIL_HASH_LEN]);


void
pupil_carried_part(pupil_carried_t *walk, void *part, size_t len)
{
    if (walk->out) {
        memcpy(walk->at, part, len);
    } else {
        memcpy(part, walk->at, len);
    }

    walk->at += len;
}


void
pupil_carried_number(pupil_carried_t *walk, uint32_t *number)
{
    if (walk->out) {
        pupil_u32_write(walk->at, *number);
    } else {
        *number = pupil_u32_read(walk->at);
    }

    walk->at += 4;
}


void
pupil_carried_time(pupil_carried_t *walk, int64_t *at)
{
    uint32_t  high, low;

    high = (uint32_t) ((uint64_t) *at >> 32);
    low = (uint32_t) *at;

    pupil_carried_number(walk, &high);
    pupil_carried_number(walk, &low);

    *at = (int64_t) ((uint64_t) high << 32 | low);
}


void
pupil_carried_seal(const pupil_carried_by_t *by, const uint8_t *clear,
    size_t len, uint8_t *room, uint8_t *text)
{
    uint8_t  derived[PUPIL_HASH_LEN];

    carried_key(by, derived);
    randombytes_buf(room, NONCE_LEN);
    crypto_aead_xchacha20poly1305_ietf_encrypt(room + NONCE_LEN, NULL, clear,
        len, NULL, 0, NULL, room, derived);
    pupil_base64url_encode(room, PUPIL_CARRIED_SEALED(len), text);

    sodium_memzero(derived, sizeof(derived));
    pupil_stack_wipe();
}


pupil_rc_t
pupil_carried_open(const pupil_carried_by_t *by, pupil_str_t text,
    uint8_t *room, uint8_t *clear, size_t len)
{
    int      rc;
    size_t   written;
    uint8_t  derived[PUPIL_HASH_LEN];

    if (text.len != PUPIL_CARRIED_TEXT_LEN(len)
        || pupil_base64url_decode(text.data, text.len, room,
                                  PUPIL_CARRIED_SEALED(len), &written)
           != PUPIL_OK
        || written != PUPIL_CARRIED_SEALED(len))
    {
        return PUPIL_INVALID;
    }

    carried_key(by, derived);
    rc = crypto_aead_xchacha20poly1305_ietf_decrypt(clear, NULL, NULL,
             room + NONCE_LEN, PUPIL_CARRIED_SEALED(len) - NONCE_LEN, NULL,
             0, room, derived);

    sodium_memzero(derived, sizeof(derived));
    pupil_stack_wipe();

    return rc == 0 ? PUPIL_OK : PUPIL_INVALID;
}


static void
carried_key(const pupil_carried_by_t *by, uint8_t derived[PUPIL_HASH_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, by->key, by->label, PUPIL_HASH_LEN);

    if (by->of != NULL) {
        pupil_keyed_str(&hash, *by->of);
    }

    pupil_keyed_end(&hash, derived);
}
