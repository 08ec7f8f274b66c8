/*
 * Copyright (C) the Pupil authors
 *
 * Accounts that a roster closes, and opens again.  That a roster closed one is
 * said by a keyed print over the number that its row is written under, so that
 * nobody whom somebody else closed since is brought back.
 */

#ifndef PUPIL_CTL_ROSTER_ACCOUNTS_H
#define PUPIL_CTL_ROSTER_ACCOUNTS_H

#include "ctl/roster/roster.h"
#include "ctl/store/authority.h"
#include "ctl/store/record.h"


#define ROSTER_ACCOUNTS  1000   /* subjects a transaction */

/* An account by its row, which is authentic and not revoked. */
typedef struct {
    pupil_uuid_t  subject;
    int           left;         /* a roster of this source closed it */
} roster_account_t;

typedef struct {
    const char           *to;           /* status */
    const char           *state;        /* of the owner, in the data database */
    const char           *keys;         /* the function of the key store */
    const char           *detail;       /* for the record */
    const ctl_access_t   *access;
    int                   opens;        /* and closes not */
    const char           *back;         /* what opens: the function of the key
                                           store that takes it back, where the
                                           data could not be written */
} roster_change_account_t;


/*
 * Those of these subjects that are this source's and have this status, in the
 * caller's transaction, which commits what was found tampered with.  NULL with
 * the error said.  Ownership: the roster's pool.
 */
roster_account_t *roster_accounts_read(roster_t *roster,
    const pupil_uuid_t *subjects, size_t count, const char *status,
    size_t *found);

/*
 * Of these subjects those that a roster of this source has closed, into a map
 * of their ids; the rest as roster_accounts_read().
 */
int roster_accounts_left(roster_t *roster, const pupil_uuid_t *subjects,
    size_t count, ctl_map_t *left);

/* What pupil.imported has of one that this source closed, as "left". */
int roster_account_print(const roster_t *roster, const pupil_uuid_t *subject,
    uint32_t number, uint8_t out[ROSTER_PRINT_LEN]);

/*
 * Changes so many accounts, ROSTER_ACCOUNTS at most, whose floors are as the
 * roster has them; and these floors.  Their record is committed before any row
 * is signed (invariant I19).
 */
int roster_accounts_change(roster_t *roster,
    const roster_change_account_t *change, const pupil_uuid_t *subjects,
    size_t count);

#endif /* PUPIL_CTL_ROSTER_ACCOUNTS_H */
