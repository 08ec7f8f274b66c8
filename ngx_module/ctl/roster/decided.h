/*
 * Copyright (C) the Pupil authors
 *
 * What administrators decide of imports (POST /v1/admin/imports/...), carried
 * out.
 */

#ifndef PUPIL_CTL_ROSTER_DECIDED_H
#define PUPIL_CTL_ROSTER_DECIDED_H

#include "ctl/base/ctl.h"


/*
 * A job of pupilctl work: each decision that waits, in a process of its own, as
 * pupilctl import apply and undo do it.  One that nobody with the keys has
 * written fails.
 */
int ctl_imports_decided(ctl_t *ctl);

#endif /* PUPIL_CTL_ROSTER_DECIDED_H */
