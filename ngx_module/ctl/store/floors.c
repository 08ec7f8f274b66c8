/*
 * Copyright (C) the Pupil authors
 */

#include <stddef.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/store/floors.h"


/* A floor, by its column in both databases. */
typedef struct {
    const char  *name;
    size_t       offset;        /* in pupil_floors_t */
} floor_t;


static int subject_lock(ctl_t *ctl, const char *subject);
static int open_finish(ctl_t *ctl, const char *subject);
static int row_raise(ctl_t *ctl, const PGresult *res, int row);
static int floors_read(ctl_t *ctl, const char *subject,
    pupil_floors_t *floors);
static int session_end(ctl_t *ctl, const PGresult *res, int row);
static int floors_raise(ctl_t *ctl, const pupil_uuid_t *subject,
    const pupil_floors_t *to);
static int floor_raise(ctl_t *ctl, const char *subject, const floor_t *floor,
    uint32_t to);
static uint32_t *floor_of(pupil_floors_t *floors, const floor_t *floor);
static const char *target_text(uint32_t to, char text[16]);


static const floor_t  floors_all[] = {
    { "session", offsetof(pupil_floors_t, session) },
    { "credential", offsetof(pupil_floors_t, credential) },
    { "authority", offsetof(pupil_floors_t, authority) },
    { NULL, 0 }
};

/* $1: subject. */
static const char  open_sql[] =
    "SELECT subject, token_hash, until, session, credential, authority FROM"
    " pupil.revocation WHERE subject = $1::uuid ORDER BY opened_at";

/* Columns of open_sql; the floors in the order of floors_all. */
enum {
    OPEN_SUBJECT = 0,
    OPEN_TOKEN_HASH,
    OPEN_UNTIL,
    OPEN_FLOORS
};


int
ctl_floors_lock(ctl_t *ctl, const pupil_uuid_t *subject,
    pupil_floors_t *floors)
{
    int   rc;
    char  text[PUPIL_UUID_TEXT_LEN + 1];

    ctl_uuid_text(subject, text);

    if (subject_lock(ctl, text) != 0) {
        return -1;
    }

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0) {
        return -1;
    }

    rc = open_finish(ctl, text);

    if (rc == 0) {
        rc = floors_read(ctl, text, floors);
    }

    if (rc != 0) {
        ctl_rollback(ctl->keys);
        return -1;
    }

    return ctl_commit(ctl->keys);
}


static int
subject_lock(ctl_t *ctl, const char *subject)
{
    const char  *params[1];

    params[0] = subject;

    return ctl_exec(ctl->data, "SELECT FROM pupil.subject WHERE subject ="
                    " $1::uuid FOR UPDATE", 1, params);
}


/* What an earlier command, or a worker, did not get to. */
static int
open_finish(ctl_t *ctl, const char *subject)
{
    int          rc, row;
    PGresult    *res;
    const char  *params[1];

    params[0] = subject;

    res = ctl_query(ctl->data, open_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    rc = 0;

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        rc = PQgetisnull(res, row, OPEN_TOKEN_HASH)
             ? row_raise(ctl, res, row) : session_end(ctl, res, row);
    }

    PQclear(res);

    return rc == 0 ? ctl_exec(ctl->data, "DELETE FROM pupil.revocation WHERE"
                              " subject = $1::uuid", 1, params)
                   : -1;
}


static int
row_raise(ctl_t *ctl, const PGresult *res, int row)
{
    unsigned        i;
    pupil_uuid_t    subject;
    pupil_floors_t  to;

    ctl_get_uuid(res, row, OPEN_SUBJECT, &subject);

    for (i = 0; floors_all[i].name != NULL; i++) {
        *floor_of(&to, &floors_all[i]) =
            (uint32_t) ctl_get_int(res, row, OPEN_FLOORS + (int) i, 0);
    }

    return floors_raise(ctl, &subject, &to);
}


