/*
 * Copyright (C) the Pupil authors
 *
 * What binds a homework: its dates, exercises, who assigned it, that it is
 * taken back, and what is sealed (invariant I18).  A write begins with the row
 * that is stored, and is done only while it still is.
 */

#include "http/homework/ngx_http_pupil_homework.h"


static const pupil_category_t *ngx_http_pupil_homework_category(
    ngx_http_pupil_ctx_t *ctx);


void
ngx_http_pupil_homework_stored_row(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_row_t *row)
{
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    row->stmt = ngx_http_pupil_stmt(ctx, data->target_by);
    row->res = ctx->exchange->results[data->target_at];
    row->n = 0;
    row->owner = &data->target->owner;
    row->record = &data->record;
}


ngx_int_t
ngx_http_pupil_homework_stored_value(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t want, ngx_uint_t by,
    pupil_str_t *value)
{
    switch (ngx_http_pupil_value(ctx, row, want, value)) {

    case PUPIL_OK:
        return NGX_OK;

    case PUPIL_NOT_FOUND:
        ngx_memzero(value, sizeof(pupil_str_t));
        return NGX_OK;

    case PUPIL_NO_MEMORY:
        return NGX_ERROR;

    default:
        /* somebody has changed it, which is noted */
        return ngx_http_pupil_refuse_stmt(ctx, by, NGX_HTTP_PUPIL_NOT_FOUND);
    }
}


ngx_int_t
ngx_http_pupil_homework_bound(ngx_http_pupil_ctx_t *ctx,
    pupil_bound_row_t *bound, pupil_time_t *assigned_at,
    pupil_time_t *withdrawn_at)
{
    ngx_int_t                   rc;
    pupil_uuid_t                record;
    ngx_http_pupil_row_t        stored;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    ngx_http_pupil_homework_stored_row(ctx, &stored);

    rc = ngx_libpq_get_uuid(stored.res, 0, PUPIL_HT_RECORD, record.b);

    if (rc == NGX_OK && pupil_uuid_compare(&record, &data->record) != 0) {
        ngx_http_pupil_tampered_record(ctx, "homework", &record,
                                       &data->target->owner.id,
                                       "another record");
        return NGX_DECLINED;
    }

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_facts(ctx, &stored);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (data->target_by != PUPIL_HOMEWORK_EVER_TARGET) {
        rc = ngx_http_pupil_there(ctx, &stored);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    ngx_http_pupil_facts_row(&stored, bound);

    rc = ngx_http_pupil_facts_time(&stored, "deleted_at", withdrawn_at);

    if (rc == NGX_DECLINED) {
        *withdrawn_at = 0;

    } else if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_pupil_facts_time(&stored, "assigned_at", assigned_at);
}


ngx_int_t
ngx_http_pupil_homework_there(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t withdrawn)
{
    ngx_int_t     rc;
    pupil_time_t  at;

    if (!withdrawn) {
        return ngx_http_pupil_there(ctx, row);
    }

    rc = ngx_http_pupil_facts_time(row, "deleted_at", &at);

    if (rc == NGX_ERROR
        || (rc == NGX_OK && ngx_http_pupil_homework_of_late(ctx, at)))
    {
        return rc;
    }

    ngx_http_pupil_tampered_record(ctx, "homework", row->record,
                                   &row->owner->id, "not withdrawn");
    return NGX_DECLINED;
}


ngx_uint_t
ngx_http_pupil_homework_of_late(ngx_http_pupil_ctx_t *ctx,
    pupil_time_t withdrawn_at)
{
    return withdrawn_at > ctx->now - PUPIL_HOMEWORK_RESTORE_DAYS
                                     * PUPIL_TIME_DAY;
}


ngx_int_t
ngx_http_pupil_homework_facts(ngx_http_pupil_ctx_t *ctx,
    const pupil_bound_row_t *bound, pupil_str_t *facts)
{
    ngx_http_pupil_place_t      at;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    at.category = "homework";
    at.field = "";
    at.owner = &data->target->owner;
    at.record = &data->record;

    return ngx_http_pupil_facts_make(ctx,
                                     ngx_http_pupil_homework_category(ctx),
                                     &at, bound, facts);
}


void
ngx_http_pupil_homework_bind_text(ngx_http_pupil_ctx_t *ctx,
    pupil_bound_row_t *bound, const char *field, pupil_str_t text)
{
    ngx_http_pupil_facts_sealed(ngx_http_pupil_homework_category(ctx), field,
                                text, bound);
}


void
ngx_http_pupil_homework_bind_time(ngx_http_pupil_ctx_t *ctx,
    pupil_bound_row_t *bound, const char *field, pupil_time_t time,
    uint8_t memory[8])
{
    pupil_bound_time(bound, ngx_http_pupil_homework_field(ctx, field), time,
                     memory);
}


ngx_int_t
ngx_http_pupil_homework_bind_new(ngx_http_pupil_ctx_t *ctx,
    pupil_bound_row_t *bound, const pupil_uuid_t *ids, ngx_uint_t n)
{
    ngx_memzero(bound, sizeof(pupil_bound_row_t));

    if (ngx_http_pupil_homework_bind_ids(ctx, bound, ids, n) != NGX_OK) {
        return NGX_ERROR;
    }

    pupil_bound_uuid(bound, ngx_http_pupil_homework_field(ctx, "assigned_by"),
                     &ctx->session.subject);

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_homework_bind_ids(ngx_http_pupil_ctx_t *ctx,
    pupil_bound_row_t *bound, const pupil_uuid_t *ids, ngx_uint_t n)
{
    uint8_t  *list;

    list = ngx_palloc(ctx->request->pool, pupil_bound_uuids_size(n));
    if (list == NULL) {
        return NGX_ERROR;
    }

    pupil_bound_uuids(bound,
                      ngx_http_pupil_homework_field(ctx, "exercise_ids"), ids,
                      (uint32_t) n, list);

    return NGX_OK;
}


static const pupil_category_t *
ngx_http_pupil_homework_category(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_TARGET)->statement.bound;
}


int32_t
ngx_http_pupil_homework_field(ngx_http_pupil_ctx_t *ctx, const char *field)
{
    return ngx_http_pupil_facts_field(ngx_http_pupil_homework_category(ctx),
                                      field);
}
