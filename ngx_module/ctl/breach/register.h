/*
 * Copyright (C) the Pupil authors
 *
 * The register of breaches of a tenant: pupilctl breach open, list, show and
 * close.
 */

#ifndef PUPIL_CTL_BREACH_REGISTER_H
#define PUPIL_CTL_BREACH_REGISTER_H

#include "ctl/base/ctl.h"


int ctl_cmd_breach_open(ctl_t *ctl);
int ctl_cmd_breach_list(ctl_t *ctl);
int ctl_cmd_breach_show(ctl_t *ctl);
int ctl_cmd_breach_close(ctl_t *ctl);

#endif /* PUPIL_CTL_BREACH_REGISTER_H */
