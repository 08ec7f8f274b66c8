/*
 * Copyright (C) the Pupil authors
 *
 * Whoever has nothing left by this roster, or by anybody else, is closed: that
 * begins their retention, and frees their log-in name.
 */

#ifndef PUPIL_CTL_ROSTER_LEAVERS_H
#define PUPIL_CTL_ROSTER_LEAVERS_H

#include "ctl/roster/stored.h"


/*
 * Once it is known what ends.  Refuses whoever was to get a log-in name that
 * stays another's.  Returns -1 with the error said.
 */
int roster_leavers_resolve(roster_t *roster, const roster_table_t *tables);

/* Once their roles have ended. */
int roster_leavers_apply(roster_t *roster);

#endif /* PUPIL_CTL_ROSTER_LEAVERS_H */
