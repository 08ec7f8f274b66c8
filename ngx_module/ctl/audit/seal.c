/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl audit seal: the sealer (invariant I9).  There is one at a time for a
 * cell, by a lock of its session, and whatever happens to it, the next goes on:
 *
 *  1. a transaction reads what can be sealed, and stores tiles, the batch and
 *     its checkpoint;
 *  2. the checkpoint is added to the file outside of the database;
 *  3. the file is shipped.
 *
 * Who begins adds to the file what the database has more, so that 2 is made up
 * for, and ships it.  A file that has more than the database means that the log
 * was cut off, or the database restored: nothing is sealed on top of that.
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "ctl/audit/anchor.h"
#include "ctl/audit/batch.h"
#include "ctl/audit/beat.h"
#include "ctl/audit/forged.h"
#include "ctl/audit/hole.h"
#include "ctl/audit/listing.h"
#include "ctl/audit/outside.h"
#include "ctl/audit/seal.h"
#include "ctl/audit/turn.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"


#define PAUSE       2           /* seconds, with --follow */
#define AGAIN       15          /* seconds after a tenant failed */
#define BEAT        2           /* seconds between them */
#define RECOUNT     15          /* seconds between counts of holes */
#define BATCH_MAX   10000       /* records */
#define WINDOWS     4


/* A tenant, from one pass to the next. */
typedef struct {
    pupil_uuid_t  tenant;
    int           there;        /* it has not ended */
    int           begun;        /* its file was looked at */
    int           failed;
    int64_t       again;        /* then not before */
    int64_t       counted;      /* when its holes were */
    pupil_time_t  read;         /* up to then all was read */
    listing_t     listing;      /* whether its row is there */
    int64_t       looked[WINDOWS];  /* when, by the table below */
    uint64_t      events, missing, forged;
    outside_t     outside;      /* its file */
    uint64_t      shipped;      /* the batch that was said to be */
} seal_tenant_t;

/* Read at once. */
typedef struct {
    prefix_row_t  *rows;
    size_t         count;
    ctl_pool_t     pool;        /* of their texts */
    pupil_time_t   read;        /* up to then all was */
} records_t;

typedef struct {
    ctl_t            *ctl;
    sequence_list_t   tenants;  /* seal_tenant_t */
    sequence_list_t   gaps;     /* prefix_gap_t */
    forged_t          forged;
    int               more;     /* to be sealed at once */
    int               waits;    /* for a number */
    int64_t           beat;     /* when how far it is was stored */
    pupil_time_t      now;      /* the data database's, as the pass began */
} seal_t;


static int tenants_read(seal_t *s);
static seal_tenant_t *tenant_find(seal_t *s, const pupil_uuid_t *tenant);
static int seal_once(seal_t *s);
static void seal_again(seal_t *s);
static int beat(seal_t *s);
static int tenant_pass(seal_t *s, seal_tenant_t *t);
static int tenant_begin(seal_t *s, seal_tenant_t *t);
static int tenant_recount(seal_t *s, seal_tenant_t *t);
static int tenant_shipped(seal_t *s, seal_tenant_t *t);
static pupil_time_t window(seal_tenant_t *t);
static int records_read(seal_t *s, pupil_time_t from, records_t *records);
static int records_seal(seal_t *s, seal_tenant_t *t, const records_t *records);
static size_t records_check(seal_t *s, seal_tenant_t *t,
    const audit_log_t *log, const records_t *records);
static int prefix_seal(seal_t *s, seal_tenant_t *t, const audit_log_t *log,
    const prefix_t *prefix);
static int seal_end(seal_t *s);
static pupil_time_t earlier(pupil_time_t a, pupil_time_t b);


/*
 * What is committed late is dated before what was read already.  So what is
 * recent is read again, the longer ago, the seldomer: a record that is late by
 * no more than "back" is longer than "every" is found by the next look.  No
 * index says what is not sealed, as each record would pay for it.
 */
static const struct {
    int           every;        /* seconds */
    pupil_time_t  back;
} windows[WINDOWS] = {
    { 43200, 46800 * PUPIL_TIME_SECOND },
    { 3600, 4200 * PUPIL_TIME_SECOND },
    { 30, PUPIL_AUDIT_CLOCKS + 30 * PUPIL_TIME_SECOND },
    { 0, 3 * PUPIL_TIME_SECOND }
};

/* In the order of their times: what is left out comes later. */
static const char  records_sql[] =
    "SELECT " AUDIT_ROW_COLUMNS ", coalesce(w.number, 0)"
    " FROM pupil.audit_record AS r LEFT JOIN pupil.seal_writer AS w"
    " ON w.tenant = r.tenant AND w.writer = r.writer"
    " WHERE r.tenant = pupil.current_tenant()"
    " AND r.at >= timestamptz 'epoch' + %" PRId64 " * interval '1 us'"
    " AND r.number > coalesce(w.number, 0)"
    " ORDER BY r.at LIMIT %d";

