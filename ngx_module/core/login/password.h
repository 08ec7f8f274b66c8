/*
 * Copyright (C) the Pupil authors
 *
 * Passwords: Argon2id (RFC 9106) by libsodium, as an encoded string that
 * names its parameters.  These functions take tens of milliseconds: never on
 * the event loop (invariant I11), only in a thread or in pupilctl.
 */

#ifndef PUPIL_PASSWORD_H
#define PUPIL_PASSWORD_H

#include "core/base/pupil.h"


#define PUPIL_PASSWORD_HASH_LEN    128  /* bytes, with NUL */
#define PUPIL_PASSWORD_STORED_LEN  (10 + 1 + 19 + PUPIL_PASSWORD_HASH_LEN)
#define PUPIL_PASSWORD_CODE_LEN    15   /* bytes, with NUL */


typedef struct {
    uint32_t  memory;       /* KiB, 19456 to 1048576 */
    uint32_t  iterations;   /* 2 to 10; parallelism is always 1 */
} pupil_password_cost_t;


/*
 * The form in which a password is hashed, NFC (RFC 8265): one keyboard sends a
 * letter and its accent as two characters that another sends as one.  out: in
 * where that is ASCII, else from alloc.  in: UTF-8.  PUPIL_NO_MEMORY.
 */
pupil_rc_t pupil_password_form(pupil_str_t in, const pupil_alloc_t *alloc,
    pupil_str_t *out);

/*
 * What is stored beside a hash, sealed with it, so that nobody changes it: the
 * number that it was written under (docs/architecture.md, "Floors"), whether it
 * is to be changed by whoever logs in with it, and until when it counts.  As
 * text in front of the hash: NUMBER[!SECONDS], what is 0 left out.
 */
typedef struct {
    uint32_t      number;
    unsigned      first:1;
    int64_t       until;        /* of a first one, since 1970; 0: for ever */
    pupil_str_t   hash;
} pupil_password_stored_t;

/* Returns the length; out has no NUL. */
size_t pupil_password_write(const pupil_password_stored_t *stored,
    char out[PUPIL_PASSWORD_STORED_LEN]);

/* stored->hash points into text.  PUPIL_INVALID. */
pupil_rc_t pupil_password_read(pupil_str_t text,
    pupil_password_stored_t *stored);

/* A code that can be read out, of 60 random bits; with its NUL. */
void pupil_password_code(char out[PUPIL_PASSWORD_CODE_LEN]);

/* Hashes into out, NUL-terminated.  PUPIL_NO_MEMORY. */
pupil_rc_t pupil_password_hash(pupil_str_t password,
    const pupil_password_cost_t *cost, char out[PUPIL_PASSWORD_HASH_LEN]);

/* The cost that an encoded hash was made at; PUPIL_INVALID: it is none. */
pupil_rc_t pupil_password_made_at(const char *hash,
    pupil_password_cost_t *cost);

/* What one run does, in KiB of memory filled or passed over. */
uint64_t pupil_password_work(const pupil_password_cost_t *cost);

/*
 * Does so much work for nobody, with no more memory than cost: so that a run
 * at a lower cost and this are as much as one at cost.  work: at most that of
 * cost.  *done: what was done, within the passes of work; 0 when too little to
 * be a run.  PUPIL_NO_MEMORY.
 */
pupil_rc_t pupil_password_spend(uint64_t work,
    const pupil_password_cost_t *cost, uint64_t *done);

/*
 * PUPIL_OK when the password fits, PUPIL_INVALID when not, PUPIL_NO_MEMORY.
 * *weaker is set when the hash was made at a lower cost than cost.
 */
pupil_rc_t pupil_password_verify(pupil_str_t password, const char *hash,
    const pupil_password_cost_t *cost, int *weaker);

#endif /* PUPIL_PASSWORD_H */
