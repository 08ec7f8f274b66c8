/*
 * Copyright (C) the Pupil authors
 *
 * How far the sealer is behind (invariant I9), as the data database says each
 * second: the oldest of what is not sealed, and of what is not shipped.  Over
 * 10 s and 60 s one worker says so, and when that is over.
 */

#ifndef _NGX_HTTP_PUPIL_LAG_H_INCLUDED_
#define _NGX_HTTP_PUPIL_LAG_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


/* pmcf->lag, a worker's own.  In seconds; -1: not known, or there is none. */
typedef struct {
    int64_t   unsealed, unshipped, synced;
    int64_t   held;                     /* rosters */
    unsigned  unsealed_said:1;
    unsigned  unshipped_said:1;
} ngx_http_pupil_lag_t;


/* Of the answer to PUPIL_FIXED_MARK_DATA. */
void ngx_http_pupil_lag_read(ngx_http_pupil_lag_t *lag, const PGresult *res);

#endif /* _NGX_HTTP_PUPIL_LAG_H_INCLUDED_ */
