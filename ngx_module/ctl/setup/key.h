/*
 * Copyright (C) the Pupil authors
 *
 * The key file, for the operator.
 */

#ifndef PUPIL_CTL_KEY_H
#define PUPIL_CTL_KEY_H

#include "ctl/base/ctl.h"


int ctl_cmd_key_generate(ctl_t *ctl);
int ctl_cmd_key_register(ctl_t *ctl);
int ctl_cmd_key_status(ctl_t *ctl);

#endif /* PUPIL_CTL_KEY_H */
