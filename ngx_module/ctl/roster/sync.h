/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl sync: the roster of one source, as often as a timer says.
 */

#ifndef PUPIL_CTL_ROSTER_SYNC_H
#define PUPIL_CTL_ROSTER_SYNC_H

#include "ctl/base/ctl.h"


int ctl_cmd_sync(ctl_t *ctl);

#endif /* PUPIL_CTL_ROSTER_SYNC_H */
