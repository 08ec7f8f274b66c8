/*
 * Copyright (C) the Pupil authors
 *
 * Log-in names and addresses are one person's each: who has one in the
 * database keeps it, of others the first in the roster gets it.
 */

#ifndef PUPIL_CTL_ROSTER_CLAIMS_H
#define PUPIL_CTL_ROSTER_CLAIMS_H

#include "ctl/roster/roster.h"


/*
 * Refuses users, or leaves out their addresses, whose value is another's.  In
 * the caller's transaction, which commits what was found tampered with.
 */
int roster_claims_resolve(roster_t *roster, roster_record_t record);

#endif /* PUPIL_CTL_ROSTER_CLAIMS_H */
