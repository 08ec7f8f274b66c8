/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl subject restrict, unrestrict (GDPR article 18).
 */

#ifndef PUPIL_CTL_RESTRICT_H
#define PUPIL_CTL_RESTRICT_H

#include "ctl/base/ctl.h"


int ctl_cmd_subject_restrict(ctl_t *ctl);
int ctl_cmd_subject_unrestrict(ctl_t *ctl);

#endif /* PUPIL_CTL_RESTRICT_H */
