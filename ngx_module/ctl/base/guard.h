/*
 * Copyright (C) the Pupil authors
 *
 * A database that is there and does not answer: a server that was stopped, a
 * network that swallows what is sent.  libpq waits for ever for it, in many
 * places; so whoever must not, guards each of its steps.
 */

#ifndef PUPIL_CTL_GUARD_H
#define PUPIL_CTL_GUARD_H

#include "ctl/base/ctl.h"


/* Seconds that a step may take. */
#define CTL_GUARD_SECONDS  20


/*
 * A step begins, and the one before has ended.  One that takes longer loses
 * ctl's connections, so that whatever waits for them fails; and if it waits for
 * something else, the process.
 */
void ctl_guard_begin(const ctl_t *ctl);

void ctl_guard_end(void);

/* Whether a step has lost its connections, since this was asked last. */
int ctl_guard_lost(void);

#endif /* PUPIL_CTL_GUARD_H */
