/*
 * Copyright (C) the Pupil authors
 *
 * The record of processing of a category.
 */

#ifndef PUPIL_CTL_PLUGIN_SHOW_H
#define PUPIL_CTL_PLUGIN_SHOW_H

#include "ctl/base/ctl.h"


int ctl_cmd_plugin_show(ctl_t *ctl);

/* The record, as --json prints it.  Ownership: a reference of the caller's. */
json_t *ctl_plugin_record(const pupil_plugin_t *plugin);

#endif /* PUPIL_CTL_PLUGIN_SHOW_H */
