/*
 * Copyright (C) the Pupil authors
 *
 * What audit records refer to by its SHA-256: shapes, which say what was
 * accessed, and policies.  A record's MAC covers the hashes alone, so that what
 * they are of has to be looked at, too.
 */

#ifndef PUPIL_CTL_REFERRED_H
#define PUPIL_CTL_REFERRED_H

#include "ctl/audit/sequence.h"


/* Empty when zeroed. */
typedef struct {
    sequence_list_t  shapes;        /* referred_hash_t: there, or found */
    sequence_list_t  policies;
} referred_t;


/*
 * Reads all that is there, and finds what is not of its hash, at now.  The
 * records to be checked are those of the same snapshot: theirs were stored
 * before them.
 */
int referred_read(referred_t *referred, PGconn *conn, sequence_t *s,
    pupil_time_t now);

/* Finds what is not there, once, at the first record that refers to it. */
void referred_check(referred_t *referred, sequence_t *s,
    const pupil_audit_record_t *record);

void referred_free(referred_t *referred);

#endif /* PUPIL_CTL_REFERRED_H */
