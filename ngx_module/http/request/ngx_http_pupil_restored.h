/*
 * Copyright (C) the Pupil authors
 *
 * Databases that were restored from a backup that is older than an erasure:
 * nothing of them is served (invariant I8).  Each fresh connection shows its
 * mark, and those that are there do each second.  While the last answer of a
 * database was behind, nothing is served.
 */

#ifndef _NGX_HTTP_PUPIL_RESTORED_H_INCLUDED_
#define _NGX_HTTP_PUPIL_RESTORED_H_INCLUDED_

#include "core/endpoints/database.h"
#include "http/request/ngx_http_pupil_types.h"


typedef enum {
    NGX_HTTP_PUPIL_MARK_FITS = 0,
    NGX_HTTP_PUPIL_MARK_BEHIND,
    NGX_HTTP_PUPIL_MARK_NONE           /* it cannot be read */
} ngx_http_pupil_mark_e;


/* A database. */
typedef struct {
    ngx_http_pupil_main_conf_t  *main;
    pupil_database_id_t          database;
    ngx_libpq_pool_t            *pool;
    ngx_atomic_t                 met;      /* 1: it has shown a mark */
    ngx_atomic_t                 state;    /* ngx_http_pupil_mark_e */
    ngx_atomic_t                 late;     /* 1: its connections may be older
                                              than what is known by now */
    ngx_atomic_t                 due;      /* 1: it is asked without delay */
    ngx_atomic_uint_t            known;    /* when it was asked */
    unsigned                     asking:1;
} ngx_http_pupil_marked_t;


/*
 * pmcf->restored: what this worker knows of the marks, which only rises.  The
 * atomics are written by helper threads, too.
 */
typedef struct {
    ngx_atomic_t             entered, copied;  /* and one; 0: not known */
    ngx_atomic_t             destroyed;
    ngx_http_pupil_marked_t  of[PUPIL_DATABASE_COUNT];
    ngx_uint_t               times;  /* that connections were made anew for
                                        this */
    ngx_event_t              again;
} ngx_http_pupil_restored_t;


/* Worker start: begins to ask. */
void ngx_http_pupil_restored_init_process(ngx_http_pupil_main_conf_t *pmcf,
    ngx_log_t *log);
void ngx_http_pupil_restored_exit_process(ngx_http_pupil_main_conf_t *pmcf);

/* What an answer is compared with, to be read before it is asked for. */
ngx_atomic_uint_t ngx_http_pupil_restored_known(
    const ngx_http_pupil_restored_t *restored, pupil_database_id_t database);

/*
 * mark: a row of pupil_mark_sql; NULL: there is none.  Whether the connection
 * can be used; else why, for the operator.  Context: helper threads, too.
 */
pupil_rc_t ngx_http_pupil_restored_answer(ngx_http_pupil_restored_t *restored,
    pupil_database_id_t database, const int64_t *mark,
    ngx_atomic_uint_t known, pupil_error_t *error);

/* The key store may have a new mark: a reason to ask, as anybody can say so. */
void ngx_http_pupil_restored_heard(ngx_http_pupil_main_conf_t *pmcf);

/* Why nothing can be served; NULL: it can. */
const char *ngx_http_pupil_restored(ngx_http_pupil_main_conf_t *pmcf);

#endif /* _NGX_HTTP_PUPIL_RESTORED_H_INCLUDED_ */
