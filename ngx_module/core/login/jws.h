/*
 * Copyright (C) the Pupil authors
 *
 * Signed tokens (RFC 7515) and the keys they are checked with (RFC 7517), by
 * libcjose.  The algorithms are a list of ours: what a token's header says can
 * choose from it, and never widen it.  Context: any; a check takes some tens of
 * microseconds.
 */

#ifndef PUPIL_JWS_H
#define PUPIL_JWS_H

#include "core/base/pupil.h"


#define PUPIL_JWS_MAX      16384   /* bytes of a token */
#define PUPIL_JWKS_MAX     65536   /* bytes of a set of keys */
#define PUPIL_JWKS_KEYS    16      /* that can be used; more are left out */


typedef struct {
    pupil_str_t   kid;      /* without data when it has none */
    uint32_t      algs;     /* a bit for each algorithm that it is for */
    void         *key;      /* libcjose's */
} pupil_jwk_t;

typedef struct {
    pupil_jwk_t  keys[PUPIL_JWKS_KEYS];
    uint32_t     count;
} pupil_jwks_t;


/*
 * The keys of a set that can check a signature of ours: RSA of 2048 to 8192
 * bits, EC on P-256, neither for encryption nor for another algorithm.  Others
 * are passed over.  Ownership: pupil_jwks_release() gives the keys back; texts
 * are alloc's.  PUPIL_OK, PUPIL_INVALID with *why, static; PUPIL_NO_MEMORY.
 */
pupil_rc_t pupil_jwks_parse(const pupil_alloc_t *alloc, pupil_str_t text,
    pupil_jwks_t *out, const char **why);
void pupil_jwks_release(pupil_jwks_t *jwks);

/*
 * Checks the signature of a compact token and gives its payload, a copy from
 * alloc.  PUPIL_OK; PUPIL_NO_KEY: the set has no key of that name; or
 * PUPIL_INVALID with *why, static; PUPIL_NO_MEMORY.
 */
pupil_rc_t pupil_jws_verify(const pupil_alloc_t *alloc,
    const pupil_jwks_t *jwks, pupil_str_t token, pupil_str_t *payload,
    const char **why);

#endif /* PUPIL_JWS_H */
