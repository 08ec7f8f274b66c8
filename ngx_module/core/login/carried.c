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
pupil_carried_seal(const uint8_t key[PUPIL_HASH_LEN], const uint8_t *clear,
    size_t len, uint8_t *room, uint8_t *text)
{
    randombytes_buf(room, NONCE_LEN);
    crypto_aead_xchacha20poly1305_ietf_encrypt(room + NONCE_LEN, NULL, clear,
        len, NULL, 0, NULL, room, key);
    pupil_base64url_encode(room, PUPIL_CARRIED_SEALED(len), text);
}


pupil_rc_t
pupil_carried_open(const uint8_t key[PUPIL_HASH_LEN], pupil_str_t text,
    uint8_t *room, uint8_t *clear, size_t len)
{
    size_t  written;

    if (text.len != PUPIL_CARRIED_TEXT_LEN(len)
        || pupil_base64url_decode(text.data, text.len, room,
                                  PUPIL_CARRIED_SEALED(len), &written)
           != PUPIL_OK
        || written != PUPIL_CARRIED_SEALED(len))
    {
        return PUPIL_INVALID;
    }

    return crypto_aead_xchacha20poly1305_ietf_decrypt(clear, NULL, NULL,
               room + NONCE_LEN, PUPIL_CARRIED_SEALED(len) - NONCE_LEN, NULL,
               0, room, key) == 0 ? PUPIL_OK : PUPIL_INVALID;
}
