/*
 * Copyright (C) the Pupil authors
 *
 * Under whom events are listed, held against batches as they come: a list that
 * lacks one hides who looked.  Of a batch the first of each kind is said.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/audit/sealed_run.h"
#include "ctl/base/db.h"


static int row_next(sealed_run_t *r);
static uint64_t column_get(const sealed_listed_t *l, size_t column);
static void should_be(sealed_run_t *r, const contents_t *contents);
static const listed_t *row_take(sealed_run_t *r, uint64_t before);
static int left_out(const sealed_run_t *r, const contents_t *contents,
    uint64_t event);
static void found(sealed_run_t *r, sealed_kind_t kind, uint64_t event);


/* The server sorts, on its disk where it has to. */
static const char  listed_sql[] =
    "SELECT l.subject, l.at, l.writer, l.number, l.event, l.leaf"
    " FROM pupil.audit_subject AS l WHERE l.tenant ="
    " (SELECT pupil.current_tenant()) ORDER BY l.event, l.subject";

enum {
    COLUMN_SUBJECT = 0,
    COLUMN_AT,
    COLUMN_WRITER,
    COLUMN_NUMBER,
    COLUMN_EVENT,
    COLUMN_LEAF
};


int
sealed_listed_begin(sealed_run_t *r)
{
    char      snapshot[CTL_SNAPSHOT_SIZE];
    PGconn  **conn;

    conn = &r->listed.conn;

    return listing_open(&r->listing, r->sealed->ctl) == 0
           && ctl_open_beside(r->sealed->ctl, conn) == 0
           && ctl_snapshot(r->sealed->ctl->data, snapshot) == 0
           && ctl_begin_still(*conn, &r->sealed->ctl->tenant, snapshot) == 0
           && ctl_stream_begin(&r->listed.stream, *conn, listed_sql) == 0
           ? row_next(r) : -1;
}


/* Reads on; no more behind the last. */
static int
row_next(sealed_run_t *r)
{
    int               rc;
    listed_t         *next;
    sealed_listed_t  *l;

    l = &r->listed;

    rc = ctl_stream_next(&l->stream);
    if (rc < 0) {
        return -1;
    }

    l->more = rc;

    if (rc == 0) {
        return 0;
    }

    next = &l->next;
    memset(next, 0, sizeof(listed_t));

    next->at = ctl_column_time(l->stream.columns[COLUMN_AT]);
    next->writer = column_get(l, COLUMN_WRITER);
    next->number = column_get(l, COLUMN_NUMBER);
    next->event = column_get(l, COLUMN_EVENT);
    next->leaf = ctl_column_int8(l->stream.columns[COLUMN_LEAF],
                                 LISTED_NO_LEAF);

    /* zero, which nobody is */
    return ctl_column_uuid(l->stream.columns[COLUMN_SUBJECT], &next->subject);
}


static uint64_t
column_get(const sealed_listed_t *l, size_t column)
{
    return (uint64_t) ctl_column_int8(l->stream.columns[column], 0);
}


int
sealed_listed_check(sealed_run_t *r, const contents_t *contents)
{
    size_t           i, n;
    uint64_t         end;
    const listed_t  *row, *made;

    r->listed.said = 0;

    should_be(r, contents);

    made = r->listing.rows.elts;
    n = r->listing.rows.count;
    end = contents->event + contents->events.count;

    for (i = 0; (row = row_take(r, end)) != NULL; /* void */ ) {

        while (i < n && listed_compare(&made[i], row) < 0) {
            found(r, SEALED_UNLISTED, made[i++].event);
        }

        if (i < n && memcmp(&made[i], row, sizeof(listed_t)) == 0) {
            i++;

        } else if (!left_out(r, contents, row->event)) {

            /* what is there of the same says something else of it */
            if (i < n && listed_compare(&made[i], row) == 0) {
                found(r, SEALED_UNLISTED, made[i++].event);
            }

            found(r, SEALED_LISTED, row->event);
        }

        if (row_next(r) != 0) {
            return -1;
        }
    }

    if (i < n) {
        found(r, SEALED_UNLISTED, made[i].event);
    }

    return 0;
}


/* From the records of a batch. */
static void
should_be(sealed_run_t *r, const contents_t *contents)
{
    size_t                i;
    const aligned_t      *aligned;
    const audit_event_t  *event;

    r->listing.rows.count = 0;

    for (i = 0; i < contents->events.count; i++) {
        event = &((const audit_event_t *) contents->events.elts)[i];
        aligned = &((const aligned_t *) r->alignment.events.elts)[i];

        if (aligned->as == ALIGN_SAME) {
            listing_add(&r->listing, contents->event + i, event,
                        r->listed.before + aligned->first);
        }
    }

    listing_sort(&r->listing);
}


/* NULL: what comes next is of this event or behind it. */
static const listed_t *
row_take(sealed_run_t *r, uint64_t before)
{
    return r->listed.more && r->listed.next.event < before
           ? &r->listed.next : NULL;
}


/* Of a record that is gone or another it is not known whom it was about. */
static int
left_out(const sealed_run_t *r, const contents_t *contents, uint64_t event)
{
    const aligned_t  *aligned;

    aligned = r->alignment.events.elts;

    return event >= contents->event
           && aligned[event - contents->event].as == ALIGN_OTHER;
}


static void
found(sealed_run_t *r, sealed_kind_t kind, uint64_t event)
{
    sealed_finding_t  *finding;

    if (r->listed.said & (1u << kind)) {
        return;
    }

    r->listed.said |= 1u << kind;
    finding = sealed_find(r->sealed, kind, r->batch);
    finding->event = event;
}


void
sealed_listed_end(sealed_run_t *r)
{
    r->listed.said = 0;

    if (r->listed.more) {
        found(r, SEALED_LISTED, r->listed.next.event);
    }
}


void
sealed_listed_close(sealed_run_t *r)
{
    ctl_stream_end(&r->listed.stream);
    PQfinish(r->listed.conn);
    listing_free(&r->listing);
}
