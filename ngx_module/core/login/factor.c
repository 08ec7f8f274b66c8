/*
 * Copyright (C) the Pupil authors
 *
 * Codes are compared in constant time, and all that a code could be is tried:
 * how long that takes says nothing.
 */

#include <string.h>

#include <liboath/oath.h>
#include <sodium.h>

#include "core/base/text.h"
#include "core/login/factor.h"
#include "core/vault/keyed.h"


static size_t factor_form(pupil_str_t sent,
    uint8_t code[PUPIL_FACTOR_CODE_MAX]);


void
pupil_factor_secret(uint8_t secret[PUPIL_FACTOR_SECRET_LEN])
{
    randombytes_buf(secret, PUPIL_FACTOR_SECRET_LEN);
}


/* Of two steps that have the same code the later: so that it counts once. */
pupil_rc_t
pupil_factor_code(const uint8_t secret[PUPIL_FACTOR_SECRET_LEN], uint64_t last,
    int64_t now, pupil_str_t code, uint64_t *step)
{
    int         fits;
    char        made[PUPIL_FACTOR_DIGITS + 1];
    size_t      len;
    uint8_t     sent[PUPIL_FACTOR_CODE_MAX];
    uint64_t    at, first;
    pupil_rc_t  rc;

    len = factor_form(code, sent);

    if (len != PUPIL_FACTOR_DIGITS || now < PUPIL_FACTOR_STEP
        || oath_init() != OATH_OK)
    {
        return PUPIL_INVALID;
    }

    rc = PUPIL_INVALID;
    first = (uint64_t) now / PUPIL_FACTOR_STEP - 1;

    for (at = first; at <= first + 2; at++) {

        if (oath_hotp_generate((const char *) secret, PUPIL_FACTOR_SECRET_LEN,
                               at, PUPIL_FACTOR_DIGITS, false,
                               OATH_HOTP_DYNAMIC_TRUNCATION, made) != OATH_OK)
        {
            continue;
        }

        fits = sodium_memcmp(made, sent, PUPIL_FACTOR_DIGITS) == 0;

        if (fits && at > last) {
            *step = at;
            rc = PUPIL_OK;
        }
    }

    sodium_memzero(made, sizeof(made));
    sodium_memzero(sent, sizeof(sent));

    return rc;
}


void
pupil_factor_mailed(const pupil_key_t *key, const pupil_uuid_t *subject,
    const pupil_uuid_t *mail, char code[PUPIL_FACTOR_DIGITS + 1])
{
    size_t         i;
    uint8_t        bytes[PUPIL_HASH_LEN];
    uint64_t       value;
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.mailed.v1", PUPIL_HASH_LEN);
    pupil_keyed_uuid(&hash, subject);
    pupil_keyed_uuid(&hash, mail);
    pupil_keyed_end(&hash, bytes);

    value = 0;

    for (i = 0; i < sizeof(value); i++) {
        value = value << 8 | bytes[i];
    }

    for (i = PUPIL_FACTOR_DIGITS; i-- > 0; value /= 10) {
        code[i] = (char) ('0' + value % 10);
    }

    code[PUPIL_FACTOR_DIGITS] = '\0';
    sodium_memzero(bytes, sizeof(bytes));
    pupil_stack_wipe();
}


int
pupil_factor_mailed_is(const pupil_key_t *key, const pupil_uuid_t *subject,
    const pupil_uuid_t *mail, pupil_str_t code)
{
    int      is;
    char     made[PUPIL_FACTOR_DIGITS + 1];
    size_t   len;
    uint8_t  sent[PUPIL_FACTOR_CODE_MAX];

    len = factor_form(code, sent);
    pupil_factor_mailed(key, subject, mail, made);

    is = len == PUPIL_FACTOR_DIGITS
         && sodium_memcmp(made, sent, PUPIL_FACTOR_DIGITS) == 0;

    sodium_memzero(made, sizeof(made));
    sodium_memzero(sent, sizeof(sent));

    return is;
}


void
pupil_factor_spent(const pupil_key_t *key, const pupil_uuid_t *subject,
    uint64_t step, uint8_t hashes[PUPIL_FACTOR_SPENT][PUPIL_HASH_LEN])
{
    uint32_t       i;
    pupil_keyed_t  hash;

    for (i = 0; i < PUPIL_FACTOR_SPENT; i++) {
        pupil_keyed_begin(&hash, key, "pupil.spent.totp.v1", PUPIL_HASH_LEN);
        pupil_keyed_uuid(&hash, subject);
        pupil_keyed_u64(&hash, step - i);
        pupil_keyed_end(&hash, hashes[i]);
    }

    pupil_stack_wipe();
}


void
pupil_factor_mailed_spent(const pupil_key_t *key, const pupil_uuid_t *subject,
    const pupil_uuid_t *mail, uint8_t hash[PUPIL_HASH_LEN])
{
    pupil_keyed_t  keyed;

    pupil_keyed_begin(&keyed, key, "pupil.spent.mailed.v1", PUPIL_HASH_LEN);
    pupil_keyed_uuid(&keyed, subject);
    pupil_keyed_uuid(&keyed, mail);
    pupil_keyed_end(&keyed, hash);

    pupil_stack_wipe();
}


