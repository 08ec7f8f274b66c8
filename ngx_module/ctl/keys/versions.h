/*
 * Copyright (C) the Pupil authors
 *
 * A tenant's key gives way to a new version.
 */

#ifndef PUPIL_CTL_VERSIONS_H
#define PUPIL_CTL_VERSIONS_H

#include "ctl/base/ctl.h"


/*
 * Makes a version of the tenant's key under the newest epoch in force, unless
 * that is what the newest is under, wraps under it what older ones wrap, and
 * drops them.  epoch: its number.  *wrapped rises by what was wrapped anew.
 * 1: done; 0: there was nothing to do; -1 with the error said: done as far as
 * it got, and to be called again.
 */
int ctl_versions_renew(ctl_t *ctl, uint32_t epoch, json_int_t *wrapped);

#endif /* PUPIL_CTL_VERSIONS_H */
