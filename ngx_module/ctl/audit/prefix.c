/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "ctl/audit/prefix.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"


/* What is older than that when it is first seen is not waited for. */
#define SETTLED   (PREFIX_WAIT * PUPIL_TIME_SECOND + PUPIL_AUDIT_CLOCKS)

#define DECLARED  PUPIL_TIME_DAY    /* before what follows a gap */
#define GAP_MAX   65536             /* numbers at once */
#define GAPS_MAX  1024              /* that are remembered */


static int rows_compare(const void *one, const void *two);
static int row_take(prefix_t *prefix, const prefix_row_t *row,
    uint64_t expected);
static int gap_waits(prefix_t *prefix, const pupil_audit_record_t *next,
    uint64_t first);
static int declared_read(prefix_t *prefix, pupil_time_t at);
static void event_add(prefix_t *prefix, uint64_t writer, uint64_t number,
    const audit_row_t *row, pupil_absent_t why);


static const char  declaring_sql[] =
    "SELECT " AUDIT_ROW_COLUMNS " FROM pupil.audit_record AS r WHERE r.tenant"
    " = pupil.current_tenant() AND r.role = '" PUPIL_AUDIT_ROLE_GATEWAY "'"
    " AND r.at >= timestamptz 'epoch' + %" PRId64 " * interval '1 us'";


int
prefix_take(prefix_t *prefix, const prefix_row_t *rows, size_t count)
{
    int                   rc;
    size_t                i, n;
    uint64_t              writer, expected;
    const prefix_row_t  **order;

    order = ctl_memory((count + 1) * sizeof(prefix_row_t *));

    for (i = 0, n = 0; i < count; i++) {
        if (rows[i].row.authentic) {
            order[n++] = &rows[i];
        }
    }

    qsort(order, n, sizeof(prefix_row_t *), rows_compare);

    rc = 0;
    writer = 0;
    expected = 0;

    for (i = 0; i < n && rc >= 0; i++) {

        if (i == 0 || order[i]->row.record.writer != writer) {
            writer = order[i]->row.record.writer;
            expected = order[i]->sealed + 1;
            rc = 0;
        }

        /* 1: the rest of this writer waits */
        if (rc == 0 && order[i]->row.record.number >= expected) {
            rc = row_take(prefix, order[i], expected);
            expected = order[i]->row.record.number + 1;
        }
    }

    free(order);

    return rc < 0 ? -1 : 0;
}


static int
rows_compare(const void *one, const void *two)
{
    const pupil_audit_record_t  *a, *b;

    a = &(*(const prefix_row_t *const *) one)->row.record;
    b = &(*(const prefix_row_t *const *) two)->row.record;

    if (a->writer != b->writer) {
        return a->writer < b->writer ? -1 : 1;
    }

    return a->number < b->number ? -1 : a->number > b->number;
}


/* 0; 1: nothing of this writer for now; or -1. */
static int
row_take(prefix_t *prefix, const prefix_row_t *row, uint64_t expected)
{
    pupil_time_t                 at;
    const pupil_audit_record_t  *record;

    record = &row->row.record;
    at = record->at;

    if (record->number > expected) {

        if (gap_waits(prefix, record, expected)) {
            if (prefix->waits == 0 || at < prefix->waits) {
                prefix->waits = at;
            }

            return 1;
        }

        if (declared_read(prefix, at) != 0) {
            return -1;
        }

        if (record->number - expected > GAP_MAX) {
            return ctl_error("writer %016" PRIx64 " leaves out %" PRIu64
                             " numbers before %" PRIu64, record->writer,
                             record->number - expected, record->number);
        }

        while (expected < record->number) {
            event_add(prefix, record->writer, expected, NULL,
                      sequence_declared(&prefix->declared, record->writer,
                                        expected)
                      ? PUPIL_ABSENT_DECLARED : PUPIL_ABSENT_MISSING);
            expected++;
        }
    }

    if (prefix->since == 0 || at < prefix->since) {
        prefix->since = at;
    }

    if (at > prefix->until) {
        prefix->until = at;
    }

    event_add(prefix, record->writer, record->number, &row->row, 0);

    return 0;
}


/*
 * By a clock of this host: those of others may differ.  What is old already
 * when it is read is not waited for, if all was read that came after it.
 */
static int
gap_waits(prefix_t *prefix, const pupil_audit_record_t *next, uint64_t first)
{
    size_t         i;
    int64_t        now;
    prefix_gap_t  *gap;

    if (next->at < prefix->read - SETTLED) {
        return 0;
    }

    now = ctl_seconds();
    gap = prefix->gaps->elts;

    for (i = 0; i < prefix->gaps->count; i++, gap++) {
        if (gap->writer == next->writer && gap->number == first
            && pupil_uuid_compare(&gap->tenant, &next->tenant) == 0)
        {
            return now - gap->since < PREFIX_WAIT;
        }
    }

    if (prefix->gaps->count == GAPS_MAX) {
        prefix->gaps->count = 0;
    }

    gap = sequence_list_add(prefix->gaps, sizeof(prefix_gap_t));
    gap->tenant = next->tenant;
    gap->writer = next->writer;
    gap->number = first;
    gap->since = now;

    return 1;
}


static int
declared_read(prefix_t *prefix, pupil_time_t at)
{
    int            rc;
    ctl_pool_t     pool;
    audit_row_t    r;
    ctl_stream_t   stream;

    if (prefix->asked) {
        return 0;
    }

    memset(&pool, 0, sizeof(pool));

    rc = ctl_stream_begin(&stream, prefix->ctl->data, declaring_sql,
                          at - DECLARED);

    while (rc == 0 && (rc = ctl_stream_next(&stream)) == 1) {
        audit_row_read(prefix->key, &prefix->ctl->tenant, &stream, &pool, &r);

        if (r.authentic) {
            (void) sequence_declare(&prefix->declared, r.record.note);
        }

        ctl_pool_free(&pool);
        rc = 0;
    }

    ctl_stream_end(&stream);
    prefix->asked = rc == 0;

    return rc;
}


static void
event_add(prefix_t *prefix, uint64_t writer, uint64_t number,
    const audit_row_t *row, pupil_absent_t why)
{
    audit_event_t  *event;
    audit_range_t  *range;

    event = sequence_list_add(&prefix->events, sizeof(audit_event_t));
    event->writer = writer;
    event->number = number;
    event->row = row;
    event->why = why;

    prefix->missing += row == NULL && why == PUPIL_ABSENT_MISSING;

    range = prefix->ranges.elts;

    if (prefix->ranges.count != 0
        && range[prefix->ranges.count - 1].writer == writer)
    {
        range[prefix->ranges.count - 1].last = number;
        return;
    }

    range = sequence_list_add(&prefix->ranges, sizeof(audit_range_t));
    range->writer = writer;
    range->first = number;
    range->last = number;
}


void
prefix_missing_say(const prefix_t *prefix, uint64_t batch)
{
    size_t                i;
    const audit_event_t  *event;

    event = prefix->events.elts;

    for (i = 0; i < prefix->events.count; i++) {
        if (event[i].row == NULL && event[i].why == PUPIL_ABSENT_MISSING) {
            ctl_error("tenant %s: writer %016" PRIx64 " number %" PRIu64
                      " is not there, and nobody declared it: it is sealed as"
                      " missing, in hole %" PRIu64, prefix->ctl->tenant_text,
                      event[i].writer, event[i].number, batch);
        }
    }
}


void
prefix_free(prefix_t *prefix)
{
    sequence_free(&prefix->declared);
    free(prefix->events.elts);
    free(prefix->ranges.elts);
}
