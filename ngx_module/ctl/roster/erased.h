/*
 * Copyright (C) the Pupil authors
 *
 * Who was erased is in the school's system still, as a rule: nobody comes back
 * as a new person by the next roster unless that is accepted.
 */

#ifndef PUPIL_CTL_ROSTER_ERASED_H
#define PUPIL_CTL_ROSTER_ERASED_H

#include "ctl/roster/roster.h"


/*
 * Marks users who are nobody's yet and have the id of who was erased.  In the
 * caller's transaction.  Returns -1 with the error said.
 */
int roster_erased_resolve(roster_t *roster);

/* How many there are of them that are not refused. */
uint32_t roster_erased_count(const roster_t *roster);
void roster_erased_refuse(roster_t *roster);

/* Once users are written: who was taken again is remembered no more. */
int roster_erased_apply(roster_t *roster);

#endif /* PUPIL_CTL_ROSTER_ERASED_H */
