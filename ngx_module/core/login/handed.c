/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include <sodium.h>

#include "core/login/handed.h"
#include "core/vault/keyed.h"


_Static_assert(PUPIL_HANDED_LETTERS <= PUPIL_HASH_LEN, "a byte for each");
_Static_assert(PUPIL_HANDED_TEXT_LEN
               == PUPIL_HANDED_LETTERS + (PUPIL_HANDED_LETTERS - 1) / 4 + 1,
               "a mark between each four");


static void handed_letters(const pupil_key_t *key,
    const pupil_handed_t *handed, int64_t hour,
    uint8_t letters[PUPIL_HANDED_LETTERS]);
static void handed_form(pupil_str_t sent,
    uint8_t letters[PUPIL_HANDED_LETTERS]);
static uint8_t handed_letter(uint8_t c);


/* Crockford's: no I, L and O, which are 1 and 0, and no U. */
static const char  handed_alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";


int64_t
pupil_handed_make(const pupil_key_t *key, const pupil_handed_t *handed,
    int64_t now, char text[PUPIL_HANDED_TEXT_LEN])
{
    size_t   i;
    char    *p;
    int64_t  hour;
    uint8_t  letters[PUPIL_HANDED_LETTERS];

    hour = now / PUPIL_HANDED_HOUR;
    handed_letters(key, handed, hour, letters);

    p = text;

    for (i = 0; i < PUPIL_HANDED_LETTERS; i++) {
        if (i != 0 && i % 4 == 0) {
            *p++ = '-';
        }

        *p++ = (char) letters[i];
    }

    *p = '\0';

    sodium_memzero(letters, sizeof(letters));

    return (hour + PUPIL_HANDED_HOURS) * PUPIL_HANDED_HOUR;
}


/* Each hour is looked at, whichever fits: one of a clock that is ahead, too. */
pupil_rc_t
pupil_handed_check(const pupil_key_t *key, const pupil_handed_t *handed,
    pupil_str_t sent, int64_t now)
{
    int      fits;
    int64_t  hour, last;
    uint8_t  typed[PUPIL_HANDED_LETTERS], letters[PUPIL_HANDED_LETTERS];

    fits = 0;
    hour = now / PUPIL_HANDED_HOUR - PUPIL_HANDED_HOURS + 1;
    last = (now + PUPIL_HANDED_SKEW) / PUPIL_HANDED_HOUR;

    handed_form(sent, typed);

    for ( /* void */ ; hour <= last; hour++) {
        handed_letters(key, handed, hour, letters);
        fits |= sodium_memcmp(letters, typed, sizeof(letters)) == 0;
    }

    sodium_memzero(typed, sizeof(typed));
    sodium_memzero(letters, sizeof(letters));

    return fits ? PUPIL_OK : PUPIL_INVALID;
}


static void
handed_letters(const pupil_key_t *key, const pupil_handed_t *handed,
    int64_t hour, uint8_t letters[PUPIL_HANDED_LETTERS])
{
    size_t         i;
    uint8_t        out[PUPIL_HASH_LEN];
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.handed.v1", PUPIL_HASH_LEN);
    pupil_keyed_uuid(&hash, &handed->subject);
    pupil_keyed_u32(&hash, handed->session);
    pupil_keyed_u32(&hash, handed->credential);
    pupil_keyed_u32(&hash, handed->authority);
    pupil_keyed_u64(&hash, (uint64_t) hour);
    pupil_keyed_end(&hash, out);

    for (i = 0; i < PUPIL_HANDED_LETTERS; i++) {
        letters[i] = (uint8_t) handed_alphabet[out[i] & 0x1f];
    }

    sodium_memzero(out, sizeof(out));
    pupil_stack_wipe();
}


/* What has too few letters, or too many, is none: zeros, which fit nothing. */
static void
handed_form(pupil_str_t sent, uint8_t letters[PUPIL_HANDED_LETTERS])
{
    size_t   i, n;
    uint8_t  c;

    n = 0;
    memset(letters, 0, PUPIL_HANDED_LETTERS);

    for (i = 0; i < sent.len; i++) {
        c = sent.data[i];

        if (c == ' ' || c == '-') {
            continue;
        }

        if (n == PUPIL_HANDED_LETTERS) {
            memset(letters, 0, PUPIL_HANDED_LETTERS);
            return;
        }

        letters[n++] = handed_letter(c);
    }
}


static uint8_t
handed_letter(uint8_t c)
{
    if (c >= 'a' && c <= 'z') {
        c = (uint8_t) (c - 'a' + 'A');
    }

    return c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
}
