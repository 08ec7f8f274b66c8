/*
 * Copyright (C) the Pupil authors
 *
 * The results of the progress statements: their columns, and their wants by
 * index.  Column 0 is the nonce everywhere.
 */

#ifndef PUPIL_ENDPOINT_PROGRESS_H
#define PUPIL_ENDPOINT_PROGRESS_H

#include "core/endpoints/endpoints.h"


/*
 * PUPIL_PROGRESS_EVIDENCE: the actor as owner, and one row per live
 * enrolment, NULL when there is none.
 */
enum {
    PUPIL_PE_OWNER = 1,
    PUPIL_PE_ENROLMENT = PUPIL_PE_OWNER + 3,
    PUPIL_PE_COLUMNS = PUPIL_PE_ENROLMENT + 9
};

/*
 * PUPIL_PROGRESS_LOCK stands before PUPIL_PROGRESS_SUBMIT in its exchange:
 * submissions of one pupil come one after another, so that a submission that
 * arrives twice at once is stored once (invariant I15), and exactly one of
 * an exercise is the current one.  $8 and $9 numbers made of tenant and pupil:
 * two pupils who share them by chance only wait for each other.
 *
 * PUPIL_PROGRESS_SUBMIT: $8 ids, $9 homework, $10 exercises, $11 answers,
 * $12 results, $13 fingerprints, $14 done (0 or 1), $15 key version.  Then the
 * enrolments whose MACs were checked: $16 ids, $17 classes, $18 and $19 first
 * and last days since 1970-01-01 (PUPIL_DATE_NONE), $20 sources, $21 MACs.
 * $22: 1 when these were read just now; else an item that they do not allow,
 * or an owner that is not active or has another key version, makes all of it
 * "stale", and nothing is written.  A row per item, in the order of the
 * arrays.
 */
enum {
    PUPIL_PS_STATUS = 1,        /* stored, replayed, conflict, refused,
                                   stale */
    PUPIL_PS_COLUMNS
};

enum {
    PUPIL_PS_WANT_ANSWER = 0,
    PUPIL_PS_WANT_RESULT
};

/*
 * PUPIL_PROGRESS_HISTORY: $8 homework or NULL, $9 and $10 before this time
 * and id, $11 limit.
 */
enum {
    PUPIL_PH_RECORD = 1,
    PUPIL_PH_UPDATED_AT,
    PUPIL_PH_MORE,              /* there is another page */
    PUPIL_PH_OWNER,
    PUPIL_PH_COLUMNS = PUPIL_PH_OWNER + 3
};

enum {
    PUPIL_PH_WANT_HOMEWORK = 0,
    PUPIL_PH_WANT_EXERCISE,
    PUPIL_PH_WANT_ANSWER,
    PUPIL_PH_WANT_RESULT
};

#endif /* PUPIL_ENDPOINT_PROGRESS_H */
