/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl breach notify: who is told of a breach (GDPR articles 33 and 34).
 */

#ifndef PUPIL_CTL_BREACH_NOTIFY_H
#define PUPIL_CTL_BREACH_NOTIFY_H

#include "ctl/base/ctl.h"


int ctl_cmd_breach_notify(ctl_t *ctl);

#endif /* PUPIL_CTL_BREACH_NOTIFY_H */
