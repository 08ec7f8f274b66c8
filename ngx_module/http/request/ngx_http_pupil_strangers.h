/*
 * Copyright (C) the Pupil authors
 *
 * Requests with a token that the zone has never heard of: who has one of a
 * session that is over can send it as often as they like.  They have a share
 * of the connections for reads and a queue of their own, so that who is logged
 * in goes on.  Without a zone nobody is a stranger.  Event loop only.
 */

#ifndef _NGX_HTTP_PUPIL_STRANGERS_H_INCLUDED_
#define _NGX_HTTP_PUPIL_STRANGERS_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


/* ctx->stranger */
typedef struct {
    ngx_queue_t              link;        /* while it waits */
    ngx_libpq_exchange_t    *exchange;    /* while it is looked up */
    ngx_http_pupil_step_pt   step;        /* goes on, in its turn */
    unsigned                 is:1;        /* one */
    unsigned                 waits:1;
    unsigned                 served:1;    /* has a place */
} ngx_http_pupil_stranger_t;


/* pmcf->strangers: a worker's own. */
typedef struct {
    ngx_queue_t              queue;       /* first come, first served */
    ngx_event_t              next;        /* posted: there is a place */
    ngx_uint_t               served, waiting;
    ngx_uint_t               all, refused;
} ngx_http_pupil_strangers_t;


/* Worker: before the first request. */
void ngx_http_pupil_strangers_init_process(ngx_http_pupil_main_conf_t *pmcf);

/*
 * Asks for a place.  NGX_OK: there is one; NGX_AGAIN: step runs when there is;
 * or a problem, as too many wait.
 */
ngx_int_t ngx_http_pupil_stranger(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt step);

/*
 * What it came for has ended, or the request has: gives back its place, once
 * the exchange has ended, too.
 */
void ngx_http_pupil_stranger_leaves(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_STRANGERS_H_INCLUDED_ */
