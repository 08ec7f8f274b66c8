/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl tenant zone: in which time zone a tenant's days begin.
 */

#ifndef PUPIL_CTL_TENANT_ZONE_H
#define PUPIL_CTL_TENANT_ZONE_H

#include "ctl/base/ctl.h"


int ctl_cmd_tenant_zone(ctl_t *ctl);

#endif /* PUPIL_CTL_TENANT_ZONE_H */
