/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>

#include "core/base/text.h"
#include "core/login/national.h"
#include "core/vault/keyed.h"


static pupil_rc_t national_plain(pupil_str_t number,
    uint8_t plain[PUPIL_NATIONAL_MAX], size_t *len);


pupil_rc_t
pupil_national_name(const pupil_key_t *key, pupil_str_t number,
    uint8_t name[PUPIL_NATIONAL_NAME])
{
    size_t         len;
    uint8_t        plain[PUPIL_NATIONAL_MAX], bytes[PUPIL_HASH_LEN];
    pupil_rc_t     rc;
    pupil_keyed_t  hash;

    rc = national_plain(number, plain, &len);

    if (rc == PUPIL_OK) {
        pupil_keyed_begin(&hash, key, "pupil.national.v1", PUPIL_HASH_LEN);
        pupil_keyed_bytes(&hash, plain, len);
        pupil_keyed_end(&hash, bytes);

        (void) pupil_hex_encode(bytes, sizeof(bytes), name);
    }

    sodium_memzero(plain, sizeof(plain));
    pupil_stack_wipe();

    return rc;
}


/* A plus, which makes another of a Swedish number of ten digits, is refused. */
static pupil_rc_t
national_plain(pupil_str_t number, uint8_t plain[PUPIL_NATIONAL_MAX],
    size_t *len)
{
    size_t   i, digits;
    uint8_t  c;

    *len = 0;
    digits = 0;

    for (i = 0; i < number.len; i++) {
        c = number.data[i];

        if (c == '-' || c == ' ') {
            continue;
        }

        if (c >= 'a' && c <= 'z') {
            c -= 'a' - 'A';
        }

        if ((!pupil_is_digit(c) && (c < 'A' || c > 'Z'))
            || *len == PUPIL_NATIONAL_MAX)
        {
            return PUPIL_INVALID;
        }

        digits += pupil_is_digit(c) != 0;
        plain[(*len)++] = c;
    }

    return digits >= PUPIL_NATIONAL_MIN ? PUPIL_OK : PUPIL_INVALID;
}
