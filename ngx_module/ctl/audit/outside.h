/*
 * Copyright (C) the Pupil authors
 *
 * What of a log is outside of the database, as the sealer keeps it: the file of
 * its checkpoints, and what ships that.
 */

#ifndef PUPIL_CTL_AUDIT_OUTSIDE_H
#define PUPIL_CTL_AUDIT_OUTSIDE_H

#include "ctl/audit/ship.h"
#include "ctl/audit/tree.h"


/* Zeroed but for ship.command. */
typedef struct {
    ship_t  ship;
    size_t  at;                 /* where the file ends, whole */
} outside_t;


/*
 * Holds the file against the tree, in its transaction, and adds what it lacks.
 * -1 with the error said: it has more, or is of another log.
 */
int outside_begin(outside_t *outside, const audit_log_t *log,
    const audit_tree_t *tree);

/* Adds the checkpoint of a batch; on the disk when this returns 0. */
int outside_keep(outside_t *outside, uint64_t batch, const char *note);

#endif /* PUPIL_CTL_AUDIT_OUTSIDE_H */
