/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl subject hold, release (GDPR article 17(3)).
 */

#ifndef PUPIL_CTL_RETENTION_HOLD_H
#define PUPIL_CTL_RETENTION_HOLD_H

#include "ctl/base/ctl.h"


int ctl_cmd_subject_hold(ctl_t *ctl);
int ctl_cmd_subject_release(ctl_t *ctl);

/* 1: a hold that was said so many days ago has ended, on record; 0, or -1. */
int ctl_hold_end(ctl_t *ctl, const char *subject, int days);

#endif /* PUPIL_CTL_RETENTION_HOLD_H */
