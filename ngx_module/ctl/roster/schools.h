/*
 * Copyright (C) the Pupil authors
 *
 * Limits by school and role: nobody left of a role, and many who are new.
 */

#ifndef PUPIL_CTL_ROSTER_SCHOOLS_H
#define PUPIL_CTL_ROSTER_SCHOOLS_H

#include "ctl/roster/stored.h"


/* table: of roles.  What is met is held. */
void roster_schools_guard(roster_t *roster, const roster_table_t *table);

#endif /* PUPIL_CTL_ROSTER_SCHOOLS_H */
