/*
 * Copyright (C) the Pupil authors
 *
 * Accounts that no roster makes.
 */

#ifndef PUPIL_CTL_ADD_H
#define PUPIL_CTL_ADD_H

#include "ctl/base/ctl.h"


int ctl_cmd_user_add(ctl_t *ctl);

#endif /* PUPIL_CTL_ADD_H */
