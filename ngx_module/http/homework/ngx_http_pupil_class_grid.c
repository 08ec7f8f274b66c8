/*
 * Copyright (C) the Pupil authors
 *
 * /v1/classes/{id}: the pupils of a class, and how far each is with what the
 * class was given of late; .../pupils/{id}: the same of one of them.  One round
 * trip and one record for all of it; each pupil is shown only when the
 * enrolment that makes the teacher's relation to that pupil is authentic, and
 * counts only by rows that are what was stored (invariant I18).
 */

#include "http/homework/ngx_http_pupil_classes.h"


/* A homework of the grid, and how far the pupil is who is being written. */
typedef struct {
    ngx_http_pupil_item_t  item;
    pupil_exercises_t      exercises;
    pupil_time_t           due_at;
    pupil_score_t          score;
    unsigned               assessed:1;
    unsigned               returned:1;
} ngx_http_pupil_grid_homework_t;


/* ctx->data. */
typedef struct {
    ngx_http_pupil_homework_t        homework;      /* first */
    pupil_page_t                     page;          /* of homework */

    /* of the answer that is made */
    ngx_http_pupil_grid_homework_t  *columns;
    ngx_uint_t                       ncolumns;
    ngx_uint_t                       most;          /* rows of a page */
    ngx_uint_t                       more;
    PGresult                        *results;
    PGresult                        *assessed;      /* NULL: not granted */
    int                              next;          /* row of results */
    int                              next_assessed;
    ngx_uint_t                       npupils;
} ngx_http_pupil_grid_t;


/* Positions in the exchange. */
enum {
    NGX_HTTP_PUPIL_GRID_EVIDENCE = 0,
    NGX_HTTP_PUPIL_GRID_LEARNERS,
    NGX_HTTP_PUPIL_GRID_HOMEWORK,
    NGX_HTTP_PUPIL_GRID_RESULTS,
    NGX_HTTP_PUPIL_GRID_ASSESSED
};


static void ngx_http_pupil_grid_add(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t stmt);
static ngx_int_t ngx_http_pupil_grid_refuse(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem);
static ngx_int_t ngx_http_pupil_grid_columns(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_class_t *class, PGresult *res);
static ngx_int_t ngx_http_pupil_grid_column(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_class_t *class, PGresult *res, ngx_uint_t row,
    ngx_http_pupil_grid_homework_t *column);
static ngx_int_t ngx_http_pupil_grid_head(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_class_t *class, PGresult *res);
static ngx_int_t ngx_http_pupil_grid_pupils(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_class_t *class, PGresult *res);
static ngx_int_t ngx_http_pupil_grid_pupil(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_item_t *item, PGresult *res, ngx_uint_t row);
static ngx_http_pupil_grid_homework_t *ngx_http_pupil_grid_find(
    ngx_http_pupil_grid_t *data, const pupil_uuid_t *homework);
static ngx_int_t ngx_http_pupil_grid_results(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *owner);
static ngx_int_t ngx_http_pupil_grid_result(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row);
static ngx_int_t ngx_http_pupil_grid_assessed(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *owner);
static void ngx_http_pupil_grid_states(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_class_grid_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_grid_t  *data;

    ngx_http_pupil_debug(ctx, "grid: parse");

    data = ngx_http_pupil_ctx_data(ctx, sizeof(ngx_http_pupil_grid_t));
    if (data == NULL) {
        return NGX_ERROR;
    }

    data->page.limit = PUPIL_CLASSES_HOMEWORK_DEFAULT;

    return ngx_http_pupil_arguments(ctx, pupil_classes_arguments,
                                    &data->page);
}


ngx_int_t
ngx_http_pupil_class_grid_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "grid: start");

    if (ngx_http_pupil_homework_role(ctx) == NULL) {
        return ngx_http_pupil_grid_refuse(ctx, NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_CLASSES_EVIDENCE);
    ngx_libpq_param_uuid(ex, ctx->path_id.b);

    /* a pupil is refused, by whether it is a class of theirs */
    if (ngx_http_pupil_is(ctx, "teacher")) {
        ngx_http_pupil_grid_add(ctx, ex, PUPIL_CLASSES_LEARNERS);
        ngx_http_pupil_grid_add(ctx, ex, PUPIL_CLASSES_HOMEWORK);
        ngx_http_pupil_grid_add(ctx, ex, PUPIL_CLASSES_RESULTS);

        if (ngx_http_pupil_stmt(ctx, PUPIL_CLASSES_ASSESSED)->granted) {
            ngx_http_pupil_grid_add(ctx, ex, PUPIL_CLASSES_ASSESSED);
        }
    }

    ctx->audit.asked = ngx_http_pupil_stmt(ctx, PUPIL_CLASSES_LEARNERS);

    return ngx_http_pupil_submit(ctx, ex, 0);
}


