/*
 * Copyright (C) the Pupil authors
 *
 * An event of a sealed log: a number of a writer, and its record where there
 * is one.
 */

#ifndef PUPIL_CTL_AUDIT_EVENT_H
#define PUPIL_CTL_AUDIT_EVENT_H

#include "core/audit/leaf.h"
#include "ctl/audit/rows.h"
#include "ctl/store/audit_log.h"


typedef struct {
    uint64_t            writer, number;
    const audit_row_t  *row;        /* NULL: absent */
    pupil_absent_t      why;
} audit_event_t;


size_t audit_event_leaves(const audit_event_t *event);

/* number: of the event in the log.  place: from 0 on. */
pupil_rc_t audit_event_leaf(const audit_log_t *log, uint64_t number,
    const audit_event_t *event, size_t place, pupil_leaf_t *leaf);

#endif /* PUPIL_CTL_AUDIT_EVENT_H */
