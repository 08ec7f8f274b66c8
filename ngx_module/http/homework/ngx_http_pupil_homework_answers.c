/*
 * Copyright (C) the Pupil authors
 *
 * /v1/homework/{id}/answers: what the pupils of the class have handed in, how
 * it was scored and by whom, and what a teacher says of it.  One round trip and
 * one record for a page of pupils; each is shown only when the enrolment that
 * makes the teacher's relation to that pupil is authentic (invariant I18).
 */

#include "http/homework/ngx_http_pupil_assessment.h"


/* What the answer is made of, while it is made. */
typedef struct {
    ngx_http_pupil_item_t         item;
    pupil_exercises_t             exercises;   /* that were asked for */
    PGresult                     *pupils;
    PGresult                     *given;
    PGresult                     *assessed;    /* NULL: not granted */
    int                           next;        /* row of given */
    int                           next_assessed;
    const ngx_http_pupil_stmt_t  *names;
} ngx_http_pupil_answers_t;


static ngx_int_t ngx_http_pupil_answers_refused(ngx_http_pupil_ctx_t *ctx);
static void ngx_http_pupil_answers_add(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t stmt);
static ngx_uint_t ngx_http_pupil_answers_exercise(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_answers_t *view);
static ngx_int_t ngx_http_pupil_answers_page(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_answers_t *view);
static ngx_int_t ngx_http_pupil_answers_pupil(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_answers_t *view, ngx_uint_t row);
static ngx_int_t ngx_http_pupil_answers_of(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_answers_t *view, const ngx_http_pupil_owner_t *owner);
static ngx_int_t ngx_http_pupil_answers_one(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_answers_t *view, const ngx_http_pupil_row_t *given,
    pupil_score_t *score);
static ngx_int_t ngx_http_pupil_answers_asked(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *given);
static ngx_int_t ngx_http_pupil_answers_assessment(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_answers_t *view, const ngx_http_pupil_owner_t *owner);


/* Positions in the exchange, besides the list's. */
#define NGX_HTTP_PUPIL_ANSWERS_PUPILS    1
#define NGX_HTTP_PUPIL_ANSWERS_GIVEN     2
#define NGX_HTTP_PUPIL_ANSWERS_ASSESSED  3


ngx_int_t
ngx_http_pupil_homework_answers_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_homework_t  *data;

    ngx_http_pupil_debug(ctx, "answers: parse");

    data = ngx_http_pupil_ctx_data(ctx, sizeof(ngx_http_pupil_homework_t));
    if (data == NULL) {
        return NGX_ERROR;
    }

    data->answers.page = pupil_page_first;

    return ngx_http_pupil_arguments(ctx, pupil_answers_arguments,
                                    &data->answers);
}


ngx_int_t
ngx_http_pupil_homework_answers_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "answers: start");

    if (!ngx_http_pupil_is(ctx, "teacher")) {
        return ngx_http_pupil_homework_refuse_pupil(ctx,
                                                    PUPIL_HOMEWORK_ANSWERS);
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_homework_evidence(ctx, ex, NULL);
    ngx_http_pupil_answers_add(ctx, ex, PUPIL_HOMEWORK_ANSWERS);
    ngx_http_pupil_answers_add(ctx, ex, PUPIL_HOMEWORK_GIVEN);

    if (ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_ASSESSED)->granted) {
        ngx_http_pupil_answers_add(ctx, ex, PUPIL_HOMEWORK_ASSESSED);
    }

    ngx_http_pupil_homework_ask(ctx, ex, &ctx->path_id, 0);

    return ngx_http_pupil_submit(ctx, ex, 0);
}


static void
ngx_http_pupil_answers_add(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t stmt)
{
    pupil_answers_query_t  *query;

    query = &((ngx_http_pupil_homework_t *) ctx->data)->answers;

    (void) ngx_http_pupil_add_stmt(ctx, ex, stmt);
    ngx_libpq_param_uuid(ex, ctx->path_id.b);
    ngx_http_pupil_param_id(ex, &query->pupil);
    ngx_libpq_param_uuid(ex, query->page.cursor.id.b);
    ngx_libpq_param_int4(ex, (int32_t) query->page.limit);
    ngx_http_pupil_param_id(ex, &query->exercise);
}


