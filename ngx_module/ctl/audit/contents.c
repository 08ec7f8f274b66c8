/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/audit/contents.h"
#include "ctl/base/db.h"


#define EVENTS_MAX  (1 << 22)       /* of a batch; what is more is made up */

enum {
    COLUMN_BATCH = 0,
    COLUMN_EVENT,
    COLUMN_EVENTS,
    COLUMN_SIZE,
    COLUMN_SINCE,
    COLUMN_UNTIL,
    COLUMN_WRITERS,
    COLUMN_FIRSTS,
    COLUMN_LASTS,
    COLUMN_NOTE,
    COLUMN_AT,
    COLUMN_MISSING
};

_Static_assert(COLUMN_MISSING + 1 == CONTENTS_COUNT, "a column too many");


static uint64_t number_get(const PGresult *res, int row, int column);
static pupil_time_t time_get(const PGresult *res, int row, int column);
static int number_next(const char **p, uint64_t *number);
static void ranges_take(contents_t *contents, const PGresult *res, int row);
static int rows_compare(const void *one, const void *two);
static void events_join(contents_t *contents);


/* By their numbers, which no index knows: so by when they were dated. */
static const char  records_sql[] =
    "SELECT " AUDIT_ROW_COLUMNS " FROM pupil.audit_record AS r WHERE r.tenant"
    " = (SELECT pupil.current_tenant())"
    " AND r.at >= timestamptz 'epoch' + %" PRId64 " * interval '1 us'"
    " AND r.at <= timestamptz 'epoch' + %" PRId64 " * interval '1 us'";


void
contents_row(contents_t *contents, const PGresult *res, int row)
{
    contents_free(contents);

    contents->batch = number_get(res, row, COLUMN_BATCH);
    contents->event = number_get(res, row, COLUMN_EVENT);
    contents->count = number_get(res, row, COLUMN_EVENTS);
    contents->size = number_get(res, row, COLUMN_SIZE);
    contents->since = time_get(res, row, COLUMN_SINCE);
    contents->until = time_get(res, row, COLUMN_UNTIL);
    contents->note = ctl_get_str(res, row, COLUMN_NOTE);
    contents->at = time_get(res, row, COLUMN_AT);
    contents->missing = number_get(res, row, COLUMN_MISSING);

    ranges_take(contents, res, row);
}


static uint64_t
number_get(const PGresult *res, int row, int column)
{
    return strtoull(PQgetvalue(res, row, column), NULL, 10);
}


static pupil_time_t
time_get(const PGresult *res, int row, int column)
{
    return strtoll(PQgetvalue(res, row, column), NULL, 10);
}


/* Three arrays, of which the shortest counts; and each number an event. */
static void
ranges_take(contents_t *contents, const PGresult *res, int row)
{
    const char     *writers, *firsts, *lasts;
    uint64_t        number;
    audit_range_t   range, *added;
    audit_event_t  *event;

    writers = PQgetvalue(res, row, COLUMN_WRITERS);
    firsts = PQgetvalue(res, row, COLUMN_FIRSTS);
    lasts = PQgetvalue(res, row, COLUMN_LASTS);

    while (number_next(&writers, &range.writer)
           && number_next(&firsts, &range.first)
           && number_next(&lasts, &range.last))
    {
        added = sequence_list_add(&contents->ranges, sizeof(audit_range_t));
        *added = range;

        for (number = range.first;
             number <= range.last && contents->events.count < EVENTS_MAX;
             number++)
        {
            event = sequence_list_add(&contents->events,
                                      sizeof(audit_event_t));
            memset(event, 0, sizeof(audit_event_t));
            event->writer = range.writer;
            event->number = number;
        }
    }

    contents->whole = contents->events.count == contents->count
                      && *writers == '}' && *firsts == '}' && *lasts == '}';
}


static int
number_next(const char **p, uint64_t *number)
{
    char  *end;

    if (**p != '{' && **p != ',') {
        return 0;
    }

    *number = strtoull(*p + 1, &end, 10);

    if (end == *p + 1) {
        return 0;
    }

    *p = end;

    return 1;
}


int
contents_read(contents_t *contents, ctl_t *ctl, const pupil_key_t *key)
{
    int             rc;
    audit_row_t   **row;
    ctl_stream_t    stream;

    rc = ctl_stream_begin(&stream, ctl->data, records_sql, contents->since,
                          contents->until);

    while (rc == 0 && (rc = ctl_stream_next(&stream)) == 1) {
        row = sequence_list_add(&contents->rows, sizeof(audit_row_t *));
        *row = ctl_pool_alloc(&contents->pool, sizeof(audit_row_t));
        audit_row_read(key, &ctl->tenant, &stream, &contents->pool, *row);
        rc = 0;
    }

    ctl_stream_end(&stream);

    if (rc == 0) {
        events_join(contents);
    }

    return rc;
}


/* Both are gone through by writer and number, as the sealer put them. */
static void
events_join(contents_t *contents)
{
    size_t           i, count;
    audit_row_t    **order, **found, *wanted;
    audit_event_t   *event;

    order = contents->rows.elts;
    count = contents->rows.count;

    if (count == 0) {
        return;
    }

    wanted = ctl_memory(sizeof(audit_row_t));
    memset(wanted, 0, sizeof(audit_row_t));

    qsort(order, count, sizeof(audit_row_t *), rows_compare);

    for (i = 0; i < contents->events.count; i++) {
        event = &((audit_event_t *) contents->events.elts)[i];
        wanted->record.writer = event->writer;
        wanted->record.number = event->number;

        found = bsearch(&wanted, order, count, sizeof(audit_row_t *),
                        rows_compare);

        if (found == NULL) {
            continue;
        }

        /* of several the authentic one, if there is one */
        while (found > order && rows_compare(&found[-1], &wanted) == 0) {
            found--;
        }

        event->row = *found;

        for ( /* void */ ;
             found < order + count && rows_compare(found, &wanted) == 0;
             found++)
        {
            if ((*found)->authentic) {
                event->row = *found;
                break;
            }
        }
    }

    free(wanted);
}


static int
rows_compare(const void *one, const void *two)
{
    const audit_row_t  *a, *b;

    a = *(const audit_row_t *const *) one;
    b = *(const audit_row_t *const *) two;

    if (a->record.writer != b->record.writer) {
        return a->record.writer < b->record.writer ? -1 : 1;
    }

    return a->record.number < b->record.number ? -1
           : a->record.number > b->record.number;
}


void
contents_free(contents_t *contents)
{
    ctl_pool_free(&contents->pool);
    free(contents->rows.elts);
    free(contents->ranges.elts);
    free(contents->events.elts);
    memset(contents, 0, sizeof(contents_t));
}
