/*
 * Copyright (C) the Pupil authors
 *
 * Each step may be the last of a process that is killed, and whoever finishes
 * takes them all again: a floor that was raised stays, a session that was
 * ended too.
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

typedef struct {
    ctl_t          *ctl;
    PGresult       *res;        /* open_sql */
    ctl_promise_t  *rows;
    int             count;
    int             rises;      /* a floor does */
} batch_t;


static int subject_lock(ctl_t *ctl, const pupil_uuid_t *subject);
static void subject_text(const pupil_uuid_t *subject, ctl_buf_t *text);
static int subjects_lock(ctl_t *ctl, const char *subjects);
static int meanwhile(void);
static int authority_check(ctl_t *ctl, const char *subjects,
    const ctl_authority_t *list, size_t count);
static int authority_open(ctl_t *ctl, const char *subjects,
    const char *numbers);
static int batch_finish(ctl_t *ctl, const char *subject);
static int batch_read(batch_t *batch, const char *subject);
static int batch_floors(batch_t *batch);
static int batch_record(const batch_t *batch);
static void floors_text(const pupil_floors_t *to, ctl_buf_t *text);
static int batch_raise(const batch_t *batch);
static int batch_close(const batch_t *batch);
static int session_end(const batch_t *batch, int row);
static int floors_query(ctl_t *ctl, const char *subjects, int count,
    PGresult **res);
static void subjects_text(const batch_t *batch, ctl_buf_t *text);
static const char *number_text(uint32_t number, char text[16]);


/* $1: subject, or NULL.  Locks the subjects, in the order of their ids. */
static const char  open_sql[] =
    "SELECT r.subject, r.revocation, r.token_hash, r.until, r.session,"
    " r.credential, r.authority FROM pupil.revocation AS r JOIN pupil.subject"
    " AS s USING (tenant, subject) WHERE $1::uuid IS NULL OR r.subject ="
    " $1::uuid ORDER BY r.subject, r.opened_at LIMIT " BATCH
    " FOR UPDATE OF s";

enum {
    OPEN_SUBJECT = 0,
    OPEN_ID,
    OPEN_TOKEN_HASH,
    OPEN_UNTIL,
    OPEN_FLOORS
};

/* $1: subjects. */
static const char  floors_sql[] =
    "SELECT s.subject, coalesce(f.session, 0), coalesce(f.credential, 0),"
    " coalesce(f.authority, 0), coalesce(f.session_given, 0),"
    " coalesce(f.credential_given, 0), coalesce(f.authority_given, 0)"
    " FROM unnest($1::uuid[]) WITH ORDINALITY AS s (subject, place)"
    " LEFT JOIN keystore.floor AS f ON f.subject = s.subject"
    " ORDER BY s.place";

enum {
    FLOORS_SUBJECT = 0,
    FLOORS_NOW,
    FLOORS_GIVEN = FLOORS_NOW + CTL_FLOORS
};


static const ctl_access_t  finish_access = {
    .category = "enrolment",
    .fields = "role",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};


int
ctl_revoke_begin(ctl_t *ctl, const pupil_uuid_t *subject)
{
    if (ctl_commit(ctl->data) != 0 || ctl_revoke_finish(ctl, subject) != 0
        || ctl_begin(ctl->data, &ctl->tenant) != 0)
    {
        return -1;
    }

    return subject_lock(ctl, subject);
}


static int
subject_lock(ctl_t *ctl, const pupil_uuid_t *subject)
{
    int        rc;
    ctl_buf_t  text;

    subject_text(subject, &text);
    rc = subjects_lock(ctl, text.data);
    ctl_buf_free(&text);

    return rc;
}


/* An array of one. */
static void
subject_text(const pupil_uuid_t *subject, ctl_buf_t *text)
{
    ctl_buf_init(text);
    ctl_array_begin(text);
    ctl_array_uuid(text, subject);
    ctl_array_end(text);
}


/* In the order of their ids, so that two of these wait and do not lock up. */
static int
subjects_lock(ctl_t *ctl, const char *subjects)
{
    int          open;
    PGresult    *res;
    const char  *params[1];

    params[0] = subjects;

    if (ctl_exec(ctl->data, "SELECT FROM pupil.subject WHERE subject = ANY"
                 " ($1::uuid[]) ORDER BY subject FOR UPDATE", 1, params) != 0)
    {
        return -1;
    }

    res = ctl_query(ctl->data, "SELECT FROM pupil.revocation WHERE subject ="
                    " ANY ($1::uuid[]) AND token_hash IS NULL LIMIT 1", 1,
                    params);
    if (res == NULL) {
        return -1;
    }

    open = PQntuples(res);
    PQclear(res);

    return open != 0 ? meanwhile() : 0;
}


