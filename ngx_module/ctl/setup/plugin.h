/*
 * Copyright (C) the Pupil authors
 *
 * Accepting what plugins grant.
 */

#ifndef PUPIL_CTL_PLUGIN_H
#define PUPIL_CTL_PLUGIN_H

#include "ctl/base/ctl.h"


int ctl_cmd_plugin_list(ctl_t *ctl);
int ctl_cmd_plugin_accept(ctl_t *ctl);

#endif /* PUPIL_CTL_PLUGIN_H */
