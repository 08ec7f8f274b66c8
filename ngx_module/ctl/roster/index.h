/*
 * Copyright (C) the Pupil authors
 *
 * Rows of the blind index are authentic or they do not count (invariant I18).
 */

#ifndef PUPIL_CTL_ROSTER_INDEX_H
#define PUPIL_CTL_ROSTER_INDEX_H

#include "ctl/roster/roster.h"


typedef struct {
    uint8_t       term[PUPIL_TERM_LEN];
    pupil_uuid_t  owner;
    int           authentic;
} roster_index_row_t;


/*
 * Row n of a result that begins with term, owner, record, mac.  One that is not
 * authentic is on record as that.  Returns -1 with the error said.
 */
int roster_index_row(roster_t *roster, const PGresult *res, int n,
    const char *category, const char *field, roster_index_row_t *row);

/* That one is not: in the transaction that found it. */
int roster_index_tampered(roster_t *roster, roster_index_row_t *row);

#endif /* PUPIL_CTL_ROSTER_INDEX_H */
