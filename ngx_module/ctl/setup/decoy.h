/*
 * Copyright (C) the Pupil authors
 *
 * The decoy of a tenant, which log-ins of nobody meet, so that each log-in that
 * fails does the same steps (invariant I13).  It has what an account of staff
 * has, but for roles, and for rows of the blind index: nothing finds it.
 */

#ifndef PUPIL_CTL_DECOY_H
#define PUPIL_CTL_DECOY_H

#include "ctl/store/owners.h"


/* In the transaction of the tenant's row; its key is made. */
int ctl_decoy_make(ctl_t *ctl, ctl_owner_t *decoy);

/* What a decoy of before lacks, in a transaction of its own. */
int ctl_decoy_complete(ctl_t *ctl);

#endif /* PUPIL_CTL_DECOY_H */
