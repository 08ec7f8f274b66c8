/*
 * Copyright (C) the Pupil authors
 *
 * A batch of a sealed log, read again: its row, its events, their records.
 */

#ifndef PUPIL_CTL_AUDIT_CONTENTS_H
#define PUPIL_CTL_AUDIT_CONTENTS_H

#include "ctl/audit/prefix.h"


typedef struct {
    uint64_t         batch;
    uint64_t         event;         /* of the first */
    uint64_t         count;         /* of events, as the row says */
    uint64_t         size;          /* leaves of the tree behind it */
    pupil_time_t     since, until;  /* of its records */
    pupil_time_t     at;            /* it was sealed, by the database's clock */
    uint64_t         missing;
    pupil_str_t      note;

    sequence_list_t  ranges;        /* audit_range_t */
    sequence_list_t  events;        /* audit_event_t */
    sequence_list_t  rows;          /* audit_row_t *, by writer and number */
    ctl_pool_t       pool;          /* of the rows */
    int              whole;         /* count is that of the ranges, of which
                                       each has a writer, first and last */
} contents_t;


/* What contents_row() takes, of pupil.seal AS s. */
#define CONTENTS_COLUMNS                                                      \
    "s.batch, s.event, s.events, s.size,"                                     \
    " (extract(epoch FROM s.since) * 1000000)::bigint,"                       \
    " (extract(epoch FROM s.until) * 1000000)::bigint,"                       \
    " s.writers, s.firsts, s.lasts, s.note,"                                  \
    " (extract(epoch FROM s.at) * 1000000)::bigint, s.missing"

#define CONTENTS_COUNT  12      /* of these columns */

/* Ownership: the row's note stays the result's.  Empties what was there. */
void contents_row(contents_t *contents, const PGresult *res, int row);

/*
 * Its events with their records, authentic or not; without one: absent, as far
 * as is known.  key: "mac".  0 or -1 with the error said.
 */
int contents_read(contents_t *contents, ctl_t *ctl, const pupil_key_t *key);

void contents_free(contents_t *contents);

#endif /* PUPIL_CTL_AUDIT_CONTENTS_H */
