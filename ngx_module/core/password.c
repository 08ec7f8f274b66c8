/*
 * Copyright (C) the Pupil authors
 *
 * libsodium's encoded form, "$argon2id$v=19$m=19456,t=2,p=1$salt$hash".  The
 * parameters of a stored hash are read and bounded before it is verified:
 * they say how much memory and time the verification takes.
 */

#include <errno.h>
#include <string.h>

#include <sodium.h>

#include "password.h"
#include "vault.h"


#define PUPIL_ARGON2_PREFIX      "$argon2id$v=19$m="
#define PUPIL_ARGON2_MEMORY_MIN  8          /* KiB, libsodium's own */
#define PUPIL_ARGON2_MEMORY_MAX  1048576    /* KiB */
#define PUPIL_ARGON2_TIME_MAX    10

_Static_assert(PUPIL_PASSWORD_HASH_LEN == crypto_pwhash_STRBYTES,
               "the length of an encoded hash");


static pupil_rc_t pupil_password_cost_read(const char *hash,
    pupil_password_cost_t *cost);
static const char *pupil_number_read(const char *s, uint32_t max,
    uint32_t *out);


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
    int                    rc, err;
    pupil_password_cost_t  stored;

    *weaker = 0;

    if (pupil_password_cost_read(hash, &stored) != PUPIL_OK) {
        return PUPIL_INVALID;
    }

    *weaker = stored.memory < cost->memory
              || stored.iterations < cost->iterations;

    errno = 0;
    rc = crypto_pwhash_argon2id_str_verify(hash,
                                           (const char *) password.data,
                                           password.len);
    err = errno;
    pupil_stack_wipe();

    if (rc == 0) {
        return PUPIL_OK;
    }

    /* A password that does not fit is EINVAL; so is a malformed hash. */

    return err == ENOMEM ? PUPIL_NO_MEMORY : PUPIL_INVALID;
}


static pupil_rc_t
pupil_password_cost_read(const char *hash, pupil_password_cost_t *cost)
{
    const char  *p = hash;

    if (strnlen(hash, PUPIL_PASSWORD_HASH_LEN) == PUPIL_PASSWORD_HASH_LEN
        || strncmp(p, PUPIL_ARGON2_PREFIX, sizeof(PUPIL_ARGON2_PREFIX) - 1)
           != 0)
    {
        return PUPIL_INVALID;
    }

    p += sizeof(PUPIL_ARGON2_PREFIX) - 1;
    p = pupil_number_read(p, PUPIL_ARGON2_MEMORY_MAX, &cost->memory);

    if (p == NULL || strncmp(p, ",t=", 3) != 0) {
        return PUPIL_INVALID;
    }

    p = pupil_number_read(p + 3, PUPIL_ARGON2_TIME_MAX, &cost->iterations);

    if (p == NULL || strncmp(p, ",p=1$", 5) != 0) {
        return PUPIL_INVALID;
    }

    return PUPIL_OK;
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