ngx_int_t
ngx_http_pupil_homework_answers_render(ngx_http_pupil_ctx_t *ctx)
{
    PGresult                  **results;
    ngx_int_t                   rc;
    ngx_http_pupil_answers_t    view;
    ngx_http_pupil_homework_t  *data;

    ngx_http_pupil_debug(ctx, "answers: render");

    data = ctx->data;
    results = ctx->exchange->results;

    ngx_memzero(&view, sizeof(ngx_http_pupil_answers_t));
    view.pupils = results[NGX_HTTP_PUPIL_ANSWERS_PUPILS];
    view.given = results[NGX_HTTP_PUPIL_ANSWERS_GIVEN];
    view.names = ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_ANSWERS);

    if (ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_ASSESSED)->granted) {
        view.assessed = results[NGX_HTTP_PUPIL_ANSWERS_ASSESSED];
    }

    rc = ngx_http_pupil_homework_classes(ctx, results[0]);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_homework_item(ctx, results[data->at], 0,
                                          &view.item);
    }

    if (rc == NGX_DECLINED
        || (rc == NGX_OK && !ngx_http_pupil_answers_exercise(ctx, &view)))
    {
        return ngx_http_pupil_answers_refused(ctx);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_pupil_shown(ctx, data->list);

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "homework");

    rc = ngx_http_pupil_homework_json(ctx, &view.item, NULL);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_answers_page(ctx, &view);
    }

    pupil_writer_object_end(&ctx->out);

    return rc;
}


static ngx_int_t
ngx_http_pupil_answers_refused(ngx_http_pupil_ctx_t *ctx)
{
    /* its exercises are not known before the class's key is here */
    if (ctx->keys.missing_count != 0) {
        return NGX_OK;
    }

    return ngx_http_pupil_refuse_stmt(ctx, PUPIL_HOMEWORK_ANSWERS,
                                      NGX_HTTP_PUPIL_NOT_FOUND);
}


