/*
 * Copyright (C) the Pupil authors
 *
 * /v1/homework: a teacher takes homework back, and gives it again.  It stays
 * what it was, and so does what pupils have done of it: all that changes is
 * whether it is withdrawn, which facts bind as all else (invariant I18).
 */

#include "http/homework/ngx_http_pupil_homework.h"


static ngx_libpq_exchange_t *ngx_http_pupil_homework_mark(
    ngx_http_pupil_ctx_t *ctx, ngx_uint_t stmt, pupil_time_t withdrawn_at,
    pupil_bound_row_t *bound);


ngx_int_t
ngx_http_pupil_homework_delete_step(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t              rc;
    pupil_time_t           withdrawn_at;
    pupil_bound_row_t      bound;
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "delete: evidence read");

    rc = ngx_http_pupil_homework_begun(ctx, PUPIL_HOMEWORK_DELETE, &bound,
                                       &withdrawn_at);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    ex = ngx_http_pupil_homework_mark(ctx, PUPIL_HOMEWORK_DELETE, ctx->now,
                                      &bound);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_homework_record(ctx, ex, PUPIL_HOMEWORK_DELETE);
    ctx->resume = ngx_http_pupil_homework_deleted;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


ngx_int_t
ngx_http_pupil_homework_restore_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    data->target_by = PUPIL_HOMEWORK_EVER_TARGET;

    return ngx_http_pupil_homework_write_begin(ctx, PUPIL_HOMEWORK_RESTORE,
                                               PUPIL_HOMEWORK_EVER_EVIDENCE);
}


/* What is there is shown: the answer to who sends it again. */
ngx_int_t
ngx_http_pupil_homework_restore_step(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    pupil_time_t                withdrawn_at;
    pupil_bound_row_t           bound;
    ngx_libpq_exchange_t       *ex;
    ngx_http_pupil_homework_t  *data;

    ngx_http_pupil_debug(ctx, "restore: evidence read");

    rc = ngx_http_pupil_homework_begun(ctx, PUPIL_HOMEWORK_RESTORE, &bound,
                                       &withdrawn_at);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    if (withdrawn_at == 0) {
        data = ctx->data;
        ctx->audit.due = 0;          /* of what was written before, if it was */

        return ngx_http_pupil_homework_ask_one(ctx, &data->record,
                                          ngx_http_pupil_homework_one_render);
    }

    ex = ngx_http_pupil_homework_mark(ctx, PUPIL_HOMEWORK_RESTORE, 0, &bound);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_homework_end(ctx, ex, PUPIL_HOMEWORK_RESTORE,
                                       ngx_http_pupil_homework_restored);
}


/* The write of a row that is withdrawn then; 0: that is not. */
static ngx_libpq_exchange_t *
ngx_http_pupil_homework_mark(ngx_http_pupil_ctx_t *ctx, ngx_uint_t stmt,
    pupil_time_t withdrawn_at, pupil_bound_row_t *bound)
{
    uint8_t                     time[8];
    pupil_str_t                 facts, *cell;
    ngx_libpq_exchange_t       *ex;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    if (withdrawn_at) {
        ngx_http_pupil_homework_bind_time(ctx, bound, "deleted_at",
                                          withdrawn_at, time);
    } else {
        cell = &bound->cells[ngx_http_pupil_homework_field(ctx,
                                                           "deleted_at")];
        cell->data = NULL;
        cell->len = 0;
    }

    if (ngx_http_pupil_homework_facts(ctx, bound, &facts) != NGX_OK) {
        return NULL;
    }

    ex = ngx_http_pupil_homework_write(ctx, stmt);
    if (ex == NULL) {
        return NULL;
    }

    ngx_libpq_param_int4(ex, (int32_t) data->target->owner.version);

    if (withdrawn_at) {
        ngx_libpq_param_timestamptz(ex, withdrawn_at);
    }

    ngx_http_pupil_param_bytea(ex, &facts);
    ngx_http_pupil_param_bytea(ex, &bound->facts);

    return ex;
}
