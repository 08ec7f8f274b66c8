/*
 * Copyright (C) the Pupil authors
 *
 * That a tenant was handed what is held of it: nobody ends one that was not.
 */

#ifndef PUPIL_CTL_HANDED_H
#define PUPIL_CTL_HANDED_H

#include "ctl/base/ctl.h"


/* The keys of the tenant are open.  Both: 0 or -1 with the error said. */
int ctl_handed_note(ctl_t *ctl, uint64_t files, uint64_t records);

/* It was, at most a day ago. */
int ctl_handed_check(ctl_t *ctl);

#endif /* PUPIL_CTL_HANDED_H */