static void
ngx_http_pupil_grid_add(ngx_http_pupil_ctx_t *ctx, ngx_libpq_exchange_t *ex,
    ngx_uint_t stmt)
{
    pupil_cursor_t          before;
    ngx_http_pupil_grid_t  *data;

    data = ctx->data;
    before = data->page.cursor;

    if (pupil_uuid_is_zero(&before.id)) {
        before.time = PUPIL_TIME_MAX;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, stmt);
    ngx_libpq_param_uuid(ex, ctx->path_id.b);
    ngx_http_pupil_param_id(ex, &ctx->path_about);
    ngx_libpq_param_timestamptz(ex, ctx->now);
    ngx_libpq_param_timestamptz(ex, before.time);
    ngx_libpq_param_uuid(ex, before.id.b);
    ngx_libpq_param_int4(ex, (int32_t) data->page.limit);
    ngx_libpq_param_int4(ex, PUPIL_CLASSES_PLACES);
}


static ngx_int_t
ngx_http_pupil_grid_refuse(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem)
{
    const pupil_uuid_t  *about;

    about = pupil_uuid_is_zero(&ctx->path_about) ? NULL : &ctx->path_about;

    return ngx_http_pupil_refuse(ctx, ngx_http_pupil_stmt(ctx,
                                                  PUPIL_CLASSES_LEARNERS),
                                 about, problem);
}


