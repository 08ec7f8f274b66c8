/*
 * Copyright (C) the Pupil authors
 */

#include "http/request/ngx_http_pupil.h"


/* Bytes that an answer holds beside its own: its request and its stream. */
#define NGX_HTTP_PUPIL_UNSENT_EACH  8192


static void ngx_http_pupil_unsent_bound(ngx_http_pupil_ctx_t *newest);
static ngx_uint_t ngx_http_pupil_unsent_same(const ngx_http_pupil_ctx_t *one,
    const ngx_http_pupil_ctx_t *other);
static void ngx_http_pupil_unsent_end(ngx_event_t *ev);
static ngx_http_pupil_ctx_t *ngx_http_pupil_unsent_over(
    ngx_http_pupil_unsent_conf_t *conf);


#define ngx_http_pupil_unsent_ctx(q)                                          \
    ngx_queue_data(q, ngx_http_pupil_ctx_t, unsent.link)


void
ngx_http_pupil_unsent_init_process(ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_http_pupil_unsent_conf_t  *conf;

    conf = &pmcf->unsent;

    ngx_queue_init(&conf->answers);

    conf->end.handler = ngx_http_pupil_unsent_end;
    conf->end.data = conf;
    conf->end.log = ngx_cycle->log;
}


void
ngx_http_pupil_unsent(ngx_http_pupil_ctx_t *ctx, ngx_int_t rc)
{
    ngx_http_request_t            *r;
    ngx_http_pupil_unsent_conf_t  *conf;

    r = ctx->request;
    conf = &ctx->main->unsent;

    if (r != r->main
        || (rc != NGX_AGAIN && !r->buffered && !r->connection->buffered))
    {
        return;
    }

    ctx->unsent.bytes = ctx->out.length + NGX_HTTP_PUPIL_UNSENT_EACH;
    ngx_queue_insert_tail(&conf->answers, &ctx->unsent.link);

    conf->bytes += ctx->unsent.bytes;
    conf->waiting++;

    ngx_http_pupil_debug(ctx, "waits for its client, of %ui bytes",
                         ctx->unsent.bytes);

    ngx_http_pupil_unsent_bound(ctx);
}


void
ngx_http_pupil_unsent_stop(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_unsent_conf_t  *conf;

    if (ctx->unsent.bytes == 0) {
        return;
    }

    conf = &ctx->main->unsent;

    ngx_queue_remove(&ctx->unsent.link);
    conf->bytes -= ctx->unsent.bytes;
    conf->waiting--;
    ctx->unsent.bytes = 0;
}


/*
 * Marks what is too much, from the oldest on.  An answer that is alone is not
 * too much, however large.
 */
static void
ngx_http_pupil_unsent_bound(ngx_http_pupil_ctx_t *newest)
{
    size_t                         all, own;
    ngx_queue_t                   *q;
    ngx_uint_t                     mine;
    ngx_http_pupil_ctx_t          *ctx;
    ngx_http_pupil_unsent_conf_t  *conf;

    conf = &newest->main->unsent;
    all = own = 0;

    for (q = ngx_queue_last(&conf->answers);
         q != ngx_queue_sentinel(&conf->answers);
         q = ngx_queue_prev(q))
    {
        ctx = ngx_http_pupil_unsent_ctx(q);

        if (ctx->unsent.over) {
            continue;
        }

        mine = ngx_http_pupil_unsent_same(ctx, newest);
        all += ctx->unsent.bytes;
        own += mine ? ctx->unsent.bytes : 0;

        if (ctx != newest
            && (all > conf->worker || (mine && own > conf->session)))
        {
            ctx->unsent.over = 1;
            conf->ended++;
            ngx_post_event(&conf->end, &ngx_posted_events);
        }
    }
}


/* Of one session; without one, each is by itself. */
static ngx_uint_t
ngx_http_pupil_unsent_same(const ngx_http_pupil_ctx_t *one,
    const ngx_http_pupil_ctx_t *other)
{
    return one == other
           || (one->has_session && other->has_session
               && ngx_memcmp(one->session.hash, other->session.hash,
                             sizeof(one->session.hash)) == 0);
}


/*
 * In an event of its own, as their connections may be in the middle of
 * something.  The end of one may be that of others: from the first each time.
 */
static void
ngx_http_pupil_unsent_end(ngx_event_t *ev)
{
    ngx_connection_t              *c;
    ngx_http_pupil_ctx_t          *ctx;
    ngx_http_pupil_unsent_conf_t  *conf;
    ngx_http_pupil_probe(RESUME);

    conf = ev->data;

    for (ctx = ngx_http_pupil_unsent_over(conf);
         ctx != NULL;
         ctx = ngx_http_pupil_unsent_over(conf))
    {
        c = ctx->request->connection;

        ngx_http_set_log_request(c->log, ctx->request);
        ngx_http_pupil_debug(ctx, "ended: its client did not read");

        ngx_http_pupil_unsent_stop(ctx);
        ngx_http_finalize_request(ctx->request, NGX_ERROR);
        ngx_http_run_posted_requests(c);
    }
}


/* The first that is too much. */
static ngx_http_pupil_ctx_t *
ngx_http_pupil_unsent_over(ngx_http_pupil_unsent_conf_t *conf)
{
    ngx_queue_t           *q;
    ngx_http_pupil_ctx_t  *ctx;

    for (q = ngx_queue_head(&conf->answers);
         q != ngx_queue_sentinel(&conf->answers);
         q = ngx_queue_next(q))
    {
        ctx = ngx_http_pupil_unsent_ctx(q);

        if (ctx->unsent.over) {
            return ctx;
        }
    }

    return NULL;
}
