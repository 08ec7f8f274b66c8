/*
 * Copyright (C) the Pupil authors
 *
 * Writes tasks as homework of their classes.  What is stored already stays as
 * it is.
 */

#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/roster/progress.h"
#include "ctl/roster/unnest.h"
#include "ctl/roster/work.h"
#include "ctl/store/facts.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"


#define TASKS_BATCH  100        /* a transaction */


/* Arrays of the statement, in order. */
enum {
    TASK_OWNER = 0,
    TASK_RECORD,
    TASK_VERSION,
    TASK_TITLE,
    TASK_EXERCISES,
    TASK_EXERCISE,
    TASK_BY,
    TASK_ASSIGNED,
    TASK_DUE,
    TASK_FACTS,
    TASK_COLUMNS
};

/* A homework that is being made. */
typedef struct {
    roster_t                *roster;
    const pupil_category_t  *category;
    const roster_task_t     *task;
    const ctl_owner_t       *owner;     /* its class */
    ctl_pool_t               pool;
    pupil_bound_row_t        bound;
} homework_t;


static const char  tasks_sql[] =
    "INSERT INTO data.homework (tenant, owner, record, key_version, source,"
    " title, exercises, exercise_ids, assigned_by, assigned_at, due_at, facts)"
    " SELECT $1::uuid, r.owner, r.record, r.version, $2, r.title, r.exercises,"
    " ARRAY[r.exercise], r.teacher, r.assigned, r.due, r.facts FROM"
    " unnest($3::uuid[], $4::uuid[], $5::integer[], $6::bytea[], $7::bytea[],"
    " $8::uuid[], $9::uuid[], $10::timestamptz[], $11::timestamptz[],"
    " $12::bytea[]) AS r(owner, record, version, title, exercises, exercise,"
    " teacher, assigned, due, facts)";

static const ctl_access_t  tasks_access = {
    .category = "homework",
    .fields = "title exercises exercise_ids assigned_by assigned_at due_at",
    .purpose = PUPIL_PURPOSE_ROSTERING,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "none"
};


static int tasks_know(roster_t *roster);
static int task_ids(roster_t *roster, roster_task_t *task);
static int tasks_stored(roster_t *roster);
static int tasks_write(roster_t *roster, const pupil_category_t *category,
    roster_task_t **tasks, unsigned count);
static int task_add(roster_t *roster, const pupil_category_t *category,
    const roster_task_t *task, roster_unnest_t *rows);
static int task_sealed(homework_t *homework, const char *field,
    pupil_str_t value, ctl_buf_t *column);
static int task_exercises(homework_t *homework, ctl_buf_t *column);
static void task_plain(homework_t *homework, roster_unnest_t *rows);
static void time_add(homework_t *homework, const char *field,
    pupil_time_t time, ctl_buf_t *column);


int
roster_tasks_apply(roster_t *roster)
{
    uint32_t           i;
    unsigned           count;
    roster_task_t     *batch[TASKS_BATCH], *task;
    roster_count_t    *counts;
    pupil_category_t  *category;

    if (roster->work.tasks_count == 0) {
        return 0;
    }

    if (roster_granted(roster, "homework", "exercises", &category) < 0) {
        return ctl_error("no plugin lets rostering write homework");
    }

    if (tasks_know(roster) != 0) {
        return -1;
    }

    count = 0;
    counts = &roster->counts[ROSTER_HOMEWORK];

    for (i = 0; i < roster->work.tasks_count; i++) {
        task = roster->work.tasks[i];

        if (task->stored) {
            counts->unchanged++;

        } else if (roster_item(roster, ROSTER_CLASS, task->class)->refused
                   || roster_item(roster, ROSTER_USER, task->teacher)->refused)
        {
            roster_refuse(roster, ROSTER_HOMEWORK, &task->place,
                          "its class or its teacher is refused");

        } else {
            batch[count++] = task;
        }

        if (count == TASKS_BATCH) {
            if (tasks_write(roster, category, batch, count) != 0) {
                return -1;
            }
            count = 0;
        }

        roster_progress("homework", i + 1, roster->work.tasks_count);
    }

    return tasks_write(roster, category, batch, count);
}


