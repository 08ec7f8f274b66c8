/*
 * Copyright (C) the Pupil authors
 *
 * libsodium's encoded form, "$argon2id$v=19$m=19456,t=2,p=1$salt$hash".  The
 * parameters of a stored hash are read and bounded before it is verified:
 * they say how much memory and time the verification takes.  It is verified
 * by hashing again: libsodium's own verification does not tell a lack of
 * memory from a wrong password.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>
#include <uninorm.h>

#include "core/login/password.h"
#include "core/vault/vault.h"


#define PUPIL_ARGON2_PREFIX      "$argon2id$v=19$m="
#define PUPIL_ARGON2_MEMORY_MIN  8          /* KiB, libsodium's own */
#define PUPIL_ARGON2_MEMORY_MAX  1048576    /* KiB */
#define PUPIL_ARGON2_TIME_MAX    10
#define PUPIL_ARGON2_SALT_LEN    crypto_pwhash_argon2id_SALTBYTES
#define PUPIL_ARGON2_HASH_LEN    32

_Static_assert(PUPIL_PASSWORD_HASH_LEN == crypto_pwhash_STRBYTES,
               "the length of an encoded hash");


typedef struct {
    pupil_password_cost_t  cost;
    uint8_t                salt[PUPIL_ARGON2_SALT_LEN];
    uint8_t                hash[PUPIL_ARGON2_HASH_LEN];
} pupil_argon2_t;


static pupil_rc_t pupil_argon2_read(const char *text, pupil_argon2_t *argon2);
static const char *pupil_base64_read(const char *s, char end, uint8_t *out,
    size_t size);
static const char *pupil_number_read(const char *s, uint32_t max,
    uint32_t *out);
static uint64_t pupil_digits_read(pupil_str_t text, size_t *at);


pupil_rc_t
pupil_password_form(pupil_str_t in, const pupil_alloc_t *alloc,
    pupil_str_t *out)
{
    size_t    i, len;
    uint8_t  *made, *copy;

    *out = in;

    for (i = 0; i < in.len && in.data[i] < 0x80; i++) {
        /* void */
    }

    if (i == in.len) {
        return PUPIL_OK;
    }

    made = u8_normalize(UNINORM_NFC, in.data, in.len, NULL, &len);
    if (made == NULL) {
        return PUPIL_NO_MEMORY;
    }

    copy = alloc->alloc(alloc->ctx, len);

    if (copy != NULL) {
        memcpy(copy, made, len);
        out->data = copy;
        out->len = len;
    }

    sodium_memzero(made, len);
    free(made);

    return copy != NULL ? PUPIL_OK : PUPIL_NO_MEMORY;
}


size_t
pupil_password_write(const pupil_password_stored_t *stored,
    char out[PUPIL_PASSWORD_STORED_LEN])
{
    size_t  len;

    len = 0;

    if (stored->number != 0) {
        len += (size_t) snprintf(out, PUPIL_PASSWORD_STORED_LEN, "%" PRIu32,
                                 stored->number);
    }

    if (stored->first) {
        out[len++] = '!';
    }

    if (stored->first && stored->until != 0) {
        len += (size_t) snprintf(out + len, PUPIL_PASSWORD_STORED_LEN - len,
                                 "%" PRId64, stored->until);
    }

    memcpy(out + len, stored->hash.data, stored->hash.len);

    return len + stored->hash.len;
}


pupil_rc_t
pupil_password_read(pupil_str_t text, pupil_password_stored_t *stored)
{
    size_t    at;
    uint64_t  number, until;

    at = 0;
    until = 0;
    number = pupil_digits_read(text, &at);

    stored->first = at < text.len && text.data[at] == '!';

    if (stored->first) {
        at++;
        until = pupil_digits_read(text, &at);
    }

    if (at == text.len || text.data[at] != '$' || number > UINT32_MAX
        || until > INT64_MAX)
    {
        return PUPIL_INVALID;
    }

    stored->number = (uint32_t) number;
    stored->until = (int64_t) until;
    stored->hash.data = text.data + at;
    stored->hash.len = text.len - at;

    return PUPIL_OK;
}


/* None is 0; more than fits is UINT64_MAX. */
static uint64_t
pupil_digits_read(pupil_str_t text, size_t *at)
{
    uint64_t  n;

    n = 0;

    for ( ; *at < text.len && text.data[*at] >= '0' && text.data[*at] <= '9';
         (*at)++)
    {
        n = n > INT64_MAX / 10 ? UINT64_MAX : n * 10 + text.data[*at] - '0';
    }

    return n;
}


/* Letters and digits that are not taken for others. */
void
pupil_password_code(char out[PUPIL_PASSWORD_CODE_LEN])
{
    int      i;
    uint8_t  random[PUPIL_PASSWORD_CODE_LEN];

    static const char  alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

    randombytes_buf(random, sizeof(random));

    for (i = 0; i < PUPIL_PASSWORD_CODE_LEN - 1; i++) {
        out[i] = i % 5 == 4 ? '-' : alphabet[random[i] & 0x1f];
    }

    out[i] = '\0';
    sodium_memzero(random, sizeof(random));
}


pupil_rc_t
pupil_password_hash(pupil_str_t password, const pupil_password_cost_t *cost,
    char out[PUPIL_PASSWORD_HASH_LEN])
{
    int  rc;

    if (cost->memory < PUPIL_ARGON2_MEMORY_MIN
        || cost->memory > PUPIL_ARGON2_MEMORY_MAX
        || cost->iterations == 0
        || cost->iterations > PUPIL_ARGON2_TIME_MAX)
    {
        return PUPIL_INVALID;
    }

    rc = crypto_pwhash_argon2id_str(out, (const char *) password.data,
                                    password.len, cost->iterations,
                                    (size_t) cost->memory * 1024);
    pupil_stack_wipe();

    return rc == 0 ? PUPIL_OK : PUPIL_NO_MEMORY;
}


