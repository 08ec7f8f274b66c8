/*
 * Copyright (C) the Pupil authors
 *
 * An endpoint as nginx serves it: one row, ngx_http_pupil_<name>_endpoint, in
 * a folder of its own; the list of them is ngx_http_pupil_endpoints.h.
 * CONTRIBUTING.md walks through a new one.
 */

#ifndef _NGX_HTTP_PUPIL_ENDPOINT_H_INCLUDED_
#define _NGX_HTTP_PUPIL_ENDPOINT_H_INCLUDED_

#include "core/endpoints/endpoint.h"
#include "http/request/ngx_http_pupil_metric.h"
#include "http/request/ngx_http_pupil_types.h"


/* At most: pmcf->served has a bit for each. */
#define NGX_HTTP_PUPIL_ENDPOINT_MOST  32

#define NGX_HTTP_PUPIL_BODY     0x01   /* a JSON body is required */
#define NGX_HTTP_PUPIL_PUBLIC   0x02   /* no session, no CSRF token */
#define NGX_HTTP_PUPIL_NOTHING  0x04   /* a GET that shows nothing personal */
#define NGX_HTTP_PUPIL_FORM     0x08   /* a form is, of another site's page */
#define NGX_HTTP_PUPIL_LIMITED  0x10   /* a limited session will do */
#define NGX_HTTP_PUPIL_UNPROVED 0x20   /* however it was proved, and when */

/*
 * One route.  path: behind the location's prefix: "", "/{id}", "/{name}",
 * "/{id}/progress", "/{name}/{id}", "/{id}/pupils/{id}/assessment".
 *
 * parse    Reads ctx->body and the arguments into ctx->data.  NGX_OK, or what
 *          ngx_http_pupil_fault() or _problem() returned.  May be NULL.
 * start    Builds ctx->exchange and submits it by ngx_http_pupil_submit().
 *          NGX_AGAIN, or what _problem() or _refuse() returned.
 * render   Reads ctx->exchange->results, writes ctx->out, sets
 *          ctx->response.status.  NGX_OK to send; NGX_AGAIN after another
 *          ngx_http_pupil_submit() with ctx->resume set to the next step; or
 *          what _problem() returned.  Called again from its beginning after
 *          keys were fetched: ctx->out is then empty.
 */
struct ngx_http_pupil_route_s {
    ngx_uint_t              method;    /* NGX_HTTP_GET, ... one */
    const char             *path;      /* NULL: the table's end */
    ngx_uint_t              flags;     /* NGX_HTTP_PUPIL_BODY ... */
    ngx_http_pupil_step_pt  parse;
    ngx_http_pupil_step_pt  start;
    ngx_http_pupil_step_pt  render;
};


/*
 * What an endpoint is to nginx.  Its directive is pupil_<name>.  The functions
 * may be NULL; what they keep for the endpoint is what create() returned:
 * ngx_http_pupil_own(pmcf, name).
 *
 * create         configuration, before any directive; NULL: no memory
 * init           configuration, after all, when a location serves it;
 *                NGX_ERROR is logged
 * init_process   worker start, when a location serves it; NGX_ERROR ends it
 * exit_process   worker exit
 * metrics        of a worker, for /status
 */
typedef struct {
    ngx_uint_t                     id;    /* ngx_http_pupil_endpoint_e */
    const char                    *name;
    const pupil_endpoint_t        *core;          /* NULL: nothing personal */
    const ngx_http_pupil_route_t  *routes;
    size_t                         body_max;      /* bytes of a request's */
    unsigned                       subrequest:1;  /* answers auth_request */

    void       *(*create)(ngx_conf_t *cf);
    ngx_int_t   (*init)(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf);
    ngx_int_t   (*init_process)(ngx_http_pupil_main_conf_t *pmcf,
                    ngx_log_t *log);
    void        (*exit_process)(ngx_http_pupil_main_conf_t *pmcf);
    void        (*metrics)(ngx_http_pupil_main_conf_t *pmcf,
                    ngx_http_pupil_metrics_t *metrics);
} ngx_http_pupil_endpoint_t;


/* What create() returned, to be cast by the endpoint that it belongs to. */
#define ngx_http_pupil_own(pmcf, name)                                        \
    (pmcf)->own[ngx_http_pupil_##name##_endpoint.id]

#endif /* _NGX_HTTP_PUPIL_ENDPOINT_H_INCLUDED_ */
