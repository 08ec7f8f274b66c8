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


/* What the endpoint has for itself: what a worker has checked. */
typedef struct {
    pupil_kept_t       *evidence;       /* pupil_evidence_t */
    pupil_kept_t       *assigned;       /* pupil_assigned_t */
    ngx_atomic_uint_t   hits, misses, stale;
} ngx_http_pupil_progress_conf_t;

extern const ngx_http_pupil_endpoint_t  ngx_http_pupil_progress_endpoint;

#define ngx_http_pupil_progress_conf(pmcf)                                    \
    ((ngx_http_pupil_progress_conf_t *) ngx_http_pupil_own(pmcf, progress))


/* An item that breaks no rule. */
typedef struct {
    pupil_input_submission_t  *item;
    ngx_uint_t                 enrolment;  /* through which it was assigned,
                                              from 1; or 0 */
    pupil_assigned_t           assigned;
    pupil_str_t                facts;      /* data NULL: not assigned */
} ngx_http_pupil_submission_t;


/* ctx->data of these routes. */
typedef struct {
    pupil_progress_query_t   query;
    pupil_input_progress_t   input;
    ngx_http_pupil_submission_t   *sent;
    uint32_t                 nsent;
    ngx_uint_t               assigned_at; /* of the statement that reads it */
    ngx_uint_t               at;          /* of the statement that submits */
    ngx_uint_t               rounds;      /* of evidence that was read */
    ngx_http_pupil_owner_t   owner;       /* the actor */
    pupil_evidence_t         evidence;    /* of the cache, or for it */
    pupil_enrolment_row_t   *enrolments;  /* with checked MACs */
    pupil_str_t             *macs;
    ngx_uint_t               nenrolments;
    unsigned                 keep:1;      /* evidence fits the cache */
    unsigned                 cached:1;    /* evidence is the cache's */
    unsigned                 fresh:1;     /* that did not do */
    unsigned                 keys:1;      /* with it, keys were asked for */
    unsigned                 misfit:1;    /* an item is no answer, or says a
                                             score that may not be said */
} ngx_http_pupil_progress_t;


/* The columns of what goes into the statement, one array each. */
typedef struct {
    pupil_uuid_t  *ids, *homework, *exercises;
    pupil_str_t   *answers, *results, *fingerprints;
    int32_t       *done;
} ngx_http_pupil_batch_t;

ngx_int_t ngx_http_pupil_progress_batch(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_batch_t *batch);

/* The worker's caches of what was checked, at its start and exit. */
ngx_int_t ngx_http_pupil_evidence_init(ngx_http_pupil_main_conf_t *pmcf,
    ngx_log_t *log);
void ngx_http_pupil_evidence_exit(ngx_http_pupil_main_conf_t *pmcf);

/*
 * What the items rely on: the actor's enrolments, and then what was assigned
 * through which.  From the worker's caches; NGX_DECLINED: not all is there.
 */
ngx_int_t ngx_http_pupil_evidence_cached(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_assigned_cached(ngx_http_pupil_ctx_t *ctx);

/*
 * From the database: adds PUPIL_PROGRESS_ASSIGNED; reads its result, and that
 * of PUPIL_PROGRESS_EVIDENCE.  Keys that are missing are noted.
 */
ngx_int_t ngx_http_pupil_assigned_ask(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);
ngx_int_t ngx_http_pupil_evidence_read(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);
ngx_int_t ngx_http_pupil_assigned_read(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);

/*
 * Scores what has a key.  Those that are no answers to their exercises, or say
 * a score that may not be said, break a rule, too.  NGX_DECLINED: by what the
 * worker keeps, which may be no longer so.
 */
ngx_int_t ngx_http_pupil_assigned_judge(ngx_http_pupil_ctx_t *ctx);

/* Sends what was judged, relied on, and sealed; done() says what it became. */
ngx_int_t ngx_http_pupil_progress_send(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_progress_done(ngx_http_pupil_ctx_t *ctx);

/* It is no longer so: nothing of it is used again. */
void ngx_http_pupil_evidence_stale(ngx_http_pupil_ctx_t *ctx);

/* What was read did for all items: into the cache. */
void ngx_http_pupil_evidence_keep(ngx_http_pupil_ctx_t *ctx);

/* The facts of each item that is to be stored, sealed as it is. */
ngx_int_t ngx_http_pupil_progress_facts(ngx_http_pupil_ctx_t *ctx,
    const pupil_str_t *answers, const pupil_str_t *results);

ngx_int_t ngx_http_pupil_history_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_history_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_history_render(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_PROGRESS_H_INCLUDED_ */
