/*
 * Copyright (C) the Pupil authors
 *
 * Who waits for a turn is in a seat, and leaves it with that: a timer runs
 * while there is one.
 */

#include "http/login/ngx_http_pupil_login.h"


/* Defaults of pupil_login_pace: for each core, a minute. */
#define NGX_HTTP_PUPIL_PACE_RATE   750
#define NGX_HTTP_PUPIL_PACE_QUEUE  32


static void ngx_http_pupil_pace_timer(ngx_event_t *ev);
static ngx_uint_t ngx_http_pupil_pace_again(
    const ngx_http_pupil_pace_t *pace);


void
ngx_http_pupil_pace_init(ngx_http_pupil_pace_t *pace)
{
    pupil_seats_init(&pace->seats);

    pace->seats.strange = 1;
    pace->rate = NGX_HTTP_PUPIL_PACE_RATE * ngx_max(ngx_ncpu, 1);
    pace->queue = NGX_HTTP_PUPIL_PACE_QUEUE;
}


ngx_int_t
ngx_http_pupil_pace_enter(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_turn_t *turn, ngx_http_pupil_step_pt next)
{
    ngx_msec_t                    wait;
    pupil_seat_for_t              whom;
    ngx_http_pupil_pace_t        *pace;
    ngx_http_pupil_login_t       *login;
    ngx_http_pupil_login_conf_t  *conf;

    login = ctx->data;
    conf = login->conf;
    pace = &conf->pace;

    if (ngx_http_pupil_login_place(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    wait = 0;

    if (pace->seats.n == 0) {
        wait = ngx_http_pupil_gate_pace(conf->gate, pace->rate);
        if (wait == 0) {
            return NGX_OK;
        }
    }

    ngx_memzero(&whom, sizeof(pupil_seat_for_t));
    whom.tenant = &ctx->tenant;
    whom.kind = login->school.len > 0 ? PUPIL_SEATS_SCHOOL
                                      : PUPIL_SEATS_STRANGER;
    ngx_http_pupil_login_party(ctx, &whom.network);

    if (!pupil_seats_take(&pace->seats, pace->queue, &whom, &turn->seat,
                          NULL))
    {
        ngx_http_pupil_debug(ctx, "too many wait");
        pace->busy++;
        ctx->response.retry_after = ngx_http_pupil_pace_again(pace);
        return NGX_BUSY;
    }

    turn->ctx = ctx;
    turn->next = next;
    turn->seat.waits = 1;

    if (!pace->timer.timer_set) {
        pace->timer.handler = ngx_http_pupil_pace_timer;
        pace->timer.data = conf;
        pace->timer.log = ngx_cycle->log;
        ngx_add_timer(&pace->timer, wait);
    }

    return NGX_AGAIN;
}


/* Those that wait now have gone on, at the pace of all workers. */
static ngx_uint_t
ngx_http_pupil_pace_again(const ngx_http_pupil_pace_t *pace)
{
    return ngx_min(pace->seats.n * 60 / pace->rate + 1, 60);
}


/* Handlers may end others, so who is next is asked anew each time. */
static void
ngx_http_pupil_pace_timer(ngx_event_t *ev)
{
    ngx_msec_t                    wait;
    pupil_seat_t                 *seat;
    ngx_http_pupil_turn_t        *turn;
    ngx_http_pupil_pace_t        *pace;
    ngx_http_pupil_login_conf_t  *conf;
    ngx_libpq_probe(NGX_LIBPQ_PROBE_TIMER);

    conf = ev->data;
    pace = &conf->pace;

    while (pace->seats.n != 0) {
        wait = ngx_http_pupil_gate_pace(conf->gate, pace->rate);

        if (wait != 0) {
            if (!ev->timer_set) {
                ngx_add_timer(ev, wait);
            }

            return;
        }

        seat = pupil_seats_next(&pace->seats);
        turn = ngx_queue_data(seat, ngx_http_pupil_turn_t, seat);

        pupil_seats_leave(&pace->seats, seat);
        ngx_http_pupil_resume(turn->ctx, turn->next);
    }
}


void
ngx_http_pupil_pace_leave(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_turn_t *turn)
{
    ngx_http_pupil_pace_t  *pace;

    pace = &((ngx_http_pupil_login_t *) ctx->data)->conf->pace;

    pupil_seats_leave(&pace->seats, &turn->seat);

    /* it would keep a worker that is being replaced */
    if (pace->seats.n == 0 && pace->timer.timer_set) {
        ngx_del_timer(&pace->timer);
    }
}
