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
};


static int floor_raise(ctl_t *ctl, const ctl_promise_t *list, size_t count,
    int floor);


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
        || ctl_commit(ctl->keys) != 0)
    {
        return -1;
    }

    ctl_promises_forget(ctl);

    return 0;
}


void
ctl_promises_forget(ctl_t *ctl)
{
    if (ctl->promises != NULL) {
        free(ctl->promises->list);
        memset(ctl->promises, 0, sizeof(ctl_promises_t));
    }
}


int
ctl_floors_raise(ctl_t *ctl, const ctl_promise_t *list, size_t count)
{
    int  i;

    for (i = 0; i < CTL_FLOORS; i++) {
        if (floor_raise(ctl, list, count, i) != 0) {
            return -1;
        }
    }

    return 0;
}


static int
floor_raise(ctl_t *ctl, const ctl_promise_t *list, size_t count,
    int floor)
{
    int          rc;
    size_t       i, rise;
    uint32_t     to;
    ctl_buf_t    subjects, numbers;
    const char  *params[3];

    rise = 0;
    ctl_buf_init(&subjects);
    ctl_buf_init(&numbers);
    ctl_array_begin(&subjects);
    ctl_array_begin(&numbers);

    for (i = 0; i < count; i++) {
        to = ctl_floor_get(&list[i].to, floor);

        if (to != 0) {
            ctl_array_uuid(&subjects, &list[i].subject);
            ctl_array_int(&numbers, to);
            rise++;
        }
    }

    ctl_array_end(&subjects);
    ctl_array_end(&numbers);

    params[0] = subjects.data;
    params[1] = floor_names[floor];
    params[2] = numbers.data;

    rc = rise == 0 ? 0
         : ctl_exec(ctl->keys, "SELECT keystore.raise($1::uuid[], $2,"
                    " $3::integer[])", 3, params);

    ctl_buf_free(&subjects);
    ctl_buf_free(&numbers);

    return rc;
}
