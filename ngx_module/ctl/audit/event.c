/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/audit/event.h"


size_t
audit_event_leaves(const audit_event_t *event)
{
    return event->row == NULL ? 1 : pupil_leaf_count(&event->row->record);
}


pupil_rc_t
audit_event_leaf(const audit_log_t *log, uint64_t number,
    const audit_event_t *event, size_t place, pupil_leaf_t *leaf)
{
    pupil_audit_record_t  absent;

    if (event->row != NULL) {
        return pupil_leaf_record(log->mac, number, &event->row->record,
                                 event->row->mac, place, leaf);
    }

    memset(&absent, 0, sizeof(absent));
    absent.tenant = log->ctl->tenant;
    absent.writer = event->writer;
    absent.number = event->number;
    pupil_leaf_absent(log->mac, number, &absent, event->why, leaf);

    return PUPIL_OK;
}
