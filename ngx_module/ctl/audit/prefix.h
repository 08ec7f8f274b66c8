/*
 * Copyright (C) the Pupil authors
 *
 * What can be sealed: of each writer the numbers that follow those that are
 * sealed, without a gap.  Never by time, as what was stored late would be left
 * out, or come between what is sealed.
 *
 * Where a number is not there and later ones are, it is waited for; then it is
 * sealed as absent, as declared or as missing.
 */

#ifndef PUPIL_CTL_AUDIT_PREFIX_H
#define PUPIL_CTL_AUDIT_PREFIX_H

#include "ctl/audit/event.h"
#include "ctl/audit/sequence.h"


/* Seconds that a number is waited for. */
#define PREFIX_WAIT  10


typedef struct {
    uint64_t  writer, first, last;
} audit_range_t;

/* A number that is waited for, and since when. */
typedef struct {
    pupil_uuid_t  tenant;
    uint64_t      writer, number;
    int64_t       since;            /* seconds of a clock that only runs on */
} prefix_gap_t;

typedef struct {
    audit_row_t  row;
    uint64_t     sealed;            /* how far its writer is */
} prefix_row_t;

/* Of one tenant; zeroed but for what is the caller's. */
typedef struct {
    ctl_t              *ctl;        /* the caller's, in a transaction */
    const pupil_key_t  *key;        /* the caller's: "mac" */
    sequence_list_t    *gaps;       /* the caller's, for ever: prefix_gap_t */
    pupil_time_t        read;       /* the caller's: to when all was read */

    sequence_list_t     events;     /* audit_event_t */
    sequence_list_t     ranges;     /* audit_range_t */
    sequence_t          declared;
    int                 asked;      /* declared is read */
    pupil_time_t        since, until;   /* of the records */
    uint32_t            missing;
    pupil_time_t        waits;      /* for numbers before this; 0: for none */
} prefix_t;


/*
 * rows, in any order, outlive the events; what of them is not authentic is not
 * there: verify finds it.  0 or -1 with the error said.
 */
int prefix_take(prefix_t *prefix, const prefix_row_t *rows, size_t count);

/* Of what was sealed as this batch: what is missing. */
void prefix_missing_say(const prefix_t *prefix, uint64_t batch);

void prefix_free(prefix_t *prefix);

#endif /* PUPIL_CTL_AUDIT_PREFIX_H */
