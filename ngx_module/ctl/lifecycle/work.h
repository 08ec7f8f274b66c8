/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl work: what is decided or begun elsewhere, and done here.
 */

#ifndef PUPIL_CTL_WORK_H
#define PUPIL_CTL_WORK_H

#include "ctl/base/ctl.h"


int ctl_cmd_work(ctl_t *ctl);

#endif /* PUPIL_CTL_WORK_H */
