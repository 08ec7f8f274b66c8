/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl retention run.
 */

#ifndef PUPIL_CTL_RETENTION_H
#define PUPIL_CTL_RETENTION_H

#include "ctl/base/ctl.h"


int ctl_cmd_retention_run(ctl_t *ctl);

#endif /* PUPIL_CTL_RETENTION_H */
