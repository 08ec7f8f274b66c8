/*
 * Copyright (C) the Pupil authors
 *
 * Who is closed, by both databases: a row of pupil.closed alone is no reason
 * to take anything from anybody.
 */

#ifndef PUPIL_CTL_CLOSED_H
#define PUPIL_CTL_CLOSED_H

#include "ctl/store/whom.h"


/* Somebody of a list; 1: not counted. */
typedef int (*ctl_closed_pt)(ctl_t *ctl, const ctl_whom_t *whom);


/*
 * Runs it with each whom the first column names, whose row has to say that they
 * are closed: one who cannot be is said, and keeps nobody else.
 */
int ctl_closed_each(ctl_t *ctl, const PGresult *res, ctl_closed_pt run,
    int64_t *count);

/*
 * Closes the keys of those whose closing was killed between the two databases,
 * or is older than recovery.  The turn is the caller's: who is being opened
 * looks the same.
 */
int ctl_closed_settle(ctl_t *ctl);

#endif /* PUPIL_CTL_CLOSED_H */
