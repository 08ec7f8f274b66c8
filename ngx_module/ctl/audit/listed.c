/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/audit/listed.h"
#include "ctl/base/array.h"
#include "ctl/base/db.h"


#define UNIQUE_VIOLATION  "23505"
#define CHECK_VIOLATION   "23514"      /* no partition is for it */


typedef struct {
    uint8_t  hash[crypto_hash_sha256_BYTES];
} listed_shape_t;

/* The arrays of store_sql. */
enum {
    ARRAY_SUBJECTS = 0,
    ARRAY_TIMES,
    ARRAY_WRITERS,
    ARRAY_NUMBERS,
    ARRAY_EVENTS,
    ARRAY_LEAVES,
    ARRAY_COUNT
};


static int about_actor(const listing_t *listing, pupil_str_t shape);
static void row_add(listing_t *listing, const pupil_uuid_t *subject,
    uint64_t number, const audit_event_t *event, int64_t leaf);
static int rows_compare(const void *one, const void *two);
static int rows_insert(ctl_t *ctl, ctl_array_t arrays[ARRAY_COUNT]);
static int rows_exec(ctl_t *ctl, const char *sql, ctl_array_t *arrays,
    int count);
static void arrays_fill(const listing_t *listing,
    ctl_array_t arrays[ARRAY_COUNT]);
static int keys_compare(const void *one, const void *two);


/* Accesses are canonical; whoever made a row up has no say in what it is. */
static const char  shapes_sql[] =
    "SELECT s.shape FROM pupil.audit_shape AS s"
    " WHERE strpos(s.accesses, '\"about\":\"actor\"') > 0";

/* By the key: the first four of those arrays. */
static const char  give_way_sql[] =
    "DELETE FROM pupil.audit_subject AS l USING unnest($1::uuid[],"
    " $2::timestamptz[], $3::bigint[], $4::bigint[]) AS u (subject, at,"
    " writer, number) WHERE l.tenant = pupil.current_tenant() AND l.subject ="
    " u.subject AND l.at = u.at AND l.writer = u.writer AND l.number ="
    " u.number";

/*
 * In the order in which they come, which is that of the key, so that pages of
 * the index are met once; what is in the way is an error, as to ask for each
 * row costs half as much again.  Arrays side by side in a list are gone through
 * without being stored before.
 */
static const char  store_sql[] =
    "INSERT INTO pupil.audit_subject (tenant, subject, at, writer, number,"
    " event, leaf) SELECT (SELECT pupil.current_tenant()), unnest($1::uuid[]),"
    " unnest($2::timestamptz[]), unnest($3::bigint[]), unnest($4::bigint[]),"
    " unnest($5::bigint[]), unnest($6::bigint[])";


