/*
 * Copyright (C) the Pupil authors
 *
 * The tenants that the configuration names: whether each is one.
 */

#ifndef _NGX_HTTP_PUPIL_TENANTS_H_INCLUDED_
#define _NGX_HTTP_PUPIL_TENANTS_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


/* One that is not known to be there. */
typedef struct {
    pupil_uuid_t  tenant;
    unsigned      missing:1;            /* which was logged */
} ngx_http_pupil_sought_t;

/* pmcf->tenants.  The array shrinks as they are found. */
typedef struct {
    ngx_array_t   sought;               /* ngx_http_pupil_sought_t */
    ngx_uint_t    next;                 /* to be asked for */
    ngx_uint_t    missing;
    ngx_event_t   again;
} ngx_http_pupil_tenants_t;


/* One that it names, once however often.  Context: configuration. */
ngx_int_t ngx_http_pupil_tenants_add(ngx_conf_t *cf,
    ngx_http_pupil_tenants_t *tenants, const pupil_uuid_t *tenant);

/* Looks for all of them, and each second for those that are missing. */
void ngx_http_pupil_tenants_init_process(ngx_http_pupil_main_conf_t *pmcf,
    ngx_log_t *log);

/* Why a probe is told that this worker is not ready; NULL: all are there. */
const char *ngx_http_pupil_tenants_trouble(
    const ngx_http_pupil_main_conf_t *pmcf);

#endif /* _NGX_HTTP_PUPIL_TENANTS_H_INCLUDED_ */
