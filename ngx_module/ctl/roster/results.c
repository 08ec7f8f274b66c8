/*
 * Copyright (C) the Pupil authors
 *
 * Writes results as submissions of pupils, sealed under their own keys.  What
 * is stored already stays as it is, and what was counted is not counted twice:
 * two statistics that differ by somebody would tell who it was.
 */

#include <string.h>

#include "core/base/time.h"
#include "core/login/token.h"
#include "ctl/base/db.h"
#include "ctl/base/join.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/roster/progress.h"
#include "ctl/roster/unnest.h"
#include "ctl/roster/work.h"
#include "ctl/store/facts.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"


#define RESULTS_BATCH  200      /* a transaction */
#define RESULT_SIZE    128      /* of its JSON */

/* The dataset has no answers, only what they were worth. */
#define RESULT_ANSWER  "{}"


/* Arrays of the statement, in order. */
enum {
    RESULT_OWNER = 0,
    RESULT_RECORD,
    RESULT_VERSION,
    RESULT_AT,
    RESULT_HOMEWORK,
    RESULT_CLASS,
    RESULT_EXERCISE,
    RESULT_DONE,
    RESULT_SEALED_ANSWER,
    RESULT_SEALED_RESULT,
    RESULT_PRINT,
    RESULT_FACTS,
    RESULT_COLUMNS
};

/* A submission that is to be there. */
typedef struct {
    roster_result_t         from;
    const roster_task_t    *task;
    ctl_owner_t            *owner;      /* who made it */
    const pupil_uuid_t     *class;
    pupil_uuid_t            record;
    char                    json[RESULT_SIZE];
    uint8_t                 print[PUPIL_HASH_LEN];
    int                     stored;
} submission_t;

struct submissions_s {
    roster_t                *roster;
    const pupil_category_t  *category;
    submission_t             all[RESULTS_BATCH];
    unsigned                 count;
    size_t                   done;      /* of all that there are */
};


static const char  stored_sql[] =
    "SELECT p.record, p.fingerprint FROM data.progress AS p JOIN"
    " unnest($2::uuid[], $3::uuid[]) AS r(owner, record) ON p.owner = r.owner"
    " AND p.record = r.record WHERE p.tenant = $1::uuid";

static const char  results_sql[] =
    "INSERT INTO data.progress (tenant, owner, record, key_version, source,"
    " updated_at, homework_id, class_id, exercise_id, done, answer, result,"
    " fingerprint, facts, superseded) SELECT $1::uuid, r.owner, r.record,"
    " r.version, $2, r.at, r.homework, r.class, r.exercise, r.done, r.answer,"
    " r.result, r.print, r.facts, EXISTS (SELECT FROM data.progress AS p"
    " WHERE p.tenant = $1::uuid AND p.homework_id = r.homework AND p.owner ="
    " r.owner AND p.exercise_id = r.exercise AND NOT p.superseded) FROM"
    " unnest($3::uuid[], $4::uuid[], $5::integer[], $6::timestamptz[],"
    " $7::uuid[], $8::uuid[], $9::uuid[], $10::boolean[], $11::bytea[],"
    " $12::bytea[], $13::bytea[], $14::bytea[]) AS r(owner, record, version,"
    " at, homework, class, exercise, done, answer, result, print, facts)";

static const ctl_access_t  results_access = {
    .category = "progress",
    .fields = "homework_id class_id exercise_id done answer result",
    .purpose = PUPIL_PURPOSE_ROSTERING,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};


static const char *result_refused(const roster_t *roster,
    const roster_result_t *result);
static int submission_add(submissions_t *batch, const roster_result_t *result);
static int submission_twice(const submissions_t *batch);
static int batch_write(submissions_t *batch);
static int batch_stored(submissions_t *batch);
static int stored_read(void *ctx, uint32_t index, const PGresult *res,
    int row);
static int batch_record(const submissions_t *batch);
static int batch_insert(const submissions_t *batch);
static int submission_row(const submissions_t *batch,
    const submission_t *submission, roster_unnest_t *rows);
