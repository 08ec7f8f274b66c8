/*
 * Copyright (C) the Pupil authors
 *
 * XChaCha20-Poly1305 under a key that is derived of the tenant's.
 */

#include <string.h>

#include <sodium.h>

#include "core/login/link.h"
#include "core/login/sign_up.h"
#include "core/vault/keyed.h"


#define NONCE  crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

#define LINK_SEALED(what)                                                     \
    (NONCE + links[what].len + crypto_aead_xchacha20poly1305_ietf_ABYTES)

_Static_assert(PUPIL_LINK_SEALED
               == NONCE + PUPIL_LINK_LEN
                  + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "a nonce, the link, a tag");


static void link_key(const pupil_key_t *key, pupil_link_for_t what,
    uint8_t derived[PUPIL_HASH_LEN]);


static const struct {
    const char  *label;         /* of the key */
    int64_t      lifetime;      /* seconds */
    size_t       len;           /* in clear */
} links[] = {
    [PUPIL_LINK_PASSWORD] =
    { "pupil.link.v2", PUPIL_LINK_LIFETIME, PUPIL_LINK_LEN },
    [PUPIL_LINK_SIGN_UP] =
    { "pupil.link.sign_up.v1", PUPIL_SIGN_UP_LIFETIME, PUPIL_LINK_LEN - 4 }
};


size_t
pupil_link_seal(const pupil_key_t *key, pupil_link_for_t what,
    const pupil_link_t *link, uint8_t text[PUPIL_LINK_TEXT_LEN])
{
    uint8_t  clear[PUPIL_LINK_LEN], sealed[PUPIL_LINK_SEALED];
    uint8_t  derived[PUPIL_HASH_LEN];

    memcpy(clear, link->subject.b, PUPIL_UUID_LEN);
    pupil_u32_write(clear + PUPIL_UUID_LEN,
                    (uint32_t) ((uint64_t) link->made >> 32));
    pupil_u32_write(clear + PUPIL_UUID_LEN + 4, (uint32_t) link->made);
    pupil_u32_write(clear + PUPIL_UUID_LEN + 8, link->number);
    pupil_u32_write(clear + PUPIL_UUID_LEN + 12, link->floors);

    link_key(key, what, derived);
    randombytes_buf(sealed, NONCE);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE, NULL, clear,
        links[what].len, NULL, 0, NULL, sealed, derived);
    pupil_base64url_encode(sealed, LINK_SEALED(what), text);

    sodium_memzero(derived, sizeof(derived));
    sodium_memzero(clear, sizeof(clear));
    sodium_memzero(sealed, sizeof(sealed));
    pupil_stack_wipe();

    return PUPIL_BASE64URL_LEN(LINK_SEALED(what));
}


pupil_rc_t
pupil_link_open(const pupil_key_t *key, pupil_link_for_t what,
    pupil_str_t text, int64_t now, pupil_link_t *link)
{
    size_t      written;
    uint8_t     clear[PUPIL_LINK_LEN], sealed[PUPIL_LINK_SEALED];
    uint8_t     derived[PUPIL_HASH_LEN];
    pupil_rc_t  rc;

    if (text.len != PUPIL_BASE64URL_LEN(LINK_SEALED(what))
        || pupil_base64url_decode(text.data, text.len, sealed, sizeof(sealed),
                                  &written) != PUPIL_OK
        || written != LINK_SEALED(what))
    {
        return PUPIL_INVALID;
    }

    link_key(key, what, derived);

    rc = crypto_aead_xchacha20poly1305_ietf_decrypt(clear, NULL, NULL,
            sealed + NONCE, written - NONCE, NULL, 0, sealed, derived)
         == 0 ? PUPIL_OK : PUPIL_INVALID;

    if (rc == PUPIL_OK) {
        memcpy(link->subject.b, clear, PUPIL_UUID_LEN);
        link->made = (int64_t)
            ((uint64_t) pupil_u32_read(clear + PUPIL_UUID_LEN) << 32
             | pupil_u32_read(clear + PUPIL_UUID_LEN + 4));
        link->number = pupil_u32_read(clear + PUPIL_UUID_LEN + 8);
        link->floors = what == PUPIL_LINK_PASSWORD
                       ? pupil_u32_read(clear + PUPIL_UUID_LEN + 12) : 0;

        if (link->made > now + PUPIL_LINK_SKEW
            || now - link->made >= links[what].lifetime)
        {
            rc = PUPIL_INVALID;
        }
    }

    sodium_memzero(derived, sizeof(derived));
    sodium_memzero(clear, sizeof(clear));
    pupil_stack_wipe();

    return rc;
}


static void
link_key(const pupil_key_t *key, pupil_link_for_t what,
    uint8_t derived[PUPIL_HASH_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, links[what].label, PUPIL_HASH_LEN);
    pupil_keyed_end(&hash, derived);
}
