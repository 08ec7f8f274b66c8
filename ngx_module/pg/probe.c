/*
 * Copyright (C) the Pupil authors
 *
 * How long callbacks hold the event loop; see probe.h.
 */

#include <time.h>

#include "pg/probe.h"


#define NGX_LIBPQ_PROBE_MS  1000000    /* ns */


static uint64_t ngx_libpq_probe_now(void);
static void ngx_libpq_probe_count(ngx_libpq_probe_kind_t *kind, uint64_t took);


ngx_libpq_probes_t  ngx_libpq_probes;


void
ngx_libpq_probe_init(ngx_uint_t on)
{
    ngx_memzero(&ngx_libpq_probes, sizeof(ngx_libpq_probes_t));
    ngx_libpq_probes.on = on;
}


ngx_libpq_probe_t
ngx_libpq_probe_begin(ngx_uint_t kind)
{
    ngx_libpq_probe_t  probe;

    probe.kind = kind;
    probe.begun = 0;

    if (ngx_libpq_probes.on) {
        ngx_libpq_probes.depth++;
        probe.begun = ngx_libpq_probe_now();
    }

    return probe;
}


void
ngx_libpq_probe_end(ngx_libpq_probe_t *probe)
{
    uint64_t             took;
    ngx_libpq_probes_t  *all;

    if (probe->begun == 0) {
        return;
    }

    all = &ngx_libpq_probes;
    took = ngx_libpq_probe_now() - probe->begun;
    ngx_libpq_probe_count(&all->kinds[probe->kind], took);

    if (--all->depth == 0) {
        all->callbacks++;
        all->busy += took;
        ngx_libpq_probe_count(&all->all, took);
    }
}


static void
ngx_libpq_probe_count(ngx_libpq_probe_kind_t *kind, uint64_t took)
{
    kind->longest = ngx_max(kind->longest, took);
    kind->over_1ms += took > NGX_LIBPQ_PROBE_MS;
    kind->over_5ms += took > 5 * NGX_LIBPQ_PROBE_MS;
}


/* Of this thread alone: what it waited for is no fault of the callback. */
static uint64_t
ngx_libpq_probe_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);

    return (uint64_t) ts.tv_sec * 1000 * NGX_LIBPQ_PROBE_MS
           + (uint64_t) ts.tv_nsec;
}