static void submission_plain(const submissions_t *batch,
    const submission_t *submission, roster_unnest_t *rows,
    pupil_bound_row_t *bound);
static int submission_sealed(const submissions_t *batch,
    const submission_t *submission, ctl_pool_t *pool, const char *field,
    const char *value, ctl_buf_t *column, pupil_bound_row_t *bound);


int
roster_results_apply(roster_t *roster, const roster_format_t *format,
    csv_source_t *source)
{
    int                rc;
    submissions_t     *batch;
    pupil_category_t  *category;

    if (roster->work.results == 0) {
        return 0;
    }

    if (roster_granted(roster, "progress", "result", &category) < 0) {
        return ctl_error("no plugin lets rostering write progress");
    }

    batch = ctl_pool_alloc(&roster->pool, sizeof(submissions_t));
    batch->roster = roster;
    batch->category = category;
    batch->count = 0;
    batch->done = 0;

    roster->work.writing = batch;
    roster->again = 1;
    rc = roster_format_again(roster, format, source);
    roster->again = 0;

    if (rc == 0 && batch->done != roster->work.results) {
        rc = ctl_error("the files of results have changed since they were read"
                       " first: run this again");
    }

    return rc == 0 ? batch_write(batch) : -1;
}


int
roster_result_write(roster_t *roster, const roster_result_t *result)
{
    const char     *reason;
    submissions_t  *batch;

    batch = roster->work.writing;

    reason = result_refused(roster, result);
    if (reason != NULL) {
        roster_refuse(roster, ROSTER_RESULT, &result->place, reason);

    } else if (submission_add(batch, result) != 0) {
        return -1;
    }

    roster_progress("results", ++batch->done, roster->work.results);

    return batch->count < RESULTS_BATCH ? 0 : batch_write(batch);
}


static const char *
result_refused(const roster_t *roster, const roster_result_t *result)
{
    const roster_task_t  *task;

    task = roster->work.tasks[result->task];

    if (roster_item(roster, ROSTER_USER, result->user)->refused
        || roster_item(roster, ROSTER_CLASS, task->class)->refused)
    {
        return "its user or its class is refused";
    }

    return task->counted ? "results of it were counted, and are gone" : NULL;
}


static int
submission_add(submissions_t *batch, const roster_result_t *result)
{
    int                  len;
    char                 text[RESULT_SIZE + 64];
    roster_t            *roster;
    pupil_str_t          s;
    submission_t        *to;
    const pupil_key_t   *key;

    roster = batch->roster;
    to = &batch->all[batch->count++];

    to->from = *result;
    to->task = roster->work.tasks[result->task];
    to->owner = &roster_item(roster, ROSTER_USER, result->user)->owner;
    to->class = &roster_item(roster, ROSTER_CLASS, to->task->class)->owner.id;
    to->stored = 0;

    key = ctl_key(roster->ctl, "fingerprint");
    if (key == NULL
        || roster_work_id(roster, "result", to->task->id, &to->owner->id,
                          &to->record) != 0)
    {
        return -1;
    }

    if (result->points == ROSTER_NO_SCORE) {
        snprintf(to->json, sizeof(to->json), "{\"completion\":%s}",
                 result->done ? "true" : "false");
    } else {
        snprintf(to->json, sizeof(to->json), "{\"score\":{\"raw\":%u,"
                 "\"max\":%u},\"completion\":%s}", result->points,
                 to->task->most, result->done ? "true" : "false");
    }

    len = snprintf(text, sizeof(text), "imported %d %s", result->day,
                   to->json);
    s.data = (const uint8_t *) text;
    s.len = (size_t) len;
    pupil_fingerprint_make(key, s, to->print);

    if (submission_twice(batch)) {
        roster_refuse(roster, ROSTER_RESULT, &result->place,
                      "is there already");
        batch->count--;
    }

    return 0;
}


