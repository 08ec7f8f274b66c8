/*
 * Copyright (C) the Pupil authors
 *
 * Addresses that a roster changes: each is under a number of its own, so that
 * the one of before does not come back (invariant I18), and whoever had it is
 * told.
 */

#ifndef PUPIL_CTL_ROSTER_ADDRESSES_H
#define PUPIL_CTL_ROSTER_ADDRESSES_H

#include "ctl/roster/rows.h"


/* Before the rows of a batch are signed: numbers for those that have one. */
int roster_addresses_take(roster_t *roster, roster_batch_t *batch);

/* In the transaction of the rows, before they are written: who is told. */
int roster_addresses_tell(roster_t *roster, const roster_batch_t *batch);

/* And once they are: their rows of the index are under the numbers. */
int roster_addresses_write(roster_t *roster, const roster_batch_t *batch);

#endif /* PUPIL_CTL_ROSTER_ADDRESSES_H */
