/*
 * Copyright (C) the Pupil authors
 *
 * Many rows in one statement: each of their columns is a parameter, an array
 * that the statement unnests.
 */

#ifndef PUPIL_CTL_ROSTER_UNNEST_H
#define PUPIL_CTL_ROSTER_UNNEST_H

#include "ctl/base/buf.h"
#include "ctl/roster/roster.h"


#define ROSTER_UNNEST_COLUMNS  12


/* Between begin and exec, each row adds to each column. */
typedef struct {
    ctl_buf_t   columns[ROSTER_UNNEST_COLUMNS];
    unsigned    count;
} roster_unnest_t;


void roster_unnest_begin(roster_unnest_t *rows, unsigned count);

/*
 * $1 is the tenant, $2 and, unless it is NULL, $3 are texts, then come the
 * columns.  Returns -1 with the error said.
 */
int roster_unnest_exec(const roster_t *roster, roster_unnest_t *rows,
    const char *sql, const char *a, const char *b);

/* Wipes the rows: always, whether they were written or not. */
void roster_unnest_free(roster_unnest_t *rows);

#endif /* PUPIL_CTL_ROSTER_UNNEST_H */
