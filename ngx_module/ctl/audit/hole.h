/*
 * Copyright (C) the Pupil authors
 *
 * Holes of the log: batches in which numbers are missing that nobody declared.
 * The key store lists them, and which of them an officer has acknowledged
 * (invariant I9).
 */

#ifndef PUPIL_CTL_AUDIT_HOLE_H
#define PUPIL_CTL_AUDIT_HOLE_H

#include "ctl/audit/sequence.h"


typedef struct {
    uint64_t  batch, missing;
    int       acknowledged;
} hole_t;


int ctl_cmd_audit_holes(ctl_t *ctl);
int ctl_cmd_audit_acknowledge(ctl_t *ctl);

/*
 * A batch of ctl's tenant that is about to be committed has one: a list that
 * says too much is the lesser evil.  0 or -1 with the error said.
 */
int hole_found(ctl_t *ctl, uint64_t batch, uint32_t missing);

/*
 * Adds what the list lacks of batches of the data database, in its transaction,
 * and counts it anew.
 */
int hole_list(ctl_t *ctl);

/* Counts it anew, as somebody may have changed the count. */
int hole_recount(ctl_t *ctl);

/* The list, hole_t in order of batches. */
int hole_read(ctl_t *ctl, sequence_list_t *holes);

#endif /* PUPIL_CTL_AUDIT_HOLE_H */
