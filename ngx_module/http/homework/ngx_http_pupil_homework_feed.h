/*
 * Copyright (C) the Pupil authors
 *
 * What the two files of the open list share: ngx_http_pupil_homework_feed.c,
 * and _fill.c for what is not kept.
 */

#ifndef _NGX_HTTP_PUPIL_HOMEWORK_FEED_H_INCLUDED_
#define _NGX_HTTP_PUPIL_HOMEWORK_FEED_H_INCLUDED_

#include "http/homework/ngx_http_pupil_homework_store.h"
#include "http/homework/ngx_http_pupil_homework.h"


/* What is kept of the class for this location and role. */
void ngx_http_pupil_feed_key(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_class_t *class,
    ngx_http_pupil_definitions_key_t *key);

/* Adds what is read each time: data->feed is that exchange from then on. */
void ngx_http_pupil_feed_add(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);

/*
 * The classes of data->feed, with what is kept of them; missing: how many are
 * neither kept nor asked for.  NGX_OK, and keys may be missing; NGX_ABORT: some
 * is not kept at all, being large; NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_feed_classes(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t *missing);

/* What is shown is due later than that. */
pupil_time_t ngx_http_pupil_feed_since(ngx_http_pupil_ctx_t *ctx);

/* Asks for the classes that are not ready, and goes on with all. */
ngx_int_t ngx_http_pupil_feed_ask(ngx_http_pupil_ctx_t *ctx);

/* The list in the other way: some class is large, or has changed meanwhile. */
ngx_int_t ngx_http_pupil_feed_whole(ngx_http_pupil_ctx_t *ctx);

/* The classes' homework as one list, by due date and record. */
ngx_int_t ngx_http_pupil_feed_render(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_HOMEWORK_FEED_H_INCLUDED_ */
