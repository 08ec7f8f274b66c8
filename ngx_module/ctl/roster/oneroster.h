/*
 * Copyright (C) the Pupil authors
 *
 * OneRoster 1.1 and 1.2 CSV, and School Data Sync 2.1, which is like it.
 */

#ifndef PUPIL_CTL_ROSTER_ONEROSTER_H
#define PUPIL_CTL_ROSTER_ONEROSTER_H

#include "ctl/roster/format.h"


extern const roster_format_t  roster_oneroster;


/* From a server that speaks its REST binding, version 1.1 or 1.2. */
int ctl_cmd_import_oneroster_rest(ctl_t *ctl);

#endif /* PUPIL_CTL_ROSTER_ONEROSTER_H */
