/*
 * Copyright (C) the Pupil authors
 *
 * What will expire, before it does: seen, held or confirmed, or asked to be.
 */

#ifndef PUPIL_CTL_UPCOMING_H
#define PUPIL_CTL_UPCOMING_H

#include "ctl/base/ctl.h"


int ctl_cmd_retention_upcoming(ctl_t *ctl);
int ctl_cmd_retention_hold(ctl_t *ctl);
int ctl_cmd_retention_confirm(ctl_t *ctl);
int ctl_cmd_retention_ask(ctl_t *ctl);
int ctl_cmd_retention_unask(ctl_t *ctl);

#endif /* PUPIL_CTL_UPCOMING_H */
