/*
 * Copyright (C) the Pupil authors
 *
 * SS 12000, version 2: a server is asked for all that it has.
 */

#ifndef PUPIL_CTL_ROSTER_SS12000_H
#define PUPIL_CTL_ROSTER_SS12000_H

#include "ctl/roster/format.h"


extern const roster_format_t  roster_ss12000;


int ctl_cmd_import_ss12000(ctl_t *ctl);

#endif /* PUPIL_CTL_ROSTER_SS12000_H */
