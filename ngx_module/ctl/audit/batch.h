/*
 * Copyright (C) the Pupil authors
 *
 * A batch of a sealed log: the events that were sealed together.  Of each
 * writer its row has the range of numbers; in the order of the row's writers,
 * and of the numbers of each, they are the events from its first on.
 */

#ifndef PUPIL_CTL_AUDIT_BATCH_H
#define PUPIL_CTL_AUDIT_BATCH_H

#include "ctl/audit/prefix.h"
#include "ctl/audit/tree.h"


/*
 * Adds what prefix took to the tree, and stores both; the checkpoint is in
 * note then.  In the transaction that opened the tree.
 */
int batch_seal(const audit_log_t *log, audit_tree_t *tree,
    const prefix_t *prefix, char note[LOG_NOTE_SIZE]);

#endif /* PUPIL_CTL_AUDIT_BATCH_H */
