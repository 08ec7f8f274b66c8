/*
 * Copyright (C) the Pupil authors
 *
 * Whom a breach reached: rows of pupil.breach_found.
 */

#ifndef PUPIL_CTL_BREACH_REACH_H
#define PUPIL_CTL_BREACH_REACH_H

#include "ctl/breach/asked.h"


/*
 * In the transaction of the data database, which holds the breach's row.  0 or
 * -1 with the error said.
 */
int breach_reach(ctl_t *ctl, const breach_asked_t *asked);

#endif /* PUPIL_CTL_BREACH_REACH_H */
