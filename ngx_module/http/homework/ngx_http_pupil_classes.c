/*
 * Copyright (C) the Pupil authors
 *
 * /v1/classes: the classes that one learns in or teaches, in the institution
 * that the session acts in.  What is in one: ngx_http_pupil_class_grid.c.
 */

#include "http/homework/ngx_http_pupil_classes.h"
#include "http/request/ngx_http_pupil_endpoints.h"


static const ngx_http_pupil_stmt_t *ngx_http_pupil_classes_stmt(
    ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_classes_start(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_classes_render(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_classes_write(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row);


static const ngx_http_pupil_route_t  ngx_http_pupil_classes_routes[] = {

    { .method = NGX_HTTP_GET, .path = "",
      .parse = ngx_http_pupil_no_arguments,
      .start = ngx_http_pupil_classes_start,
      .render = ngx_http_pupil_classes_render },

    { .method = NGX_HTTP_GET, .path = "/{id}",
      .parse = ngx_http_pupil_class_grid_parse,
      .start = ngx_http_pupil_class_grid_start,
      .render = ngx_http_pupil_class_grid_render },

    { .method = NGX_HTTP_GET, .path = "/{id}/pupils/{id}",
      .parse = ngx_http_pupil_class_grid_parse,
      .start = ngx_http_pupil_class_grid_start,
      .render = ngx_http_pupil_class_grid_render },

    { .path = NULL }
};


const ngx_http_pupil_endpoint_t  ngx_http_pupil_classes_endpoint = {
    .id = NGX_HTTP_PUPIL_ENDPOINT_CLASSES,
    .name = "classes",
    .core = &pupil_classes_endpoint,
    .routes = ngx_http_pupil_classes_routes,
    .body_max = NGX_HTTP_PUPIL_BODY_MAX
};


static const ngx_http_pupil_stmt_t *
ngx_http_pupil_classes_stmt(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_stmt(ctx, ngx_http_pupil_is(ctx, "teacher")
                                    ? PUPIL_CLASSES_TEACHER
                                    : PUPIL_CLASSES_PUPIL);
}


static ngx_int_t
ngx_http_pupil_classes_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t         *ex;
    const ngx_http_pupil_stmt_t  *stmt;

    ngx_http_pupil_debug(ctx, "classes: start");

    stmt = ngx_http_pupil_classes_stmt(ctx);

    if (ngx_http_pupil_homework_role(ctx) == NULL) {
        return ngx_http_pupil_refuse(ctx, stmt, NULL,
                                     NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add(ctx, ex, stmt);

    return ngx_http_pupil_submit(ctx, ex, 0);
}


static ngx_int_t
ngx_http_pupil_classes_render(ngx_http_pupil_ctx_t *ctx)
{
    int        row;
    PGresult  *res;

    ngx_http_pupil_debug(ctx, "classes: render");

    res = ctx->exchange->results[0];
    ngx_http_pupil_shown(ctx, ngx_http_pupil_classes_stmt(ctx));

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "classes");
    pupil_writer_array_begin(&ctx->out);

    for (row = 0; row < PQntuples(res); row++) {
        if (ngx_http_pupil_classes_write(ctx, res, row) == NGX_ERROR) {
            return NGX_ERROR;
        }
    }

    pupil_writer_array_end(&ctx->out);
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


/* NGX_DECLINED: left out. */
static ngx_int_t
ngx_http_pupil_classes_write(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row)
{
    int32_t                 pupils;
    ngx_int_t               rc;
    ngx_http_pupil_row_t    titled;
    ngx_http_pupil_class_t  class;

    rc = ngx_http_pupil_homework_authentic(ctx, res, row, PUPIL_CL_ENROLMENT,
                                           PUPIL_CL_OWNER, &class);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_libpq_get_int4(res, row, PUPIL_CL_PUPILS, &pupils);
    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    titled.stmt = ngx_http_pupil_classes_stmt(ctx);
    titled.res = res;
    titled.n = row;
    titled.owner = &class.owner;
    titled.record = &class.owner.id;

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "id");
    pupil_writer_uuid(&ctx->out, &class.owner.id);
    (void) ngx_http_pupil_member(ctx, &titled, PUPIL_CL_WANT_TITLE, "title");

    if (rc == NGX_OK) {
        pupil_writer_key(&ctx->out, "pupils");
        pupil_writer_int64(&ctx->out, pupils);
    }

    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}
