/*
 * Copyright (C) the Pupil authors
 *
 * Sessions in shared memory, in front of PostgreSQL, which has the truth.
 */

#ifndef _NGX_HTTP_PUPIL_ZONE_H_INCLUDED_
#define _NGX_HTTP_PUPIL_ZONE_H_INCLUDED_

#include "http/request/ngx_http_pupil_session.h"
#include "http/request/ngx_http_pupil_types.h"


typedef struct ngx_http_pupil_zone_s  ngx_http_pupil_zone_t;


/* A listener of this worker, which may miss something when it is late. */
typedef struct {
    ngx_libpq_listen_t          *listen;
    ngx_http_pupil_main_conf_t  *main;
    ngx_msec_t                   heartbeat;
    unsigned                     alive:1;  /* there was a heartbeat */
} ngx_http_pupil_ear_t;


/* pmcf->zone. */
typedef struct {
    ngx_shm_zone_t         *shm;       /* NULL: no pupil_session_zone */
    ngx_msec_t              valid;     /* an entry serves so long */
    ngx_http_pupil_ear_t    data;      /* hears of sessions that end */
    ngx_http_pupil_ear_t    keystore;  /* of those, floors, and owners */

    /* a worker's own */
    ngx_http_pupil_zone_t  *sessions;
    ngx_atomic_uint_t       hits, misses, stale;
} ngx_http_pupil_zone_conf_t;


/* Configuration: the shared memory; NGX_ERROR is logged. */
ngx_int_t ngx_http_pupil_zone_add(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_str_t *name, size_t size);

/* Configuration: what tells this worker of what ended. */
ngx_int_t ngx_http_pupil_zone_listen(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf);

/* NGX_OK and *session filled but for the token; NGX_DECLINED. */
ngx_int_t ngx_http_pupil_zone_get(ngx_http_pupil_ctx_t *ctx,
    const uint8_t hash[32], ngx_http_pupil_session_t *session);

/* Whether it was ever put and is not ended, however long ago: a hint. */
ngx_uint_t ngx_http_pupil_zone_knows(ngx_http_pupil_ctx_t *ctx,
    const uint8_t hash[32]);

/* read_at: ngx_current_msec when the row was asked for; a fill that is older
 * than an invalidation is dropped. */
void ngx_http_pupil_zone_put(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_session_t *session, ngx_msec_t read_at);

void ngx_http_pupil_zone_remove(ngx_http_pupil_main_conf_t *pmcf,
    const uint8_t hash[32]);

/* What was read of this subject's sessions before serves no more. */
void ngx_http_pupil_zone_raise(ngx_http_pupil_main_conf_t *pmcf,
    const pupil_uuid_t *subject);

/* Nothing that was there before serves any more. */
void ngx_http_pupil_zone_clear(ngx_http_pupil_main_conf_t *pmcf);

/* How many sessions it holds at most. */
ngx_uint_t ngx_http_pupil_zone_size(ngx_http_pupil_main_conf_t *pmcf);

#endif /* _NGX_HTTP_PUPIL_ZONE_H_INCLUDED_ */
