/*
 * Copyright (C) the Pupil authors
 *
 * What can be told of users only when all rows are read.
 */

#ifndef PUPIL_CTL_ROSTER_SETTLE_H
#define PUPIL_CTL_ROSTER_SETTLE_H

#include "ctl/roster/roster.h"


/*
 * Refuses who has no role or half a record.  Pupils are never asked for
 * contact details, nor are theirs kept: their addresses go, wiped.
 */
void roster_settle(roster_t *roster);

#endif /* PUPIL_CTL_ROSTER_SETTLE_H */
