/*
 * Copyright (C) the Pupil authors
 *
 * One homework as it is shown: what the class owns, who assigned it, and what
 * stands beside it, for a pupil the own progress, for a teacher the counts.
 */

#include "http/homework/ngx_http_pupil_homework.h"


static ngx_int_t ngx_http_pupil_homework_assigner(
    const ngx_http_pupil_row_t *row, ngx_http_pupil_item_t *item);
static void ngx_http_pupil_homework_teacher(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_item_t *item);
static ngx_int_t ngx_http_pupil_homework_current(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);
static ngx_int_t ngx_http_pupil_homework_stored(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_http_pupil_current_t *current);
static void ngx_http_pupil_homework_row(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, const ngx_http_pupil_current_t *current,
    ngx_http_pupil_row_t *submission);
static ngx_int_t ngx_http_pupil_homework_add(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, const ngx_http_pupil_current_t *current,
    const pupil_exercises_t *exercises, pupil_score_t *score);
static ngx_int_t ngx_http_pupil_teacher_check(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_teacher_t *teacher);


ngx_int_t
ngx_http_pupil_homework_item(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_http_pupil_item_t *item)
{
    ngx_int_t                   rc;
    pupil_uuid_t                class_id;
    ngx_http_pupil_row_t        defined;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    ngx_memzero(item, sizeof(ngx_http_pupil_item_t));

    rc = ngx_libpq_get_uuid(res, row, PUPIL_HL_RECORD, item->record.b);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_libpq_get_uuid(res, row, PUPIL_HL_CLASS, class_id.b) != NGX_OK) {
        return NGX_ERROR;
    }

    if (data->one != NULL
        && pupil_uuid_compare(data->one, &item->record) != 0)
    {
        ngx_http_pupil_tampered_record(ctx, "homework", &item->record,
                                       &class_id, "another record");
        return NGX_DECLINED;
    }

    /* none: its enrolment is not authentic; or new, where a write reads back */
    item->class = ngx_http_pupil_homework_class(data, &class_id);

    if (item->class == NULL) {
        return NGX_DECLINED;
    }

    defined.stmt = data->list;
    defined.res = res;
    defined.n = row;
    defined.owner = &item->class->owner;
    defined.record = &item->record;

    rc = ngx_http_pupil_facts(ctx, &defined);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_homework_there(ctx, &defined, data->one == NULL
                                           && data->query.list.status
                                              == PUPIL_LIST_WITHDRAWN);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_pupil_homework_assigner(&defined, item) != NGX_OK) {
        return NGX_ERROR;
    }

    item->definition.record = item->record;

    return ngx_http_pupil_homework_define(ctx, &defined, &item->definition);
}


