/*
 * Copyright (C) the Pupil authors
 *
 * A page of what classes own, as it is kept: which homework is on it, by dates
 * and by what the pupil has done, and how it is written.
 */

#include "http/homework/ngx_http_pupil_homework_feed.h"


/* Bytes: of what is written beside a definition; of a piece of an answer. */
#define NGX_HTTP_PUPIL_ROOM      256
#define NGX_HTTP_PUPIL_ROOM_MAX  32768


/* A homework of the page. */
typedef struct {
    ngx_http_pupil_class_t       *class;
    ngx_http_pupil_definition_t  *definition;
} ngx_http_pupil_pick_t;


static void ngx_http_pupil_feed_make_room(ngx_http_pupil_ctx_t *ctx);
static void ngx_http_pupil_feed_item(ngx_http_pupil_homework_t *data,
    const ngx_http_pupil_pick_t *pick, ngx_http_pupil_item_t *item);
static void ngx_http_pupil_feed_place(const ngx_http_pupil_pick_t *pick,
    pupil_cursor_t *place);
static ngx_int_t ngx_http_pupil_feed_pick(ngx_http_pupil_ctx_t *ctx,
    PGresult *beside, ngx_http_pupil_pick_t *picks, ngx_uint_t *n,
    ngx_uint_t *more);
static ngx_int_t ngx_http_pupil_feed_next(ngx_http_pupil_ctx_t *ctx,
    pupil_list_window_t *window, ngx_http_pupil_pick_t *pick);
static ngx_http_pupil_definition_t *ngx_http_pupil_feed_within(
    ngx_http_pupil_ctx_t *ctx, ngx_http_pupil_class_t *class,
    const pupil_list_window_t *window);
static int ngx_http_pupil_feed_order(const ngx_http_pupil_definition_t *d,
    pupil_time_t time, const pupil_uuid_t *id);
static ngx_http_pupil_teacher_t *ngx_http_pupil_feed_assigner(
    ngx_http_pupil_homework_t *data,
    const ngx_http_pupil_definition_t *definition,
    const pupil_uuid_t *class_id);


