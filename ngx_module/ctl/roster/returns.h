/*
 * Copyright (C) the Pupil authors
 *
 * Whoever a roster closed and has again is opened while recovery lasts: the
 * same account, with its work and its password.
 */

#ifndef PUPIL_CTL_ROSTER_RETURNS_H
#define PUPIL_CTL_ROSTER_RETURNS_H

#include "ctl/roster/roster.h"


/*
 * Once floors are known: refuses those who stay closed.  Returns -1 with the
 * error said.
 */
int roster_returns_resolve(roster_t *roster);

/* Before users are written. */
int roster_returns_apply(roster_t *roster);

#endif /* PUPIL_CTL_ROSTER_RETURNS_H */
