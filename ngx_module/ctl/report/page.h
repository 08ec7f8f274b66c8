/*
 * Copyright (C) the Pupil authors
 *
 * The record of processing as a page, for people and for print.
 */

#ifndef PUPIL_CTL_REPORT_PAGE_H
#define PUPIL_CTL_REPORT_PAGE_H

#include "ctl/base/ctl.h"


/* Of what ctl_activities() made.  0, or -1 with the error said. */
int ctl_processing_page(const json_t *record, const char *path);

#endif /* PUPIL_CTL_REPORT_PAGE_H */
