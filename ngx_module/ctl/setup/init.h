/*
 * Copyright (C) the Pupil authors
 *
 * From nothing to a tenant.
 */

#ifndef PUPIL_CTL_INIT_H
#define PUPIL_CTL_INIT_H

#include "ctl/base/ctl.h"


int ctl_cmd_init(ctl_t *ctl);

#endif /* PUPIL_CTL_INIT_H */
