/*
 * Copyright (C) the Pupil authors
 *
 * Log-in names and addresses are one person's each: who has one in the
 * database keeps it, unless the roster gives them another one; of others the
 * first in the roster gets it.
 */

#ifndef PUPIL_CTL_ROSTER_CLAIMS_H
#define PUPIL_CTL_ROSTER_CLAIMS_H

#include "ctl/roster/roster.h"


/*
 * Refuses users, or leaves out their addresses, whose value is another's.  In
 * the caller's transaction, which commits what was found tampered with.
 */
int roster_claims_resolve(roster_t *roster, roster_record_t record);

/*
 * The value is another's, of this source, if not NULL: a user may do without an
 * address, not without a log-in name.  What is stored of either stays.
 */
void roster_claims_refuse(roster_t *roster, roster_item_t *user,
    roster_record_t record, const char *source);
/* Leaves out an address, and says so; what is stored stays. */
void roster_claims_leave(roster_t *roster, roster_item_t *user,
    const char *reason);

#endif /* PUPIL_CTL_ROSTER_CLAIMS_H */
