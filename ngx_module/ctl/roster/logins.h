/*
 * Copyright (C) the Pupil authors
 *
 * Log-in names that a roster changes: whoever had another is told.
 */

#ifndef PUPIL_CTL_ROSTER_LOGINS_H
#define PUPIL_CTL_ROSTER_LOGINS_H

#include "ctl/roster/rows.h"


/* In the transaction of the rows, before they are written. */
int roster_logins_tell(roster_t *roster, const roster_batch_t *batch);

#endif /* PUPIL_CTL_ROSTER_LOGINS_H */
