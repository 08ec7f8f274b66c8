/*
 * Copyright (C) the Pupil authors
 *
 * /v1/homework: a teacher changes exercises, until somebody has answered.  One
 * that keeps its id is the same question, so that what is on its way is an
 * answer to it, judged by what is stored then.
 */

#include "http/homework/ngx_http_pupil_homework.h"


/* As they are stored; empty: there is none. */
typedef struct {
    pupil_str_t  exercises, keys;
} ngx_http_pupil_edited_t;


static ngx_int_t ngx_http_pupil_edit_open(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_edited_t *stored);
static ngx_int_t ngx_http_pupil_edit_keep(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_edited_t *stored);
static ngx_int_t ngx_http_pupil_edit_write(ngx_http_pupil_ctx_t *ctx,
    pupil_bound_row_t *bound);
static ngx_int_t ngx_http_pupil_edit_seal(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *ids, pupil_bound_row_t *bound,
    ngx_http_pupil_edited_t *sealed);


ngx_int_t
ngx_http_pupil_homework_edit_step(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_uint_t                  answered;
    pupil_time_t                withdrawn_at;
    pupil_bound_row_t           bound;
    ngx_http_pupil_edited_t     stored;
    ngx_http_pupil_homework_t  *data;

    ngx_http_pupil_debug(ctx, "edit: evidence read");

    data = ctx->data;

    rc = ngx_http_pupil_homework_begun(ctx, PUPIL_HOMEWORK_EDIT, &bound,
                                       &withdrawn_at);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    if (ngx_libpq_get_bool(ctx->exchange->results[data->target_at], 0,
                           PUPIL_HX_ANSWERED, &answered)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (answered) {
        return ngx_http_pupil_refuse_as(ctx,
                                        ngx_http_pupil_stmt(ctx,
                                                       PUPIL_HOMEWORK_EDIT),
                                        NGX_HTTP_PUPIL_CONFLICT, "/exercises",
                                        "answered");
    }

    rc = ngx_http_pupil_edit_open(ctx, &stored);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_edit_keep(ctx, &stored);
    }

    return rc == NGX_OK ? ngx_http_pupil_edit_write(ctx, &bound) : rc;
}


/* NGX_OK, or how the request ends. */
static ngx_int_t
ngx_http_pupil_edit_open(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_edited_t *stored)
{
    ngx_int_t                     rc;
    ngx_http_pupil_row_t          row;
    const ngx_http_pupil_stmt_t  *stmt;

    stmt = ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_EDIT_TARGET);

    /* no way to know which keys there are: none is lost unseen */
    if (!stmt->statement.granted[PUPIL_HX_WANT_EXERCISES]
        || !stmt->statement.granted[PUPIL_HX_WANT_KEYS])
    {
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_HOMEWORK_EDIT,
                                          NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    ngx_http_pupil_homework_stored_row(ctx, &row);

    rc = ngx_http_pupil_homework_stored_value(ctx, &row,
                                              PUPIL_HX_WANT_EXERCISES,
                                              PUPIL_HOMEWORK_EDIT,
                                              &stored->exercises);

    return rc == NGX_OK
           ? ngx_http_pupil_homework_stored_value(ctx, &row,
                                                  PUPIL_HX_WANT_KEYS,
                                                  PUPIL_HOMEWORK_EDIT,
                                                  &stored->keys)
           : rc;
}


/* NGX_OK, or how the request ends. */
static ngx_int_t
ngx_http_pupil_edit_keep(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_edited_t *stored)
{
    pupil_rc_t                  rc;
    pupil_fault_t               fault;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    rc = pupil_exercises_keep(&ctx->alloc, stored->exercises, stored->keys,
                              data->patch.exercises,
                              data->patch.exercise_count, &fault);

    if (rc == PUPIL_OK) {
        return NGX_OK;
    }

    if (rc != PUPIL_INVALID || fault.status == 0) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_refuse_at(ctx,
                                    ngx_http_pupil_stmt(ctx,
                                                        PUPIL_HOMEWORK_EDIT),
                                    NULL, fault.field, fault.rule);
}


static ngx_int_t
ngx_http_pupil_edit_write(ngx_http_pupil_ctx_t *ctx, pupil_bound_row_t *bound)
{
    uint8_t                     due_at[8];
    pupil_str_t                 title, description, facts;
    pupil_uuid_t               *ids;
    ngx_libpq_exchange_t       *ex;
    ngx_http_pupil_edited_t     sealed;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    ids = ngx_http_pupil_homework_edit_ids(ctx);

    if (ids == NULL
        || ngx_http_pupil_homework_patch_bind(ctx, bound, &title,
                                              &description, due_at)
           != NGX_OK
        || ngx_http_pupil_edit_seal(ctx, ids, bound, &sealed) != NGX_OK
        || ngx_http_pupil_homework_facts(ctx, bound, &facts) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (sealed.keys.data != NULL
        && !ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_EDIT)
                ->statement.granted[PUPIL_HW_WANT_KEYS])
    {
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_HOMEWORK_EDIT,
                                          NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    ex = ngx_http_pupil_homework_write(ctx, PUPIL_HOMEWORK_EDIT);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_homework_patch_params(ctx, ex, &title, &description,
                                         &facts, &bound->facts);
    ngx_http_pupil_param_bytea(ex, &sealed.exercises);
    ngx_libpq_param_uuid_array(ex, ids, data->patch.exercise_count);
    ngx_http_pupil_param_bytea(ex, &sealed.keys);

    return ngx_http_pupil_homework_end(ctx, ex, PUPIL_HOMEWORK_EDIT,
                                       ngx_http_pupil_homework_edited);
}


static ngx_int_t
ngx_http_pupil_edit_seal(ngx_http_pupil_ctx_t *ctx, const pupil_uuid_t *ids,
    pupil_bound_row_t *bound, ngx_http_pupil_edited_t *sealed)
{
    uint32_t                       n;
    pupil_str_t                    exercises, keys;
    ngx_http_pupil_homework_t     *data;
    const pupil_input_exercise_t  *list;

    data = ctx->data;
    list = data->patch.exercises;
    n = data->patch.exercise_count;

    if (pupil_exercises_text(&ctx->alloc, list, n, ids, &exercises)
        != PUPIL_OK
        || pupil_exercises_keys(&ctx->alloc, list, n, ids, &keys) != PUPIL_OK
        || ngx_http_pupil_homework_seal(ctx, "exercises", exercises,
                                        &sealed->exercises)
           != NGX_OK
        || ngx_http_pupil_homework_seal(ctx, "keys", keys, &sealed->keys)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_pupil_homework_bind_text(ctx, bound, "exercises",
                                      sealed->exercises);
    ngx_http_pupil_homework_bind_text(ctx, bound, "keys", sealed->keys);

    return ngx_http_pupil_homework_bind_ids(ctx, bound, ids, n);
}
