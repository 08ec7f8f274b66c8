/*
 * Copyright (C) the Pupil authors
 *
 * What a roster would change of people, before it does: as counts, by school,
 * and as pseudonyms of those who are known.
 */

#ifndef PUPIL_CTL_ROSTER_CHANGES_H
#define PUPIL_CTL_ROSTER_CHANGES_H

#include "ctl/roster/stored.h"


/*
 * Into roster->changes, behind roster_guard().  Returns -1 with the error said.
 */
int roster_changes(roster_t *roster, const roster_table_t *tables);

#endif /* PUPIL_CTL_ROSTER_CHANGES_H */
