/*
 * Copyright (C) the Pupil authors
 *
 * /v1/progress: what a pupil has submitted, newest first.
 */

#include "core/endpoints/score.h"
#include "http/progress/ngx_http_pupil_progress.h"


static ngx_int_t ngx_http_pupil_history_row(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, pupil_cursor_t *cursor);
static ngx_int_t ngx_http_pupil_history_of(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *submission);
static ngx_int_t ngx_http_pupil_history_result(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *submission);


ngx_int_t
ngx_http_pupil_history_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_progress_t  *data;

    ngx_http_pupil_debug(ctx, "history: parse");

    data = ngx_http_pupil_ctx_data(ctx, sizeof(ngx_http_pupil_progress_t));
    if (data == NULL) {
        return NGX_ERROR;
    }

    data->query.page = pupil_page_first;

    return ngx_http_pupil_arguments(ctx, pupil_progress_arguments,
                                    &data->query);
}


ngx_int_t
ngx_http_pupil_history_start(ngx_http_pupil_ctx_t *ctx)
{
    pupil_cursor_t           before;
    ngx_libpq_exchange_t    *ex;
    pupil_progress_query_t  *query;

    ngx_http_pupil_debug(ctx, "history: start");

    query = &((ngx_http_pupil_progress_t *) ctx->data)->query;

    if (!ngx_http_pupil_is(ctx, "pupil")) {
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_PROGRESS_HISTORY,
                                          NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    before = query->page.cursor;

    if (pupil_uuid_is_zero(&before.id)) {
        before.time = PUPIL_TIME_MAX;
        ngx_memset(before.id.b, 0xff, PUPIL_UUID_LEN);
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_PROGRESS_HISTORY);
    ngx_http_pupil_param_id(ex, &query->homework_id);
    ngx_libpq_param_timestamptz(ex, before.time);
    ngx_libpq_param_uuid(ex, before.id.b);
    ngx_libpq_param_int4(ex, (int32_t) query->page.limit);

    return ngx_http_pupil_submit(ctx, ex, 0);
}


ngx_int_t
ngx_http_pupil_history_render(ngx_http_pupil_ctx_t *ctx)
{
    int              row;
    PGresult        *res;
    ngx_int_t        rc;
    ngx_uint_t       more;
    pupil_cursor_t   cursor;

    ngx_http_pupil_debug(ctx, "history: render");

    res = ctx->exchange->results[0];
    more = 0;
    ngx_http_pupil_shown(ctx, ngx_http_pupil_stmt(ctx,
                                                  PUPIL_PROGRESS_HISTORY));

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "submissions");
    pupil_writer_array_begin(&ctx->out);

    for (row = 0; row < PQntuples(res); row++) {
        rc = ngx_http_pupil_history_row(ctx, res, row, &cursor);

        if (rc == NGX_OK) {
            rc = ngx_libpq_get_bool(res, row, PUPIL_PH_MORE, &more);
        }

        if (rc == NGX_ERROR) {
            return rc;
        }
    }

    pupil_writer_array_end(&ctx->out);
    ngx_http_pupil_next_write(ctx, more ? &cursor : NULL);

    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


/* NGX_DECLINED: the row says that there is none. */
static ngx_int_t
ngx_http_pupil_history_row(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, pupil_cursor_t *cursor)
{
    ngx_int_t               rc;
    ngx_uint_t              i;
    ngx_http_pupil_row_t    submission;
    ngx_http_pupil_owner_t  owner;

    static const struct {
        const char  *name;
        ngx_uint_t   want;
    } members[] = {
        { "homework_id", PUPIL_PH_WANT_HOMEWORK },
        { "exercise_id", PUPIL_PH_WANT_EXERCISE },
        { "answer", PUPIL_PH_WANT_ANSWER }
    };

    rc = ngx_libpq_get_uuid(res, row, PUPIL_PH_RECORD, cursor->id.b);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_libpq_get_timestamptz(res, row, PUPIL_PH_UPDATED_AT,
                                  &cursor->time)
        != NGX_OK
        || ngx_http_pupil_owner(ctx, res, row, PUPIL_PH_OWNER,
                                &ctx->session.subject, &owner) != NGX_OK)
    {
        return NGX_ERROR;
    }

    submission.stmt = ngx_http_pupil_stmt(ctx, PUPIL_PROGRESS_HISTORY);
    submission.res = res;
    submission.n = row;
    submission.owner = &owner;
    submission.record = &cursor->id;

    rc = ngx_http_pupil_history_of(ctx, &submission);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_stored_at(ctx, &submission, PUPIL_PH_UPDATED_AT,
                                      &cursor->time);
    }

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;      /* the next row */
    }

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "id");
    pupil_writer_uuid(&ctx->out, &cursor->id);

    for (i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        (void) ngx_http_pupil_member(ctx, &submission, members[i].want,
                                     members[i].name);
    }

    rc = ngx_http_pupil_history_result(ctx, &submission);

    pupil_writer_key(&ctx->out, "submitted_at");
    pupil_writer_time(&ctx->out, cursor->time);
    pupil_writer_object_end(&ctx->out);

    return rc;
}


/* NGX_DECLINED: left out, or not of the homework that was asked for. */
static ngx_int_t
ngx_http_pupil_history_of(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *submission)
{
    ngx_int_t                   rc;
    pupil_uuid_t                homework;
    ngx_http_pupil_progress_t  *data;

    data = ctx->data;

    rc = ngx_http_pupil_facts(ctx, submission);
    if (rc != NGX_OK) {
        return rc;
    }

    if (pupil_uuid_is_zero(&data->query.homework_id)) {
        return NGX_OK;
    }

    if (ngx_http_pupil_facts_uuid(submission, "homework_id", &homework)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (pupil_uuid_compare(&homework, &data->query.homework_id) == 0) {
        return NGX_OK;
    }

    ngx_http_pupil_tampered_record(ctx, "progress", submission->record,
                                   &submission->owner->id,
                                   "another homework");

    return NGX_DECLINED;
}


/* The members of the result stand beside the answer, as they were sent. */
static ngx_int_t
ngx_http_pupil_history_result(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *submission)
{
    pupil_str_t  text;

    if (ngx_http_pupil_value(ctx, submission, PUPIL_PH_WANT_RESULT, &text)
        != PUPIL_OK)
    {
        return NGX_OK;
    }

    return pupil_result_write(&ctx->out, text, &ctx->alloc) == PUPIL_OK
           ? NGX_OK : NGX_ERROR;
}
