/*
 * Copyright (C) the Pupil authors
 *
 * Passwords: Argon2id (RFC 9106) by libsodium, as an encoded string that
 * names its parameters.  These functions take tens of milliseconds: never on
 * the event loop (invariant I11), only in a thread or in pupilctl.
 */

#ifndef PUPIL_PASSWORD_H
#define PUPIL_PASSWORD_H

#include "pupil.h"


#define PUPIL_PASSWORD_HASH_LEN  128    /* bytes, with NUL */


typedef struct {
    uint32_t  memory;       /* KiB, 19456 to 1048576 */
    uint32_t  iterations;   /* 2 to 10; parallelism is always 1 */
} pupil_password_cost_t;


/* Hashes into out, NUL-terminated.  PUPIL_NO_MEMORY. */
pupil_rc_t pupil_password_hash(pupil_str_t password,
    const pupil_password_cost_t *cost, char out[PUPIL_PASSWORD_HASH_LEN]);

/*
 * PUPIL_OK when the password fits, PUPIL_INVALID when not, PUPIL_NO_MEMORY.
 * *weaker is set when the hash was made at a lower cost than cost.
 */
pupil_rc_t pupil_password_verify(pupil_str_t password, const char *hash,
    const pupil_password_cost_t *cost, int *weaker);

#endif /* PUPIL_PASSWORD_H */
