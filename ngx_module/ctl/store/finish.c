/*
 * Copyright (C) the Pupil authors
 *
 * What is open of revocations.  Each step may be the last of a process that is
 * killed, and whoever finishes takes them all again: a floor that was raised
 * stays, a session that was ended too.
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/store/floors.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/promises.h"
#include "ctl/store/record.h"
#include "ctl/store/revoked.h"


#define BATCH   "1000"          /* revocations a transaction */

/* What is open, batch by batch: each row once, whatever becomes of it. */
typedef struct {
    const char     *subject;    /* NULL: anybody's */
    char            after[2][PUPIL_UUID_TEXT_LEN + 1];  /* the last one's */
    int             kept;       /* rows that do not go */
} walk_t;

typedef struct {
    ctl_t          *ctl;
    PGresult       *res;        /* open_sql */
    ctl_promise_t  *rows;
    int             count;
    int             rises;      /* a floor does */
} batch_t;


static int batch_finish(ctl_t *ctl, walk_t *walk);
static int batch_read(batch_t *batch, walk_t *walk);
static int batch_due(batch_t *batch);
static int due_query(const batch_t *batch, PGresult **res);
static int batch_record(const batch_t *batch);
static void floors_text(const pupil_floors_t *to, ctl_buf_t *text);
static int batch_raise(const batch_t *batch);
static int batch_close(const batch_t *batch, walk_t *walk);
static int batch_kept(const batch_t *batch, walk_t *walk, const char *ids);
static int session_end(const batch_t *batch, int row);
static int own_raise(const batch_t *batch);


/*
 * $1: subject, or NULL, $2 and $3: behind which.  Locks the subjects, in the
 * order of their ids.
 */
static const char  open_sql[] =
    "SELECT r.subject, r.revocation, r.token_hash, r.until, r.session,"
    " r.credential, r.authority, r.own::integer FROM pupil.revocation AS r"
    " JOIN pupil.subject AS s USING (tenant, subject)"
    " WHERE ($1::uuid IS NULL OR r.subject = $1::uuid)"
    " AND (r.subject, r.revocation) > ($2::uuid, $3::uuid)"
    " ORDER BY r.subject, r.revocation LIMIT " BATCH " FOR UPDATE OF s";

enum {
    OPEN_SUBJECT = 0,
    OPEN_ID,
    OPEN_TOKEN_HASH,
    OPEN_UNTIL,
    OPEN_FLOORS,
    OPEN_OWN = OPEN_FLOORS + CTL_FLOORS
};

/* $1: subjects, $2 and on: a number of each floor; whether it is due. */
static const char  due_sql[] =
    "SELECT coalesce(concat('session ', s.session) = ANY (f.due),"
    " false)::integer, coalesce(concat('credential ', s.credential) = ANY"
    " (f.due), false)::integer, coalesce(concat('authority ', s.authority)"
    " = ANY (f.due), false)::integer"
    " FROM unnest($1::uuid[], $2::integer[], $3::integer[], $4::integer[])"
    " WITH ORDINALITY AS s (subject, session, credential, authority, place)"
    " LEFT JOIN keystore.floor AS f ON f.subject = s.subject"
    " ORDER BY s.place";

/* $1: revocations. */
static const char  kept_sql[] =
    "SELECT subject FROM pupil.revocation WHERE revocation = ANY ($1::uuid[])"
    " ORDER BY subject";


static const pupil_uuid_t  nobody;


static const ctl_access_t  finish_access = {
    .category = "enrolment",
    .fields = "role",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};


int
ctl_revoke_finish(ctl_t *ctl, const pupil_uuid_t *subject)
{
    int     rc;
    char    text[PUPIL_UUID_TEXT_LEN + 1];
    walk_t  walk = { .kept = 0 };

    walk.subject = subject != NULL ? ctl_uuid_text(subject, text) : NULL;
    ctl_uuid_text(&nobody, walk.after[0]);
    ctl_uuid_text(&nobody, walk.after[1]);

    rc = ctl_promises_keep(ctl);

    if (rc == 0) {
        do {
            rc = batch_finish(ctl, &walk);
        } while (rc > 0);
    }

    if (rc != 0) {
        ctl_rollback(ctl->data);
        ctl_rollback(ctl->keys);
        return ctl_error("a revocation is not finished: until it is, somebody"
                         " who can write the data database can undo it; run"
                         " pupilctl work");
    }

    return walk.kept || ctl_promises_check(ctl) != 0 ? -1
           : ctl_revoked_check(ctl);
}