pupil_rc_t
pupil_password_verify(pupil_str_t password, const char *hash,
    const pupil_password_cost_t *cost, int *weaker)
{
    int             rc;
    uint8_t         made[PUPIL_ARGON2_HASH_LEN];
    pupil_argon2_t  stored;

    *weaker = 0;

    if (pupil_argon2_read(hash, &stored) != PUPIL_OK) {
        return PUPIL_INVALID;
    }

    *weaker = stored.cost.memory < cost->memory
              || stored.cost.iterations < cost->iterations;

    rc = crypto_pwhash_argon2id(made, sizeof(made),
                                (const char *) password.data, password.len,
                                stored.salt, stored.cost.iterations,
                                (size_t) stored.cost.memory * 1024,
                                crypto_pwhash_argon2id_ALG_ARGON2ID13);

    if (rc == 0) {
        rc = sodium_memcmp(made, stored.hash, sizeof(made)) == 0
             ? PUPIL_OK : PUPIL_INVALID;

    } else {
        rc = PUPIL_NO_MEMORY;
    }

    sodium_memzero(made, sizeof(made));
    sodium_memzero(&stored, sizeof(stored));
    pupil_stack_wipe();

    return (pupil_rc_t) rc;
}


pupil_rc_t
pupil_password_made_at(const char *hash, pupil_password_cost_t *cost)
{
    pupil_rc_t      rc;
    pupil_argon2_t  stored;

    rc = pupil_argon2_read(hash, &stored);
    if (rc == PUPIL_OK) {
        *cost = stored.cost;
    }

    sodium_memzero(&stored, sizeof(stored));

    return rc;
}


uint64_t
pupil_password_work(const pupil_password_cost_t *cost)
{
    return (uint64_t) cost->memory * cost->iterations;
}


pupil_rc_t
pupil_password_spend(uint64_t work, const pupil_password_cost_t *cost,
    uint64_t *done)
{
    int       rc;
    uint8_t   made[PUPIL_ARGON2_HASH_LEN];
    uint64_t  memory, passes;

    static const uint8_t  salt[PUPIL_ARGON2_SALT_LEN];

    *done = 0;

    /* the fewest passes that need no more memory than a real run */
    passes = (work + cost->memory - 1) / cost->memory;
    memory = passes != 0 ? work / passes : 0;

    if (memory < PUPIL_ARGON2_MEMORY_MIN) {
        return PUPIL_OK;
    }

    rc = crypto_pwhash_argon2id(made, sizeof(made), "", 0, salt, passes,
                                (size_t) memory * 1024,
                                crypto_pwhash_argon2id_ALG_ARGON2ID13);
    sodium_memzero(made, sizeof(made));

    if (rc != 0) {
        return PUPIL_NO_MEMORY;
    }

    *done = memory * passes;

    return PUPIL_OK;
}


static pupil_rc_t
pupil_argon2_read(const char *text, pupil_argon2_t *argon2)
{
    const char  *p = text;

    if (strnlen(text, PUPIL_PASSWORD_HASH_LEN) == PUPIL_PASSWORD_HASH_LEN
        || strncmp(p, PUPIL_ARGON2_PREFIX, sizeof(PUPIL_ARGON2_PREFIX) - 1)
           != 0)
    {
        return PUPIL_INVALID;
    }

    p += sizeof(PUPIL_ARGON2_PREFIX) - 1;
    p = pupil_number_read(p, PUPIL_ARGON2_MEMORY_MAX, &argon2->cost.memory);

    if (p == NULL || argon2->cost.memory < PUPIL_ARGON2_MEMORY_MIN
        || strncmp(p, ",t=", 3) != 0)
    {
        return PUPIL_INVALID;
    }

    p = pupil_number_read(p + 3, PUPIL_ARGON2_TIME_MAX,
                          &argon2->cost.iterations);

    if (p == NULL || strncmp(p, ",p=1$", 5) != 0) {
        return PUPIL_INVALID;
    }

    p = pupil_base64_read(p + 5, '$', argon2->salt, sizeof(argon2->salt));

    if (p == NULL || pupil_base64_read(p + 1, '\0', argon2->hash,
                                       sizeof(argon2->hash)) == NULL)
    {
        return PUPIL_INVALID;
    }

    return PUPIL_OK;
}


/* Exactly size bytes, without padding, up to end; returns where that is. */
static const char *
pupil_base64_read(const char *s, char end, uint8_t *out, size_t size)
{
    size_t       len;
    const char  *at;

    at = strchr(s, end);

    if (at == NULL
        || sodium_base642bin(out, size, s, (size_t) (at - s), NULL, &len,
                             NULL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING)
           != 0
        || len != size)
    {
        return NULL;
    }

    return at;
}


/* A decimal from 1 to max; returns what follows it, or NULL. */
static const char *
pupil_number_read(const char *s, uint32_t max, uint32_t *out)
{
    uint32_t  value = 0;

    while (*s >= '0' && *s <= '9') {
        value = value * 10 + (uint32_t) (*s - '0');

        if (value == 0 || value > max) {
            return NULL;
        }

        s++;
    }

    *out = value;

    return value != 0 ? s : NULL;
}
