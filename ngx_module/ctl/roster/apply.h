/*
 * Copyright (C) the Pupil authors
 *
 * Writes institutions, classes and users.
 */

#ifndef PUPIL_CTL_ROSTER_APPLY_H
#define PUPIL_CTL_ROSTER_APPLY_H

#include "ctl/roster/roster.h"


/*
 * In bounded transactions, each with its audit records (invariants I2, I19):
 * what stops in between, or is refused, is taken up by the next import.
 * Returns -1 with the error said.
 */
int roster_apply(roster_t *roster);

#endif /* PUPIL_CTL_ROSTER_APPLY_H */
