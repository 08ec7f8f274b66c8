/*
 * Copyright (C) the Pupil authors
 *
 * The sealer's connections, and its turn: there is one sealer at a time, by a
 * lock of its session.
 */

#ifndef PUPIL_CTL_AUDIT_TURN_H
#define PUPIL_CTL_AUDIT_TURN_H

#include "ctl/base/ctl.h"


/* Of pg_locks AS l: the lock of whoever seals. */
#define CTL_SEAL_LOCK                                                         \
    "(l.classid::bigint << 32) | l.objid::bigint ="                           \
    " hashtextextended('pupil.seal', 0) AND l.objsubid = 1"


/*
 * Connects, and takes the turn: with --follow, once whoever seals is gone.
 * 0 or -1 with the error said.
 */
int turn_take(ctl_t *ctl);

/* Those that were lost are made anew, however long that takes. */
void turn_again(ctl_t *ctl);

#endif /* PUPIL_CTL_AUDIT_TURN_H */
