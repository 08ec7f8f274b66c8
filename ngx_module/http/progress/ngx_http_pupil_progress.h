/*
 * Copyright (C) the Pupil authors
 *
 * What the files of the progress endpoint share.
 */

#ifndef _NGX_HTTP_PUPIL_PROGRESS_H_INCLUDED_
#define _NGX_HTTP_PUPIL_PROGRESS_H_INCLUDED_

#include "core/endpoints/evidence.h"
#include "core/endpoints/progress.h"
#include "http/request/ngx_http_pupil.h"


/* What the endpoint has for itself: a worker's checked enrolments. */
typedef struct {
    pupil_evidence_cache_t  *evidence;
    ngx_atomic_uint_t        hits, misses, stale;
} ngx_http_pupil_progress_conf_t;

#define ngx_http_pupil_progress_conf(pmcf)                                    \
    ((ngx_http_pupil_progress_conf_t *) ngx_http_pupil_own(pmcf, PROGRESS))


/* ctx->data of these routes. */
typedef struct {
    pupil_progress_query_t   query;
    pupil_input_progress_t   input;
    uint32_t                *sent;        /* of input.items: those that were */
    uint32_t                 nsent;
    ngx_uint_t               at;          /* of the statement that submits */
    ngx_http_pupil_owner_t   owner;       /* the actor */
    pupil_evidence_t         evidence;    /* of the cache, or for it */
    pupil_enrolment_row_t   *enrolments;  /* with checked MACs */
    pupil_str_t             *macs;
    ngx_uint_t               nenrolments;
    pupil_str_t             *facts;       /* by item, then by enrolment */
    unsigned                 keep:1;      /* evidence fits the cache */
    unsigned                 cached:1;    /* evidence is the cache's */
    unsigned                 fresh:1;     /* that did not do */
    unsigned                 keys:1;      /* with it, keys were asked for */
} ngx_http_pupil_progress_t;


/* The worker's cache of evidence, at its start and exit. */
ngx_int_t ngx_http_pupil_evidence_init(ngx_http_pupil_main_conf_t *pmcf,
    ngx_log_t *log);
void ngx_http_pupil_evidence_exit(ngx_http_pupil_main_conf_t *pmcf);

/* From the worker's cache; NGX_DECLINED: not there. */
ngx_int_t ngx_http_pupil_evidence_cached(ngx_http_pupil_ctx_t *ctx);

/* From the result of PUPIL_PROGRESS_EVIDENCE. */
ngx_int_t ngx_http_pupil_evidence_read(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);

/* The last of PUPIL_PROGRESS_SUBMIT's own parameters, which tell of it. */
ngx_int_t ngx_http_pupil_evidence_params(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);

/* Behind them, its audit records. */
void ngx_http_pupil_progress_record(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);

/* What came from the cache did not do: nothing of it is used again. */
void ngx_http_pupil_evidence_stale(ngx_http_pupil_ctx_t *ctx);

/* What was read did for all items: into the cache. */
void ngx_http_pupil_evidence_keep(ngx_http_pupil_ctx_t *ctx);

/*
 * The facts of what is sent, sealed as it is, for each enrolment; the last
 * parameter.
 */
ngx_int_t ngx_http_pupil_progress_facts(ngx_http_pupil_ctx_t *ctx,
    const pupil_str_t *answers, const pupil_str_t *results);

ngx_int_t ngx_http_pupil_history_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_history_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_history_render(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_PROGRESS_H_INCLUDED_ */
