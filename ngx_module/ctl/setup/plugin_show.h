/*
 * Copyright (C) the Pupil authors
 *
 * The record of processing of a category.
 */

#ifndef PUPIL_CTL_PLUGIN_SHOW_H
#define PUPIL_CTL_PLUGIN_SHOW_H

#include "ctl/base/ctl.h"


int ctl_cmd_plugin_show(ctl_t *ctl);

#endif /* PUPIL_CTL_PLUGIN_SHOW_H */
