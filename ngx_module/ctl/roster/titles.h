/*
 * Copyright (C) the Pupil authors
 *
 * Titles of schools and classes, and what kind of a group a class is: sealed
 * under the key of the school or class.
 */

#ifndef PUPIL_CTL_ROSTER_TITLES_H
#define PUPIL_CTL_ROSTER_TITLES_H

#include "ctl/roster/rows.h"


/*
 * Of those in $1: its id, its school, and its values in their order.  Of
 * institutions and classes alone.
 */
extern const char *const  roster_titles_sql[];


/* As the functions of rows.h. */
int roster_titles_record(roster_t *roster, roster_kind_t kind);
int roster_titles_write(roster_t *roster, const roster_batch_t *batch);

#endif /* PUPIL_CTL_ROSTER_TITLES_H */
