/*
 * Copyright (C) the Pupil authors
 *
 * One tenant after the other.
 */

#ifndef PUPIL_CTL_TENANTS_H
#define PUPIL_CTL_TENANTS_H

#include "ctl/base/ctl.h"


/*
 * Runs it with each tenant as ctl's.  -1: one or more failed, and are said; the
 * others are done all the same, as long as both databases, which are open, can
 * be reached.  data: handed through.  A tenant that is being ended is left out,
 * as it has no keys; _all() has it, too.
 */
int ctl_tenants_all(ctl_t *ctl, int (*run)(ctl_t *ctl, void *data),
    void *data);
int ctl_tenants_each(ctl_t *ctl, int (*run)(ctl_t *ctl, void *data),
    void *data);

/* The same, with those too that only the erasure ledger knows. */
int ctl_tenants_erased(ctl_t *ctl, int (*run)(ctl_t *ctl, void *data),
    void *data);

#endif /* PUPIL_CTL_TENANTS_H */
