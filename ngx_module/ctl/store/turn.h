/*
 * Copyright (C) the Pupil authors
 *
 * Of a tenant, one command at a time that writes what it has read before: a
 * roster's import, an erasure.
 */

#ifndef PUPIL_CTL_TURN_H
#define PUPIL_CTL_TURN_H

#include "ctl/base/ctl.h"


/*
 * 0: it is ctl's, until it is given back or the command ends.  1: somebody
 * else's, also after a moment.  -1 with the error said.
 */
int ctl_turn_take(ctl_t *ctl);
void ctl_turn_give(ctl_t *ctl);

/* A row of what is to be done: 0, or -1 with the error said. */
typedef int (*ctl_turn_row_pt)(ctl_t *ctl, const PGresult *res, int row);

/*
 * Does rows, one after the other, with plugins and keys open, which of none are
 * not opened.  Somebody else's turn: the next round does them.  What fails of
 * one keeps the others from nothing.  Ownership: takes res; NULL is an error
 * that was said.
 */
int ctl_turn_rows(ctl_t *ctl, PGresult *res, ctl_turn_row_pt each);

/*
 * Beside others of these, and nobody's who takes it: for what writes of a
 * person what it has read of them.  Until the command ends; before anything is
 * read, and any row locked.  -1 with the error said.
 */
int ctl_turn_share(ctl_t *ctl);

#endif /* PUPIL_CTL_TURN_H */
