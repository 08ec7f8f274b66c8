/*
 * Copyright (C) the Pupil authors
 *
 * Whose turn it is to seal: of one sealer at a time, by a lock of its session.
 */

#ifndef PUPIL_CTL_AUDIT_TURN_H
#define PUPIL_CTL_AUDIT_TURN_H

#include "ctl/base/ctl.h"


/* With --follow, until whoever seals is gone.  0 or -1 with the error said. */
int turn_take(ctl_t *ctl);

#endif /* PUPIL_CTL_AUDIT_TURN_H */
