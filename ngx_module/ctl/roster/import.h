/*
 * Copyright (C) the Pupil authors
 *
 * The commands that import a roster.
 */

#ifndef PUPIL_CTL_IMPORT_H
#define PUPIL_CTL_IMPORT_H

#include "ctl/base/ctl.h"


int ctl_cmd_import_oneroster(ctl_t *ctl);
int ctl_cmd_import_oulad(ctl_t *ctl);
int ctl_cmd_import_sds(ctl_t *ctl);

#endif /* PUPIL_CTL_IMPORT_H */