static int
meanwhile(void)
{
    return ctl_error("another command revokes something of the same person:"
                     " try again");
}


int
ctl_revoke_authority(ctl_t *ctl, const ctl_authority_t *list, size_t count)
{
    int        rc;
    size_t     i;
    ctl_buf_t  subjects, numbers;
    pupil_floors_t  to = { 0 };

    ctl_buf_init(&subjects);
    ctl_buf_init(&numbers);
    ctl_array_begin(&subjects);
    ctl_array_begin(&numbers);

    for (i = 0; i < count; i++) {
        ctl_array_uuid(&subjects, &list[i].subject);
        ctl_array_int(&numbers, list[i].number);

        to.authority = list[i].number;
        ctl_promise(ctl, &list[i].subject, &to);
    }

    ctl_array_end(&subjects);
    ctl_array_end(&numbers);

    rc = subjects_lock(ctl, subjects.data);

    if (rc == 0) {
        rc = authority_check(ctl, subjects.data, list, count);
    }

    if (rc == 0) {
        rc = ctl_authority_renew(ctl, list, count);
    }

    if (rc == 0) {
        rc = authority_open(ctl, subjects.data, numbers.data);
    }

    ctl_buf_free(&subjects);
    ctl_buf_free(&numbers);

    return rc;
}


/* The floors are still what they were taken for, and no number came after. */
static int
authority_check(ctl_t *ctl, const char *subjects, const ctl_authority_t *list,
    size_t count)
{
    int        same;
    size_t     i;
    PGresult  *res;

    if (floors_query(ctl, subjects, (int) count, &res) != 0) {
        return -1;
    }

    same = 1;

    for (i = 0; i < count; i++) {
        same &= (uint32_t) ctl_get_int(res, (int) i,
                                       FLOORS_NOW + CTL_FLOOR_AUTHORITY, 0)
                == list[i].floor
                && (uint32_t) ctl_get_int(res, (int) i, FLOORS_GIVEN
                                          + CTL_FLOOR_AUTHORITY, 0)
                   == list[i].number;
    }

    PQclear(res);

    return same ? 0 : meanwhile();
}


static int
authority_open(ctl_t *ctl, const char *subjects, const char *numbers)
{
    const char  *params[3];

    params[0] = ctl->tenant_text;
    params[1] = subjects;
    params[2] = numbers;

    return ctl_exec(ctl->data, "INSERT INTO pupil.revocation (tenant,"
                    " revocation, subject, authority) SELECT $1::uuid,"
                    " gen_random_uuid(), r.subject, r.number FROM"
                    " unnest($2::uuid[], $3::integer[]) AS r (subject,"
                    " number)", 3, params);
}


int
ctl_floors_read(ctl_t *ctl, const pupil_uuid_t *subject,
    pupil_floors_t *floors)
{
    int        i, rc;
    PGresult  *res;
    ctl_buf_t  text;

    subject_text(subject, &text);
    rc = floors_query(ctl, text.data, 1, &res);
    ctl_buf_free(&text);

    if (rc != 0) {
        return -1;
    }

    for (i = 0; i < CTL_FLOORS; i++) {
        ctl_floor_set(floors, i,
                      (uint32_t) ctl_get_int(res, 0, FLOORS_NOW + i, 0));
    }

    PQclear(res);

    return 0;
}


/* A row of each of so many. */
static int
floors_query(ctl_t *ctl, const char *subjects, int count, PGresult **res)
{
    const char  *params[1];

    params[0] = subjects;

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0) {
        return -1;
    }

    *res = ctl_query(ctl->keys, floors_sql, 1, params);
    ctl_rollback(ctl->keys);

    if (*res == NULL || PQntuples(*res) == count) {
        return *res == NULL ? -1 : 0;
    }

    PQclear(*res);

    return ctl_error("the key store has not one row of floors for each person:"
                     " restore keystore.floor from a backup");
}


