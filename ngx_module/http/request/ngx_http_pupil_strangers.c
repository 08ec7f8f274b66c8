/*
 * Copyright (C) the Pupil authors
 */

#include "http/request/ngx_http_pupil.h"


static ngx_uint_t ngx_http_pupil_strangers_places(
    const ngx_libpq_pool_t *pool);
static void ngx_http_pupil_strangers_left(ngx_libpq_exchange_t *ex);
static void ngx_http_pupil_strangers_free(ngx_http_pupil_strangers_t *s);
static void ngx_http_pupil_strangers_next(ngx_event_t *ev);


#define ngx_http_pupil_stranger_ctx(q)                                        \
    ngx_queue_data(q, ngx_http_pupil_ctx_t, stranger.link)


void
ngx_http_pupil_strangers_init_process(ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_http_pupil_strangers_t  *s;

    s = &pmcf->strangers;

    ngx_queue_init(&s->queue);

    s->next.handler = ngx_http_pupil_strangers_next;
    s->next.data = pmcf;
    s->next.log = ngx_cycle->log;
}


/* Half of the connections for reads, one exchange on each; at least one. */
static ngx_uint_t
ngx_http_pupil_strangers_places(const ngx_libpq_pool_t *pool)
{
    ngx_int_t  readers;

    readers = pool->connections - pool->writers - pool->waiters;

    return ngx_max(readers / 2, 1);
}


ngx_int_t
ngx_http_pupil_stranger(ngx_http_pupil_ctx_t *ctx, ngx_http_pupil_step_pt step)
{
    ngx_http_pupil_strangers_t  *s;

    s = &ctx->main->strangers;

    if (ctx->main->zone.sessions == NULL) {
        return NGX_OK;
    }

    s->all++;
    ctx->stranger.is = 1;

    if (s->served < ngx_http_pupil_strangers_places(ctx->main->data)) {
        s->served++;
        ctx->stranger.served = 1;
        return NGX_OK;
    }

    if (s->waiting >= (ngx_uint_t) ctx->main->data->queue_size) {
        s->refused++;
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_BUSY);
    }

    ngx_http_pupil_debug(ctx, "session: waits as a stranger");

    s->waiting++;
    ngx_queue_insert_tail(&s->queue, &ctx->stranger.link);
    ctx->stranger.waits = 1;
    ctx->stranger.step = step;

    return NGX_AGAIN;
}


void
ngx_http_pupil_stranger_leaves(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t        *ex;
    ngx_http_pupil_strangers_t  *s;

    s = &ctx->main->strangers;
    ex = ctx->stranger.exchange;

    if (ctx->stranger.waits) {
        ngx_queue_remove(&ctx->stranger.link);
        ctx->stranger.waits = 0;
        s->waiting--;
        return;
    }

    if (!ctx->stranger.served) {
        return;
    }

    ctx->stranger.served = 0;
    ctx->stranger.exchange = NULL;

    /* or those who go at once would have as many places as they like */
    if (ex != NULL && ex->status == NGX_LIBPQ_PENDING) {
        (void) ngx_http_pupil_hand(ctx, ex, ngx_http_pupil_strangers_left, s);
        return;
    }

    ngx_http_pupil_strangers_free(s);
}


/* The end of what was asked for somebody who has gone. */
static void
ngx_http_pupil_strangers_left(ngx_libpq_exchange_t *ex)
{
    ngx_http_pupil_strangers_t  *s;

    s = ex->data;

    ngx_libpq_exchange_destroy(ex);
    ngx_http_pupil_strangers_free(s);
}


static void
ngx_http_pupil_strangers_free(ngx_http_pupil_strangers_t *s)
{
    s->served--;

    if (s->waiting != 0) {
        ngx_post_event(&s->next, &ngx_posted_events);
    }
}


/* In an event of its own: who frees a place may be a request at its end. */
static void
ngx_http_pupil_strangers_next(ngx_event_t *ev)
{
    ngx_uint_t                   places;
    ngx_queue_t                 *q;
    ngx_http_pupil_ctx_t        *ctx;
    ngx_http_pupil_strangers_t  *s;
    ngx_http_pupil_main_conf_t  *pmcf;

    pmcf = ev->data;
    s = &pmcf->strangers;
    places = ngx_http_pupil_strangers_places(pmcf->data);

    while (s->served < places && !ngx_queue_empty(&s->queue)) {
        q = ngx_queue_head(&s->queue);
        ctx = ngx_http_pupil_stranger_ctx(q);

        ngx_queue_remove(q);
        s->waiting--;
        s->served++;
        ctx->stranger.waits = 0;
        ctx->stranger.served = 1;

        ngx_http_pupil_resume(ctx, ctx->stranger.step);
    }
}
