/*
 * Copyright (C) the Pupil authors
 *
 * How far the sealer is, for those who watch it.
 */

#ifndef PUPIL_CTL_AUDIT_BEAT_H
#define PUPIL_CTL_AUDIT_BEAT_H

#include "ctl/base/ctl.h"


/*
 * The data database's time: the clock of this host may differ from all that
 * records are dated by.
 */
int beat_now(ctl_t *ctl, pupil_time_t *now);

/* What is older than until is sealed, of every tenant; and whether it ships. */
int beat_store(ctl_t *ctl, pupil_time_t until);

/* The same of ctl's tenant alone, by a sealer that seals no other. */
int beat_store_tenant(ctl_t *ctl, pupil_time_t until);

/* In a transaction of ctl's tenant: there is a checkpoint to be shipped. */
int beat_unshipped(ctl_t *ctl);

/* Those of ctl's tenant are shipped up to this batch. */
int beat_shipped(ctl_t *ctl, uint64_t batch);

#endif /* PUPIL_CTL_AUDIT_BEAT_H */
