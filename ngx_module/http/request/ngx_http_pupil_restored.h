/*
 * Copyright (C) the Pupil authors
 *
 * Databases that were restored from a backup that is older than an erasure:
 * nothing of them is served (invariant I8).  Each fresh connection shows its
 * mark, and one that is behind is not used.
 */

#ifndef _NGX_HTTP_PUPIL_RESTORED_H_INCLUDED_
#define _NGX_HTTP_PUPIL_RESTORED_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


/*
 * pmcf->restored: what this worker knows of the marks, which only rises.  The
 * atomics are written by helper threads, too.
 */
typedef struct {
    ngx_atomic_t  entered, copied;      /* and one; 0: nothing is known */
    ngx_atomic_t  destroyed;
    ngx_atomic_t  data, keys;           /* 1: the last connection was behind */
    ngx_atomic_t  data_late, keys_late; /* 1: those may be that were made
                                           before the other said anything */
    ngx_uint_t    times;                /* that they were dropped for this */
} ngx_http_pupil_restored_t;


/*
 * Whether a fresh connection with this mark can be used; else why, for the
 * operator.  Context: helper threads.
 */
pupil_rc_t ngx_http_pupil_restored_data(ngx_http_pupil_restored_t *restored,
    int64_t copied, pupil_error_t *error);
pupil_rc_t ngx_http_pupil_restored_keys(ngx_http_pupil_restored_t *restored,
    int64_t entered, int64_t destroyed, pupil_error_t *error);

/* The key store has a new mark: "ENTERED DESTROYED"; else it is no such. */
ngx_int_t ngx_http_pupil_restored_heard(ngx_http_pupil_main_conf_t *pmcf,
    ngx_str_t *text);

/* Why nothing can be served; NULL: it can. */
const char *ngx_http_pupil_restored(ngx_http_pupil_main_conf_t *pmcf);

#endif /* _NGX_HTTP_PUPIL_RESTORED_H_INCLUDED_ */