ngx_int_t
ngx_http_pupil_feed_render(ngx_http_pupil_ctx_t *ctx)
{
    PGresult                   *beside;
    ngx_int_t                   rc;
    ngx_uint_t                  i, n, more, reverse;
    pupil_cursor_t              places[2];
    ngx_http_pupil_item_t       item;
    ngx_http_pupil_pick_t      *picks, *pick;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    beside = data->has_beside ? data->feed->results[data->beside] : NULL;

    picks = ngx_palloc(ctx->request->pool, data->query.page.limit
                                           * sizeof(ngx_http_pupil_pick_t));
    if (picks == NULL
        || ngx_http_pupil_feed_pick(ctx, beside, picks, &n, &more) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_pupil_feed_make_room(ctx);
    ngx_http_pupil_shown(ctx, data->list);

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "homework");
    pupil_writer_array_begin(&ctx->out);

    /* they were found from the other end when a page before is asked for */
    reverse = data->query.back;

    for (i = 0; i < n; i++) {
        pick = &picks[reverse ? n - 1 - i : i];
        ngx_http_pupil_feed_item(data, pick, &item);

        rc = ngx_http_pupil_homework_json(ctx, &item, beside);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    pupil_writer_array_end(&ctx->out);

    if (n == 0) {
        ngx_http_pupil_homework_cursors(ctx, NULL, NULL, 0);

    } else {
        ngx_http_pupil_feed_place(&picks[reverse ? n - 1 : 0], &places[0]);
        ngx_http_pupil_feed_place(&picks[reverse ? 0 : n - 1], &places[1]);
        ngx_http_pupil_homework_cursors(ctx, &places[0], &places[1], more);
    }

    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


static void
ngx_http_pupil_feed_item(ngx_http_pupil_homework_t *data,
    const ngx_http_pupil_pick_t *pick, ngx_http_pupil_item_t *item)
{
    item->definition = *pick->definition;
    item->record = item->definition.record;
    item->class = pick->class;
    item->teacher = ngx_http_pupil_feed_assigner(data, &item->definition,
                                                 &pick->class->owner.id);
}


static void
ngx_http_pupil_feed_place(const ngx_http_pupil_pick_t *pick,
    pupil_cursor_t *place)
{
    place->time = pick->definition->due_at;
    place->id = pick->definition->record;
}


/* What is on the page, from the end of the window that it is at. */
static ngx_int_t
ngx_http_pupil_feed_pick(ngx_http_pupil_ctx_t *ctx, PGresult *beside,
    ngx_http_pupil_pick_t *picks, ngx_uint_t *n, ngx_uint_t *more)
{
    ngx_int_t                   rc;
    ngx_uint_t                  i;
    pupil_list_window_t         window;
    ngx_http_pupil_pick_t       pick;
    ngx_http_pupil_item_t       item;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    window = data->window;
    *n = 0;
    *more = 0;

    for (i = 0; i < data->nclasses; i++) {
        data->classes[i].next = 0;
    }

    while (ngx_http_pupil_feed_next(ctx, &window, &pick) == NGX_OK) {

        if (data->asks_done) {
            ngx_http_pupil_feed_item(data, &pick, &item);

            rc = ngx_http_pupil_homework_asked(ctx, &item, beside);

            if (rc == NGX_DECLINED) {
                continue;
            }

            if (rc != NGX_OK) {
                return rc;
            }
        }

        if (*n == data->query.page.limit) {
            *more = 1;
            break;
        }

        picks[(*n)++] = pick;
    }

    return NGX_OK;
}


/* One piece of memory for the whole answer, if it is not very large. */
static void
ngx_http_pupil_feed_make_room(ngx_http_pupil_ctx_t *ctx)
{
    size_t                              size;
    ngx_uint_t                          i, k;
    ngx_http_pupil_homework_t          *data;
    const ngx_http_pupil_definition_t  *d;

    data = ctx->data;
    size = NGX_HTTP_PUPIL_ROOM;

    for (i = 0; i < data->nclasses; i++) {
        for (k = 0; k < data->classes[i].count; k++) {
            d = &data->classes[i].definitions[k];
            size += d->head.len + d->text.len + NGX_HTTP_PUPIL_ROOM;
        }
    }

    if (ctx->out.first == NULL) {
        pupil_writer_init(&ctx->out, &ctx->alloc,
                          ngx_min(size, NGX_HTTP_PUPIL_ROOM_MAX));
    }
}


/*
 * The next of all in the window, which ends there then, so that nothing comes
 * twice; NGX_DECLINED: there is none.
 */
static ngx_int_t
ngx_http_pupil_feed_next(ngx_http_pupil_ctx_t *ctx,
    pupil_list_window_t *window, ngx_http_pupil_pick_t *pick)
{
    int                           order;
    ngx_uint_t                    i;
    ngx_http_pupil_class_t       *class;
    ngx_http_pupil_homework_t    *data;
    ngx_http_pupil_definition_t  *d;

    data = ctx->data;
    pick->class = NULL;

    for (i = 0; i < data->nclasses; i++) {
        class = &data->classes[i];
        d = ngx_http_pupil_feed_within(ctx, class, window);

        if (d == NULL) {
            continue;
        }

        if (pick->class != NULL) {
            order = ngx_http_pupil_feed_order(d, pick->definition->due_at,
                                              &pick->definition->record);

            if (window->descending ? order <= 0 : order >= 0) {
                continue;
            }
        }

        pick->class = class;
        pick->definition = d;
    }

    if (pick->class == NULL) {
        return NGX_DECLINED;
    }

    pick->class->next++;
    ngx_http_pupil_feed_place(pick, window->descending ? &window->high
                                                       : &window->low);

    return NGX_OK;
}


/* The next of a class; next counts from the end that the page is at. */
static ngx_http_pupil_definition_t *
ngx_http_pupil_feed_within(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_class_t *class, const pupil_list_window_t *window)
{
    ngx_uint_t                    open;
    ngx_http_pupil_homework_t    *data;
    ngx_http_pupil_definition_t  *d;

    data = ctx->data;
    open = data->query.list.status == PUPIL_LIST_OPEN;

    for ( /* void */ ; class->next < class->count; class->next++) {
        d = &class->definitions[window->descending
                                ? class->count - 1 - class->next
                                : class->next];

        if (d->assigned_at <= ctx->now
            && (!open || d->due_at > ctx->now)
            && ngx_http_pupil_feed_order(d, window->low.time,
                                         &window->low.id) > 0
            && ngx_http_pupil_feed_order(d, window->high.time,
                                         &window->high.id) < 0)
        {
            return d;
        }
    }

    return NULL;
}


/* Of a homework and a place in the list. */
static int
ngx_http_pupil_feed_order(const ngx_http_pupil_definition_t *d,
    pupil_time_t time, const pupil_uuid_t *id)
{
    if (d->due_at != time) {
        return d->due_at < time ? -1 : 1;
    }

    return pupil_uuid_compare(&d->record, id);
}


static ngx_http_pupil_teacher_t *
ngx_http_pupil_feed_assigner(ngx_http_pupil_homework_t *data,
    const ngx_http_pupil_definition_t *definition,
    const pupil_uuid_t *class_id)
{
    ngx_uint_t  i;

    for (i = 0; i < data->nteachers; i++) {
        if (pupil_uuid_compare(&data->teachers[i].subject,
                               &definition->assigned_by) == 0
            && pupil_uuid_compare(&data->teachers[i].class_id, class_id) == 0)
        {
            return &data->teachers[i];
        }
    }

    return NULL;
}
