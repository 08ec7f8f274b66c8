/*
 * Copyright (C) the Pupil authors
 */

#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/store/numbers.h"


static int numbers_query(ctl_t *ctl, ctl_floor_t floor,
    const ctl_buf_t *subjects, int count, PGresult **res);


/* $1: subjects, $2: a floor. */
static const char  give_sql[] =
    "SELECT n.number FROM keystore.give_numbers($1::uuid[], $2) AS n"
    " JOIN unnest($1::uuid[]) WITH ORDINALITY AS s (subject, place)"
    " ON s.subject = n.subject ORDER BY s.place";


int
ctl_number_take(ctl_t *ctl, const pupil_uuid_t *subject, ctl_floor_t floor,
    pupil_floors_t *to)
{
    int        rc;
    PGresult  *res;
    ctl_buf_t  subjects;

    ctl_buf_init(&subjects);
    ctl_array_begin(&subjects);
    ctl_array_uuid(&subjects, subject);
    ctl_array_end(&subjects);

    rc = numbers_query(ctl, floor, &subjects, 1, &res);
    ctl_buf_free(&subjects);

    if (rc == 0) {
        ctl_floor_set(to, floor, (uint32_t) ctl_get_int(res, 0, 0, 0));
        PQclear(res);
    }

    return rc;
}


int
ctl_numbers_take(ctl_t *ctl, ctl_authority_t *list, size_t count)
{
    int        rc;
    size_t     i;
    PGresult  *res;
    ctl_buf_t  subjects;

    ctl_buf_init(&subjects);
    ctl_array_begin(&subjects);

    for (i = 0; i < count; i++) {
        ctl_array_uuid(&subjects, &list[i].subject);
    }

    ctl_array_end(&subjects);

    rc = numbers_query(ctl, CTL_FLOOR_AUTHORITY, &subjects, (int) count, &res);
    ctl_buf_free(&subjects);

    if (rc != 0) {
        return -1;
    }

    for (i = 0; i < count; i++) {
        list[i].number = (uint32_t) ctl_get_int(res, (int) i, 0, 0);
    }

    PQclear(res);

    return 0;
}


int
ctl_number_token(ctl_t *ctl, const pupil_uuid_t *subject, uint32_t *number)
{
    char         id[PUPIL_UUID_TEXT_LEN + 1];
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl_uuid_text(subject, id);

    res = ctl_begin(ctl->keys, &ctl->tenant) == 0
          ? ctl_query(ctl->keys, "SELECT keystore.give_token($1::uuid)", 1,
                      params)
          : NULL;

    if (res != NULL && ctl_commit(ctl->keys) == 0) {
        *number = (uint32_t) ctl_get_int(res, 0, 0, 0);
        PQclear(res);
        return 0;
    }

    PQclear(res);
    ctl_rollback(ctl->keys);

    return ctl_error("the key store gives no number for a token: nothing was"
                     " changed");
}


/* Committed, and a row of each of so many. */
static int
numbers_query(ctl_t *ctl, ctl_floor_t floor, const ctl_buf_t *subjects,
    int count, PGresult **res)
{
    const char  *params[2];

    params[0] = subjects->data;
    params[1] = ctl_floor_name(floor);

    *res = ctl_begin(ctl->keys, &ctl->tenant) == 0
           ? ctl_query(ctl->keys, give_sql, 2, params) : NULL;

    if (*res != NULL && PQntuples(*res) == count
        && ctl_commit(ctl->keys) == 0)
    {
        return 0;
    }

    PQclear(*res);
    ctl_rollback(ctl->keys);

    return ctl_error("the key store gives no numbers to revoke under: nothing"
                     " was changed");
}
