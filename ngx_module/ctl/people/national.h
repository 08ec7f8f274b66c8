/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl user national: log-in names of who comes by a national number.
 */

#ifndef PUPIL_CTL_NATIONAL_H
#define PUPIL_CTL_NATIONAL_H

#include "ctl/base/ctl.h"


int ctl_cmd_user_national(ctl_t *ctl);

#endif /* PUPIL_CTL_NATIONAL_H */
