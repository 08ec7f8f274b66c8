/*
 * Copyright (C) the Pupil authors
 *
 * Texts preceded by their length, as a value of the vault.
 */

#include <string.h>

#include <sodium.h>

#include "core/base/text.h"
#include "core/login/sign_up.h"
#include "core/vault/keyed.h"


#define TEXTS  4


static void sign_up_place(const pupil_key_t *key, const pupil_uuid_t *tenant,
    const pupil_uuid_t *subject, pupil_subkey_t *subkey,
    pupil_place_t *place);
static int sign_up_read(pupil_str_t clear, pupil_sign_up_t *said);


pupil_rc_t
pupil_sign_up_seal(const pupil_key_t *key, const pupil_uuid_t *tenant,
    const pupil_uuid_t *subject, const pupil_sign_up_t *said,
    uint8_t out[PUPIL_SIGN_UP_SEALED], size_t *len)
{
    size_t          i, n;
    uint8_t         clear[PUPIL_SIGN_UP_CLEAR];
    pupil_rc_t      rc;
    pupil_str_t     texts[TEXTS];
    pupil_place_t   place;
    pupil_subkey_t  subkey;

    texts[0] = said->email;
    texts[1] = said->given_name;
    texts[2] = said->family_name;
    texts[3] = said->hash;

    n = 0;

    for (i = 0; i < TEXTS; i++) {
        if (texts[i].len > PUPIL_SIGN_UP_TEXT
            || texts[i].len + 4 > sizeof(clear) - n)
        {
            sodium_memzero(clear, n);
            return PUPIL_INVALID;
        }

        pupil_u32_write(clear + n, (uint32_t) texts[i].len);
        n += 4;

        if (texts[i].len != 0) {
            memcpy(clear + n, texts[i].data, texts[i].len);
            n += texts[i].len;
        }
    }

    sign_up_place(key, tenant, subject, &subkey, &place);
    rc = pupil_seal(&subkey, &place, clear, n, out);
    *len = pupil_seal_size(n);

    sodium_memzero(&subkey, sizeof(pupil_subkey_t));
    sodium_memzero(clear, n);
    pupil_stack_wipe();

    return rc;
}


pupil_rc_t
pupil_sign_up_open(const pupil_key_t *key, const pupil_uuid_t *tenant,
    const pupil_uuid_t *subject, pupil_str_t sealed,
    uint8_t room[PUPIL_SIGN_UP_SEALED], pupil_sign_up_t *said)
{
    pupil_rc_t      rc;
    pupil_str_t     clear;
    pupil_place_t   place;
    pupil_subkey_t  subkey;

    if (sealed.len > PUPIL_SIGN_UP_SEALED) {
        return PUPIL_TAMPERED;
    }

    sign_up_place(key, tenant, subject, &subkey, &place);
    rc = pupil_open(&subkey, &place, sealed.data, sealed.len, room, &clear);

    sodium_memzero(&subkey, sizeof(pupil_subkey_t));
    pupil_stack_wipe();

    if (rc != PUPIL_OK) {
        return rc;
    }

    return sign_up_read(clear, said) ? PUPIL_OK : PUPIL_TAMPERED;
}


static void
sign_up_place(const pupil_key_t *key, const pupil_uuid_t *tenant,
    const pupil_uuid_t *subject, pupil_subkey_t *subkey, pupil_place_t *place)
{
    static const pupil_str_t  name = pupil_str("sign_up");

    pupil_subkey_derive(key, name, subkey);

    place->tenant = *tenant;
    place->owner = *subject;
    place->record = *subject;
    place->category = name;
    place->field = name;
    place->key_version = 1;
}


static int
sign_up_read(pupil_str_t clear, pupil_sign_up_t *said)
{
    size_t       i, len;
    pupil_str_t  texts[TEXTS];

    for (i = 0; i < TEXTS; i++) {
        if (clear.len < 4) {
            return 0;
        }

        len = pupil_u32_read(clear.data);
        clear.data += 4;
        clear.len -= 4;

        if (len > clear.len) {
            return 0;
        }

        texts[i].data = clear.data;
        texts[i].len = len;
        clear.data += len;
        clear.len -= len;
    }

    said->email = texts[0];
    said->given_name = texts[1];
    said->family_name = texts[2];
    said->hash = texts[3];

    return clear.len == 0;
}
