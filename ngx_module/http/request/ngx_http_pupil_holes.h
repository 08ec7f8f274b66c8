/*
 * Copyright (C) the Pupil authors
 *
 * Tenants whose audit has holes that nobody has acknowledged (invariant I9):
 * where pupil_audit_holes says so, they are not served.  The key store says
 * which they are, of all of them with its mark, each second, and of each with
 * its keys, so that a worker which has just begun knows.
 */

#ifndef _NGX_HTTP_PUPIL_HOLES_H_INCLUDED_
#define _NGX_HTTP_PUPIL_HOLES_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


/* pmcf->holes, a worker's own. */
typedef struct {
    pupil_uuid_t  *tenants;        /* allocated */
    ngx_uint_t     count, size;
    int64_t        open;           /* holes of all tenants */
    unsigned       untold:1;       /* there was no memory: any may have some */
} ngx_http_pupil_holes_t;


/* What the key store said with its mark; NGX_ERROR: it is no such answer. */
ngx_int_t ngx_http_pupil_holes_read(ngx_http_pupil_holes_t *holes,
    const PGresult *res);

/* A tenant has some, as was said with its keys. */
void ngx_http_pupil_holes_met(ngx_http_pupil_holes_t *holes,
    const pupil_uuid_t *tenant);

ngx_uint_t ngx_http_pupil_holes_of(const ngx_http_pupil_holes_t *holes,
    const pupil_uuid_t *tenant);

void ngx_http_pupil_holes_exit_process(ngx_http_pupil_holes_t *holes);

#endif /* _NGX_HTTP_PUPIL_HOLES_H_INCLUDED_ */
