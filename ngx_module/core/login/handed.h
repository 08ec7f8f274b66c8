/*
 * Copyright (C) the Pupil authors
 *
 * The code that a teacher hands out on paper, by which a pupil sets a new
 * password.  Nothing of it is stored: it is a keyed hash, cut to what a child
 * can type, of the floors that the account has at that hour in the key store.
 * So it ends with the first new password, whatever rows somebody puts back
 * (invariant I18), and with whatever else is revoked: an account that is
 * locked, sessions that are ended, a class that they are in no more.  Context:
 * any.
 */

#ifndef PUPIL_HANDED_H
#define PUPIL_HANDED_H

#include "core/base/text.h"
#include "core/vault/vault.h"


/*
 * It is of the hour that it was made in, and counts in the 23 behind that, too:
 * what is handed out in the last lesson is typed at home, or in the morning.
 */
#define PUPIL_HANDED_HOUR   3600        /* seconds */
#define PUPIL_HANDED_HOURS  24
#define PUPIL_HANDED_SKEW   60          /* seconds, between hosts */

#define PUPIL_HANDED_LETTERS   12       /* of 5 bits */
#define PUPIL_HANDED_TEXT_LEN  15       /* in groups of four, with its NUL */
#define PUPIL_HANDED_SENT_MAX  64       /* bytes, as somebody types it */

typedef struct {
    pupil_uuid_t  subject;
    uint32_t      session, credential, authority;       /* floors */
} pupil_handed_t;


/*
 * key: the tenant's service key "token"; now: seconds since 1970.  Returns when
 * it is over.
 */
int64_t pupil_handed_make(const pupil_key_t *key, const pupil_handed_t *handed,
    int64_t now, char text[PUPIL_HANDED_TEXT_LEN]);

/*
 * In either case of letters, with or without its marks, and with what is taken
 * for another letter.  PUPIL_INVALID: it is none of theirs, or its time is
 * over.  What it costs does not depend on that.
 */
pupil_rc_t pupil_handed_check(const pupil_key_t *key,
    const pupil_handed_t *handed, pupil_str_t sent, int64_t now);

#endif /* PUPIL_HANDED_H */