/* Whom the row names, who is looked at when the item is shown. */
static ngx_int_t
ngx_http_pupil_homework_assigner(const ngx_http_pupil_row_t *row,
    ngx_http_pupil_item_t *item)
{
    int32_t                    column;
    ngx_http_pupil_teacher_t  *teacher;

    teacher = &item->row;
    teacher->res = row->res;
    teacher->row = row->n;
    teacher->enrolment = PUPIL_HL_TEACHER;
    teacher->owner = PUPIL_HL_TEACHER_OWNER;
    teacher->stmt = row->stmt;
    teacher->given = PUPIL_HL_WANT_GIVEN_NAME;
    teacher->family = PUPIL_HL_WANT_FAMILY_NAME;
    teacher->class_id = row->owner->id;

    item->teacher = teacher;
    column = row->stmt->statement.column[PUPIL_HL_WANT_ASSIGNED_BY];

    return ngx_libpq_get_uuid(row->res, row->n, column, teacher->subject.b)
           == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


ngx_int_t
ngx_http_pupil_homework_json(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_item_t *item, PGresult *beside)
{
    ngx_int_t                           rc;
    pupil_writer_t                     *out;
    ngx_http_pupil_homework_t          *data;
    const ngx_http_pupil_definition_t  *definition;

    data = ctx->data;
    out = &ctx->out;
    definition = &item->definition;
    rc = NGX_OK;

    pupil_writer_object_begin(out);
    pupil_writer_members(out, definition->head.data, definition->head.len);

    ngx_http_pupil_homework_teacher(ctx, item);

    if (definition->has_exercises) {
        pupil_writer_key(out, "exercises");
        pupil_writer_raw(out, definition->text.data, definition->text.len);
    }

    if (ngx_http_pupil_is(ctx, "teacher")) {
        pupil_writer_key(out, "version");
        pupil_writer_uuid(out, &definition->version);
    }

    if (beside != NULL) {
        rc = data->role->write(ctx, item, beside);
    }

    pupil_writer_object_end(out);

    return rc;
}


/* Whoever assigned it, while that person teaches the class. */
static void
ngx_http_pupil_homework_teacher(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_item_t *item)
{
    const pupil_str_t          *name;
    const pupil_statement_t    *list;
    ngx_http_pupil_teacher_t   *teacher;
    ngx_http_pupil_homework_t  *data;

    static const pupil_str_t  nobody = { NULL, 0 };

    data = ctx->data;
    list = &data->list->statement;
    teacher = item->teacher;
    name = &nobody;

    if (!list->granted[PUPIL_HL_WANT_GIVEN_NAME]
        && !list->granted[PUPIL_HL_WANT_FAMILY_NAME])
    {
        return;
    }

    if (teacher != NULL
        && ngx_http_pupil_teacher_check(ctx, teacher) != NGX_OK)
    {
        ctx->out.rc = PUPIL_NO_MEMORY;
        return;
    }

    if (teacher != NULL && teacher->authentic) {
        name = &teacher->name;
    }

    pupil_writer_key(&ctx->out, "assigned_by");
    pupil_writer_object_begin(&ctx->out);
    ngx_http_pupil_display_name_write(ctx, name);
    pupil_writer_object_end(&ctx->out);
}


/*
 * Once for each row and answer: is the enrolment authentic, who is it, and
 * what is the name.  The audit names whom it is about.
 */
static ngx_int_t
ngx_http_pupil_teacher_check(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_teacher_t *teacher)
{
    pupil_expected_t        expected;
    ngx_http_pupil_row_t    row;
    pupil_enrolment_row_t   enrolment;
    ngx_http_pupil_owner_t  owner;

    static const pupil_str_t  role = pupil_str("teacher");

    if (!teacher->checked) {
        teacher->checked = 1;

        ngx_memzero(&expected, sizeof(pupil_expected_t));
        expected.subject = &teacher->subject;
        expected.class_id = &teacher->class_id;
        expected.role = role;
        expected.day = ctx->today;

        teacher->authentic =
            ngx_http_pupil_enrolment(ctx, teacher->res, teacher->row,
                                     teacher->enrolment, &expected,
                                     &enrolment) == NGX_OK
            && ngx_http_pupil_owner(ctx, teacher->res, teacher->row,
                                    teacher->owner, &teacher->subject,
                                    &owner) == NGX_OK;

        if (!teacher->authentic) {
            return NGX_OK;
        }

        row.stmt = teacher->stmt;
        row.res = teacher->res;
        row.n = teacher->row;
        row.owner = &owner;

        if (ngx_http_pupil_display_name_get(ctx, &row, teacher->given,
                                            teacher->family, &teacher->name)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (teacher->authentic) {
        ngx_http_pupil_about(ctx, &teacher->subject);
    }

    return NGX_OK;
}


void
ngx_http_pupil_homework_need(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    ngx_http_pupil_owner_t  owner;

    if (ctx->keys.missing_count != 0 && ngx_http_pupil_is(ctx, "pupil")
        && ngx_http_pupil_owner(ctx, res, 0, PUPIL_HP_OWNER,
                                &ctx->session.subject, &owner) == NGX_OK)
    {
        (void) ngx_http_pupil_need(ctx, &owner);
    }
}


/* "progress": of the actor, from what is current. */
ngx_int_t
ngx_http_pupil_homework_progress(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_item_t *item, PGresult *res)
{
    pupil_score_t  score;

    if (!item->definition.has_exercises) {
        /* Perhaps for want of the class's key: ask for both keys at once. */
        ngx_http_pupil_homework_need(ctx, res);
        return NGX_OK;
    }

    if (ngx_http_pupil_homework_own(ctx, item, res, &score) != NGX_OK) {
        return NGX_ERROR;
    }

    pupil_writer_key(&ctx->out, "progress");
    pupil_writer_object_begin(&ctx->out);
    pupil_score_write(&ctx->out, &score, &item->definition.exercises, 1);
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_homework_own(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_item_t *item, PGresult *res, pupil_score_t *score)
{
    ngx_uint_t                  i;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    if (data->current_of != res
        && ngx_http_pupil_homework_current(ctx, res) != NGX_OK)
    {
        return NGX_ERROR;
    }

    pupil_score_init(score);

    for (i = 0; i < data->ncurrent; i++) {
        if (pupil_uuid_compare(&data->current[i].homework, &item->record)
            == 0
            && ngx_http_pupil_homework_add(ctx, res, &data->current[i],
                                           &item->definition.exercises,
                                           score) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Which rows are of which homework, once for all items of an answer. */
static ngx_int_t
ngx_http_pupil_homework_current(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    ngx_int_t                   rc;
    ngx_uint_t                  row, n;
    ngx_http_pupil_current_t   *current;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    n = PQntuples(res);

    data->ncurrent = 0;
    data->current = ngx_palloc(ctx->request->pool,
                               n * sizeof(ngx_http_pupil_current_t));
    if (data->current == NULL) {
        return NGX_ERROR;
    }

    for (row = 0; row < n; row++) {
        current = &data->current[data->ncurrent];
        current->row = row;

        rc = ngx_http_pupil_homework_stored(ctx, res, current);
        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        data->ncurrent += rc == NGX_OK;
    }

    /* without a key, nothing was checked: all of it again */
    data->current_of = ctx->keys.missing_count == 0 ? res : NULL;

    return NGX_OK;
}


/* NGX_DECLINED: there is none, or it is left out. */
static ngx_int_t
ngx_http_pupil_homework_stored(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_http_pupil_current_t *current)
{
    ngx_int_t             rc;
    ngx_http_pupil_row_t  submission;

    rc = ngx_libpq_get_uuid(res, current->row, PUPIL_HP_RECORD,
                            current->record.b);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_pupil_owner(ctx, res, current->row, PUPIL_HP_OWNER,
                             &ctx->session.subject, &current->owner)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_pupil_homework_row(ctx, res, current, &submission);

    rc = ngx_http_pupil_facts(ctx, &submission);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_pupil_facts_uuid(&submission, "homework_id",
                                     &current->homework);
}


/* Of the page and of the feed: their columns are the same. */
static void
ngx_http_pupil_homework_row(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    const ngx_http_pupil_current_t *current, ngx_http_pupil_row_t *submission)
{
    submission->stmt = ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_PUPIL_PROGRESS);
    submission->res = res;
    submission->n = current->row;
    submission->owner = &current->owner;
    submission->record = &current->record;
}


static ngx_int_t
ngx_http_pupil_homework_add(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    const ngx_http_pupil_current_t *current,
    const pupil_exercises_t *exercises, pupil_score_t *score)
{
    ngx_int_t             rc;
    pupil_time_t          updated_at;
    ngx_http_pupil_row_t  submission;

    ngx_http_pupil_homework_row(ctx, res, current, &submission);

    rc = ngx_http_pupil_stored_at(ctx, &submission, PUPIL_HP_UPDATED_AT,
                                  &updated_at);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    return ngx_http_pupil_homework_score(ctx, &submission, updated_at,
                                         exercises, score);
}


ngx_int_t
ngx_http_pupil_homework_score(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, pupil_time_t updated_at,
    const pupil_exercises_t *exercises, pupil_score_t *score)
{
    ngx_uint_t           done;
    const int32_t       *column;
    pupil_submission_t   submission;

    column = row->stmt->statement.column;

    if (ngx_libpq_get_uuid(row->res, row->n, column[PUPIL_HP_WANT_EXERCISE],
                           submission.exercise.b) != NGX_OK
        || ngx_libpq_get_bool(row->res, row->n, column[PUPIL_HP_WANT_DONE],
                              &done) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_pupil_value(ctx, row, PUPIL_HP_WANT_RESULT,
                             &submission.result)
        != PUPIL_OK)
    {
        submission.result.len = 0;
    }

    submission.done = (int) done;
    submission.updated_at = updated_at;

    if (pupil_score_add(score, exercises, &submission, &ctx->alloc)
        != PUPIL_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* "summary": of the class, counted by the database. */
ngx_int_t
ngx_http_pupil_homework_summary(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_item_t *item, PGresult *res)
{
    int           row;
    int32_t       value;
    ngx_int_t     rc;
    ngx_uint_t    i;
    pupil_uuid_t  record;

    static const struct {
        const char  *name;
        ngx_uint_t   column;
    } counts[] = {
        { "pupils", PUPIL_HS_PUPILS },
        { "completed", PUPIL_HS_COMPLETED },
        { "in_progress", PUPIL_HS_IN_PROGRESS }
    };

    for (row = 0; row < PQntuples(res); row++) {

        rc = ngx_libpq_get_uuid(res, row, PUPIL_HS_RECORD, record.b);
        if (rc == NGX_ERROR) {
            return rc;
        }

        if (rc == NGX_DECLINED
            || pupil_uuid_compare(&record, &item->record) != 0)
        {
            continue;
        }

        pupil_writer_key(&ctx->out, "summary");
        pupil_writer_object_begin(&ctx->out);

        for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
            if (ngx_libpq_get_int4(res, row, counts[i].column, &value)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            pupil_writer_key(&ctx->out, counts[i].name);
            pupil_writer_int64(&ctx->out, value);
        }

        pupil_writer_object_end(&ctx->out);
        break;
    }

    return NGX_OK;
}
