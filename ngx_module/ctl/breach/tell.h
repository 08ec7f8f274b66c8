/*
 * Copyright (C) the Pupil authors
 *
 * Notices of a breach to the people whom it reached (GDPR article 34).
 */

#ifndef PUPIL_CTL_BREACH_TELL_H
#define PUPIL_CTL_BREACH_TELL_H

#include "ctl/base/ctl.h"


/* shown: of whom something was shown or changed; else all that were found. */
int breach_tell(ctl_t *ctl, const char *number, int shown);

#endif /* PUPIL_CTL_BREACH_TELL_H */
