/*
 * Copyright (C) the Pupil authors
 *
 * The second factor: codes by time (TOTP, RFC 6238), codes for whoever has lost
 * what shows these, and the token with which somebody enrols.  What is stored
 * of it is one sealed value beside the password's hash.  Context: any.
 */

#ifndef PUPIL_FACTOR_H
#define PUPIL_FACTOR_H

#include "core/vault/vault.h"


#define PUPIL_FACTOR_SECRET_LEN  20      /* bytes, as HMAC-SHA-1 has them */
#define PUPIL_FACTOR_SECRET_TEXT 32      /* in base32 */
#define PUPIL_FACTOR_STEP        30      /* seconds */
#define PUPIL_FACTOR_SPENT       3       /* steps that one code uses up */
#define PUPIL_FACTOR_DIGITS      6
#define PUPIL_FACTOR_RECOVERY    10      /* codes */
#define PUPIL_FACTOR_CODE_MAX    32      /* bytes of a code, as it is sent */


/* Does a role need one?  In this order the stricter is the greater. */
typedef enum {
    PUPIL_FACTOR_OFF = 0,
    PUPIL_FACTOR_OPTIONAL,              /* of whoever has one */
    PUPIL_FACTOR_REQUIRED
} pupil_factor_policy_t;

typedef struct {
    uint8_t   secret[PUPIL_FACTOR_SECRET_LEN];
    uint64_t  step;                     /* of the last code that counted */
    uint8_t   recovery[PUPIL_FACTOR_RECOVERY][PUPIL_HASH_LEN];
    uint32_t  recovery_count;           /* that are left */
    uint8_t   token[PUPIL_HASH_LEN];
    int64_t   until;                    /* the token counts; 0: there is none */
    uint32_t  number;                   /* of the token, in the key store */
    int64_t   mailed;                   /* when the ticket was made whose code
                                           by mail counted last; 0: none has */
    unsigned  enrolled:1;               /* there is a secret */
} pupil_factor_t;


/* What is stored; PUPIL_INVALID, PUPIL_NO_MEMORY.  text empty: nothing is. */
pupil_rc_t pupil_factor_read(const pupil_alloc_t *alloc, pupil_str_t text,
    pupil_factor_t *factor);

/* The text to store.  Ownership: alloc's, for the caller to wipe. */
pupil_rc_t pupil_factor_write(const pupil_alloc_t *alloc,
    const pupil_factor_t *factor, pupil_str_t *text);

void pupil_factor_wipe(pupil_factor_t *factor);

/* A new secret, and no code of it is used. */
void pupil_factor_secret(uint8_t secret[PUPIL_FACTOR_SECRET_LEN]);

/*
 * Is it the code of now, seconds since 1970, or of one step before or after,
 * and of a step above last?  *step: which.  PUPIL_INVALID: it is not.
 */
pupil_rc_t pupil_factor_code(const uint8_t secret[PUPIL_FACTOR_SECRET_LEN],
    uint64_t last, int64_t now, pupil_str_t code, uint64_t *step);

/*
 * The code of this mail to this person, as text: nothing of it is stored, so
 * whoever sends it makes it, and whoever is sent it again, of the tenant's
 * service key "token".  Is it what was sent?
 */
void pupil_factor_mailed(const pupil_key_t *key, const pupil_uuid_t *subject,
    const pupil_uuid_t *mail, char code[PUPIL_FACTOR_DIGITS + 1]);
int pupil_factor_mailed_is(const pupil_key_t *key, const pupil_uuid_t *subject,
    const pupil_uuid_t *mail, pupil_str_t code);

/*
 * By what the key store knows that a code is used (invariant I18): one by time
 * by its step, and with it the older ones that may still be sent, as it may be
 * of the step to come; one by mail by which that is.
 */
void pupil_factor_spent(const pupil_key_t *key, const pupil_uuid_t *subject,
    uint64_t step, uint8_t hashes[PUPIL_FACTOR_SPENT][PUPIL_HASH_LEN]);
void pupil_factor_mailed_spent(const pupil_key_t *key,
    const pupil_uuid_t *subject, const pupil_uuid_t *mail,
    uint8_t hash[PUPIL_HASH_LEN]);

/*
 * What an authenticator reads: otpauth://totp/ISSUER?secret=...  issuer: text
 * that is shown there.  secret: its base32.  PUPIL_NO_MEMORY.
 */
pupil_rc_t pupil_factor_uri(const pupil_alloc_t *alloc, pupil_str_t issuer,
    const uint8_t secret[PUPIL_FACTOR_SECRET_TEXT], pupil_str_t *uri);
void pupil_factor_base32(const uint8_t secret[PUPIL_FACTOR_SECRET_LEN],
    uint8_t text[PUPIL_FACTOR_SECRET_TEXT]);

/*
 * The hash by which a code of pupil_password_code() is stored, whatever its
 * case and the marks in it.  kind: "recovery" or "token"; key: the tenant's
 * service key "token".  PUPIL_INVALID: it is too long to be one.
 */
pupil_rc_t pupil_factor_hash(const pupil_key_t *key, const char *kind,
    const pupil_uuid_t *subject, pupil_str_t code,
    uint8_t hash[PUPIL_HASH_LEN]);

/* Takes the code of this hash out; PUPIL_NOT_FOUND. */
pupil_rc_t pupil_factor_recover(pupil_factor_t *factor,
    const uint8_t hash[PUPIL_HASH_LEN]);

/*
 * Is it the token's, and does that still count?  floor: the number of the last
 * that was given, so that none of before comes back (invariant I18).
 */
int pupil_factor_token(const pupil_factor_t *factor,
    const uint8_t hash[PUPIL_HASH_LEN], int64_t now, uint32_t floor);

#endif /* PUPIL_FACTOR_H */
