/*
 * Copyright (C) the Pupil authors
 *
 * Which of a roster's ids, log-in names and addresses are known already.
 */

#ifndef PUPIL_CTL_ROSTER_RESOLVE_H
#define PUPIL_CTL_ROSTER_RESOLVE_H

#include "ctl/roster/roster.h"


/*
 * Finds the owners that earlier imports made, makes ids for the others, and
 * refuses what is erased, restricted or tampered with.  A log-in name or an
 * address that belongs to somebody else is not taken.  Returns -1 with the
 * error said.
 */
int roster_resolve(roster_t *roster);

#endif /* PUPIL_CTL_ROSTER_RESOLVE_H */
