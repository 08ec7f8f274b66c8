/*
 * Copyright (C) the Pupil authors
 *
 * Whose account was closed: once recovery is over, and the longest period that
 * counts from it, they are erased as pupilctl subject erase does.
 */

#ifndef PUPIL_CTL_LEAVERS_H
#define PUPIL_CTL_LEAVERS_H

#include "ctl/base/ctl.h"


/*
 * held: the literal of an array of UUIDs; periods: of ctl_periods_read().
 * *count: those erased, with --dry-run those who would be.  The turn, the
 * tenant's keys and the plugins are the caller's.
 */
int ctl_leavers_run(ctl_t *ctl, const char *held, const json_t *periods,
    int64_t *count);

/* How many would be in so many days. */
int ctl_leavers_ahead(ctl_t *ctl, const char *held, const json_t *periods,
    uint32_t ahead, int64_t *count);

#endif /* PUPIL_CTL_LEAVERS_H */