#define COLUMN_SEALED  AUDIT_ROW_COUNT

int
ctl_cmd_audit_seal(ctl_t *ctl)
{
    int     rc;
    seal_t  s;

    if (ctl->opt.checkpoints == NULL) {
        ctl_error("--checkpoints is needed: a folder outside of the database");
        return CTL_USAGE;
    }

    memset(&s, 0, sizeof(s));
    s.ctl = ctl;

    if (anchor_folder(ctl) != 0 || turn_take(ctl) != 0) {
        return CTL_FAILED;
    }

    do {
        rc = seal_once(&s);

        if (rc != 0 && ctl->opt.follow && !ctl_connected(ctl)) {
            seal_again(&s);
            rc = 0;
        }
    } while (rc == 0 && (s.more || (!ctl->opt.follow && s.waits
                                    && sleep(1) == 0)
                         || (ctl->opt.follow && sleep(PAUSE) == 0)));

    if (seal_end(&s) != 0) {
        rc = -1;
    }

    free(s.tenants.elts);
    free(s.gaps.elts);
    forged_free(&s.forged);

    return rc == 0 ? CTL_DONE : CTL_FAILED;
}


/* Whatever was under way when connections were lost begins anew. */
static void
seal_again(seal_t *s)
{
    size_t          i;
    seal_tenant_t  *t;

    ctl_note("a connection is lost: both are made anew");
    turn_again(s->ctl);

    t = s->tenants.elts;

    for (i = 0; i < s->tenants.count; i++) {
        t[i].begun = 0;
        t[i].again = 0;
    }
}


/* What one tenant lacks does not keep others from being sealed. */
static int
seal_once(seal_t *s)
{
    size_t          i;
    seal_tenant_t  *t;

    s->more = 0;
    s->waits = 0;

    if (beat_now(s->ctl, &s->now) != 0 || tenants_read(s) != 0) {
        return -1;
    }

    for (i = 0; i < s->tenants.count; i++) {
        t = &((seal_tenant_t *) s->tenants.elts)[i];
        s->ctl->tenant = t->tenant;
        ctl_uuid_text(&t->tenant, s->ctl->tenant_text);

        /* also of one that has ended, however long that takes */
        ship_poll(&t->outside.ship);

        if (tenant_shipped(s, t) != 0) {
            return -1;
        }

        if (!t->there || (t->failed && ctl_seconds() < t->again)) {
            continue;
        }

        t->failed = (!t->begun && tenant_begin(s, t) != 0)
                    || tenant_pass(s, t) != 0 || tenant_recount(s, t) != 0;
        t->again = ctl_seconds() + AGAIN;

        if (!ctl_connected(s->ctl)) {
            return -1;
        }
    }

    return beat(s);
}


/*
 * What all tenants are sealed up to, or the only one that is sealed here; no
 * further than the last time that the row of each was there.
 */
static int
beat(seal_t *s)
{
    size_t          i;
    pupil_time_t    until;
    seal_tenant_t  *t;

    if (ctl_seconds() < s->beat + BEAT) {
        return 0;
    }

    t = s->tenants.elts;
    until = s->now;

    for (i = 0; i < s->tenants.count; i++) {
        if (t[i].there) {
            until = earlier(until, t[i].read);
            until = earlier(until, t[i].listing.at);
        }
    }

    s->beat = ctl_seconds();

    return s->ctl->opt.tenant != NULL ? beat_store_tenant(s->ctl, until)
                                      : beat_store(s->ctl, until);
}


/*
 * That of --tenant, or all: those that came since, too, and none that ended.
 * One whose row somebody took away is sealed as before.
 */
static int
tenants_read(seal_t *s)
{
    int             row, listed;
    size_t          i;
    PGresult       *res;
    pupil_uuid_t    tenant;
    seal_tenant_t  *t;

    if (s->ctl->opt.tenant != NULL) {
        if (ctl_open_tenant(s->ctl) != 0) {
            return -1;
        }

        t = tenant_find(s, &s->ctl->tenant);
        t->there = 1;
        t->listing.at = s->now;

        return 0;
    }

    res = listing_read(s->ctl);
    if (res == NULL) {
        return -1;
    }

    t = s->tenants.elts;

    for (i = 0; i < s->tenants.count; i++) {
        t[i].there = 0;
    }

    for (row = 0; row < PQntuples(res); row++) {
        if (ctl_get_uuid(res, row, LISTING_TENANT, &tenant) == 0) {
            t = tenant_find(s, &tenant);
            t->there = 1;
            listed = PQgetvalue(res, row, LISTING_LISTED)[0] == 't';
            listing_said(&t->listing, &tenant, listed, s->now);
        }
    }

    PQclear(res);

    return 0;
}