int
ctl_revoke_open(ctl_t *ctl, const pupil_uuid_t *subject,
    const pupil_floors_t *to)
{
    int           i;
    char          numbers[CTL_FLOORS][16];
    char          id[PUPIL_UUID_TEXT_LEN + 1], whom[PUPIL_UUID_TEXT_LEN + 1];
    const char   *params[3 + CTL_FLOORS];
    pupil_uuid_t  random;

    pupil_uuid_random(&random);
    ctl_promise(ctl, subject, to);

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(&random, id);
    params[2] = ctl_uuid_text(subject, whom);

    for (i = 0; i < CTL_FLOORS; i++) {
        params[3 + i] = number_text(ctl_floor_get(to, i),
                                    numbers[i]);
    }

    return ctl_exec(ctl->data, "INSERT INTO pupil.revocation (tenant,"
                    " revocation, subject, session, credential, authority)"
                    " VALUES ($1::uuid, $2::uuid, $3::uuid, $4::integer,"
                    " $5::integer, $6::integer)", 3 + CTL_FLOORS, params);
}


int
ctl_revoke_finish(ctl_t *ctl, const pupil_uuid_t *subject)
{
    int          rc;
    char         text[PUPIL_UUID_TEXT_LEN + 1];
    const char  *whom;

    whom = subject != NULL ? ctl_uuid_text(subject, text) : NULL;
    rc = ctl_promises_keep(ctl);

    if (rc == 0) {
        do {
            rc = batch_finish(ctl, whom);
        } while (rc > 0);
    }

    if (rc != 0) {
        ctl_rollback(ctl->data);
        ctl_rollback(ctl->keys);
        return ctl_error("a revocation is not finished: until it is, somebody"
                         " who can write the data database can undo it; run"
                         " pupilctl work");
    }

    return ctl_revoked_check(ctl);
}


/* How many it was, or -1. */
static int
batch_finish(ctl_t *ctl, const char *subject)
{
    int      rc;
    batch_t  batch = { .ctl = ctl };

    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || batch_read(&batch, subject) != 0)
    {
        return -1;
    }

    rc = batch.count;

    if (rc == 0) {
        ctl_rollback(ctl->data);

    } else if (batch_floors(&batch) != 0 || batch_record(&batch) != 0
               || ctl_commit(ctl->data) != 0 || batch_raise(&batch) != 0
               || batch_close(&batch) != 0)
    {
        rc = -1;
    }

    PQclear(batch.res);
    free(batch.rows);

    return rc;
}


static int
batch_read(batch_t *batch, const char *subject)
{
    int             i, row;
    ctl_promise_t  *open;
    const char     *params[1];

    params[0] = subject;

    batch->res = ctl_query(batch->ctl->data, open_sql, 1, params);
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

    return 0;
}


/*
 * Where the key store stands.  A floor rises to a number that was given: what
 * says anything else was raised already, or was made up, and is closed without
 * more.
 */
static int
batch_floors(batch_t *batch)
{
    int             i, rc, row;
    uint32_t        to, now, given;
    PGresult       *res;
    ctl_buf_t       subjects;
    ctl_promise_t  *open;

    subjects_text(batch, &subjects);
    rc = floors_query(batch->ctl, subjects.data, batch->count, &res);
    ctl_buf_free(&subjects);

    if (rc != 0) {
        return -1;
    }

    for (row = 0; row < batch->count; row++) {
        open = &batch->rows[row];

        for (i = 0; i < CTL_FLOORS; i++) {
            to = ctl_floor_get(&open->to, i);
            now = (uint32_t) ctl_get_int(res, row, FLOORS_NOW + i, 0);
            given = (uint32_t) ctl_get_int(res, row, FLOORS_GIVEN + i, 0);

            if (to <= now || to > given) {
                to = 0;
            }

            ctl_floor_set(&open->to, i, to);
            batch->rises |= to != 0;
        }
    }

    PQclear(res);

    return 0;
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

    if (ctl_plugins_open(ctl) != 0 || ctl_keys_open(ctl) != 0) {
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
batch_close(const batch_t *batch)
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
                    " revocation = ANY ($1::uuid[])", 1, params) == 0)
    {
        rc = ctl_commit(batch->ctl->data);
    }

    ctl_buf_free(&ids);

    return rc;
}


static void
subjects_text(const batch_t *batch, ctl_buf_t *text)
{
    int  row;

    ctl_buf_init(text);
    ctl_array_begin(text);

    for (row = 0; row < batch->count; row++) {
        ctl_array_uuid(text, &batch->rows[row].subject);
    }

    ctl_array_end(text);
}


/* NULL for 0. */
static const char *
number_text(uint32_t number, char text[16])
{
    if (number == 0) {
        return NULL;
    }

    snprintf(text, 16, "%u", number);

    return text;
}
