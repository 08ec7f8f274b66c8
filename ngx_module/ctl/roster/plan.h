/*
 * Copyright (C) the Pupil authors
 *
 * What would be written, as an id: the same roster over the same rows is the
 * same plan, and anything else is another one.
 */

#ifndef PUPIL_CTL_ROSTER_PLAN_H
#define PUPIL_CTL_ROSTER_PLAN_H

#include "ctl/roster/others.h"
#include "ctl/roster/stored.h"


/* What is taken where a plan is accepted: each has one of its own. */
#define ROSTER_TAKES_HELD    "held"     /* what a roster is held for */
#define ROSTER_TAKES_OTHERS  "others"   /* who may be somebody else */
#define ROSTER_TAKES_ERASED  "erased"   /* who was erased */
#define ROSTER_TAKES_ALL     "all"      /* what is planned, and applied then */


/*
 * Whether this was accepted: 1, 0 with the plan in roster->plans, or -1 with
 * the error said.
 */
int roster_plan_accepted(roster_t *roster, const roster_table_t *tables,
    const roster_others_t *others, const char *takes);

/*
 * All that this run would write, behind roster_guard(): the roster, and what of
 * it is stored.  Returns -1 with the error said.
 */
int roster_plan_whole(roster_t *roster, const roster_table_t *tables,
    char plan[ROSTER_PLAN_LEN + 1]);

/* All of a row that decides what is written: a sum of them has no order. */
uint64_t roster_plan_row(const roster_t *roster, const roster_stored_t *row);

/* That of what comes first, NULL where there is none. */
const char *roster_plan_first(const roster_t *roster);

#endif /* PUPIL_CTL_ROSTER_PLAN_H */
