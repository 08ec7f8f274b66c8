/*
 * Copyright (C) the Pupil authors
 *
 * An empty or halved roster is an accident, not an instruction: it is held
 * until somebody accepts just that (pitfall 36).
 */

#ifndef PUPIL_CTL_ROSTER_GUARD_H
#define PUPIL_CTL_ROSTER_GUARD_H

#include "ctl/roster/stored.h"


/* Returns 1 where it is held: why is said, in the report and on record. */
int roster_guard(roster_t *roster, const roster_table_t *tables);

/* The same of one that was not read to its end: nobody accepts that. */
int roster_guard_stopped(roster_t *roster);

/* That somebody tried is on record, of nobody: 0 or -1. */
int roster_held_record(ctl_t *ctl, const char *detail);

/* A limit that is met: which, and by what. */
__attribute__((format(printf, 2, 3)))
void roster_hold(roster_t *roster, const char *format, ...);

#endif /* PUPIL_CTL_ROSTER_GUARD_H */
