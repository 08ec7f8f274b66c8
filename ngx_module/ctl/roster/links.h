/*
 * Copyright (C) the Pupil authors
 *
 * Writes roles and enrolments.
 */

#ifndef PUPIL_CTL_ROSTER_LINKS_H
#define PUPIL_CTL_ROSTER_LINKS_H

#include "ctl/roster/stored.h"


/*
 * In bounded transactions, each with its audit records (invariants I2, I19).
 * With --close-absent, those of this source that are not in the roster end as
 * of yesterday.  Returns -1 with the error said.
 */
int roster_links_apply(roster_t *roster, const roster_table_t *tables);

/*
 * Whether the row as it is, or as it was before somebody changed it, would let
 * somebody do what this does not.
 */
int roster_links_narrows(const roster_stored_t *row,
    const roster_stored_t *want);

/* As it is once it has ended: yesterday. */
void roster_links_end(const roster_t *roster, roster_stored_t *row);

#endif /* PUPIL_CTL_ROSTER_LINKS_H */
