/*
 * Copyright (C) the Pupil authors
 *
 * The pace of log-ins that hash nothing, at a provider.  One of these is work
 * for the gateway, the databases and the provider, and without a pace as many
 * as come are under way at once: homework would wait behind all of them.  So
 * they go on by the clock, so many a minute, by turns like those that hash, and
 * whoever finds the queue full comes again.  Who has a turn holds nothing: a
 * provider that hangs keeps out none but its own.
 */

#ifndef _NGX_HTTP_PUPIL_PACE_H_INCLUDED_
#define _NGX_HTTP_PUPIL_PACE_H_INCLUDED_

#include "core/login/seats.h"
#include "http/request/ngx_http_pupil.h"


/* A worker's. */
typedef struct {
    ngx_uint_t              rate;              /* of all workers, a minute */
    ngx_uint_t              queue;             /* log-ins that may wait */
    pupil_seats_t           seats;
    ngx_event_t             timer;
    ngx_atomic_uint_t       busy;
    unsigned                set:1;             /* the directive was there */
} ngx_http_pupil_pace_t;

/* A log-in's turn; in its own memory. */
typedef struct {
    ngx_http_pupil_ctx_t   *ctx;
    ngx_http_pupil_step_pt  next;
    pupil_seat_t            seat;
} ngx_http_pupil_turn_t;


/* Configuration: the defaults. */
void ngx_http_pupil_pace_init(ngx_http_pupil_pace_t *pace);

/*
 * NGX_OK: it may go on; NGX_AGAIN: next runs when it may; NGX_BUSY: there is no
 * room for it to wait, and Retry-After is set; NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_pace_enter(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_turn_t *turn, ngx_http_pupil_step_pt next);

/* The client goes; nothing to do when it does not wait. */
void ngx_http_pupil_pace_leave(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_turn_t *turn);

#endif /* _NGX_HTTP_PUPIL_PACE_H_INCLUDED_ */
