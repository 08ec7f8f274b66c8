/*
 * Copyright (C) the Pupil authors
 *
 * /v1/homework: a page of homework.  What is due from now on, or from the day
 * that it is, comes from what workers keep; all else is one statement's.  The
 * page lies at either end of a window between two places in the order of dates:
 * that is all that orders and directions are.
 */

#include "http/homework/ngx_http_pupil_homework.h"


static ngx_int_t ngx_http_pupil_homework_list_granted(
    ngx_http_pupil_ctx_t *ctx, const ngx_http_pupil_homework_role_t *role);
static ngx_uint_t ngx_http_pupil_homework_list_kept(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_homework_role_t *role);
static ngx_int_t ngx_http_pupil_homework_list_item(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, PGresult *beside);
static ngx_int_t ngx_http_pupil_homework_list_ends(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);
static ngx_int_t ngx_http_pupil_homework_list_place(PGresult *res,
    ngx_uint_t row, pupil_cursor_t *place);
static void ngx_http_pupil_homework_cursor(ngx_http_pupil_ctx_t *ctx,
    const char *name, const pupil_cursor_t *place, unsigned back);


ngx_int_t
ngx_http_pupil_homework_list_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    pupil_fault_t               fault;
    ngx_http_pupil_homework_t  *data;

    ngx_http_pupil_debug(ctx, "list: parse");

    data = ngx_http_pupil_ctx_data(ctx, sizeof(ngx_http_pupil_homework_t));
    if (data == NULL) {
        return NGX_ERROR;
    }

    data->query = pupil_homework_first;

    rc = ngx_http_pupil_arguments(ctx, pupil_homework_arguments,
                                  &data->query);
    if (rc != NGX_OK) {
        return rc;
    }

    return pupil_homework_query_check(&data->query, &fault) == PUPIL_OK
           ? NGX_OK : ngx_http_pupil_fault(ctx, &fault);
}


ngx_int_t
ngx_http_pupil_homework_list_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                              rc;
    ngx_uint_t                             way;
    pupil_fault_t                          fault;
    ngx_http_pupil_homework_t             *data;
    const ngx_http_pupil_homework_role_t  *role;

    ngx_http_pupil_debug(ctx, "list: start");

    data = ctx->data;
    role = ngx_http_pupil_homework_role(ctx);

    pupil_homework_window(&data->query, ctx->now, ctx->midnight,
                          &data->window);
    data->asks_done = pupil_list_asks_done(&data->query.list, &data->done);

    if (role == NULL) {
        return ngx_http_pupil_homework_start(ctx, NULL);
    }

    if (data->asks_done) {
        rc = ngx_http_pupil_homework_list_granted(ctx, role);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (data->query.list.status == PUPIL_LIST_WITHDRAWN
        && !ngx_http_pupil_is(ctx, "teacher"))
    {
        (void) pupil_fault_set(&fault, 422, "status", "teacher");
        return ngx_http_pupil_fault(ctx, &fault);
    }

    if (ngx_http_pupil_homework_list_kept(ctx, role)) {
        way = data->window.descending;
        data->role = role;
        data->list = ngx_http_pupil_stmt(ctx, role->list[way]);

        return ngx_http_pupil_homework_feed_start(ctx);
    }

    return ngx_http_pupil_homework_start(ctx, NULL);
}


/* Who asks by what is done is a pupil, who may see what that is. */
static ngx_int_t
ngx_http_pupil_homework_list_granted(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_homework_role_t *role)
{
    pupil_fault_t                 fault;
    const ngx_http_pupil_stmt_t  *list, *beside;

    if (!ngx_http_pupil_is(ctx, "pupil")) {
        (void) pupil_fault_set(&fault, 422, "status", "pupil");
        return ngx_http_pupil_fault(ctx, &fault);
    }

    list = ngx_http_pupil_stmt(ctx, role->list[0]);
    beside = ngx_http_pupil_stmt(ctx, role->beside[0]);

    if (!beside->granted
        || !list->statement.granted[PUPIL_HL_WANT_EXERCISES])
    {
        return ngx_http_pupil_refuse_stmt(ctx, role->beside[0],
                                          NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    return NGX_OK;
}


static ngx_uint_t
ngx_http_pupil_homework_list_kept(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_homework_role_t *role)
{
    unsigned                    status;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    status = data->query.list.status;

    return (status == PUPIL_LIST_OPEN || status == PUPIL_LIST_TODO)
           && ngx_http_pupil_homework_conf(ctx->main)->definitions != NULL
           && ngx_http_pupil_stmt(ctx, role->list[0])->granted
           && ngx_http_pupil_stmt(ctx, role->feed)->granted
           && ngx_http_pupil_stmt(ctx, role->definitions)->granted;
}


ngx_int_t
ngx_http_pupil_homework_list_ask(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "list: by one statement");

    ctx->resume = ngx_http_pupil_homework_list_render;

    return ngx_http_pupil_homework_start(ctx, NULL);
}


void
ngx_http_pupil_homework_page(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const pupil_uuid_t *one)
{
    pupil_list_window_t         window;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    if (one == NULL) {
        window = data->window;

    } else {
        ngx_memzero(&window, sizeof(pupil_list_window_t));
        window.high.time = PUPIL_TIME_MAX;
    }

    ngx_libpq_param_bool(ex, one != NULL
                             || data->query.list.status != PUPIL_LIST_OPEN);
    ngx_libpq_param_timestamptz(ex, ctx->now);
    ngx_libpq_param_timestamptz(ex, window.low.time);
    ngx_libpq_param_uuid(ex, window.low.id.b);
    ngx_libpq_param_int4(ex, one != NULL ? 1
                             : (int32_t) data->query.page.limit);

    if (one != NULL) {
        ngx_libpq_param_uuid(ex, one->b);

    } else {
        ngx_libpq_param_null(ex);
    }

    ngx_libpq_param_timestamptz(ex, window.high.time);
    ngx_libpq_param_uuid(ex, window.high.id.b);

    if (one == NULL && data->asks_done) {
        ngx_libpq_param_bool(ex, data->done);

    } else {
        ngx_libpq_param_null(ex);
    }
}


ngx_int_t
ngx_http_pupil_homework_list_render(ngx_http_pupil_ctx_t *ctx)
{
    PGresult                   *res, *beside;
    ngx_int_t                   rc;
    ngx_uint_t                  n, row, rows;
    ngx_http_pupil_homework_t  *data;

    ngx_http_pupil_debug(ctx, "list: render");

    data = ctx->data;

    rc = ngx_http_pupil_homework_classes(ctx, ctx->exchange->results[0]);
    if (rc != NGX_OK) {
        return rc;
    }

    res = ctx->exchange->results[data->at];
    beside = ngx_http_pupil_homework_beside(ctx);
    ngx_http_pupil_shown(ctx, data->list);

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "homework");
    pupil_writer_array_begin(&ctx->out);

    rows = PQntuples(res);

    for (n = 0; n < rows; n++) {
        row = data->query.list.newest ? rows - 1 - n : n;

        if (ngx_http_pupil_homework_list_item(ctx, res, row, beside)
            == NGX_ERROR)
        {
            return NGX_ERROR;
        }
    }

    pupil_writer_array_end(&ctx->out);

    if (ngx_http_pupil_homework_list_ends(ctx, res) != NGX_OK) {
        return NGX_ERROR;
    }

    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


/* NGX_DECLINED: left out. */
static ngx_int_t
ngx_http_pupil_homework_list_item(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, PGresult *beside)
{
    ngx_int_t              rc;
    ngx_http_pupil_item_t  item;

    rc = ngx_http_pupil_homework_item(ctx, res, row, &item);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_homework_asked(ctx, &item, beside);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_homework_json(ctx, &item, beside);
    }

    return rc;
}


