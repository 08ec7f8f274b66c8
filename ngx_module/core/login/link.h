/*
 * Copyright (C) the Pupil authors
 *
 * What makes a link by mail worth something: that its bearer reads the mail of
 * an account, sealed.  Nothing of it is stored.  Whoever sends the mail makes
 * it of what the outbox says and of a key, and a worker opens it; the number is
 * that of the credential, so that it ends with the first new password, whatever
 * rows somebody puts back (invariant I18), and the floors are those since which
 * nothing else was revoked: an account that is locked, an address that another
 * took the place of.  Context: any.
 */

#ifndef PUPIL_LINK_H
#define PUPIL_LINK_H

#include "core/base/text.h"
#include "core/vault/vault.h"


#define PUPIL_LINK_LIFETIME  1800       /* seconds, of a password's */
#define PUPIL_LINK_SKEW      60         /* seconds, between hosts */

/* What it is good for: one is none of the others. */
typedef enum {
    PUPIL_LINK_PASSWORD = 0,
    PUPIL_LINK_SIGN_UP
} pupil_link_for_t;

typedef struct {
    pupil_uuid_t  subject;
    int64_t       made;                 /* seconds since 1970: it was asked
                                           for */
    uint32_t      number;               /* of the credential then, or 0 */
    uint32_t      floors;               /* then, of a password's */
} pupil_link_t;

/* At most: one to sign up has no floors. */
#define PUPIL_LINK_LEN       (PUPIL_UUID_LEN + 16)
#define PUPIL_LINK_SEALED    (24 + PUPIL_LINK_LEN + 16)
#define PUPIL_LINK_TEXT_LEN  PUPIL_BASE64URL_LEN(PUPIL_LINK_SEALED)


/*
 * key: the tenant's service key "token".  How many bytes of text it has, which
 * have no NUL.
 */
size_t pupil_link_seal(const pupil_key_t *key, pupil_link_for_t what,
    const pupil_link_t *link, uint8_t text[PUPIL_LINK_TEXT_LEN]);

/* PUPIL_INVALID: it is none, or its time is over.  now: since 1970. */
pupil_rc_t pupil_link_open(const pupil_key_t *key, pupil_link_for_t what,
    pupil_str_t text, int64_t now, pupil_link_t *link);

#endif /* PUPIL_LINK_H */