ngx_int_t
ngx_http_pupil_class_grid_render(ngx_http_pupil_ctx_t *ctx)
{
    PGresult                     **results;
    ngx_int_t                      rc;
    ngx_http_pupil_grid_t         *data;
    const ngx_http_pupil_class_t  *class;

    ngx_http_pupil_debug(ctx, "grid: render");

    data = ctx->data;
    results = ctx->exchange->results;

    rc = ngx_http_pupil_homework_classes(ctx,
                                   results[NGX_HTTP_PUPIL_GRID_EVIDENCE]);
    if (rc != NGX_OK) {
        return rc;
    }

    class = ngx_http_pupil_homework_class(&data->homework, &ctx->path_id);

    if (class == NULL) {
        return ngx_http_pupil_grid_refuse(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    if (!ngx_http_pupil_is(ctx, "teacher")) {
        return ngx_http_pupil_grid_refuse(ctx, NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    data->results = results[NGX_HTTP_PUPIL_GRID_RESULTS];
    data->assessed = NULL;
    data->next = 0;
    data->next_assessed = 0;
    data->npupils = 0;

    if (ngx_http_pupil_stmt(ctx, PUPIL_CLASSES_ASSESSED)->granted) {
        data->assessed = results[NGX_HTTP_PUPIL_GRID_ASSESSED];
    }

    ngx_http_pupil_shown(ctx, ngx_http_pupil_stmt(ctx,
                                                  PUPIL_CLASSES_HOMEWORK));
    ngx_http_pupil_shown(ctx, ngx_http_pupil_stmt(ctx,
                                                  PUPIL_CLASSES_LEARNERS));

    pupil_writer_object_begin(&ctx->out);

    rc = ngx_http_pupil_grid_head(ctx, class,
                                  results[NGX_HTTP_PUPIL_GRID_HOMEWORK]);
    if (rc == NGX_OK) {
        rc = ngx_http_pupil_grid_pupils(ctx, class,
                                        results[NGX_HTTP_PUPIL_GRID_LEARNERS]);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    pupil_writer_object_end(&ctx->out);

    if (!pupil_uuid_is_zero(&ctx->path_about) && data->npupils == 0) {
        return ngx_http_pupil_grid_refuse(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    return NGX_OK;
}


/* "class", "homework" and "next". */
static ngx_int_t
ngx_http_pupil_grid_head(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_class_t *class, PGresult *res)
{
    ngx_int_t              rc;
    pupil_cursor_t         last;
    ngx_http_pupil_row_t   titled;
    ngx_http_pupil_grid_t *data;

    data = ctx->data;

    titled.stmt = ngx_http_pupil_stmt(ctx, PUPIL_CLASSES_HOMEWORK);
    titled.res = res;
    titled.n = 0;
    titled.owner = &class->owner;
    titled.record = &class->owner.id;

    pupil_writer_key(&ctx->out, "class");
    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "id");
    pupil_writer_uuid(&ctx->out, &class->owner.id);
    (void) ngx_http_pupil_member(ctx, &titled, PUPIL_CH_WANT_CLASS_TITLE,
                                 "title");
    pupil_writer_object_end(&ctx->out);

    pupil_writer_key(&ctx->out, "homework");
    pupil_writer_array_begin(&ctx->out);

    rc = ngx_http_pupil_grid_columns(ctx, class, res);
    if (rc != NGX_OK) {
        return rc;
    }

    pupil_writer_array_end(&ctx->out);

    if (data->more
        && (ngx_libpq_get_uuid(res, data->most - 1, PUPIL_CH_RECORD,
                               last.id.b) != NGX_OK
            || ngx_libpq_get_timestamptz(res, data->most - 1,
                   titled.stmt->statement.column[PUPIL_CH_WANT_DUE_AT],
                   &last.time) != NGX_OK))
    {
        return NGX_ERROR;
    }

    ngx_http_pupil_next_write(ctx, data->more ? &last : NULL);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_grid_columns(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_class_t *class, PGresult *res)
{
    int32_t                 most;
    ngx_int_t               rc;
    ngx_uint_t              row, rows;
    ngx_http_pupil_grid_t  *data;

    data = ctx->data;
    rows = PQntuples(res);
    data->ncolumns = 0;

    if (rows == 0 || ngx_libpq_get_int4(res, 0, PUPIL_CH_MOST, &most) != NGX_OK
        || most < 1 || most > (int32_t) data->page.limit)
    {
        return NGX_ERROR;
    }

    data->most = (ngx_uint_t) most;
    data->more = rows > data->most;

    if (data->more) {
        rows = data->most;
    }

    data->columns = ngx_pcalloc(ctx->request->pool, rows
                                * sizeof(ngx_http_pupil_grid_homework_t));
    if (data->columns == NULL) {
        return NGX_ERROR;
    }

    for (row = 0; row < rows; row++) {
        rc = ngx_http_pupil_grid_column(ctx, class, res, row,
                                        &data->columns[data->ncolumns]);
        if (rc == NGX_ERROR) {
            return rc;
        }

        data->ncolumns += rc == NGX_OK;
    }

    return NGX_OK;
}


/* NGX_DECLINED: there is none, or it is left out. */
static ngx_int_t
ngx_http_pupil_grid_column(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_class_t *class, PGresult *res, ngx_uint_t row,
    ngx_http_pupil_grid_homework_t *column)
{
    ngx_int_t              rc;
    pupil_str_t            text;
    ngx_http_pupil_row_t   defined;

    rc = ngx_libpq_get_uuid(res, row, PUPIL_CH_RECORD, column->item.record.b);
    if (rc != NGX_OK) {
        return rc;
    }

    column->item.class = class;

    defined.stmt = ngx_http_pupil_stmt(ctx, PUPIL_CLASSES_HOMEWORK);
    defined.res = res;
    defined.n = row;
    defined.owner = &class->owner;
    defined.record = &column->item.record;

    rc = ngx_http_pupil_facts(ctx, &defined);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_there(ctx, &defined);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_pupil_facts_time(&defined, "due_at", &column->due_at)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* without it nobody is done with it: then it is left out, as it is not
       known how far anybody is */
    if (ngx_http_pupil_value(ctx, &defined, PUPIL_CH_WANT_EXERCISES, &text)
        != PUPIL_OK)
    {
        return NGX_DECLINED;
    }

    if (pupil_exercises_read(&ctx->alloc, text, &column->exercises)
        != PUPIL_OK)
    {
        return NGX_ERROR;
    }

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "id");
    pupil_writer_uuid(&ctx->out, &column->item.record);
    (void) ngx_http_pupil_member(ctx, &defined, PUPIL_CH_WANT_TITLE, "title");
    (void) ngx_http_pupil_member(ctx, &defined, PUPIL_CH_WANT_ASSIGNED_AT,
                                 "assigned_at");
    (void) ngx_http_pupil_member(ctx, &defined, PUPIL_CH_WANT_DUE_AT,
                                 "due_at");
    pupil_writer_key(&ctx->out, "exercises");
    pupil_writer_int64(&ctx->out, column->exercises.count);
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_grid_pupils(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_class_t *class, PGresult *res)
{
    int                    row;
    ngx_int_t              rc;
    ngx_http_pupil_item_t  item;

    ngx_memzero(&item, sizeof(ngx_http_pupil_item_t));
    item.class = class;

    pupil_writer_key(&ctx->out, "pupils");
    pupil_writer_array_begin(&ctx->out);

    for (row = 0; row < PQntuples(res); row++) {
        rc = ngx_http_pupil_grid_pupil(ctx, &item, res, row);
        if (rc != NGX_OK && rc != NGX_DECLINED) {
            return rc;
        }
    }

    pupil_writer_array_end(&ctx->out);

    return NGX_OK;
}


/* As ngx_http_pupil_homework_learner(). */
static ngx_int_t
ngx_http_pupil_grid_pupil(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_item_t *item, PGresult *res, ngx_uint_t row)
{
    ngx_int_t                     rc;
    ngx_uint_t                    i;
    ngx_http_pupil_grid_t        *data;
    ngx_http_pupil_owner_t        owner;
    const ngx_http_pupil_stmt_t  *stmt;

    data = ctx->data;
    stmt = ngx_http_pupil_stmt(ctx, PUPIL_CLASSES_LEARNERS);

    rc = ngx_http_pupil_homework_learner(ctx, item, stmt, res, row,
                                         &ctx->path_about, &owner);
    if (rc != NGX_OK) {
        return rc;
    }

    for (i = 0; i < data->ncolumns; i++) {
        pupil_score_init(&data->columns[i].score);
        data->columns[i].assessed = 0;
        data->columns[i].returned = 0;
    }

    /* once all keys are here all is read again: not in vain before */
    if (ctx->keys.missing_count == 0
        && (ngx_http_pupil_grid_results(ctx, &owner) != NGX_OK
            || (data->assessed != NULL
                && ngx_http_pupil_grid_assessed(ctx, &owner) != NGX_OK)))
    {
        return NGX_ERROR;
    }

    ngx_http_pupil_grid_states(ctx);
    pupil_writer_object_end(&ctx->out);
    data->npupils++;

    return NGX_OK;
}


/* NULL: given or taken back between two statements; it is not in the grid. */
static ngx_http_pupil_grid_homework_t *
ngx_http_pupil_grid_find(ngx_http_pupil_grid_t *data,
    const pupil_uuid_t *homework)
{
    ngx_uint_t  i;

    for (i = 0; i < data->ncolumns; i++) {
        if (pupil_uuid_compare(&data->columns[i].item.record, homework) == 0) {
            return &data->columns[i];
        }
    }

    return NULL;
}


static ngx_int_t
ngx_http_pupil_grid_results(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *owner)
{
    ngx_int_t               rc;
    pupil_uuid_t            record;
    ngx_http_pupil_row_t    row;
    ngx_http_pupil_grid_t  *data;

    data = ctx->data;

    row.stmt = ngx_http_pupil_stmt(ctx, PUPIL_CLASSES_RESULTS);
    row.res = data->results;
    row.owner = owner;
    row.record = &record;

    while ((rc = ngx_http_pupil_homework_row_of(row.res, &data->next,
                                                PUPIL_CLR_SUBJECT, &owner->id))
           == NGX_OK)
    {
        row.n = data->next++;

        if (ngx_libpq_get_uuid(row.res, row.n, PUPIL_CLR_RECORD, record.b)
            != NGX_OK
            || ngx_http_pupil_grid_result(ctx, &row) == NGX_ERROR)
        {
            return NGX_ERROR;
        }
    }

    return rc == NGX_DECLINED ? NGX_OK : rc;
}


/* A current submission; NGX_DECLINED: left out. */
static ngx_int_t
ngx_http_pupil_grid_result(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row)
{
    ngx_int_t                        rc;
    ngx_uint_t                       done;
    const int32_t                   *column;
    pupil_uuid_t                     homework;
    pupil_submission_t               submission;
    ngx_http_pupil_grid_homework_t  *of;

    rc = ngx_http_pupil_facts(ctx, row);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_pupil_facts_uuid(row, "homework_id", &homework) != NGX_OK) {
        return NGX_ERROR;
    }

    of = ngx_http_pupil_grid_find(ctx->data, &homework);
    if (of == NULL) {
        return NGX_DECLINED;
    }

    rc = ngx_http_pupil_homework_row_is(ctx, &of->item, row, "progress",
                                        &homework);
    if (rc != NGX_OK) {
        return rc;
    }

    column = row->stmt->statement.column;
    ngx_memzero(&submission, sizeof(pupil_submission_t));

    if (ngx_libpq_get_uuid(row->res, row->n, column[PUPIL_CLR_WANT_EXERCISE],
                           submission.exercise.b) != NGX_OK
        || ngx_libpq_get_bool(row->res, row->n, column[PUPIL_CLR_WANT_DONE],
                              &done) != NGX_OK)
    {
        return NGX_ERROR;
    }

    submission.done = (int) done;

    return pupil_score_add(&of->score, &of->exercises, &submission,
                           &ctx->alloc) == PUPIL_OK ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_pupil_grid_assessed(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *owner)
{
    ngx_int_t                        rc;
    pupil_uuid_t                     record;
    ngx_http_pupil_grid_t           *data;
    ngx_http_pupil_assessment_t      assessment;
    ngx_http_pupil_grid_homework_t  *of;

    data = ctx->data;

    ngx_memzero(&assessment, sizeof(ngx_http_pupil_assessment_t));
    assessment.row.stmt = ngx_http_pupil_stmt(ctx, PUPIL_CLASSES_ASSESSED);
    assessment.row.res = data->assessed;
    assessment.row.owner = owner;

    while ((rc = ngx_http_pupil_homework_row_of(data->assessed,
                                                &data->next_assessed,
                                                PUPIL_CLR_SUBJECT, &owner->id))
           == NGX_OK)
    {
        assessment.row.n = data->next_assessed++;

        if (ngx_libpq_get_uuid(data->assessed, assessment.row.n,
                               PUPIL_CLR_RECORD, record.b) != NGX_OK)
        {
            return NGX_ERROR;
        }

        of = ngx_http_pupil_grid_find(data, &record);
        if (of == NULL) {
            continue;
        }

        rc = ngx_http_pupil_assessment_read(ctx, PUPIL_CLR_RECORD, &of->item,
                                            &assessment);
        if (rc == NGX_ERROR) {
            return rc;
        }

        of->assessed = assessment.exists;
        of->returned = assessment.exists
                       && assessment.returned_at != PUPIL_TIME_NONE;
    }

    return rc == NGX_DECLINED ? NGX_OK : rc;
}


/* "homework": in the order of the columns. */
static void
ngx_http_pupil_grid_states(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                             i;
    pupil_writer_t                        *out;
    pupil_score_status_t                   status;
    ngx_http_pupil_grid_t                 *data;
    const ngx_http_pupil_grid_homework_t  *column;

    data = ctx->data;
    out = &ctx->out;

    pupil_writer_key(out, "homework");
    pupil_writer_array_begin(out);

    for (i = 0; i < data->ncolumns; i++) {
        column = &data->columns[i];
        status = pupil_score_status(&column->score, &column->exercises);

        pupil_writer_object_begin(out);
        pupil_writer_key(out, "status");
        pupil_writer_cstr(out, pupil_score_status_name(status));
        pupil_writer_key(out, "exercises_done");
        pupil_writer_int64(out, column->score.done);
        pupil_writer_key(out, "late");
        pupil_writer_bool(out, status != PUPIL_SCORE_COMPLETED
                               && column->due_at < ctx->midnight);

        if (data->assessed != NULL) {
            pupil_writer_key(out, "assessment");

            if (column->assessed) {
                pupil_writer_cstr(out, column->returned ? "returned"
                                                        : "assessed");
            } else {
                pupil_writer_null(out);
            }
        }

        pupil_writer_object_end(out);
    }

    pupil_writer_array_end(out);
}
