/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl retention statistics: what was counted of records that are gone.
 */

#ifndef PUPIL_CTL_STATISTICS_H
#define PUPIL_CTL_STATISTICS_H

#include "ctl/base/ctl.h"


/* Of the category of its argument, by release, group and value. */
int ctl_cmd_retention_statistics(ctl_t *ctl);

#endif /* PUPIL_CTL_STATISTICS_H */
