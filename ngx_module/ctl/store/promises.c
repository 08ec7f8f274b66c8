/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/store/promises.h"


struct ctl_promises_s {
    ctl_promise_t  *list;
    size_t          count, room;
    int             overtaken;      /* a floor is above what it was to be */
};

typedef struct {
    int             floor;
    size_t          count;
    ctl_buf_t       subjects, numbers;
} rise_t;


static int promises_above(ctl_t *ctl);
static int floor_raise(ctl_t *ctl, const rise_t *rise);
static int floor_above(ctl_t *ctl, const rise_t *rise);
static void rise_make(const ctl_promise_t *list, size_t count, int floor,
    rise_t *rise);
static void rise_free(rise_t *rise);


/* $1: subjects, $2: a floor, $3: numbers. */
static const char  above_sql[] =
    "SELECT FROM unnest($1::uuid[], $3::integer[]) AS r (subject, number)"
    " JOIN keystore.floor AS f ON f.subject = r.subject WHERE r.number <"
    " CASE $2 WHEN 'session' THEN f.session WHEN 'credential' THEN"
    " f.credential ELSE f.authority END LIMIT 1";


static const char *const  floor_names[CTL_FLOORS] = {
    "session", "credential", "authority"
};


uint32_t
ctl_floor_get(const pupil_floors_t *floors, int floor)
{
    const uint32_t  numbers[CTL_FLOORS] = {
        floors->session, floors->credential, floors->authority
    };

    return numbers[floor];
}


void
ctl_floor_set(pupil_floors_t *floors, int floor, uint32_t number)
{
    uint32_t *const  numbers[CTL_FLOORS] = {
        &floors->session, &floors->credential, &floors->authority
    };

    *numbers[floor] = number;
}


const char *
ctl_floor_name(int floor)
{
    return floor_names[floor];
}


void
ctl_promise(ctl_t *ctl, const pupil_uuid_t *subject, const pupil_floors_t *to)
{
    ctl_promise_t   *more;
    ctl_promises_t  *own;

    if (ctl->promises == NULL) {
        ctl->promises = ctl_pool_alloc(&ctl->pool, sizeof(ctl_promises_t));
        memset(ctl->promises, 0, sizeof(ctl_promises_t));
    }

    own = ctl->promises;

    if (own->count == own->room) {
        own->room = own->room * 2 + 8;
        more = ctl_memory(own->room * sizeof(ctl_promise_t));

        if (own->count != 0) {
            memcpy(more, own->list, own->count * sizeof(ctl_promise_t));
        }

        free(own->list);
        own->list = more;
    }

    own->list[own->count].subject = *subject;
    own->list[own->count++].to = *to;
}


int
ctl_promises_keep(ctl_t *ctl)
{
    ctl_promises_t  *own;

    own = ctl->promises;

    if (own == NULL || own->count == 0) {
        return 0;
    }

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0
        || ctl_floors_raise(ctl, own->list, own->count) != 0
        || promises_above(ctl) != 0
        || ctl_commit(ctl->keys) != 0)
    {
        return -1;
    }

    ctl_promises_forget(ctl);

    return 0;
}


/* Of those that are kept now, while nobody else raises them. */
static int
promises_above(ctl_t *ctl)
{
    int              i, above;
    rise_t           rise;
    ctl_promises_t  *own;

    own = ctl->promises;
    above = 0;

    for (i = 0; above == 0 && i < CTL_FLOORS; i++) {
        rise_make(own->list, own->count, i, &rise);
        above = rise.count == 0 ? 0 : floor_above(ctl, &rise);
        rise_free(&rise);
    }

    own->overtaken |= above > 0;

    return above < 0 ? -1 : 0;
}


int
ctl_promises_check(const ctl_t *ctl)
{
    return ctl->promises == NULL || !ctl->promises->overtaken
           ? 0 : ctl_error("another command revoked something of the same"
                           " person meanwhile: both have, and what the person"
                           " keeps may be gone; see pupilctl subject show, and"
                           " give again what is missing");
}


void
ctl_promises_forget(ctl_t *ctl)
{
    ctl_promises_t  *own;

    own = ctl->promises;

    if (own != NULL) {
        free(own->list);
        own->list = NULL;
        own->count = 0;
        own->room = 0;
    }
}


int
ctl_floors_raise(ctl_t *ctl, const ctl_promise_t *list, size_t count)
{
    int     i, rc;
    rise_t  rise;

    rc = 0;

    for (i = 0; rc == 0 && i < CTL_FLOORS; i++) {
        rise_make(list, count, i, &rise);
        rc = rise.count == 0 ? 0 : floor_raise(ctl, &rise);
        rise_free(&rise);
    }

    return rc;
}


static int
floor_raise(ctl_t *ctl, const rise_t *rise)
{
    const char  *params[3];

    params[0] = rise->subjects.data;
    params[1] = floor_names[rise->floor];
    params[2] = rise->numbers.data;

    return ctl_exec(ctl->keys, "SELECT keystore.raise($1::uuid[], $2,"
                    " $3::integer[])", 3, params);
}


/* Whether a floor is above what it was to rise to, or -1. */
static int
floor_above(ctl_t *ctl, const rise_t *rise)
{
    int          above;
    PGresult    *res;
    const char  *params[3];

    params[0] = rise->subjects.data;
    params[1] = floor_names[rise->floor];
    params[2] = rise->numbers.data;

    res = ctl_query(ctl->keys, above_sql, 3, params);
    if (res == NULL) {
        return -1;
    }

    above = PQntuples(res) != 0;
    PQclear(res);

    return above;
}


/* Those of a list of whom this floor is to rise. */
static void
rise_make(const ctl_promise_t *list, size_t count, int floor, rise_t *rise)
{
    size_t    i;
    uint32_t  to;

    memset(rise, 0, sizeof(rise_t));
    rise->floor = floor;
    ctl_array_begin(&rise->subjects);
    ctl_array_begin(&rise->numbers);

    for (i = 0; i < count; i++) {
        to = ctl_floor_get(&list[i].to, floor);

        if (to != 0) {
            ctl_array_uuid(&rise->subjects, &list[i].subject);
            ctl_array_int(&rise->numbers, to);
            rise->count++;
        }
    }

    ctl_array_end(&rise->subjects);
    ctl_array_end(&rise->numbers);
}


static void
rise_free(rise_t *rise)
{
    ctl_buf_free(&rise->subjects);
    ctl_buf_free(&rise->numbers);
}
