/*
 * Copyright (C) the Pupil authors
 *
 * The numbers of this worker's audit records, in shared memory: a stream for
 * each tenant.  What a dead worker left there is declared by another.
 */

#ifndef _NGX_HTTP_PUPIL_NUMBERS_H_INCLUDED_
#define _NGX_HTTP_PUPIL_NUMBERS_H_INCLUDED_

#include "core/audit/numbers.h"
#include "http/request/ngx_http_pupil_types.h"


typedef struct ngx_http_pupil_streams_s  ngx_http_pupil_streams_t;

/* In shared memory.  Its owner alone writes to it. */
typedef struct {
    ngx_atomic_t     used;
    ngx_atomic_t     owner;          /* its process; 0: has ended */
    pupil_uuid_t     tenant;
    uint64_t         id;             /* random: the writer */
    pupil_numbers_t  numbers;
} ngx_http_pupil_stream_t;


/* A stream that this worker owns: its own, or what another left. */
typedef struct {
    ngx_queue_t               queue;
    ngx_http_pupil_stream_t  *stream;
    unsigned                  left:1;
    unsigned                  declaring:1;  /* a group says what is open */
    unsigned                  ended:1;      /* the tenant has: nothing else */
    unsigned                  closed:1;     /* nor is anything declared */
    unsigned                  unfounded:1;  /* which no command has written */
    unsigned                  asking:1;     /* whether it has */
} ngx_http_pupil_writer_t;


/* pmcf->audit.numbers. */
typedef struct {
    ngx_http_pupil_streams_t  *streams;

    /* a worker's own */
    ngx_queue_t                writers;     /* ngx_http_pupil_writer_t */
    ngx_event_t                timer;
    ngx_uint_t                 last;        /* looks since it is to end */
    time_t                     full_at;     /* when that was logged */
} ngx_http_pupil_numbers_conf_t;


/* Numbers that were given, until it is known what became of them. */
typedef struct {
    ngx_http_pupil_writer_t  *writer;
    uint64_t                  first;
    uint32_t                  count;
} ngx_http_pupil_given_t;


/* Configuration: the shared memory. */
ngx_int_t ngx_http_pupil_numbers_create(ngx_conf_t *cf,
    ngx_http_pupil_numbers_conf_t *conf);

/* Start and end of a worker. */
void ngx_http_pupil_numbers_init_process(ngx_http_pupil_main_conf_t *pmcf,
    ngx_log_t *log);
void ngx_http_pupil_numbers_exit_process(ngx_http_pupil_main_conf_t *pmcf);

/*
 * The next count numbers.  reserve: 0 for what declares, which makes room.
 * NGX_ERROR: there are none, as too much of what was given is not known, or the
 * tenant has ended.
 */
ngx_int_t ngx_http_pupil_numbers_give(ngx_http_pupil_main_conf_t *pmcf,
    const pupil_uuid_t *tenant, uint32_t count, uint32_t reserve,
    ngx_http_pupil_given_t *given);

/* What becomes of all of them. */
void ngx_http_pupil_numbers_stored(const ngx_http_pupil_given_t *given);
void ngx_http_pupil_numbers_absent(const ngx_http_pupil_given_t *given,
    const ngx_libpq_exchange_t *ex);
void ngx_http_pupil_numbers_unsent(const ngx_http_pupil_given_t *given);

/* The tenant's next stream of which something is to be declared; or NULL. */
ngx_http_pupil_writer_t *ngx_http_pupil_numbers_open(
    ngx_http_pupil_main_conf_t *pmcf, const pupil_uuid_t *tenant);

/* All of what another left is declared: it goes. */
void ngx_http_pupil_numbers_close(ngx_http_pupil_writer_t *writer);

#endif /* _NGX_HTTP_PUPIL_NUMBERS_H_INCLUDED_ */
