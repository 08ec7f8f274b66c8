/*
 * Copyright (C) the Pupil authors
 *
 * School Data Sync, version 1 CSV.
 */

#ifndef PUPIL_CTL_ROSTER_SDS_H
#define PUPIL_CTL_ROSTER_SDS_H

#include "ctl/roster/format.h"


extern const roster_format_t  roster_sds;

#endif /* PUPIL_CTL_ROSTER_SDS_H */
