/*
 * Copyright (C) the Pupil authors
 *
 * Roles that the operator gives and ends.
 */

#ifndef PUPIL_CTL_ROLE_H
#define PUPIL_CTL_ROLE_H

#include "ctl/base/ctl.h"


int ctl_cmd_user_role_add(ctl_t *ctl);
int ctl_cmd_user_role_remove(ctl_t *ctl);

#endif /* PUPIL_CTL_ROLE_H */
