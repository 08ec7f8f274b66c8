/*
 * Copyright (C) the Pupil authors
 *
 * /v1/homework: one that is given is a copy of another, of a class that the
 * teacher teaches, too.  Keys of exercises come with it, which nobody is shown.
 */

#include "http/homework/ngx_http_pupil_homework.h"


static ngx_int_t ngx_http_pupil_copy_row(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_row_t *row, pupil_uuid_t *record);
static ngx_int_t ngx_http_pupil_copy_read(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row);
static ngx_int_t ngx_http_pupil_copy_value(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t want, pupil_str_t *value);
static ngx_int_t ngx_http_pupil_copy_refuse(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem);


ngx_int_t
ngx_http_pupil_homework_made(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    pupil_uuid_t                record;
    ngx_http_pupil_row_t        row;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    data->made = data->create;

    if (pupil_uuid_is_zero(&data->create.copy_of)) {
        return NGX_OK;
    }

    ngx_http_pupil_debug(ctx, "copy: source read");

    rc = ngx_http_pupil_copy_row(ctx, &row, &record);

    return rc == NGX_OK ? ngx_http_pupil_copy_read(ctx, &row) : rc;
}


/* What it is a copy of, with its key. */
static ngx_int_t
ngx_http_pupil_copy_row(ngx_http_pupil_ctx_t *ctx, ngx_http_pupil_row_t *row,
    pupil_uuid_t *record)
{
    ngx_int_t                      rc;
    pupil_uuid_t                   owner;
    ngx_http_pupil_homework_t     *data;
    const ngx_http_pupil_class_t  *class;

    data = ctx->data;

    row->stmt = ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_SOURCE);
    row->res = ctx->exchange->results[data->source_at];
    row->n = 0;

    rc = ngx_libpq_get_uuid(row->res, 0, PUPIL_HT_RECORD, record->b);

    if (rc == NGX_OK) {
        rc = ngx_libpq_get_uuid(row->res, 0, PUPIL_HU_OWNER, owner.b);
    }

    if (rc == NGX_ERROR) {
        return rc;
    }

    /* of a class whose evidence is authentic (invariants I18 and I20) */
    class = rc == NGX_OK ? ngx_http_pupil_homework_class(data, &owner) : NULL;

    if (class == NULL
        || pupil_uuid_compare(record, &data->create.copy_of) != 0)
    {
        return ngx_http_pupil_copy_refuse(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    row->owner = &class->owner;
    row->record = &data->create.copy_of;

    switch (ngx_http_pupil_need(ctx, row->owner)) {

    case PUPIL_OK:
        break;

    case PUPIL_NO_KEY:
        return NGX_DECLINED;

    case PUPIL_RESTRICTED:
    case PUPIL_ERASED:
        return ngx_http_pupil_copy_refuse(ctx, NGX_HTTP_PUPIL_RESTRICTED);

    default:
        return NGX_ERROR;
    }

    rc = ngx_http_pupil_facts(ctx, row);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_there(ctx, row);
    }

    return rc == NGX_DECLINED
           ? ngx_http_pupil_copy_refuse(ctx, NGX_HTTP_PUPIL_NOT_FOUND) : rc;
}


static ngx_int_t
ngx_http_pupil_copy_read(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row)
{
    ngx_int_t                   rc;
    ngx_uint_t                  want;
    pupil_str_t                 values[PUPIL_HU_WANTS];
    pupil_input_homework_t     *made;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    made = &data->made;

    for (want = 0; want < PUPIL_HU_WANTS; want++) {
        rc = ngx_http_pupil_copy_value(ctx, row, want, &values[want]);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (made->title.data == NULL) {
        made->title = values[PUPIL_HU_WANT_TITLE];
    }

    if (!(made->set & PUPIL_INPUT_SET_DESCRIBED)) {
        made->description = values[PUPIL_HU_WANT_DESCRIPTION];
    }

    return pupil_exercises_copy(&ctx->alloc, values[PUPIL_HU_WANT_EXERCISES],
                                values[PUPIL_HU_WANT_KEYS], &made->exercises,
                                &made->exercise_count)
           == PUPIL_OK ? NGX_OK : NGX_ERROR;
}


/* NGX_OK, or how the request ends. */
static ngx_int_t
ngx_http_pupil_copy_value(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t want, pupil_str_t *value)
{
    /* no way to know what there is: nothing is lost unseen */
    if (!row->stmt->statement.granted[want]) {
        return ngx_http_pupil_copy_refuse(ctx, NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    return ngx_http_pupil_homework_stored_value(ctx, row, want,
                                                PUPIL_HOMEWORK_COPY, value);
}


static ngx_int_t
ngx_http_pupil_copy_refuse(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem)
{
    return ngx_http_pupil_refuse_stmt(ctx, PUPIL_HOMEWORK_COPY, problem);
}
