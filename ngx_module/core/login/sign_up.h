/*
 * Copyright (C) the Pupil authors
 *
 * Who signs up: what they have said, sealed at the place of their row.  Under
 * the tenant's key, as there is no person yet whose key it could be.  Context:
 * any.
 */

#ifndef PUPIL_SIGN_UP_H
#define PUPIL_SIGN_UP_H

#include "core/login/password.h"
#include "core/vault/vault.h"


#define PUPIL_SIGN_UP_LIFETIME  86400   /* seconds, to confirm it */
#define PUPIL_SIGN_UP_TRIAL     366     /* days at most */
#define PUPIL_SIGN_UP_NOTICE    7       /* days before a trial ends */

/* Bytes of a text, of all, and of what is sealed. */
#define PUPIL_SIGN_UP_TEXT    1024
#define PUPIL_SIGN_UP_CLEAR   4092
#define PUPIL_SIGN_UP_SEALED  (PUPIL_SEAL_OVERHEAD + 4096)


/* Empty, but for the address, until that is confirmed. */
typedef struct {
    pupil_str_t  email, given_name, family_name;
    pupil_str_t  hash;                  /* of the password */
} pupil_sign_up_t;


/*
 * key: the tenant's service key "token".  *len: of what is sealed.
 * PUPIL_INVALID: a text is too long.
 */
pupil_rc_t pupil_sign_up_seal(const pupil_key_t *key,
    const pupil_uuid_t *tenant, const pupil_uuid_t *subject,
    const pupil_sign_up_t *said, uint8_t out[PUPIL_SIGN_UP_SEALED],
    size_t *len);

/*
 * PUPIL_TAMPERED: it was not sealed so.  Ownership: the texts lie in room,
 * which the caller zeroes.
 */
pupil_rc_t pupil_sign_up_open(const pupil_key_t *key,
    const pupil_uuid_t *tenant, const pupil_uuid_t *subject,
    pupil_str_t sealed, uint8_t room[PUPIL_SIGN_UP_SEALED],
    pupil_sign_up_t *said);

#endif /* PUPIL_SIGN_UP_H */