/* How many it was, or -1. */
static int
batch_finish(ctl_t *ctl, walk_t *walk)
{
    int      rc;
    batch_t  batch = { .ctl = ctl };

    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || batch_read(&batch, walk) != 0)
    {
        return -1;
    }

    rc = batch.count;

    if (rc == 0) {
        ctl_rollback(ctl->data);

    } else if (batch_due(&batch) != 0 || batch_record(&batch) != 0
               || ctl_commit(ctl->data) != 0 || batch_raise(&batch) != 0
               || batch_close(&batch, walk) != 0)
    {
        rc = -1;
    }

    PQclear(batch.res);
    free(batch.rows);

    return rc;
}


static int
batch_read(batch_t *batch, walk_t *walk)
{
    int             i, last, row;
    ctl_promise_t  *open;
    const char     *params[3];

    params[0] = walk->subject;
    params[1] = walk->after[0];
    params[2] = walk->after[1];

    batch->res = ctl_query(batch->ctl->data, open_sql, 3, params);
    if (batch->res == NULL) {
        return -1;
    }

    batch->count = PQntuples(batch->res);
    batch->rows = ctl_memory((size_t) (batch->count + 1)
                             * sizeof(ctl_promise_t));

    for (row = 0; row < batch->count; row++) {
        open = &batch->rows[row];

        if (ctl_get_uuid(batch->res, row, OPEN_SUBJECT, &open->subject) != 0) {
            return -1;
        }

        for (i = 0; i < CTL_FLOORS; i++) {
            ctl_floor_set(&open->to, i,
                          (uint32_t) ctl_get_int(batch->res, row,
                                                 OPEN_FLOORS + i, 0));
        }
    }

    last = batch->count - 1;

    for (i = 0; last >= 0 && i < 2; i++) {
        snprintf(walk->after[i], sizeof(walk->after[i]), "%s",
                 PQgetvalue(batch->res, last, OPEN_SUBJECT + i));
    }

    return 0;
}


/*
 * A floor rises to a number that was given and has not come to it: what says
 * anything else was raised already, or was made up, and is closed without more.
 */
static int
batch_due(batch_t *batch)
{
    int             i, row;
    PGresult       *res;
    ctl_promise_t  *open;

    if (due_query(batch, &res) != 0) {
        return -1;
    }

    for (row = 0; row < batch->count; row++) {
        open = &batch->rows[row];

        for (i = 0; i < CTL_FLOORS; i++) {
            if (ctl_get_int(res, row, i, 0) == 0) {
                ctl_floor_set(&open->to, i, 0);

            } else {
                batch->rises = 1;
            }
        }
    }

    PQclear(res);

    return 0;
}


static int
due_query(const batch_t *batch, PGresult **res)
{
    int          i, rc, row;
    ctl_buf_t    arrays[1 + CTL_FLOORS];
    const char  *params[1 + CTL_FLOORS];

    for (i = 0; i < 1 + CTL_FLOORS; i++) {
        ctl_buf_init(&arrays[i]);
        ctl_array_begin(&arrays[i]);

        for (row = 0; row < batch->count; row++) {
            if (i == 0) {
                ctl_array_uuid(&arrays[i], &batch->rows[row].subject);

            } else {
                ctl_array_int(&arrays[i],
                              (int32_t) ctl_floor_get(&batch->rows[row].to,
                                                      i - 1));
            }
        }

        ctl_array_end(&arrays[i]);
        params[i] = arrays[i].data;
    }

    rc = ctl_floors_query(batch->ctl, due_sql, 1 + CTL_FLOORS, params,
                          batch->count, res);

    for (i = 0; i < 1 + CTL_FLOORS; i++) {
        ctl_buf_free(&arrays[i]);
    }

    return rc;
}


/*
 * Whoever finishes what another has begun says so (I19): nothing takes back a
 * floor, and what is open has no MAC.
 */
static int
batch_record(const batch_t *batch)
{
    int                   rc, row;
    ctl_t                *ctl;
    ctl_buf_t             text;
    const ctl_promise_t  *open;

    ctl = batch->ctl;

    if (!batch->rises) {
        return 0;
    }

    if (ctl_plugins_open(ctl) != 0 || ctl_keys_take(ctl) != 0) {
        return -1;
    }

    rc = 0;

    for (row = 0; rc == 0 && row < batch->count; row++) {
        open = &batch->rows[row];
        floors_text(&open->to, &text);

        if (text.len != 0) {
            rc = ctl_record_one(ctl, &finish_access, "allowed",
                                &open->subject, text.data);
        }

        ctl_buf_free(&text);
    }

    return rc;
}


