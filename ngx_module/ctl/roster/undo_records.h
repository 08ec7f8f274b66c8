/*
 * Copyright (C) the Pupil authors
 *
 * The roster of before: people, schools and classes, with the values that they
 * had.
 */

#ifndef PUPIL_CTL_ROSTER_UNDO_RECORDS_H
#define PUPIL_CTL_ROSTER_UNDO_RECORDS_H

#include "ctl/roster/undo.h"


/*
 * Makes its items, in the caller's transaction, and touches those whose values
 * are neither those of before nor those of the run.  0, or -1 with the error
 * said.
 */
int undo_records_check(undo_t *undo);

/* Once it is known whose names are: what has lost its index row is written. */
void undo_records_held(undo_t *undo);

#endif /* PUPIL_CTL_ROSTER_UNDO_RECORDS_H */