/* Their ids, and which of them are there already. */
static int
tasks_know(roster_t *roster)
{
    uint32_t  i;

    for (i = 0; i < roster->work.tasks_count; i++) {
        if (task_ids(roster, roster->work.tasks[i]) != 0) {
            return -1;
        }
    }

    if (ctl_begin(roster->ctl->data, &roster->ctl->tenant) != 0
        || tasks_stored(roster) != 0)
    {
        ctl_rollback(roster->ctl->data);
        return -1;
    }

    return ctl_commit(roster->ctl->data);
}


static int
task_ids(roster_t *roster, roster_task_t *task)
{
    return roster_work_id(roster, "homework", task->id, NULL, &task->homework)
           == 0
           ? roster_work_id(roster, "exercise", task->id, NULL,
                            &task->exercise)
           : -1;
}


static int
tasks_stored(roster_t *roster)
{
    int          row;
    uint32_t     i;
    PGresult    *res;
    ctl_buf_t    ids;
    const char  *params[2];

    ctl_buf_init(&ids);
    ctl_array_begin(&ids);

    for (i = 0; i < roster->work.tasks_count; i++) {
        ctl_array_uuid(&ids, &roster->work.tasks[i]->homework);
    }

    ctl_array_end(&ids);

    params[0] = roster->ctl->tenant_text;
    params[1] = ids.data;

    /* an aggregate names its group by the homework, then the exercise */
    res = ctl_query(roster->ctl->data, "SELECT (w.n - 1)::integer,"
                    " h.record IS NOT NULL, EXISTS (SELECT FROM"
                    " pupil.aggregate AS a WHERE a.tenant = $1::uuid AND"
                    " a.category = 'progress' AND left(a.grouped, 36) ="
                    " w.id::text) FROM unnest($2::uuid[]) WITH ORDINALITY AS"
                    " w(id, n) LEFT JOIN data.homework AS h ON h.record = w.id"
                    " AND h.tenant = $1::uuid ORDER BY w.n", 2, params);
    ctl_buf_free(&ids);

    if (res == NULL) {
        return -1;
    }

    for (row = 0; row < PQntuples(res); row++) {
        i = (uint32_t) ctl_get_int(res, row, 0, 0);

        if (i < roster->work.tasks_count) {
            roster->work.tasks[i]->stored = PQgetvalue(res, row, 1)[0] == 't';
            roster->work.tasks[i]->counted = PQgetvalue(res, row, 2)[0] == 't';
        }
    }

    PQclear(res);

    return 0;
}


/* The record first: whoever keeps what was made has it on record (I19). */
static int
tasks_write(roster_t *roster, const pupil_category_t *category,
    roster_task_t **tasks, unsigned count)
{
    int               rc;
    ctl_t            *ctl;
    unsigned          i;
    ctl_owner_t      *owner;
    roster_unnest_t   rows;

    if (count == 0) {
        return 0;
    }

    rc = 0;
    ctl = roster->ctl;
    roster_unnest_begin(&rows, TASK_COLUMNS);

    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || ctl_record(ctl, &tasks_access, "allowed", "{}", roster->source)
           != 0
        || ctl_commit(ctl->data) != 0)
    {
        rc = -1;
    }

    for (i = 0; rc == 0 && i < count; i++) {
        owner = &roster_item(roster, ROSTER_CLASS, tasks[i]->class)->owner;

        rc = ctl_owners_fetch(ctl, &owner, 1);
        if (rc == 0) {
            rc = task_add(roster, category, tasks[i], &rows);
        }
    }

    if (rc == 0 && (ctl_begin(ctl->data, &ctl->tenant) != 0
        || roster_unnest_exec(roster, &rows, tasks_sql, roster->source, NULL)
           != 0
        || ctl_commit(ctl->data) != 0))
    {
        rc = -1;
    }

    if (rc == 0) {
        roster->counts[ROSTER_HOMEWORK].taken += count;

    } else {
        ctl_rollback(ctl->data);
    }

    roster_unnest_free(&rows);

    return rc;
}