ngx_int_t
ngx_http_pupil_homework_asked(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_item_t *item, PGresult *beside)
{
    int                         done;
    pupil_score_t               score;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    /* without its exercises, for want of a key, it is looked at again */
    if (!data->asks_done || !item->definition.has_exercises) {
        return NGX_OK;
    }

    if (ngx_http_pupil_homework_own(ctx, item, beside, &score) != NGX_OK) {
        return NGX_ERROR;
    }

    done = pupil_score_status(&score, &item->definition.exercises)
           == PUPIL_SCORE_COMPLETED;

    return done == data->done ? NGX_OK : NGX_DECLINED;
}


/* Rows are in the order of dates, from whichever end they were read. */
static ngx_int_t
ngx_http_pupil_homework_list_ends(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    ngx_int_t                   rc;
    ngx_uint_t                  more, last;
    pupil_cursor_t              places[2];
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    last = PQntuples(res) - 1;

    rc = ngx_http_pupil_homework_list_place(res, 0, &places[0]);

    if (rc == NGX_DECLINED) {
        ngx_http_pupil_homework_cursors(ctx, NULL, NULL, 0);
        return NGX_OK;
    }

    if (rc != NGX_OK
        || ngx_http_pupil_homework_list_place(res, last, &places[1]) != NGX_OK
        || ngx_libpq_get_bool(res, last, PUPIL_HL_MORE, &more) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_pupil_homework_cursors(ctx, &places[data->query.list.newest],
                                    &places[!data->query.list.newest], more);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_homework_list_place(PGresult *res, ngx_uint_t row,
    pupil_cursor_t *place)
{
    ngx_int_t  rc;

    rc = ngx_libpq_get_uuid(res, row, PUPIL_HL_RECORD, place->id.b);

    if (rc == NGX_OK
        && ngx_libpq_get_timestamptz(res, row, PUPIL_HL_DUE_AT, &place->time)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return rc;
}


/*
 * There is a page where this one was come from.  Of one that is empty by now
 * there is no place to go on from: then that is all that lies there.
 */
void
ngx_http_pupil_homework_cursors(ngx_http_pupil_ctx_t *ctx,
    const pupil_cursor_t *first, const pupil_cursor_t *last, ngx_uint_t more)
{
    pupil_cursor_t              edges[2];
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    if (first == NULL) {
        pupil_list_edge(&data->query.list, 0, &edges[0]);
        pupil_list_edge(&data->query.list, 1, &edges[1]);
        last = &edges[0];
        first = &edges[1];
    }

    ngx_http_pupil_homework_cursor(ctx, "next",
                                   more || data->query.back ? last : NULL, 0);

    if (!pupil_uuid_is_zero(&data->query.page.cursor.id)) {
        ngx_http_pupil_homework_cursor(ctx, "previous",
                                       more || !data->query.back ? first
                                                                 : NULL, 1);
    }
}


/* place: NULL, when there is no such page. */
static void
ngx_http_pupil_homework_cursor(ngx_http_pupil_ctx_t *ctx, const char *name,
    const pupil_cursor_t *place, unsigned back)
{
    uint8_t                     text[PUPIL_LIST_CURSOR_TEXT_LEN];
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    pupil_writer_key(&ctx->out, name);

    if (place == NULL) {
        pupil_writer_null(&ctx->out);
        return;
    }

    pupil_list_cursor_encode(place, &data->query.list, back, text);
    pupil_writer_string(&ctx->out, text, PUPIL_LIST_CURSOR_TEXT_LEN);
}
