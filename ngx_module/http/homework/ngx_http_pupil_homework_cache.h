/*
 * Copyright (C) the Pupil authors
 *
 * What the homework endpoint has for itself: the directive
 * pupil_homework_cache, and a worker's cache of definitions.
 */

#ifndef _NGX_HTTP_PUPIL_HOMEWORK_CACHE_H_INCLUDED_
#define _NGX_HTTP_PUPIL_HOMEWORK_CACHE_H_INCLUDED_

#include "http/homework/ngx_http_pupil_homework_store.h"
#include "http/request/ngx_http_pupil.h"


typedef struct {
    size_t                         size;         /* bytes a worker; 0: off */
    ngx_http_pupil_definitions_t  *definitions;  /* a worker's; NULL: off */
} ngx_http_pupil_homework_conf_t;

extern const ngx_http_pupil_endpoint_t  ngx_http_pupil_homework_endpoint;

#define ngx_http_pupil_homework_conf(pmcf)                                    \
    ((ngx_http_pupil_homework_conf_t *) ngx_http_pupil_own(pmcf, homework))


/* Of the endpoint's row; see ngx_http_pupil_endpoint.h. */
void *ngx_http_pupil_homework_create(ngx_conf_t *cf);
ngx_int_t ngx_http_pupil_homework_init(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf);
ngx_int_t ngx_http_pupil_homework_init_process(
    ngx_http_pupil_main_conf_t *pmcf, ngx_log_t *log);
void ngx_http_pupil_homework_exit_process(
    ngx_http_pupil_main_conf_t *pmcf);
void ngx_http_pupil_homework_metrics(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics);

#endif /* _NGX_HTTP_PUPIL_HOMEWORK_CACHE_H_INCLUDED_ */