/* The last one; of those that were written before, the database knows. */
static int
submission_twice(const submissions_t *batch)
{
    unsigned             i;
    const submission_t  *last;

    last = &batch->all[batch->count - 1];

    for (i = 0; i < batch->count - 1; i++) {
        if (memcmp(&batch->all[i].record, &last->record, PUPIL_UUID_LEN) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* Empties it.  The record first: whoever keeps what was made has it (I19). */
static int
batch_write(submissions_t *batch)
{
    unsigned      i, fresh;
    ctl_t        *ctl;
    ctl_owner_t  *owners[RESULTS_BATCH];

    ctl = batch->roster->ctl;

    for (i = 0; i < batch->count; i++) {
        owners[i] = batch->all[i].owner;
    }

    if (ctl_owners_fetch(ctl, owners, batch->count) != 0
        || ctl_begin(ctl->data, &ctl->tenant) != 0
        || batch_stored(batch) != 0)
    {
        ctl_rollback(ctl->data);
        return -1;
    }

    for (i = 0, fresh = 0; i < batch->count; i++) {
        fresh += !batch->all[i].stored;
    }

    if (fresh != 0 && (batch_record(batch) != 0 || ctl_commit(ctl->data) != 0
        || ctl_begin(ctl->data, &ctl->tenant) != 0
        || batch_insert(batch) != 0))
    {
        ctl_rollback(ctl->data);
        return -1;
    }

    if (ctl_commit(ctl->data) != 0) {
        return -1;
    }

    batch->roster->counts[ROSTER_RESULT].taken += fresh;
    batch->count = 0;

    return 0;
}


static int
batch_stored(submissions_t *batch)
{
    int          rc;
    unsigned     i;
    PGresult    *res;
    ctl_buf_t    owners, records;
    ctl_join_t   join;
    const char  *params[3];

    memset(&join, 0, sizeof(ctl_join_t));
    join.key_len = PUPIL_UUID_LEN;

    ctl_buf_init(&owners);
    ctl_buf_init(&records);
    ctl_array_begin(&owners);
    ctl_array_begin(&records);

    for (i = 0; i < batch->count; i++) {
        ctl_array_uuid(&owners, &batch->all[i].owner->id);
        ctl_array_uuid(&records, &batch->all[i].record);
        ctl_join_add(&join, batch->all[i].record.b, i);
    }

    ctl_array_end(&owners);
    ctl_array_end(&records);

    params[0] = batch->roster->ctl->tenant_text;
    params[1] = owners.data;
    params[2] = records.data;

    res = ctl_query(batch->roster->ctl->data, stored_sql, 3, params);
    rc = res == NULL ? -1 : ctl_join_rows(&join, res, stored_read, batch);

    PQclear(res);
    ctl_join_free(&join);
    ctl_buf_free(&owners);
    ctl_buf_free(&records);

    return rc;
}


static int
stored_read(void *ctx, uint32_t index, const PGresult *res, int row)
{
    size_t          len;
    uint8_t         print[PUPIL_HASH_LEN];
    submission_t   *submission;
    submissions_t  *batch = ctx;

    submission = &batch->all[index];
    submission->stored = 1;

    if (ctl_get_bytes(res, row, 1, print, sizeof(print), &len) == 0
        && len == sizeof(print)
        && memcmp(print, submission->print, sizeof(print)) == 0)
    {
        batch->roster->counts[ROSTER_RESULT].unchanged++;

    } else {
        roster_refuse(batch->roster, ROSTER_RESULT, &submission->from.place,
                      "another result of it is stored");
    }

    return 0;
}


static int
batch_record(const submissions_t *batch)
{
    int        rc;
    unsigned   i;
    ctl_buf_t  subjects;

    ctl_buf_init(&subjects);
    ctl_array_begin(&subjects);

    for (i = 0; i < batch->count; i++) {
        if (!batch->all[i].stored) {
            ctl_array_uuid(&subjects, &batch->all[i].owner->id);
        }
    }

    ctl_array_end(&subjects);

    rc = ctl_record(batch->roster->ctl, &results_access, "allowed",
                    subjects.data, batch->roster->source);
    ctl_buf_free(&subjects);

    return rc;
}


static int
batch_insert(const submissions_t *batch)
{
    int               rc;
    unsigned          i;
    roster_unnest_t   rows;

    rc = 0;
    roster_unnest_begin(&rows, RESULT_COLUMNS);

    for (i = 0; rc == 0 && i < batch->count; i++) {
        if (!batch->all[i].stored) {
            rc = submission_row(batch, &batch->all[i], &rows);
        }
    }

    if (rc == 0) {
        rc = roster_unnest_exec(batch->roster, &rows, results_sql,
                                batch->roster->source, NULL);
    }

    roster_unnest_free(&rows);

    return rc;
}


static int
submission_row(const submissions_t *batch, const submission_t *submission,
    roster_unnest_t *rows)
{
    int                rc;
    ctl_pool_t         pool;
    pupil_str_t        facts;
    pupil_bound_row_t  bound;

    memset(&pool, 0, sizeof(ctl_pool_t));
    memset(&bound, 0, sizeof(pupil_bound_row_t));

    submission_plain(batch, submission, rows, &bound);

    rc = submission_sealed(batch, submission, &pool, "answer", RESULT_ANSWER,
                           &rows->columns[RESULT_SEALED_ANSWER], &bound);
    if (rc == 0) {
        rc = submission_sealed(batch, submission, &pool, "result",
                               submission->json,
                               &rows->columns[RESULT_SEALED_RESULT], &bound);
    }

    if (rc == 0) {
        rc = ctl_facts_make(batch->roster->ctl, &pool, batch->category,
                            submission->owner, &submission->record, &bound,
                            &facts);
    }

    if (rc == 0) {
        ctl_array_bytes(&rows->columns[RESULT_FACTS], facts.data, facts.len);
    }

    ctl_pool_free(&pool);

    return rc;
}


static void
submission_plain(const submissions_t *batch, const submission_t *submission,
    roster_unnest_t *rows, pupil_bound_row_t *bound)
{
    uint8_t                  text[PUPIL_TIME_TEXT_MAX];
    pupil_str_t              at;
    const roster_task_t     *task;
    const pupil_category_t  *category;

    task = submission->task;
    category = batch->category;

    at.data = text;
    at.len = pupil_time_format((pupil_time_t) submission->from.day
                               * PUPIL_TIME_DAY, text);

    ctl_array_uuid(&rows->columns[RESULT_OWNER], &submission->owner->id);
    ctl_array_uuid(&rows->columns[RESULT_RECORD], &submission->record);
    ctl_array_int(&rows->columns[RESULT_VERSION], submission->owner->version);
    ctl_array_text(&rows->columns[RESULT_AT], at);
    ctl_array_uuid(&rows->columns[RESULT_HOMEWORK], &task->homework);
    ctl_array_uuid(&rows->columns[RESULT_CLASS], submission->class);
    ctl_array_uuid(&rows->columns[RESULT_EXERCISE], &task->exercise);
    ctl_array_text(&rows->columns[RESULT_DONE],
                   ctl_str(submission->from.done ? "t" : "f"));
    ctl_array_bytes(&rows->columns[RESULT_PRINT], submission->print,
                    PUPIL_HASH_LEN);

    pupil_bound_uuid(bound, pupil_category_field(category,
                     ctl_str("homework_id")), &task->homework);
    pupil_bound_uuid(bound, pupil_category_field(category,
                     ctl_str("class_id")), submission->class);
    pupil_bound_uuid(bound, pupil_category_field(category,
                     ctl_str("exercise_id")), &task->exercise);
    pupil_bound_bool(bound, pupil_category_field(category, ctl_str("done")),
                     submission->from.done);
}


static int
submission_sealed(const submissions_t *batch, const submission_t *submission,
    ctl_pool_t *pool, const char *field, const char *value, ctl_buf_t *column,
    pupil_bound_row_t *bound)
{
    ctl_place_t  place;
    pupil_str_t  sealed;

    place.owner = submission->owner;
    place.category = batch->category->plugin->name;
    place.field = field;
    place.record = &submission->record;

    if (ctl_seal(batch->roster->ctl, pool, &place, ctl_str(value), &sealed)
        != 0)
    {
        return -1;
    }

    ctl_array_bytes(column, sealed.data, sealed.len);
    ctl_bound_set(batch->category, field, sealed, bound);

    return 0;
}
