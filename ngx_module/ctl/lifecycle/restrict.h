/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl subject restrict, unrestrict (GDPR article 18).
 */

#ifndef PUPIL_CTL_RESTRICT_H
#define PUPIL_CTL_RESTRICT_H

#include "ctl/store/whom.h"


/*
 * What pupilctl subject restrict does, of whom: their id is set.  Begins a
 * transaction of its own.  0, or -1 with the error said: run again, it
 * finishes.
 */
int ctl_restrict_person(ctl_t *ctl, ctl_whom_t *whom);

int ctl_cmd_subject_restrict(ctl_t *ctl);
int ctl_cmd_subject_unrestrict(ctl_t *ctl);

#endif /* PUPIL_CTL_RESTRICT_H */
