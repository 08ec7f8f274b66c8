/*
 * Copyright (C) the Pupil authors
 *
 * Rows of roles and of enrolments on their way into the data database.
 */

#ifndef PUPIL_CTL_ROSTER_PUT_H
#define PUPIL_CTL_ROSTER_PUT_H

#include "ctl/roster/stored.h"


#define ROSTER_PUT_ROWS    4000         /* a statement */
#define ROSTER_PUT_PEOPLE  1000         /* a record of the audit */


typedef struct {
    roster_kind_t    kind;
    roster_stored_t  rows[ROSTER_PUT_ROWS];     /* as they should be */
    unsigned         count;
    unsigned         people;                    /* whose rows they are, where
                                                   each one's lie together */
} roster_put_t;


/* Whether they are to be written before another one is added. */
int roster_put_full(const roster_put_t *put);

/* A copy, of this roster's source.  There is room. */
void roster_put_add(const roster_t *roster, roster_put_t *put,
    const roster_stored_t *row);

/* Writes them in the caller's transaction, once they are on record. */
int roster_put_write(roster_t *roster, roster_put_t *put);

/*
 * The same in a transaction of its own, behind one with the record: whoever
 * keeps what was signed has it on record (invariant I19).  Both empty put.
 */
int roster_put_commit(roster_t *roster, roster_put_t *put);

#endif /* PUPIL_CTL_ROSTER_PUT_H */
