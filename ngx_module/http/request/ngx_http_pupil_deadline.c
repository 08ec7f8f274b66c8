/*
 * Copyright (C) the Pupil authors
 */

#include "http/request/ngx_http_pupil.h"


static void ngx_http_pupil_deadline(ngx_event_t *ev);


void
ngx_http_pupil_deadline_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_event_t  *ev;

    ev = &ctx->deadline;

    if (ev->handler != NULL) {
        return;
    }

    ev->handler = ngx_http_pupil_deadline;
    ev->data = ctx;
    ev->log = ngx_cycle->log;

    ngx_add_timer(ev, ctx->main->timeout);
}


void
ngx_http_pupil_deadline_stop(ngx_http_pupil_ctx_t *ctx)
{
    if (ctx->deadline.timer_set) {
        ngx_del_timer(&ctx->deadline);
    }
}


static void
ngx_http_pupil_deadline(ngx_event_t *ev)
{
    ngx_connection_t      *c;
    ngx_http_pupil_ctx_t  *ctx;
    ngx_http_pupil_probe(RESUME);

    ctx = ev->data;
    c = ctx->request->connection;

    ngx_http_set_log_request(c->log, ctx->request);
    ngx_http_pupil_debug(ctx, "past its deadline");

    ctx->main->stats.late++;

    ngx_http_pupil_abandon(ctx);
    ngx_http_pupil_tampered_forget(ctx);

    if (ngx_http_pupil_late_answer(ctx) != NGX_OK) {
        (void) ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
    }

    ngx_http_pupil_send(ctx);

    ngx_http_run_posted_requests(c);
}


ngx_int_t
ngx_http_pupil_late_answer(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_step_pt  late;

    if (ctx->late == NULL) {
        return NGX_DECLINED;
    }

    ngx_http_pupil_debug(ctx, "what is stored is answered");

    late = ctx->late;
    ctx->late = NULL;

    pupil_writer_reset(&ctx->out);
    ngx_http_pupil_shown_none(ctx);
    ngx_http_pupil_cookies_none(ctx->request);
    ngx_memzero(&ctx->response, sizeof(ngx_http_pupil_response_t));
    ctx->integrity = 0;
    ctx->keys.missing_count = 0;
    ctx->resume = NULL;

    return late(ctx);
}
