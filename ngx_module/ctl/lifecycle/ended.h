/*
 * Copyright (C) the Pupil authors
 *
 * What is on record of a tenant that ends, by records that are authentic and a
 * tree that is signed: nothing else that the data database says lets keys go
 * (invariant I9).
 */

#ifndef PUPIL_CTL_ENDED_H
#define PUPIL_CTL_ENDED_H

#include "ctl/store/audit_log.h"


/*
 * In a transaction of the tenant, whose keys are open: an operator's record is
 * there that says so.  1, 0, or -1 with the error said.
 */
int ctl_ended_recorded(ctl_t *ctl, const char *detail);

/*
 * In such a transaction: each record is in a batch of the log, which leads to
 * its checkpoint.  1, 0, or -1 with the error said.
 */
int ctl_ended_sealed(const audit_log_t *log);

#endif /* PUPIL_CTL_ENDED_H */
