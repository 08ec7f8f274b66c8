/*
 * Copyright (C) the Pupil authors
 *
 * Answers that wait for clients to read them.  Of what they were made of
 * nothing is left; of their own bytes a session and a worker keep so many, and
 * past that the answer that waits longest is ended.  Event loop only.
 */

#ifndef _NGX_HTTP_PUPIL_UNSENT_H_INCLUDED_
#define _NGX_HTTP_PUPIL_UNSENT_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


/* Bytes, pupil_unsent_answers. */
#define NGX_HTTP_PUPIL_UNSENT_SESSION  (4 * 1024 * 1024)
#define NGX_HTTP_PUPIL_UNSENT_WORKER   (64 * 1024 * 1024)


/* ctx->unsent: an answer, in the queue of its worker. */
typedef struct {
    ngx_queue_t    link;
    size_t         bytes;           /* 0: it does not wait */
    unsigned       over:1;          /* is to be ended */
} ngx_http_pupil_unsent_t;


/* pmcf->unsent */
typedef struct {
    size_t         session;         /* bytes, at most */
    size_t         worker;

    /* a worker's own */
    ngx_queue_t    answers;         /* those that wait longest first */
    size_t         bytes;
    ngx_uint_t     waiting;         /* answers */
    ngx_uint_t     ended;
    ngx_event_t    end;             /* posted: some are over */
} ngx_http_pupil_unsent_conf_t;


/* Worker: before the first request. */
void ngx_http_pupil_unsent_init_process(ngx_http_pupil_main_conf_t *pmcf);

/* The answer was handed to nginx, with that result. */
void ngx_http_pupil_unsent(ngx_http_pupil_ctx_t *ctx, ngx_int_t rc);

/* The request ends. */
void ngx_http_pupil_unsent_stop(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_UNSENT_H_INCLUDED_ */
