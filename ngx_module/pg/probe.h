/*
 * Copyright (C) the Pupil authors
 *
 * How long the event loop is held: thread CPU time of each callback that nginx
 * calls, from its beginning to its end.  Off, a callback costs a look at a
 * flag; on, two system calls.
 */

#ifndef _NGX_LIBPQ_PROBE_H_INCLUDED_
#define _NGX_LIBPQ_PROBE_H_INCLUDED_

#include <ngx_config.h>
#include <ngx_core.h>


/*
 * What kind of callback.  The module that uses pools can measure its own as
 * well: its kinds begin at NGX_LIBPQ_PROBE_USER.
 */
enum {
    NGX_LIBPQ_PROBE_DATABASE = 0,    /* a connection can read or write */
    NGX_LIBPQ_PROBE_TIMER,
    NGX_LIBPQ_PROBE_THREAD,          /* a task of a thread has ended */
    NGX_LIBPQ_PROBE_USER
};

#define NGX_LIBPQ_PROBE_MAX  16      /* kinds, the user's included */


/* Thread CPU time in nanoseconds. */
typedef struct {
    uint64_t                longest;
    ngx_uint_t              over_1ms;
    ngx_uint_t              over_5ms;
} ngx_libpq_probe_kind_t;

/*
 * Callbacks run within others: each kind has all of its own, the sums only
 * those that nginx itself called, so that nothing is counted twice.
 */
typedef struct {
    ngx_libpq_probe_kind_t  kinds[NGX_LIBPQ_PROBE_MAX];
    ngx_libpq_probe_kind_t  all;
    ngx_uint_t              callbacks;
    uint64_t                busy;
    ngx_uint_t              depth;
    ngx_uint_t              on;
} ngx_libpq_probes_t;

/* One callback that runs. */
typedef struct {
    uint64_t                begun;   /* 0: not measured */
    ngx_uint_t              kind;
} ngx_libpq_probe_t;


/* The process's own: of its event loop, whose only thread writes it. */
extern ngx_libpq_probes_t  ngx_libpq_probes;

/* Context: event loop.  kind is less than NGX_LIBPQ_PROBE_MAX. */
ngx_libpq_probe_t ngx_libpq_probe_begin(ngx_uint_t kind);
void ngx_libpq_probe_end(ngx_libpq_probe_t *probe);

/* Of a worker that starts: begins anew. */
void ngx_libpq_probe_init(ngx_uint_t on);


/*
 * The last declaration of a callback's body: measures until the callback
 * returns, wherever that is.
 */
#define ngx_libpq_probe(kind)                                                 \
    ngx_libpq_probe_t  probe __attribute__((cleanup(ngx_libpq_probe_end)))    \
        = ngx_libpq_probe_begin(kind)


#endif /* _NGX_LIBPQ_PROBE_H_INCLUDED_ */