/* Narrows to the exercise that was asked for; 0: there is no such one. */
static ngx_uint_t
ngx_http_pupil_answers_exercise(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_answers_t *view)
{
    uint32_t              i;
    const pupil_uuid_t   *exercise;
    pupil_exercises_t    *all;

    exercise = &((ngx_http_pupil_homework_t *) ctx->data)->answers.exercise;
    all = &view->item.definition.exercises;
    view->exercises = *all;

    if (pupil_uuid_is_zero(exercise)) {
        return 1;
    }

    for (i = 0; i < all->count; i++) {
        if (pupil_uuid_compare(&all->items[i].id, exercise) == 0) {
            view->exercises.items = &all->items[i];
            view->exercises.count = 1;
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_pupil_answers_page(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_answers_t *view)
{
    int             row;
    ngx_int_t       rc;
    ngx_uint_t      more;
    pupil_cursor_t  cursor;

    ngx_http_pupil_shown(ctx, view->names);

    pupil_writer_key(&ctx->out, "pupils");
    pupil_writer_array_begin(&ctx->out);

    for (row = 0; row < PQntuples(view->pupils); row++) {
        rc = ngx_http_pupil_answers_pupil(ctx, view, row);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    pupil_writer_array_end(&ctx->out);

    more = 0;
    cursor.time = 0;

    rc = ngx_libpq_get_uuid(view->pupils, row - 1,
                            PUPIL_HO_ENROLMENT + PUPIL_CE_SUBJECT,
                            cursor.id.b);

    if (rc == NGX_ERROR
        || (rc == NGX_OK
            && ngx_libpq_get_bool(view->pupils, row - 1, PUPIL_HC_MORE, &more)
               != NGX_OK))
    {
        return NGX_ERROR;
    }

    ngx_http_pupil_next_write(ctx, more ? &cursor : NULL);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_answers_pupil(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_answers_t *view, ngx_uint_t row)
{
    ngx_int_t               rc;
    const pupil_uuid_t     *asked;
    ngx_http_pupil_owner_t  owner;

    asked = &((ngx_http_pupil_homework_t *) ctx->data)->answers.pupil;

    rc = ngx_http_pupil_homework_learner(ctx, &view->item, view->names,
                                         view->pupils, row, asked, &owner);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    rc = ngx_http_pupil_answers_of(ctx, view, &owner);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_answers_assessment(ctx, view, &owner);
    }

    pupil_writer_object_end(&ctx->out);

    return rc;
}


/* "answers", and how far that is. */
static ngx_int_t
ngx_http_pupil_answers_of(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_answers_t *view, const ngx_http_pupil_owner_t *owner)
{
    ngx_int_t             rc;
    pupil_uuid_t          record;
    pupil_score_t         score;
    ngx_http_pupil_row_t  given;

    pupil_score_init(&score);

    given.stmt = ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_GIVEN);
    given.res = view->given;
    given.owner = owner;
    given.record = &record;

    pupil_writer_key(&ctx->out, "answers");
    pupil_writer_array_begin(&ctx->out);

    while ((rc = ngx_http_pupil_homework_result(&view->next, &given, &record))
           == NGX_OK)
    {
        rc = ngx_http_pupil_answers_one(ctx, view, &given, &score);
        if (rc == NGX_ERROR) {
            return rc;
        }
    }

    if (rc == NGX_ERROR) {
        return rc;
    }

    pupil_writer_array_end(&ctx->out);

    if (view->item.definition.has_exercises) {
        pupil_score_write(&ctx->out, &score, &view->exercises, 0);
    }

    return NGX_OK;
}


/* NGX_DECLINED: left out. */
static ngx_int_t
ngx_http_pupil_answers_one(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_answers_t *view, const ngx_http_pupil_row_t *given,
    pupil_score_t *score)
{
    ngx_int_t     rc;
    pupil_str_t   text;
    pupil_time_t  updated_at;

    rc = ngx_http_pupil_homework_scored(ctx, &view->item, given,
                                        &view->exercises, &updated_at, score);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_answers_asked(ctx, given);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "id");
    pupil_writer_uuid(&ctx->out, given->record);
    (void) ngx_http_pupil_member(ctx, given, PUPIL_HP_WANT_EXERCISE,
                                 "exercise_id");
    (void) ngx_http_pupil_member(ctx, given, PUPIL_HP_WANT_DONE, "done");
    (void) ngx_http_pupil_member(ctx, given, PUPIL_HG_WANT_ANSWER, "answer");

    if (ngx_http_pupil_value(ctx, given, PUPIL_HP_WANT_RESULT, &text)
        == PUPIL_OK
        && pupil_result_write(&ctx->out, text, &ctx->alloc) != PUPIL_OK)
    {
        return NGX_ERROR;
    }

    pupil_writer_key(&ctx->out, "submitted_at");
    pupil_writer_time(&ctx->out, updated_at);
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


/* Is it of the exercise that was asked for?  NGX_DECLINED: of another. */
static ngx_int_t
ngx_http_pupil_answers_asked(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *given)
{
    pupil_uuid_t         exercise;
    const pupil_uuid_t  *asked;

    asked = &((ngx_http_pupil_homework_t *) ctx->data)->answers.exercise;

    if (pupil_uuid_is_zero(asked)) {
        return NGX_OK;
    }

    if (ngx_http_pupil_facts_uuid(given, "exercise_id", &exercise) != NGX_OK) {
        return NGX_ERROR;
    }

    if (pupil_uuid_compare(asked, &exercise) == 0) {
        return NGX_OK;
    }

    ngx_http_pupil_tampered_record(ctx, "progress", given->record,
                                   &given->owner->id, "another exercise");

    return NGX_DECLINED;
}


static ngx_int_t
ngx_http_pupil_answers_assessment(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_answers_t *view, const ngx_http_pupil_owner_t *owner)
{
    ngx_int_t                    rc;
    ngx_http_pupil_assessment_t  assessment;

    if (view->assessed == NULL) {
        return NGX_OK;
    }

    ngx_memzero(&assessment, sizeof(ngx_http_pupil_assessment_t));
    assessment.row.stmt = ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_ASSESSED);
    assessment.row.res = view->assessed;
    assessment.row.owner = owner;

    rc = ngx_http_pupil_homework_row_of(view->assessed, &view->next_assessed,
                                        PUPIL_HD_ASSESSED_SUBJECT, &owner->id);

    if (rc == NGX_OK) {
        assessment.row.n = view->next_assessed++;
        rc = ngx_http_pupil_assessment_read(ctx, PUPIL_HD_ASSESSED_RECORD,
                                            &view->item, &assessment);
    }

    if (rc == NGX_ERROR) {
        return rc;
    }

    ngx_http_pupil_assessment_write(ctx, &assessment,
                                    &view->item.definition.exercises, 1);

    return NGX_OK;
}
