/*
 * Copyright (C) the Pupil authors
 *
 * Of a tenant, one command at a time that writes what it has read before: a
 * roster's import, an erasure.
 */

#ifndef PUPIL_CTL_TURN_H
#define PUPIL_CTL_TURN_H

#include "ctl/base/ctl.h"


/*
 * 0: it is ctl's, until it is given back or the command ends.  1: somebody
 * else's, also after a moment.  -1 with the error said.
 */
int ctl_turn_take(ctl_t *ctl);
void ctl_turn_give(ctl_t *ctl);

/*
 * Beside others of these, and nobody's who takes it: for what writes of a
 * person what it has read of them.  Until the command ends; before anything is
 * read, and any row locked.  -1 with the error said.
 */
int ctl_turn_share(ctl_t *ctl);

#endif /* PUPIL_CTL_TURN_H */
