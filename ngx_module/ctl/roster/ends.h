/*
 * Copyright (C) the Pupil authors
 *
 * Which stored roles and enrolments end by a roster.  Refused is not absent
 * (pitfall 46): who or what is in the roster and cannot be taken keeps what
 * is stored.  What the roster says is done without a flag; absent is what it
 * says nothing of.
 */

#ifndef PUPIL_CTL_ROSTER_ENDS_H
#define PUPIL_CTL_ROSTER_ENDS_H

#include "ctl/roster/stored.h"


/* Marks the rows of both tables. */
void roster_ends(roster_t *roster, roster_table_t *tables);

#endif /* PUPIL_CTL_ROSTER_ENDS_H */