int
listing_open(listing_t *listing, ctl_t *ctl)
{
    int              row;
    size_t           len;
    PGresult        *res;
    listed_shape_t   shape, *known;

    listing->shapes.count = 0;

    res = ctl_query(ctl->data, shapes_sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    for (row = 0; row < PQntuples(res); row++) {
        if (ctl_get_bytes(res, row, 0, shape.hash, sizeof(shape.hash), &len)
            == 0
            && len == sizeof(shape.hash))
        {
            known = sequence_list_add(&listing->shapes,
                                      sizeof(listed_shape_t));
            *known = shape;
        }
    }

    PQclear(res);

    return 0;
}


void
listing_add(listing_t *listing, uint64_t number, const audit_event_t *event,
    uint64_t leaf)
{
    size_t                       place, count;
    pupil_uuid_t                 subject;
    const pupil_audit_record_t  *record;

    record = &event->row->record;
    count = 0;

    for (place = 0; place < pupil_leaf_count(record); place++) {
        if (pupil_leaf_subject(record, place, &subject) == PUPIL_OK
            && !pupil_uuid_is_zero(&subject))
        {
            row_add(listing, &subject, number, event, (int64_t) (leaf + place));
            count++;
        }
    }

    /* among the subjects the actor has a leaf; listing_sort() keeps that */
    if (!pupil_uuid_is_zero(&record->actor)
        && about_actor(listing, record->shape))
    {
        row_add(listing, &record->actor, number, event,
                count == 0 ? (int64_t) leaf : LISTED_NO_LEAF);
    }
}


static int
about_actor(const listing_t *listing, pupil_str_t shape)
{
    size_t                 i;
    const listed_shape_t  *known;

    known = listing->shapes.elts;

    for (i = 0; i < listing->shapes.count; i++) {
        if (shape.len == sizeof(known[i].hash)
            && memcmp(known[i].hash, shape.data, shape.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static void
row_add(listing_t *listing, const pupil_uuid_t *subject, uint64_t number,
    const audit_event_t *event, int64_t leaf)
{
    listed_t  *row;

    row = sequence_list_add(&listing->rows, sizeof(listed_t));
    row->subject = *subject;
    row->at = event->row->record.at;
    row->writer = event->writer;
    row->number = event->number;
    row->event = number;
    row->leaf = leaf;
}


void
listing_sort(listing_t *listing)
{
    size_t     i, kept;
    listed_t  *rows;

    rows = listing->rows.elts;

    if (listing->rows.count == 0) {
        return;
    }

    qsort(rows, listing->rows.count, sizeof(listed_t), rows_compare);

    for (i = 1, kept = 0; i < listing->rows.count; i++) {
        if (listed_compare(&rows[kept], &rows[i]) != 0) {
            rows[++kept] = rows[i];
        }
    }

    listing->rows.count = kept + 1;
}


int
listed_compare(const listed_t *a, const listed_t *b)
{
    if (a->event != b->event) {
        return a->event < b->event ? -1 : 1;
    }

    return pupil_uuid_compare(&a->subject, &b->subject);
}


/* Of two the one that has a leaf, and of leaves the first, comes first. */
static int
rows_compare(const void *one, const void *two)
{
    int              rc;
    uint64_t         first, second;
    const listed_t  *a, *b;

    a = one;
    b = two;

    rc = listed_compare(a, b);
    if (rc != 0) {
        return rc;
    }

    first = (uint64_t) a->leaf;
    second = (uint64_t) b->leaf;

    return first < second ? -1 : first > second;
}


int
listing_store(listing_t *listing, ctl_t *ctl)
{
    int          rc, i;
    ctl_array_t  arrays[ARRAY_COUNT];

    if (listing->rows.count == 0) {
        return 0;
    }

    listing_sort(listing);
    arrays_fill(listing, arrays);

    rc = rows_insert(ctl, arrays);

    /* of a log that was sealed before, and restored or taken back */
    if (rc == 1) {
        rc = rows_exec(ctl, give_way_sql, arrays, ARRAY_EVENTS) == 0
             ? rows_exec(ctl, store_sql, arrays, ARRAY_COUNT) : -1;
    }

    for (i = 0; i < ARRAY_COUNT; i++) {
        ctl_buf_free(&arrays[i].buf);
    }

    listing->rows.count = 0;

    return rc;
}


/* 0; 1: some are there, and nothing was stored; or -1. */
static int
rows_insert(ctl_t *ctl, ctl_array_t arrays[ARRAY_COUNT])
{
    int          there;
    PGresult    *res;
    const char  *state;

    if (ctl_exec(ctl->data, "SAVEPOINT listed", 0, NULL) != 0) {
        return -1;
    }

    res = ctl_binary_exec(ctl->data, store_sql, arrays, ARRAY_COUNT);
    state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
    there = state != NULL && strcmp(state, UNIQUE_VIOLATION) == 0;

    if (PQresultStatus(res) != PGRES_COMMAND_OK && !there) {
        if (state != NULL && strcmp(state, CHECK_VIOLATION) == 0) {
            ctl_error("events cannot be listed: pupil.audit_subject has no"
                      " table of their month: run pupilctl migrate");
        } else {
            ctl_error("events cannot be listed: SQLSTATE %s",
                      state != NULL ? state : "none");
        }

        PQclear(res);
        return -1;
    }

    PQclear(res);

    if (there) {
        return ctl_exec(ctl->data, "ROLLBACK TO listed", 0, NULL) == 0 ? 1
                                                                       : -1;
    }

    return ctl_exec(ctl->data, "RELEASE listed", 0, NULL);
}


static int
rows_exec(ctl_t *ctl, const char *sql, ctl_array_t *arrays, int count)
{
    int        rc;
    PGresult  *res;

    res = ctl_binary_exec(ctl->data, sql, arrays, count);
    rc = PQresultStatus(res) == PGRES_COMMAND_OK
         ? 0 : ctl_query_error(ctl->data, res, NULL);
    PQclear(res);

    return rc;
}


static void
arrays_fill(const listing_t *listing, ctl_array_t arrays[ARRAY_COUNT])
{
    int              a;
    size_t           i;
    listed_t        *rows;
    const listed_t  *row;

    static const ctl_array_type_t  types[ARRAY_COUNT] = {
        [ARRAY_SUBJECTS] = CTL_ARRAY_UUID,
        [ARRAY_TIMES] = CTL_ARRAY_TIME,
        [ARRAY_WRITERS] = CTL_ARRAY_INT8,
        [ARRAY_NUMBERS] = CTL_ARRAY_INT8,
        [ARRAY_EVENTS] = CTL_ARRAY_INT8,
        [ARRAY_LEAVES] = CTL_ARRAY_INT8
    };

    for (a = 0; a < ARRAY_COUNT; a++) {
        ctl_binary_begin(&arrays[a], types[a]);
    }

    rows = listing->rows.elts;
    qsort(rows, listing->rows.count, sizeof(listed_t), keys_compare);

    for (i = 0; i < listing->rows.count; i++) {
        row = &rows[i];

        ctl_binary_uuid(&arrays[ARRAY_SUBJECTS], &row->subject);
        ctl_binary_time(&arrays[ARRAY_TIMES], row->at);
        ctl_binary_int8(&arrays[ARRAY_WRITERS], (int64_t) row->writer);
        ctl_binary_int8(&arrays[ARRAY_NUMBERS], (int64_t) row->number);
        ctl_binary_int8(&arrays[ARRAY_EVENTS], (int64_t) row->event);

        if (row->leaf == LISTED_NO_LEAF) {
            ctl_binary_null(&arrays[ARRAY_LEAVES]);
        } else {
            ctl_binary_int8(&arrays[ARRAY_LEAVES], row->leaf);
        }
    }
}


/* As the table's key: by subject, time, and the rest. */
static int
keys_compare(const void *one, const void *two)
{
    int              rc;
    const listed_t  *a, *b;

    a = one;
    b = two;

    rc = pupil_uuid_compare(&a->subject, &b->subject);
    if (rc != 0) {
        return rc;
    }

    return a->at != b->at ? (a->at < b->at ? -1 : 1)
           : a->event < b->event ? -1 : a->event > b->event;
}


void
listing_free(listing_t *listing)
{
    free(listing->shapes.elts);
    free(listing->rows.elts);
    memset(listing, 0, sizeof(listing_t));
}
