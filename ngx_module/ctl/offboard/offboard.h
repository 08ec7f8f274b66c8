/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl tenant offboard: the end of a contract.
 */

#ifndef PUPIL_CTL_OFFBOARD_H
#define PUPIL_CTL_OFFBOARD_H

#include "ctl/base/ctl.h"


int ctl_cmd_tenant_offboard(ctl_t *ctl);

#endif /* PUPIL_CTL_OFFBOARD_H */
