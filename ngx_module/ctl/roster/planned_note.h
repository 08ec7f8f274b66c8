/*
 * Copyright (C) the Pupil authors
 *
 * What a stored plan does, as a signed note, in counts: by the key that signs
 * the tenant's checkpoints of the audit, which pupilctl audit key prints.
 */

#ifndef PUPIL_CTL_ROSTER_PLANNED_NOTE_H
#define PUPIL_CTL_ROSTER_PLANNED_NOTE_H

#include "ctl/roster/planned.h"
#include "ctl/roster/runs.h"


/* Sets planned->note, of what the roster changes.  0, or -1 and it is said. */
int roster_note_make(roster_t *roster);

/* That of the data database is signed, and of this plan as it is stored. */
int roster_note_check(roster_planned_t *planned);

/* Of a run that is done, for who administers the tenant. */
int roster_run_note(const roster_t *roster, const roster_run_t *run);

/* A report as a page, which is its owner's alone. */
int roster_plan_html(const json_t *report, const char *path);

#endif /* PUPIL_CTL_ROSTER_PLANNED_NOTE_H */
