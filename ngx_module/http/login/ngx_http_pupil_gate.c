/*
 * Copyright (C) the Pupil authors
 *
 * The gate in front of hashing.  A place is a mutex with two attributes that
 * the kernel acts on: robust, so that a worker that is killed inside leaves
 * its place to the next; and with priority inheritance, because such a mutex
 * is handed to whoever has waited longest.  A plain one goes to whoever asks
 * first, which is the thread that has just left it, and the log-ins of another
 * worker would starve.
 */

#include <pthread.h>

#include "http/login/ngx_http_pupil_gate.h"


struct ngx_http_pupil_gate_s {
    ngx_atomic_t     inside;
    ngx_atomic_t     most;
    ngx_atomic_t     next;              /* log-in by the clock, in us */
    pthread_mutex_t  places[NGX_HTTP_PUPIL_GATE_MAX];
};


static ngx_int_t ngx_http_pupil_gate_init(ngx_shm_zone_t *zone, void *data);
static ngx_int_t ngx_http_pupil_gate_make(ngx_http_pupil_gate_t *gate);
static ngx_uint_t ngx_http_pupil_gate_got(ngx_http_pupil_gate_t *gate,
    ngx_uint_t place, int rc);


extern ngx_module_t  ngx_http_pupil_module;


ngx_int_t
ngx_http_pupil_gate_create(ngx_conf_t *cf, ngx_http_pupil_gate_t **gate)
{
    ngx_str_t        name = ngx_string("pupil_password_hash");
    ngx_shm_zone_t  *zone;

    zone = ngx_shared_memory_add(cf, &name, 8 * ngx_pagesize,
                                 &ngx_http_pupil_module);
    if (zone == NULL) {
        return NGX_ERROR;
    }

    zone->init = ngx_http_pupil_gate_init;
    zone->data = gate;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_gate_init(ngx_shm_zone_t *zone, void *data)
{
    ngx_slab_pool_t        *pool;
    ngx_http_pupil_gate_t  *gate, **place;

    pool = (ngx_slab_pool_t *) zone->shm.addr;
    place = zone->data;

    if (data == NULL && !zone->shm.exists) {
        gate = ngx_slab_calloc(pool, sizeof(ngx_http_pupil_gate_t));

        if (gate == NULL || ngx_http_pupil_gate_make(gate) != NGX_OK) {
            ngx_log_error(NGX_LOG_EMERG, zone->shm.log, 0,
                          "pupil_password_hash: this system has no robust "
                          "mutexes with priority inheritance");
            return NGX_ERROR;
        }

        pool->data = gate;
    }

    *place = pool->data;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_gate_make(ngx_http_pupil_gate_t *gate)
{
    ngx_uint_t           i;
    pthread_mutexattr_t  attr;

    if (pthread_mutexattr_init(&attr) != 0) {
        return NGX_ERROR;
    }

    if (pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED) != 0
        || pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST) != 0
        || pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT) != 0)
    {
        (void) pthread_mutexattr_destroy(&attr);
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_HTTP_PUPIL_GATE_MAX; i++) {
        if (pthread_mutex_init(&gate->places[i], &attr) != 0) {
            (void) pthread_mutexattr_destroy(&attr);
            return NGX_ERROR;
        }
    }

    (void) pthread_mutexattr_destroy(&attr);

    return NGX_OK;
}


ngx_uint_t
ngx_http_pupil_gate_enter(ngx_http_pupil_gate_t *gate, ngx_uint_t places)
{
    int         rc;
    ngx_uint_t  i, own, place;

    static ngx_atomic_t         threads;
    static __thread ngx_uint_t  number;      /* from 1, of this process */

    if (number == 0) {
        number = ngx_atomic_fetch_add(&threads, 1) + 1;
    }

    own = (ngx_worker + number) % places;

    for (i = 0; i < places; i++) {
        place = (own + i) % places;
        rc = pthread_mutex_trylock(&gate->places[place]);

        if (rc != EBUSY) {
            return ngx_http_pupil_gate_got(gate, place, rc);
        }
    }

    return ngx_http_pupil_gate_got(gate, own,
                                   pthread_mutex_lock(&gate->places[own]));
}


static ngx_uint_t
ngx_http_pupil_gate_got(ngx_http_pupil_gate_t *gate, ngx_uint_t place, int rc)
{
    ngx_atomic_uint_t  inside, most;

    if (rc == EOWNERDEAD) {
        (void) ngx_atomic_fetch_add(&gate->inside, -1);
        rc = pthread_mutex_consistent(&gate->places[place]);
    }

    if (rc != 0) {
        return NGX_HTTP_PUPIL_GATE_NONE;
    }

    inside = ngx_atomic_fetch_add(&gate->inside, 1) + 1;

    do {
        most = gate->most;
    } while (inside > most && !ngx_atomic_cmp_set(&gate->most, most, inside));

    return place;
}


void
ngx_http_pupil_gate_leave(ngx_http_pupil_gate_t *gate, ngx_uint_t place)
{
    if (place == NGX_HTTP_PUPIL_GATE_NONE) {
        return;
    }

    (void) ngx_atomic_fetch_add(&gate->inside, -1);
    (void) pthread_mutex_unlock(&gate->places[place]);
}


/* What is far ahead is of a slower pace, before a reload. */
ngx_msec_t
ngx_http_pupil_gate_pace(ngx_http_pupil_gate_t *gate, ngx_uint_t rate)
{
    ngx_atomic_uint_t  now, each, next;

    now = (ngx_atomic_uint_t) ngx_current_msec * 1000;
    each = 60 * 1000 * 1000 / rate;

    do {
        next = gate->next;

        if (next > now && next - now <= each) {
            return (next - now + 999) / 1000;
        }

    } while (!ngx_atomic_cmp_set(&gate->next, next, now + each));

    return 0;
}


ngx_uint_t
ngx_http_pupil_gate_most(ngx_http_pupil_gate_t *gate)
{
    return gate->most;
}
