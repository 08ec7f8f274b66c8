/*
 * Copyright (C) the Pupil authors
 *
 * The runs of imports that wrote something, by the key store: what was undone
 * stays undone, whatever the data database has back (invariant I18).
 */

#ifndef PUPIL_CTL_ROSTER_RUNS_H
#define PUPIL_CTL_ROSTER_RUNS_H

#include "ctl/base/buf.h"
#include "ctl/roster/roster.h"


typedef enum {
    ROSTER_RUN_BEGUN = 0,       /* it was killed, or is under way */
    ROSTER_RUN_DONE,
    ROSTER_RUN_UNDOING,         /* its undo was killed, or is under way */
    ROSTER_RUN_UNDONE
} roster_run_state_t;

typedef struct {
    pupil_uuid_t         id;
    char                 text[PUPIL_UUID_TEXT_LEN + 1];
    char                 source[65];
    char                 number[24];    /* its place in their order */
    char                 at[32];
    roster_run_state_t   state;
    int32_t              people, images;        /* -1: not known */
} roster_run_t;


/*
 * Begins one, in a transaction of its own of the key store: sets id, text.
 * plan: that is applied, or NULL.
 */
int roster_run_begin(ctl_t *ctl, const char *source, const char *plan,
    roster_run_t *run);

/* In a transaction of its own, too. */
int roster_run_ended(ctl_t *ctl, const roster_run_t *run);
int roster_run_state(ctl_t *ctl, const roster_run_t *run,
    roster_run_state_t state);

/* 0, or -1 with the error said, also where there is none with this id. */
int roster_run_find(ctl_t *ctl, const char *id, roster_run_t *run);

/* Those behind it that are not undone, as the literal of an array. */
int roster_runs_later(ctl_t *ctl, const roster_run_t *run, ctl_buf_t *ids);

/* pupilctl import list */
int ctl_cmd_import_list(ctl_t *ctl);

/*
 * A job of pupilctl work: what cannot be undone any more, as recovery is over,
 * goes in both databases.
 */
int ctl_imports_forget(ctl_t *ctl);

#endif /* PUPIL_CTL_ROSTER_RUNS_H */
