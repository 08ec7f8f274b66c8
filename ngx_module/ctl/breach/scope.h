/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl breach scope: whom a breach reached, and what of them.
 */

#ifndef PUPIL_CTL_BREACH_SCOPE_H
#define PUPIL_CTL_BREACH_SCOPE_H

#include "ctl/base/ctl.h"


int ctl_cmd_breach_scope(ctl_t *ctl);

#endif /* PUPIL_CTL_BREACH_SCOPE_H */
