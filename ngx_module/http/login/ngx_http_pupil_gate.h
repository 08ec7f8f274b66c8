/*
 * Copyright (C) the Pupil authors
 *
 * How many hashes all workers make at once.  A thread pool is a worker's own:
 * with a worker for each core, one thread each would take every core, and
 * requests would wait for a processor.  The gate is in shared memory, and has
 * as many places as hashes may be made at a time.
 */

#ifndef _NGX_HTTP_PUPIL_GATE_H_INCLUDED_
#define _NGX_HTTP_PUPIL_GATE_H_INCLUDED_

#include <ngx_config.h>
#include <ngx_core.h>


#define NGX_HTTP_PUPIL_GATE_MAX   64
#define NGX_HTTP_PUPIL_GATE_NONE  NGX_HTTP_PUPIL_GATE_MAX


typedef struct ngx_http_pupil_gate_s  ngx_http_pupil_gate_t;


/*
 * At configuration time.  *gate is set when the shared memory is there, and is
 * that of the old configuration after a reload.  NGX_OK, NGX_ERROR (logged).
 */
ngx_int_t ngx_http_pupil_gate_create(ngx_conf_t *cf,
    ngx_http_pupil_gate_t **gate);

/*
 * In a helper thread: waits for one of the gate's places 0 to places - 1, in
 * the order of arrival at it; places: 1 to _MAX.  Returns it, for leave(), or
 * _NONE when the system refuses the lock: then nobody waits.
 */
ngx_uint_t ngx_http_pupil_gate_enter(ngx_http_pupil_gate_t *gate,
    ngx_uint_t places);
void ngx_http_pupil_gate_leave(ngx_http_pupil_gate_t *gate,
    ngx_uint_t place);

/*
 * Log-ins that are no hash are let through by the clock, so many a minute from
 * all workers: 0: this one may go on; else who asks after so many milliseconds
 * may.
 */
ngx_msec_t ngx_http_pupil_gate_pace(ngx_http_pupil_gate_t *gate,
    ngx_uint_t rate);

/* The most that were inside at a time since nginx was started. */
ngx_uint_t ngx_http_pupil_gate_most(ngx_http_pupil_gate_t *gate);

#endif /* _NGX_HTTP_PUPIL_GATE_H_INCLUDED_ */
