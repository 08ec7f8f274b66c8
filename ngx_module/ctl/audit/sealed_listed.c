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
static void row_read(const PGresult *res, int row, listed_t *out);
static void should_be(sealed_run_t *r, const contents_t *contents);
static const listed_t *row_take(sealed_run_t *r, uint64_t before);
static int left_out(const sealed_run_t *r, const contents_t *contents,
    uint64_t event);
static void found(sealed_run_t *r, sealed_kind_t kind, uint64_t event);


/* The server sorts, on its disk where it has to. */
static const char  listed_sql[] =
    "DECLARE listed NO SCROLL CURSOR FOR SELECT l.subject,"
    " " AUDIT_ROW_TIME("l.at") ", l.writer, l.number,"
    " l.event, l.leaf FROM pupil.audit_subject AS l WHERE l.tenant ="
    " pupil.current_tenant() ORDER BY l.event, l.subject";

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
    return listing_open(&r->listing, r->sealed->ctl) == 0
           && ctl_exec(r->sealed->ctl->data, listed_sql, 0, NULL) == 0
           ? row_next(r) : -1;
}


/* Reads on; r->listed.res is NULL behind the last. */
static int
row_next(sealed_run_t *r)
{
    sealed_listed_t  *l;

    l = &r->listed;

    if (l->res != NULL && ++l->row < PQntuples(l->res)) {
        row_read(l->res, l->row, &l->next);
        return 0;
    }

    PQclear(l->res);
    l->row = 0;

    l->res = ctl_query(r->sealed->ctl->data, "FETCH 1000 FROM listed", 0,
                       NULL);
    if (l->res == NULL) {
        return -1;
    }

    if (PQntuples(l->res) == 0) {
        PQclear(l->res);
        l->res = NULL;
        return 0;
    }

    row_read(l->res, 0, &l->next);

    return 0;
}


static void
row_read(const PGresult *res, int row, listed_t *out)
{
    memset(out, 0, sizeof(listed_t));

    out->at = strtoll(PQgetvalue(res, row, COLUMN_AT), NULL, 10);
    out->writer = strtoull(PQgetvalue(res, row, COLUMN_WRITER), NULL, 10);
    out->number = strtoull(PQgetvalue(res, row, COLUMN_NUMBER), NULL, 10);
    out->event = strtoull(PQgetvalue(res, row, COLUMN_EVENT), NULL, 10);
    out->leaf = PQgetisnull(res, row, COLUMN_LEAF)
                ? LISTED_NO_LEAF
                : strtoll(PQgetvalue(res, row, COLUMN_LEAF), NULL, 10);

    /* zero, which nobody is */
    if (ctl_get_uuid(res, row, COLUMN_SUBJECT, &out->subject) != 0) {
        memset(&out->subject, 0, sizeof(out->subject));
    }
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
    return r->listed.res != NULL && r->listed.next.event < before
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

    if (r->listed.res != NULL) {
        found(r, SEALED_LISTED, r->listed.next.event);
    }
}


void
sealed_listed_close(sealed_run_t *r)
{
    PQclear(r->listed.res);
    r->listed.res = NULL;
    listing_free(&r->listing);
}
