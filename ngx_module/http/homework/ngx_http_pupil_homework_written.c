/*
 * Copyright (C) the Pupil authors
 *
 * /v1/homework: what a write answers, once it is committed.
 */

#include "http/homework/ngx_http_pupil_homework.h"


static ngx_int_t ngx_http_pupil_homework_stored(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t stmt);
static ngx_int_t ngx_http_pupil_homework_written(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t stmt);
static ngx_int_t ngx_http_pupil_homework_location(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_homework_created(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_http_pupil_homework_t  *data;

    ngx_http_pupil_debug(ctx, "create: written");

    data = ctx->data;

    rc = ngx_http_pupil_homework_written(ctx,
                             ngx_http_pupil_homework_create_stmt(data));
    if (rc != NGX_OK) {
        return rc;
    }

    ctx->response.status = NGX_HTTP_CREATED;

    return ngx_http_pupil_homework_location(ctx);
}


/* Sent again: what is stored, as whoever asks for it is shown it. */
ngx_int_t
ngx_http_pupil_homework_replayed(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    ngx_http_pupil_debug(ctx, "create: it is there");

    rc = ngx_http_pupil_homework_one_render(ctx);

    return rc == NGX_OK ? ngx_http_pupil_homework_location(ctx) : rc;
}


ngx_int_t
ngx_http_pupil_homework_patched(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "patch: written");

    return ngx_http_pupil_homework_written(ctx, PUPIL_HOMEWORK_PATCH);
}


ngx_int_t
ngx_http_pupil_homework_edited(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "edit: written");

    return ngx_http_pupil_homework_written(ctx, PUPIL_HOMEWORK_EDIT);
}


ngx_int_t
ngx_http_pupil_homework_restored(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "restore: written");

    return ngx_http_pupil_homework_written(ctx, PUPIL_HOMEWORK_RESTORE);
}


ngx_int_t
ngx_http_pupil_homework_deleted(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    ngx_http_pupil_debug(ctx, "delete: written");

    rc = ngx_http_pupil_homework_stored(ctx, PUPIL_HOMEWORK_DELETE);

    if (rc == NGX_OK) {
        ctx->response.status = NGX_HTTP_NO_CONTENT;
    }

    return rc;
}


/*
 * The record was written.  Nothing was: the relation ended between the two
 * exchanges, or somebody else wrote it, and all begins anew, once.  A new one
 * that is stored neither then, nor is there to be seen: its id is another's.
 */
static ngx_int_t
ngx_http_pupil_homework_stored(ngx_http_pupil_ctx_t *ctx, ngx_uint_t stmt)
{
    ngx_int_t                   rc;
    pupil_uuid_t                record;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    rc = ngx_libpq_get_uuid(ctx->exchange->results[data->write_at], 0,
                            PUPIL_HW_RECORD, record.b);

    if (rc == NGX_DECLINED) {
        if (data->again && (stmt == PUPIL_HOMEWORK_CREATE
                            || stmt == PUPIL_HOMEWORK_COPY))
        {
            return ngx_http_pupil_refuse_stmt(ctx, stmt,
                                              NGX_HTTP_PUPIL_ID_CONFLICT);
        }

        if (data->again) {
            return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_BUSY);
        }

        data->again = 1;
        return ctx->route->start(ctx);
    }

    if (rc == NGX_OK && pupil_uuid_compare(&record, &data->record) != 0) {
        ngx_http_pupil_tampered_record(ctx, "homework", &record,
                                       &data->target->owner.id,
                                       "another record");
        ctx->integrity = 1;
        return NGX_ERROR;
    }

    return rc;
}


static ngx_int_t
ngx_http_pupil_homework_written(ngx_http_pupil_ctx_t *ctx, ngx_uint_t stmt)
{
    ngx_int_t                   rc;
    ngx_http_pupil_item_t       item;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    rc = ngx_http_pupil_homework_stored(ctx, stmt);
    if (rc != NGX_OK) {
        return rc;
    }

    ngx_http_pupil_shown(ctx, data->list);

    rc = ngx_http_pupil_homework_item(ctx, ctx->exchange->results[data->at],
                                      0, &item);
    if (rc != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_pupil_homework_json(ctx, &item,
                                        ngx_http_pupil_homework_beside(ctx));
}


static ngx_int_t
ngx_http_pupil_homework_location(ngx_http_pupil_ctx_t *ctx)
{
    u_char                     *p;
    ngx_str_t                  *prefix;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    prefix = &ctx->conf->prefix;

    p = ngx_pnalloc(ctx->request->pool,
                    prefix->len + 1 + PUPIL_UUID_TEXT_LEN);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ctx->response.location.data = p;
    p = ngx_cpymem(p, prefix->data, prefix->len);
    *p++ = '/';
    pupil_uuid_format(&data->record, p);
    ctx->response.location.len = prefix->len + 1 + PUPIL_UUID_TEXT_LEN;

    return NGX_OK;
}