static int
session_end(ctl_t *ctl, const PGresult *res, int row)
{
    const char  *params[2];

    params[0] = PQgetvalue(res, row, OPEN_TOKEN_HASH);
    params[1] = PQgetvalue(res, row, OPEN_UNTIL);

    return ctl_exec(ctl->keys, "SELECT keystore.end_session($1::bytea,"
                    " $2::timestamptz)", 2, params);
}


static int
floors_read(ctl_t *ctl, const char *subject, pupil_floors_t *floors)
{
    unsigned     i;
    PGresult    *res;
    const char  *params[1];

    params[0] = subject;

    res = ctl_query(ctl->keys, "SELECT max(session), max(credential),"
                    " max(authority) FROM keystore.floor WHERE subject ="
                    " $1::uuid", 1, params);
    if (res == NULL) {
        return -1;
    }

    for (i = 0; floors_all[i].name != NULL; i++) {
        *floor_of(floors, &floors_all[i]) =
            (uint32_t) ctl_get_int(res, 0, (int) i, 0);
    }

    PQclear(res);

    return 0;
}


int
ctl_revocation_open(ctl_t *ctl, ctl_revocation_t *revocation)
{
    char         id[PUPIL_UUID_TEXT_LEN + 1];
    char         subject[PUPIL_UUID_TEXT_LEN + 1];
    char         session[16], credential[16], authority[16];
    const char  *params[6];

    pupil_uuid_random(&revocation->id);

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(&revocation->id, id);
    params[2] = ctl_uuid_text(&revocation->subject, subject);
    params[3] = target_text(revocation->to.session, session);
    params[4] = target_text(revocation->to.credential, credential);
    params[5] = target_text(revocation->to.authority, authority);

    return ctl_exec(ctl->data, "INSERT INTO pupil.revocation (tenant,"
                    " revocation, subject, session, credential, authority)"
                    " VALUES ($1::uuid, $2::uuid, $3::uuid, $4::integer,"
                    " $5::integer, $6::integer)", 6, params);
}


static const char *
target_text(uint32_t to, char text[16])
{
    if (to == 0) {
        return NULL;
    }

    snprintf(text, 16, "%u", to);

    return text;
}


int
ctl_revocation_finish(ctl_t *ctl, const ctl_revocation_t *revocation)
{
    char         id[PUPIL_UUID_TEXT_LEN + 1];
    const char  *params[1];

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0
        || floors_raise(ctl, &revocation->subject, &revocation->to) != 0
        || ctl_commit(ctl->keys) != 0)
    {
        ctl_rollback(ctl->keys);
        return ctl_error("what was revoked is written, but not in the key"
                         " store, so that somebody who can write the data"
                         " database could undo it: run pupilctl work");
    }

    params[0] = ctl_uuid_text(&revocation->id, id);

    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || ctl_exec(ctl->data, "DELETE FROM pupil.revocation WHERE revocation"
                    " = $1::uuid", 1, params) != 0)
    {
        return -1;
    }

    return ctl_commit(ctl->data);
}


static int
floors_raise(ctl_t *ctl, const pupil_uuid_t *subject,
    const pupil_floors_t *to)
{
    char            text[PUPIL_UUID_TEXT_LEN + 1];
    uint32_t        number;
    const floor_t  *floor;
    pupil_floors_t  copy = *to;

    ctl_uuid_text(subject, text);

    for (floor = floors_all; floor->name != NULL; floor++) {
        number = *floor_of(&copy, floor);

        if (number != 0 && floor_raise(ctl, text, floor, number) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
floor_raise(ctl_t *ctl, const char *subject, const floor_t *floor,
    uint32_t to)
{
    char         number[16];
    const char  *params[3];

    params[0] = subject;
    params[1] = floor->name;
    params[2] = target_text(to, number);

    return ctl_exec(ctl->keys, "SELECT keystore.raise(ARRAY[$1::uuid], $2,"
                    " ARRAY[$3::integer])", 3, params);
}


static uint32_t *
floor_of(pupil_floors_t *floors, const floor_t *floor)
{
    return (uint32_t *) (void *) ((char *) floors + floor->offset);
}
