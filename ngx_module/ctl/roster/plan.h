/*
 * Copyright (C) the Pupil authors
 *
 * What would be written, as an id: the same roster over the same rows is the
 * same plan, and anything else is another one.
 */

#ifndef PUPIL_CTL_ROSTER_PLAN_H
#define PUPIL_CTL_ROSTER_PLAN_H

#include "ctl/roster/stored.h"


/* Sets roster->plan.  Returns -1 with the error said. */
int roster_plan(roster_t *roster, const roster_table_t *tables);

#endif /* PUPIL_CTL_ROSTER_PLAN_H */
