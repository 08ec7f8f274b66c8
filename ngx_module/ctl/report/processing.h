/*
 * Copyright (C) the Pupil authors
 *
 * The record of processing activities of a tenant (GDPR article 30).
 */

#ifndef PUPIL_CTL_REPORT_PROCESSING_H
#define PUPIL_CTL_REPORT_PROCESSING_H

#include "ctl/base/ctl.h"


int ctl_cmd_report_processing(ctl_t *ctl);

#endif /* PUPIL_CTL_REPORT_PROCESSING_H */
