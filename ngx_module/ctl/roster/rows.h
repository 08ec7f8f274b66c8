/*
 * Copyright (C) the Pupil authors
 *
 * The rows that a batch of changed items has in each table.
 */

#ifndef PUPIL_CTL_ROSTER_ROWS_H
#define PUPIL_CTL_ROSTER_ROWS_H

#include "ctl/roster/roster.h"


#define ROSTER_BATCH  1000      /* items a transaction */


typedef struct {
    roster_item_t   *item;      /* whose owner has a key */
    uint8_t          write[ROSTER_RECORDS];     /* which records */
    uint8_t          prints[ROSTER_RECORDS][ROSTER_PRINT_LEN];
    uint32_t         address;   /* the number of one that changes, or 0 */
} roster_change_t;

typedef struct {
    roster_kind_t    kind;
    roster_change_t  changes[ROSTER_BATCH];
    unsigned         count;
} roster_batch_t;


/*
 * Their audit, which is committed before they are written: whoever keeps what
 * was signed has it on record (invariant I19).
 */
int roster_rows_record(roster_t *roster, const roster_batch_t *batch);

/* The same for one record of these users, the literal of an array. */
int roster_rows_record_one(roster_t *roster, roster_record_t record,
    const char *subjects);

/* Writes them in the transaction of the caller. */
int roster_rows_write(roster_t *roster, const roster_batch_t *batch);

#endif /* PUPIL_CTL_ROSTER_ROWS_H */