/* RFC 4648: five bytes are eight characters, and a secret has no rest. */
void
pupil_factor_base32(const uint8_t secret[PUPIL_FACTOR_SECRET_LEN],
    uint8_t text[PUPIL_FACTOR_SECRET_TEXT])
{
    size_t    i, bit;
    uint32_t  two;

    static const char  letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    for (i = 0; i < PUPIL_FACTOR_SECRET_TEXT; i++) {
        bit = i * 5;
        two = (uint32_t) secret[bit / 8] << 8;

        if (bit / 8 + 1 < PUPIL_FACTOR_SECRET_LEN) {
            two |= secret[bit / 8 + 1];
        }

        text[i] = (uint8_t) letters[two >> (11 - bit % 8) & 31];
    }
}


pupil_rc_t
pupil_factor_uri(const pupil_alloc_t *alloc, pupil_str_t issuer,
    const uint8_t secret[PUPIL_FACTOR_SECRET_TEXT], pupil_str_t *uri)
{
    size_t    len;
    uint8_t  *p, *name;

    static const char  scheme[] = "otpauth://totp/";
    static const char  key[] = "?secret=";
    static const char  from[] = "&issuer=";

    p = alloc->alloc(alloc->ctx, sizeof(scheme) + sizeof(key) + sizeof(from)
                                 + PUPIL_FACTOR_SECRET_TEXT + 6 * issuer.len);
    if (p == NULL) {
        return PUPIL_NO_MEMORY;
    }

    uri->data = p;
    memcpy(p, scheme, sizeof(scheme) - 1);
    name = p += sizeof(scheme) - 1;

    len = pupil_percent_encode(issuer.data, issuer.len, p);
    p += len;
    memcpy(p, key, sizeof(key) - 1);
    p += sizeof(key) - 1;
    memcpy(p, secret, PUPIL_FACTOR_SECRET_TEXT);
    p += PUPIL_FACTOR_SECRET_TEXT;
    memcpy(p, from, sizeof(from) - 1);
    p += sizeof(from) - 1;
    memcpy(p, name, len);
    uri->len = (size_t) (p + len - uri->data);

    return PUPIL_OK;
}


pupil_rc_t
pupil_factor_hash(const pupil_key_t *key, const char *kind,
    const pupil_uuid_t *subject, pupil_str_t code,
    uint8_t hash[PUPIL_HASH_LEN])
{
    uint8_t        formed[PUPIL_FACTOR_CODE_MAX];
    pupil_str_t    name, form;
    pupil_keyed_t  keyed;

    form.data = formed;
    form.len = factor_form(code, formed);

    if (form.len == 0) {
        return PUPIL_INVALID;
    }

    name.data = (const uint8_t *) kind;
    name.len = strlen(kind);

    pupil_keyed_begin(&keyed, key, "pupil.factor.v1", PUPIL_HASH_LEN);
    pupil_keyed_str(&keyed, name);
    pupil_keyed_uuid(&keyed, subject);
    pupil_keyed_str(&keyed, form);
    pupil_keyed_end(&keyed, hash);

    sodium_memzero(formed, sizeof(formed));
    pupil_stack_wipe();

    return PUPIL_OK;
}


/* As people read a code out and type it; 0: that is none. */
static size_t
factor_form(pupil_str_t sent, uint8_t code[PUPIL_FACTOR_CODE_MAX])
{
    size_t   i, len;
    uint8_t  c;

    len = 0;

    if (sent.len > PUPIL_FACTOR_CODE_MAX) {
        return 0;
    }

    for (i = 0; i < sent.len; i++) {
        c = sent.data[i];

        if (c != ' ' && c != '-') {
            code[len++] = c >= 'A' && c <= 'Z' ? (uint8_t) (c | 0x20) : c;
        }
    }

    return len;
}


pupil_rc_t
pupil_factor_recover(pupil_factor_t *factor,
    const uint8_t hash[PUPIL_HASH_LEN])
{
    uint32_t  i, at;

    at = PUPIL_FACTOR_RECOVERY;

    for (i = 0; i < factor->recovery_count; i++) {
        if (sodium_memcmp(factor->recovery[i], hash, PUPIL_HASH_LEN) == 0) {
            at = i;
        }
    }

    if (at == PUPIL_FACTOR_RECOVERY) {
        return PUPIL_NOT_FOUND;
    }

    factor->recovery_count--;
    memmove(factor->recovery[at], factor->recovery[at + 1],
            (factor->recovery_count - at) * PUPIL_HASH_LEN);

    return PUPIL_OK;
}


int
pupil_factor_token(const pupil_factor_t *factor,
    const uint8_t hash[PUPIL_HASH_LEN], int64_t now, uint32_t floor)
{
    return now < factor->until && factor->number >= floor
           && sodium_memcmp(factor->token, hash, PUPIL_HASH_LEN) == 0;
}
