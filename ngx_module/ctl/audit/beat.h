/*
 * Copyright (C) the Pupil authors
 *
 * How far the sealer is, for those who watch it.
 */

#ifndef PUPIL_CTL_AUDIT_BEAT_H
#define PUPIL_CTL_AUDIT_BEAT_H

#include "ctl/base/ctl.h"


/* What is older than until is sealed, of every tenant.  0 or -1. */
int beat_store(ctl_t *ctl, pupil_time_t until);

/* The same of ctl's tenant alone, by a sealer that seals no other. */
int beat_store_tenant(ctl_t *ctl, pupil_time_t until);

#endif /* PUPIL_CTL_AUDIT_BEAT_H */