static int
task_add(roster_t *roster, const pupil_category_t *category,
    const roster_task_t *task, roster_unnest_t *rows)
{
    int          rc;
    homework_t   homework;
    pupil_str_t  facts;

    memset(&homework, 0, sizeof(homework_t));
    homework.roster = roster;
    homework.category = category;
    homework.task = task;
    homework.owner = &roster_item(roster, ROSTER_CLASS, task->class)->owner;

    ctl_array_uuid(&rows->columns[TASK_OWNER], &homework.owner->id);
    ctl_array_uuid(&rows->columns[TASK_RECORD], &task->homework);
    ctl_array_int(&rows->columns[TASK_VERSION], homework.owner->version);

    rc = task_sealed(&homework, "title", task->title,
                     &rows->columns[TASK_TITLE]);
    if (rc == 0) {
        rc = task_exercises(&homework, &rows->columns[TASK_EXERCISES]);
    }

    task_plain(&homework, rows);

    if (rc == 0) {
        rc = ctl_facts_make(roster->ctl, &homework.pool, category,
                            homework.owner, &task->homework, &homework.bound,
                            &facts);
    }

    if (rc == 0) {
        ctl_array_bytes(&rows->columns[TASK_FACTS], facts.data, facts.len);
    }

    ctl_pool_free(&homework.pool);

    return rc;
}


static int
task_sealed(homework_t *homework, const char *field, pupil_str_t value,
    ctl_buf_t *column)
{
    ctl_place_t  place;
    pupil_str_t  sealed;

    place.owner = homework->owner;
    place.category = homework->category->plugin->name;
    place.field = field;
    place.record = &homework->task->homework;

    if (ctl_seal(homework->roster->ctl, &homework->pool, &place, value,
                 &sealed) != 0)
    {
        return -1;
    }

    ctl_array_bytes(column, sealed.data, sealed.len);
    ctl_bound_set(homework->category, field, sealed, &homework->bound);

    return 0;
}


static int
task_exercises(homework_t *homework, ctl_buf_t *column)
{
    int          rc;
    char         id[PUPIL_UUID_TEXT_LEN + 1];
    ctl_buf_t    json;
    pupil_str_t  value;

    ctl_buf_init(&json);
    ctl_buf_printf(&json, "[{\"id\":\"%s\",\"title\":\"Result\","
                   "\"max_score\":%u}]",
                   ctl_uuid_text(&homework->task->exercise, id),
                   homework->task->most);

    value.data = (const uint8_t *) json.data;
    value.len = json.len;
    rc = task_sealed(homework, "exercises", value, column);
    ctl_buf_free(&json);

    return rc;
}


static void
task_plain(homework_t *homework, roster_unnest_t *rows)
{
    uint8_t                 *list;
    const roster_item_t     *teacher;
    const roster_task_t     *task;
    const pupil_category_t  *category;

    task = homework->task;
    category = homework->category;
    teacher = roster_item(homework->roster, ROSTER_USER, task->teacher);

    list = ctl_pool_alloc(&homework->pool, pupil_bound_uuids_size(1));
    pupil_bound_uuids(&homework->bound,
                      pupil_category_field(category, ctl_str("exercise_ids")),
                      &task->exercise, 1, list);
    pupil_bound_uuid(&homework->bound,
                     pupil_category_field(category, ctl_str("assigned_by")),
                     &teacher->owner.id);

    ctl_array_uuid(&rows->columns[TASK_EXERCISE], &task->exercise);
    ctl_array_uuid(&rows->columns[TASK_BY], &teacher->owner.id);

    time_add(homework, "assigned_at",
             (pupil_time_t) task->assigned * PUPIL_TIME_DAY,
             &rows->columns[TASK_ASSIGNED]);
    time_add(homework, "due_at",
             ((pupil_time_t) task->due + 1) * PUPIL_TIME_DAY
             - PUPIL_TIME_SECOND,
             &rows->columns[TASK_DUE]);
}


static void
time_add(homework_t *homework, const char *field, pupil_time_t time,
    ctl_buf_t *column)
{
    uint8_t      text[PUPIL_TIME_TEXT_MAX];
    pupil_str_t  s;

    s.data = text;
    s.len = pupil_time_format(time, text);
    ctl_array_text(column, s);

    pupil_bound_time(&homework->bound,
                     pupil_category_field(homework->category, ctl_str(field)),
                     time, ctl_pool_alloc(&homework->pool, 8));
}
