/*
 * Copyright (C) the Pupil authors
 *
 * The key file in shares, of which some are needed: no person alone has it.
 */

#ifndef PUPIL_CTL_SHARE_H
#define PUPIL_CTL_SHARE_H

#include "ctl/base/ctl.h"


int ctl_cmd_key_split(ctl_t *ctl);
int ctl_cmd_key_join(ctl_t *ctl);

#endif /* PUPIL_CTL_SHARE_H */
