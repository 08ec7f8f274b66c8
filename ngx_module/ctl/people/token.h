/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl user token, user factor remove.
 */

#ifndef PUPIL_CTL_TOKEN_H
#define PUPIL_CTL_TOKEN_H

#include "ctl/base/ctl.h"


int ctl_cmd_user_token(ctl_t *ctl);
int ctl_cmd_user_factor_remove(ctl_t *ctl);

#endif /* PUPIL_CTL_TOKEN_H */
