/*
 * Copyright (C) the Pupil authors
 */

#include <stdio.h>

#include "core/base/text.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/store/floors.h"
#include "ctl/store/promises.h"


static int subject_lock(ctl_t *ctl, const pupil_uuid_t *subject);
static void subject_text(const pupil_uuid_t *subject, ctl_buf_t *text);
static int subjects_lock(ctl_t *ctl, const char *subjects);
static int meanwhile(void);
static int authority_check(ctl_t *ctl, const char *subjects,
    const ctl_authority_t *list, size_t count);
static int authority_open(ctl_t *ctl, const char *subjects,
    const char *numbers);
static int floors_query(ctl_t *ctl, const char *subjects, int count,
    PGresult **res);
static const char *number_text(uint32_t number, char text[16]);


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


static int
floors_query(ctl_t *ctl, const char *subjects, int count, PGresult **res)
{
    const char  *params[1];

    params[0] = subjects;

    return ctl_floors_query(ctl, floors_sql, 1, params, count, res);
}


int
ctl_floors_query(ctl_t *ctl, const char *sql, int params_count,
    const char *const *params, int count, PGresult **res)
{
    if (ctl_begin(ctl->keys, &ctl->tenant) != 0) {
        return -1;
    }

    *res = ctl_query(ctl->keys, sql, params_count, params);
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
