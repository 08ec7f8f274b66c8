/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl tenant offboard, moved: the end of a contract, and that a tenant is
 * served elsewhere.
 */

#ifndef PUPIL_CTL_OFFBOARD_H
#define PUPIL_CTL_OFFBOARD_H

#include "ctl/base/ctl.h"


int ctl_cmd_tenant_offboard(ctl_t *ctl);
int ctl_cmd_tenant_moved(ctl_t *ctl);

#endif /* PUPIL_CTL_OFFBOARD_H */
