/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl key rotate and key retire: the keys of tenants under a new epoch of
 * the key file, and the end of an old one.
 */

#ifndef PUPIL_CTL_ROTATE_H
#define PUPIL_CTL_ROTATE_H

#include "ctl/base/ctl.h"


int ctl_cmd_key_rotate(ctl_t *ctl);
int ctl_cmd_key_retire(ctl_t *ctl);

#endif /* PUPIL_CTL_ROTATE_H */
