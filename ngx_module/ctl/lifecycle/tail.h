/*
 * Copyright (C) the Pupil authors
 *
 * The end of a tenant's audit.  The key that seals it goes with the others, and
 * what is not sealed by then never is.
 */

#ifndef PUPIL_CTL_TAIL_H
#define PUPIL_CTL_TAIL_H

#include "ctl/base/ctl.h"


/*
 * All that is on record of a tenant whose audit has ended is sealed, and
 * nothing comes behind it: waits for who is writing, and for a sealer that is
 * at work.  0, or -1 with the error said.
 */
int ctl_tail_sealed(ctl_t *ctl);

/*
 * Signs from when on the audit, which is sealed, will be gone by retention, as
 * nobody can sign that once the keys are.  0, or -1 with the error said.
 */
int ctl_tail_retain(ctl_t *ctl);

#endif /* PUPIL_CTL_TAIL_H */
