/*
 * Copyright (C) the Pupil authors
 *
 * The record of processing activities of a tenant (GDPR article 30(1)), as
 * JSON-LD of DPCat and DPV 2: what plugins declare of each category, and an
 * activity for each purpose that one of them grants something for.
 */

#ifndef PUPIL_CTL_REPORT_ACTIVITIES_H
#define PUPIL_CTL_REPORT_ACTIVITIES_H

#include "ctl/base/ctl.h"


/* Of a tenant, as it was read; references stay the caller's. */
typedef struct {
    const char    *tenant;      /* what it is called */
    pupil_str_t    accepted;    /* what of plugins' grants was */
    const json_t  *periods;     /* by ctl_periods_read() */
    const json_t  *held;        /* { category: reference } */
    const json_t  *outside;     /* by ctl_register_read() */
} ctl_processing_t;


/* Plugins are open.  Ownership: a reference of the caller's. */
json_t *ctl_activities(const ctl_t *ctl, const ctl_processing_t *of);

#endif /* PUPIL_CTL_REPORT_ACTIVITIES_H */
