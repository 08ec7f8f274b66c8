/*
 * Copyright (C) the Pupil authors
 *
 * What a browser has between a provider's word and the tenant that is chosen of
 * those it names: sealed under a key of the address, so that nothing is stored
 * of who never chooses, and of who does nothing in more than one tenant.  It
 * gives nothing but the right to choose, once.  Context: any.
 */

#ifndef PUPIL_CHOICE_H
#define PUPIL_CHOICE_H

#include "core/base/text.h"
#include "core/login/carried.h"
#include "core/login/claims.h"


#define PUPIL_CHOICE_LIFETIME  300      /* seconds */
#define PUPIL_CHOICE_SKEW      60       /* seconds, between hosts */
#define PUPIL_CHOICE_MOST      32       /* tenants */
#define PUPIL_CHOICE_NAME      255      /* bytes, of a sub or sid */

typedef struct {
    int64_t       made, begun, proved;  /* seconds since 1970; begun: the
                                           log-in, proved: there */
    uint32_t      count;
    pupil_uuid_t  tenants[PUPIL_CHOICE_MOST];
    uint8_t       mark[PUPIL_HASH_LEN]; /* by which it counts once */
    uint32_t      len[3];               /* of what follows */
    uint8_t       names[3][PUPIL_CHOICE_NAME];
} pupil_choice_t;

#define PUPIL_CHOICE_LEN                                                      \
    (3 * 8 + 4 + PUPIL_CHOICE_MOST * PUPIL_UUID_LEN + PUPIL_HASH_LEN + 3 * 4  \
     + 3 * PUPIL_CHOICE_NAME)
#define PUPIL_CHOICE_TEXT_LEN  PUPIL_CARRIED_TEXT_LEN(PUPIL_CHOICE_LEN)


/* By len: what they are of. */
enum {
    PUPIL_CHOICE_ACCOUNT = 0,
    PUPIL_CHOICE_SESSION,
    PUPIL_CHOICE_SUBJECT
};


/*
 * Puts a text in; data NULL or len 0: there is none.  PUPIL_INVALID: it is too
 * long.
 */
pupil_rc_t pupil_choice_put(pupil_choice_t *choice, uint32_t which,
    pupil_str_t text);

/* It, in choice's own memory. */
pupil_str_t pupil_choice_get(const pupil_choice_t *choice, uint32_t which);

/* key: "token" of the address's tenant.  provider: its name; choice->mark is
 * made. */
void pupil_choice_seal(const pupil_key_t *key, pupil_str_t provider,
    pupil_choice_t *choice, uint8_t text[PUPIL_CHOICE_TEXT_LEN]);

/* PUPIL_INVALID: it is none of this provider's, or its time is over. */
pupil_rc_t pupil_choice_open(const pupil_key_t *key, pupil_str_t provider,
    pupil_str_t text, int64_t now, pupil_choice_t *choice);

int pupil_choice_has(const pupil_choice_t *choice, const pupil_uuid_t *tenant);

void pupil_choice_wipe(pupil_choice_t *choice);

#endif /* PUPIL_CHOICE_H */
