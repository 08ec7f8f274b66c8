/*
 * Copyright (C) the Pupil authors
 *
 * A log-in is looked for as a name, and then as an address: what is one
 * person's name is no other's address, or the other would be shut out.
 */

#ifndef PUPIL_CTL_ROSTER_CROSSED_H
#define PUPIL_CTL_ROSTER_CROSSED_H

#include "ctl/roster/roster.h"


/*
 * Once both are resolved: refuses users, or leaves out their addresses.  Who
 * has one of the two in the database keeps it; of two who are new the address
 * stays.  Returns -1 with the error said.
 */
int roster_crossed_resolve(roster_t *roster);

#endif /* PUPIL_CTL_ROSTER_CROSSED_H */