static seal_tenant_t *
tenant_find(seal_t *s, const pupil_uuid_t *tenant)
{
    size_t          i;
    seal_tenant_t  *t;

    t = s->tenants.elts;

    for (i = 0; i < s->tenants.count; i++) {
        if (pupil_uuid_compare(&t[i].tenant, tenant) == 0) {
            return &t[i];
        }
    }

    t = sequence_list_add(&s->tenants, sizeof(seal_tenant_t));
    memset(t, 0, sizeof(seal_tenant_t));
    t->tenant = *tenant;

    if (s->ctl->opt.ship != NULL) {
        t->outside.ship.command = ctl_pool_text(&s->ctl->pool, s->ctl->opt.ship,
                                        strlen(s->ctl->opt.ship));
    }

    return t;
}


/* Where the log is, and whether its file is behind. */
static int
tenant_begin(seal_t *s, seal_tenant_t *t)
{
    int            rc;
    audit_log_t    log;
    audit_tree_t  *tree;

    if (ctl_begin(s->ctl->data, &t->tenant) != 0) {
        return -1;
    }

    tree = ctl_memory(sizeof(audit_tree_t));
    memset(tree, 0, sizeof(audit_tree_t));

    rc = audit_log_open(&log, s->ctl, 1) == 0
         && audit_tree_open(tree, &log) == 0
         && outside_begin(&t->outside, &log, tree) == 0
         && (!t->outside.ship.due || beat_unshipped(s->ctl) == 0)
         && hole_list(s->ctl) == 0
         && ctl_commit(s->ctl->data) == 0
         ? 0 : -1;

    if (rc == 0) {
        t->read = tree->until;
        t->begun = 1;
    }

    audit_log_close(&log);
    audit_tree_close(tree);
    free(tree);
    ctl_rollback(s->ctl->data);

    return rc;
}


/* Workers go by the count, which is beside the list. */
static int
tenant_recount(seal_t *s, seal_tenant_t *t)
{
    if (ctl_seconds() < t->counted + RECOUNT) {
        return 0;
    }

    t->counted = ctl_seconds();

    return hole_recount(s->ctl);
}


/* Once for each time that the command has done it. */
static int
tenant_shipped(seal_t *s, seal_tenant_t *t)
{
    if (t->outside.ship.shipped == t->shipped) {
        return 0;
    }

    t->shipped = t->outside.ship.shipped;

    return beat_shipped(s->ctl, t->shipped);
}


/* A batch, if there is something. */
static int
tenant_pass(seal_t *s, seal_tenant_t *t)
{
    int        rc;
    records_t  records;

    if (ctl_begin(s->ctl->data, &t->tenant) != 0) {
        return -1;
    }

    memset(&records, 0, sizeof(records));
    records.read = s->now;

    rc = records_read(s, window(t), &records);

    if (rc == 0 && records.count == 0) {
        t->read = records.read;

    } else if (rc == 0) {
        rc = records_seal(s, t, &records);
    }

    ctl_pool_free(&records.pool);
    free(records.rows);
    ctl_rollback(s->ctl->data);

    return rc;
}


/* No key is asked for before there is something. */
static int
records_read(seal_t *s, pupil_time_t from, records_t *records)
{
    int            rc;
    prefix_row_t  *row;
    ctl_stream_t   stream;

    records->rows = ctl_memory(BATCH_MAX * sizeof(prefix_row_t));

    rc = ctl_stream_begin(&stream, s->ctl->data, records_sql, from, BATCH_MAX);

    while (rc == 0 && (rc = ctl_stream_next(&stream)) == 1) {
        row = &records->rows[records->count++];

        audit_row_take(&s->ctl->tenant, &stream, &records->pool, &row->row);
        row->sealed = (uint64_t) ctl_column_int8(
            stream.columns[COLUMN_SEALED], 0);

        /* what comes behind it was not read */
        if (records->count == BATCH_MAX) {
            records->read = row->row.record.at;
        }

        rc = 0;
    }

    ctl_stream_end(&stream);

    return rc;
}


/* From when on it is read now. */
static pupil_time_t
window(seal_tenant_t *t)
{
    size_t   i;
    int64_t  now;

    now = ctl_seconds();

    for (i = 0; t->looked[i] != 0 && now - t->looked[i] < windows[i].every;
         i++)
    { /* void */ }

    t->looked[i] = now;

    return t->read > windows[i].back ? t->read - windows[i].back : 0;
}


