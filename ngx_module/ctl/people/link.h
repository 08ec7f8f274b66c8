/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl user link and unlink.
 */

#ifndef PUPIL_CTL_LINK_H
#define PUPIL_CTL_LINK_H

#include "ctl/base/ctl.h"


int ctl_cmd_user_link(ctl_t *ctl);
int ctl_cmd_user_unlink(ctl_t *ctl);

#endif /* PUPIL_CTL_LINK_H */
