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

/* A hold that is over, on record. */
int ctl_hold_end(ctl_t *ctl, const char *subject, const char *detail);

#endif /* PUPIL_CTL_RETENTION_HOLD_H */