static int
records_seal(seal_t *s, seal_tenant_t *t, const records_t *records)
{
    int           rc;
    size_t        forged;
    prefix_t      prefix;
    audit_log_t   log;

    memset(&prefix, 0, sizeof(prefix));

    rc = audit_log_open(&log, s->ctl, 1);

    if (rc == 0) {
        forged = records_check(s, t, &log, records);

        /* they would be read again, for ever */
        if (forged == BATCH_MAX && records->read <= t->read)
        {
            rc = forged_flood_say(s->ctl, BATCH_MAX, records->read);
        }
    }

    if (rc == 0) {
        prefix.ctl = s->ctl;
        prefix.key = log.mac;
        prefix.gaps = &s->gaps;
        prefix.read = records->read;
        rc = prefix_take(&prefix, records->rows, records->count);
    }

    if (rc == 0 && prefix.events.count != 0) {
        rc = prefix_seal(s, t, &log, &prefix);
    }

    if (rc == 0) {
        t->read = prefix.waits != 0 && prefix.waits < records->read
                  ? prefix.waits : records->read;
        s->more |= records->count == BATCH_MAX;
        s->waits |= prefix.waits != 0;
    }

    prefix_free(&prefix);
    audit_log_close(&log);

    return rc;
}


/* How many are not authentic, each of which is said once. */
static size_t
records_check(seal_t *s, seal_tenant_t *t, const audit_log_t *log,
    const records_t *records)
{
    size_t        i, forged;
    audit_row_t  *row;

    forged = 0;

    for (i = 0; i < records->count; i++) {
        row = &records->rows[i].row;
        audit_row_check(log->mac, row);

        if (!row->authentic) {
            forged++;
            t->forged += forged_say(&s->forged, s->ctl, &row->record);
        }
    }

    forged_rest_say(&s->forged, s->ctl);

    return forged;
}


/* Commits. */
static int
prefix_seal(seal_t *s, seal_tenant_t *t, const audit_log_t *log,
    const prefix_t *prefix)
{
    int            rc;
    char           note[LOG_NOTE_SIZE];
    uint64_t       batch;
    audit_tree_t  *tree;

    tree = ctl_memory(sizeof(audit_tree_t));

    rc = audit_tree_open(tree, log) == 0
         && batch_seal(log, tree, prefix, note) == 0
         && (prefix->missing == 0
             || hole_found(s->ctl, tree->batch + 1, prefix->missing) == 0)
         && (t->outside.ship.command == NULL || beat_unshipped(s->ctl) == 0)
         && ctl_commit(s->ctl->data) == 0
         ? 0 : -1;

    batch = tree->batch + 1;
    audit_tree_close(tree);
    free(tree);

    if (rc != 0) {
        return -1;
    }

    t->events += prefix->events.count;
    t->missing += prefix->missing;

    if (prefix->missing != 0) {
        prefix_missing_say(prefix, batch);
    }

    if (outside_keep(&t->outside, batch, note) != 0) {
        t->begun = 0;
        return -1;
    }

    return 0;
}


/* What was shipped, and what was done. */
static int
seal_end(seal_t *s)
{
    int             rc;
    char            tenant[PUPIL_UUID_TEXT_LEN + 1];
    size_t          i;
    json_t         *list;
    seal_tenant_t  *t;

    rc = 0;
    list = json_array();

    for (i = 0; i < s->tenants.count; i++) {
        t = &((seal_tenant_t *) s->tenants.elts)[i];

        s->ctl->tenant = t->tenant;

        if (ship_finish(&t->outside.ship) != 0 || tenant_shipped(s, t) != 0
            || t->failed || t->missing != 0 || t->forged != 0)
        {
            rc = -1;
        }

        ctl_uuid_text(&t->tenant, tenant);
        json_array_append_new(list, json_pack("{s:s,s:I,s:I,s:I}", "tenant",
                                              tenant, "events",
                                              (json_int_t) t->events,
                                              "missing",
                                              (json_int_t) t->missing,
                                              "forged",
                                              (json_int_t) t->forged));

        if (!s->ctl->opt.json && t->events != 0) {
            ctl_note("tenant %s: %" PRIu64 " events sealed, %" PRIu64
                     " of them missing", tenant, t->events, t->missing);
        }
    }

    if (s->ctl->opt.json) {
        ctl_json_print(json_pack("{s:O}", "tenants", list));
    }

    json_decref(list);

    return rc;
}


static pupil_time_t
earlier(pupil_time_t a, pupil_time_t b)
{
    return a < b ? a : b;
}
