/*
 * Copyright (C) the Pupil authors
 *
 * /v1/homework/{id}/progress: how far each pupil of the class is.  One round
 * trip for any number of pupils; each is shown only when the enrolment that
 * makes the teacher's relation to that pupil is authentic (invariant I18).
 */

#include "http/homework/ngx_http_pupil_homework.h"


/* What the answer is made of, while it is made. */
typedef struct {
    ngx_http_pupil_item_t         item;
    PGresult                     *pupils;
    PGresult                     *results;
    int                           next;        /* row of results */
    const ngx_http_pupil_stmt_t  *names;
    const ngx_http_pupil_stmt_t  *scores;
    int64_t                       counts[PUPIL_SCORE_COMPLETED + 1];
} ngx_http_pupil_overview_t;


static ngx_int_t ngx_http_pupil_overview_pupil(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_overview_t *view, ngx_uint_t row);
static ngx_int_t ngx_http_pupil_overview_score(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_overview_t *view, const ngx_http_pupil_owner_t *owner,
    pupil_score_t *score);
static void ngx_http_pupil_overview_summary(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_overview_t *view);


/* Positions in the exchange, besides the list's. */
#define NGX_HTTP_PUPIL_OVERVIEW_PUPILS   1
#define NGX_HTTP_PUPIL_OVERVIEW_RESULTS  2


ngx_int_t
ngx_http_pupil_homework_overview_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "overview: start");

    if (!ngx_http_pupil_is(ctx, "teacher")) {
        return ngx_http_pupil_homework_refuse_pupil(ctx,
                                                    PUPIL_HOMEWORK_OVERVIEW);
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_homework_evidence(ctx, ex, NULL);

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_HOMEWORK_OVERVIEW);
    ngx_libpq_param_uuid(ex, ctx->path_id.b);

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_HOMEWORK_RESULTS);
    ngx_libpq_param_uuid(ex, ctx->path_id.b);

    ngx_http_pupil_homework_ask(ctx, ex, &ctx->path_id, 0);

    return ngx_http_pupil_submit(ctx, ex, 0);
}


ngx_int_t
ngx_http_pupil_homework_overview_render(ngx_http_pupil_ctx_t *ctx)
{
    int                         row;
    PGresult                  **results;
    ngx_int_t                   rc;
    ngx_http_pupil_overview_t   view;
    ngx_http_pupil_homework_t  *data;

    ngx_http_pupil_debug(ctx, "overview: render");

    data = ctx->data;
    results = ctx->exchange->results;

    ngx_memzero(&view, sizeof(ngx_http_pupil_overview_t));
    view.pupils = results[NGX_HTTP_PUPIL_OVERVIEW_PUPILS];
    view.results = results[NGX_HTTP_PUPIL_OVERVIEW_RESULTS];
    view.names = ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_OVERVIEW);
    view.scores = ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_RESULTS);

    rc = ngx_http_pupil_homework_classes(ctx, results[0]);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_pupil_homework_item(ctx, results[data->at], 0, &view.item);

    if (rc == NGX_DECLINED) {
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_HOMEWORK_OVERVIEW,
                                          NGX_HTTP_PUPIL_NOT_FOUND);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_pupil_shown(ctx, data->list);

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "homework");

    rc = ngx_http_pupil_homework_json(ctx, &view.item, NULL);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_pupil_shown(ctx, view.names);

    pupil_writer_key(&ctx->out, "pupils");
    pupil_writer_array_begin(&ctx->out);

    for (row = 0; row < PQntuples(view.pupils); row++) {
        rc = ngx_http_pupil_overview_pupil(ctx, &view, row);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    pupil_writer_array_end(&ctx->out);
    ngx_http_pupil_overview_summary(ctx, &view);
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_overview_pupil(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_overview_t *view, ngx_uint_t row)
{
    ngx_int_t               rc;
    pupil_score_t           score;
    ngx_http_pupil_owner_t  owner;

    rc = ngx_http_pupil_homework_learner(ctx, &view->item, view->names,
                                         view->pupils, row, &ctx->path_about,
                                         &owner);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    rc = ngx_http_pupil_overview_score(ctx, view, &owner, &score);
    if (rc != NGX_OK) {
        return rc;
    }

    if (view->item.definition.has_exercises) {
        view->counts[pupil_score_status(&score,
                                        &view->item.definition.exercises)]++;
        pupil_score_write(&ctx->out, &score,
                          &view->item.definition.exercises, 0);
    }

    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_overview_score(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_overview_t *view, const ngx_http_pupil_owner_t *owner,
    pupil_score_t *score)
{
    ngx_int_t             rc;
    pupil_time_t          updated_at;
    pupil_uuid_t          record;
    ngx_http_pupil_row_t  submission;

    pupil_score_init(score);

    submission.stmt = view->scores;
    submission.res = view->results;
    submission.owner = owner;
    submission.record = &record;

    for ( ;; ) {
        rc = ngx_http_pupil_homework_result(&view->next, &submission, &record);
        if (rc != NGX_OK) {
            return rc == NGX_DECLINED ? NGX_OK : rc;
        }

        rc = ngx_http_pupil_homework_scored(ctx, &view->item, &submission,
                                            &view->item.definition.exercises,
                                            &updated_at, score);
        if (rc == NGX_ERROR) {
            return rc;
        }
    }
}


static void
ngx_http_pupil_overview_summary(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_overview_t *view)
{
    int64_t  *counts;

    if (!view->item.definition.has_exercises) {
        return;
    }

    counts = view->counts;

    pupil_writer_key(&ctx->out, "summary");
    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "pupils");
    pupil_writer_int64(&ctx->out, counts[PUPIL_SCORE_NOT_STARTED]
                                  + counts[PUPIL_SCORE_IN_PROGRESS]
                                  + counts[PUPIL_SCORE_COMPLETED]);
    pupil_writer_key(&ctx->out, "completed");
    pupil_writer_int64(&ctx->out, counts[PUPIL_SCORE_COMPLETED]);
    pupil_writer_key(&ctx->out, "in_progress");
    pupil_writer_int64(&ctx->out, counts[PUPIL_SCORE_IN_PROGRESS]);
    pupil_writer_object_end(&ctx->out);
}
