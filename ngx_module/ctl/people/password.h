/*
 * Copyright (C) the Pupil authors
 *
 * Passwords that the operator sets.
 */

#ifndef PUPIL_CTL_PASSWORD_H
#define PUPIL_CTL_PASSWORD_H

#include "ctl/base/ctl.h"


int ctl_cmd_user_password(ctl_t *ctl);
int ctl_cmd_user_reset(ctl_t *ctl);

#endif /* PUPIL_CTL_PASSWORD_H */
