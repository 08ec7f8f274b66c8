/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl source: which systems a tenant's rosters come from, and how their
 * ids become those of another one.
 */

#ifndef PUPIL_CTL_ROSTER_SOURCE_H
#define PUPIL_CTL_ROSTER_SOURCE_H

#include "ctl/base/ctl.h"


int ctl_cmd_source_list(ctl_t *ctl);
int ctl_cmd_source_map(ctl_t *ctl);
int ctl_cmd_source_merge(ctl_t *ctl);
int ctl_cmd_source_rename(ctl_t *ctl);

#endif /* PUPIL_CTL_ROSTER_SOURCE_H */
