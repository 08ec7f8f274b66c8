/*
 * Copyright (C) the Pupil authors
 *
 * All numbers of a worker.
 */

#ifndef _NGX_HTTP_PUPIL_METRICS_H_INCLUDED_
#define _NGX_HTTP_PUPIL_METRICS_H_INCLUDED_

#include "http/request/ngx_http_pupil.h"


/* metrics: zeroed.  A new number is a row of a table in the .c file, or of the
 * endpoint that counts it. */
void ngx_http_pupil_metrics_collect(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics);

#endif /* _NGX_HTTP_PUPIL_METRICS_H_INCLUDED_ */