/* Empty where none rises. */
static void
floors_text(const pupil_floors_t *to, ctl_buf_t *text)
{
    int  i;

    ctl_buf_init(text);

    for (i = 0; i < CTL_FLOORS; i++) {
        if (ctl_floor_get(to, i) != 0) {
            ctl_buf_text(text, text->len == 0 ? "revocation=" : ",");
            ctl_buf_text(text, ctl_floor_name(i));
        }
    }
}


static int
batch_raise(const batch_t *batch)
{
    int  row;

    if (ctl_begin(batch->ctl->keys, &batch->ctl->tenant) != 0
        || own_raise(batch) != 0
        || ctl_floors_raise(batch->ctl, batch->rows, (size_t) batch->count)
           != 0)
    {
        return -1;
    }

    for (row = 0; row < batch->count; row++) {
        if (!PQgetisnull(batch->res, row, OPEN_TOKEN_HASH)
            && session_end(batch, row) != 0)
        {
            return -1;
        }
    }

    return ctl_commit(batch->ctl->keys);
}


/*
 * What people changed of their own rises to the number that it stands under,
 * and no further: a worker may have been given others since, and signed nothing
 * under them that is to be outdone.
 */
static int
own_raise(const batch_t *batch)
{
    int             row;
    const char     *params[3];
    ctl_promise_t  *open;

    for (row = 0; row < batch->count; row++) {
        open = &batch->rows[row];

        if (ctl_get_int(batch->res, row, OPEN_OWN, 0) == 0) {
            continue;
        }

        params[0] = PQgetvalue(batch->res, row, OPEN_SUBJECT);
        params[1] = PQgetvalue(batch->res, row, OPEN_FLOORS);
        params[2] = PQgetvalue(batch->res, row, OPEN_FLOORS + 1);

        if (ctl_exec(batch->ctl->keys, "SELECT keystore.raise_own($1::uuid,"
                     " $2::integer, $3::integer)", 3, params) != 0)
        {
            return -1;
        }

        memset(&open->to, 0, sizeof(pupil_floors_t));
    }

    return 0;
}


static int
session_end(const batch_t *batch, int row)
{
    const char  *params[2];

    params[0] = PQgetvalue(batch->res, row, OPEN_TOKEN_HASH);
    params[1] = PQgetvalue(batch->res, row, OPEN_UNTIL);

    return ctl_exec(batch->ctl->keys, "SELECT keystore.end_session("
                    "$1::bytea, $2::timestamptz)", 2, params);
}


static int
batch_close(const batch_t *batch, walk_t *walk)
{
    int          rc, row;
    ctl_buf_t    ids;
    const char  *params[1];

    ctl_buf_init(&ids);
    ctl_array_begin(&ids);

    for (row = 0; row < batch->count; row++) {
        ctl_array_text(&ids, ctl_get_str(batch->res, row, OPEN_ID));
    }

    ctl_array_end(&ids);
    params[0] = ids.data;
    rc = -1;

    if (ctl_begin(batch->ctl->data, &batch->ctl->tenant) == 0
        && ctl_exec(batch->ctl->data, "DELETE FROM pupil.revocation WHERE"
                    " revocation = ANY ($1::uuid[])", 1, params) == 0
        && batch_kept(batch, walk, ids.data) == 0)
    {
        rc = ctl_commit(batch->ctl->data);
    }

    ctl_buf_free(&ids);

    return rc;
}


/* Somebody keeps them: they are finished, and stop nothing behind them. */
static int
batch_kept(const batch_t *batch, walk_t *walk, const char *ids)
{
    int          count;
    PGresult    *res;
    const char  *params[1];

    params[0] = ids;

    res = ctl_query(batch->ctl->data, kept_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    count = PQntuples(res);

    if (count != 0) {
        walk->kept = 1;
        (void) ctl_error("%d finished revocation%s, the first of %s, do not go"
                         " from pupil.revocation: somebody keeps them there;"
                         " see pupilctl check", count,
                         ctl_plural((size_t) count), PQgetvalue(res, 0, 0));
    }

    PQclear(res);

    return 0;
}
