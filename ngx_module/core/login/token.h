/*
 * Copyright (C) the Pupil authors
 *
 * What a browser carries: session tokens, CSRF tokens, and the keyed hashes
 * under which the database knows them, and what a provider names.  key is
 * always the tenant's service key "token"; each use has a label of its own.
 */

#ifndef PUPIL_TOKEN_H
#define PUPIL_TOKEN_H

#include "core/vault/vault.h"


#define PUPIL_TOKEN_RANDOM    24   /* bytes, 192 bits */
#define PUPIL_TOKEN_TAG       8    /* that only the tenant's key makes */
#define PUPIL_TOKEN_LEN       (PUPIL_TOKEN_RANDOM + PUPIL_TOKEN_TAG)
#define PUPIL_TOKEN_TEXT_LEN  43   /* base64url without padding */


/* A new session token and its text for the cookie. */
void pupil_token_make(const pupil_key_t *key, uint8_t token[PUPIL_TOKEN_LEN],
    uint8_t text[PUPIL_TOKEN_TEXT_LEN]);

/*
 * PUPIL_INVALID unless text is exactly such a token, of this tenant: what
 * anybody makes up is refused by its tag, and asks no database.
 */
pupil_rc_t pupil_token_parse(const pupil_key_t *key, pupil_str_t text,
    uint8_t token[PUPIL_TOKEN_LEN]);

/* What pupil.session.token_hash holds. */
void pupil_token_hash(const pupil_key_t *key,
    const uint8_t token[PUPIL_TOKEN_LEN], uint8_t out[PUPIL_HASH_LEN]);

/* What a session is called, also by others: derived of its hash, and opens
 * nothing. */
void pupil_session_id(const pupil_key_t *key,
    const uint8_t hash[PUPIL_HASH_LEN], pupil_uuid_t *id);

/* The CSRF token of a session, derived: nothing is stored. */
void pupil_csrf_make(const pupil_key_t *key,
    const uint8_t token[PUPIL_TOKEN_LEN],
    uint8_t text[PUPIL_TOKEN_TEXT_LEN]);

/* PUPIL_OK or PUPIL_INVALID, in constant time. */
pupil_rc_t pupil_csrf_check(const pupil_key_t *key,
    const uint8_t token[PUPIL_TOKEN_LEN], pupil_str_t text);

/*
 * The throttle's bucket for an identifier, with or without a known device
 * (its id, or empty), or for a client network.
 */
void pupil_bucket_make(const pupil_key_t *key, const char *kind,
    pupil_str_t what, pupil_str_t device, uint8_t bucket[PUPIL_HASH_LEN]);

/* What an issuer names by a claim: a session, a person, a token. */
void pupil_there_make(const pupil_key_t *key, const char *claim,
    pupil_str_t issuer, pupil_str_t name, uint8_t out[PUPIL_HASH_LEN]);

/* What the key store knows a support grant by that has ended. */
void pupil_support_hash(const pupil_key_t *key, const pupil_uuid_t *grant,
    uint8_t out[PUPIL_HASH_LEN]);

/* A keyed fingerprint of a submission's content (key: "fingerprint"). */
void pupil_fingerprint_make(const pupil_key_t *key, pupil_str_t content,
    uint8_t out[PUPIL_HASH_LEN]);

#endif /* PUPIL_TOKEN_H */
