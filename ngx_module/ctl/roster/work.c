/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "core/login/token.h"
#include "ctl/base/buf.h"
#include "ctl/base/text.h"
#include "ctl/roster/work.h"
#include "ctl/store/keys.h"


roster_task_t *
roster_task_add(roster_t *roster, const roster_place_t *place, pupil_str_t id)
{
    int             fresh;
    ctl_slot_t     *slot;
    roster_task_t  *task;
    roster_work_t  *work;

    work = &roster->work;
    id = ctl_pool_str(&roster->pool, id.data, id.len);

    slot = ctl_map_put(&work->ids, id, &fresh);
    if (!fresh) {
        roster_refuse(roster, ROSTER_HOMEWORK, place, "its id is there"
                      " already");
        return NULL;
    }

    task = ctl_pool_alloc(&roster->pool, sizeof(roster_task_t));
    memset(task, 0, sizeof(roster_task_t));
    task->place = *place;
    task->id = id;

    slot->value = work->tasks_count;
    work->tasks = roster_grow(work->tasks, work->tasks_count,
                              &work->tasks_size, sizeof(roster_task_t *));
    work->tasks[work->tasks_count++] = task;

    return task;
}


uint32_t
roster_task_find(const roster_t *roster, pupil_str_t id)
{
    ctl_slot_t  *slot;

    slot = ctl_map_get(&roster->work.ids, id);

    return slot == NULL ? ROSTER_NONE : slot->value;
}


void
roster_result_add(roster_t *roster, const roster_result_t *result)
{
    roster_work_t  *work;

    work = &roster->work;

    if (!roster_link_there(roster, ROSTER_ENROLMENT, result->user,
                           work->tasks[result->task]->class, ROSTER_PUPIL))
    {
        roster_refuse(roster, ROSTER_RESULT, &result->place,
                      "its user does not learn in that class");
        return;
    }

    if (work->writing == NULL) {
        work->results++;
        return;
    }

    /* what is refused of it now was not before */

    roster->again = 0;
    roster->failed |= roster_result_write(roster, result) != 0;
    roster->again = 1;
}


void
roster_work_free(roster_t *roster)
{
    roster_work_t  *work;

    work = &roster->work;

    free(work->tasks);
    ctl_map_free(&work->ids);
}


int
roster_work_id(const roster_t *roster, const char *what, pupil_str_t id,
    const pupil_uuid_t *of, pupil_uuid_t *out)
{
    uint8_t             hash[PUPIL_HASH_LEN];
    ctl_buf_t           buf;
    pupil_str_t         s;
    const pupil_key_t  *key;

    key = ctl_key(roster->ctl, "fingerprint");
    if (key == NULL) {
        return -1;
    }

    ctl_buf_init(&buf);
    ctl_buf_printf(&buf, "%s %s ", what, roster->space);

    if (of != NULL) {
        ctl_buf_add(&buf, of->b, PUPIL_UUID_LEN);
    }

    ctl_buf_add(&buf, id.data, id.len);

    s.data = (const uint8_t *) buf.data;
    s.len = buf.len;
    pupil_fingerprint_make(key, s, hash);
    pupil_uuid_of(hash, out);
    ctl_buf_free(&buf);

    return 0;
}
