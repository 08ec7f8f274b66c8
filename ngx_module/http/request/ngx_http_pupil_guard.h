/*
 * Copyright (C) the Pupil authors
 *
 * What stands before the handler of another: it decides whether a request gets
 * there, and with which header fields.
 */

#ifndef _NGX_HTTP_PUPIL_GUARD_H_INCLUDED_
#define _NGX_HTTP_PUPIL_GUARD_H_INCLUDED_

#include "http/request/ngx_http_pupil_problem.h"
#include "http/request/ngx_http_pupil_types.h"


/* Once for a request, in its pool: redirects inside of nginx keep it. */
typedef struct {
    ngx_http_pupil_loc_conf_t  *conf;      /* that it was decided by */
    ngx_str_t                   tenant;
    ngx_array_t                 fields;    /* ngx_table_elt_t, for who is
                                              behind it */
    ngx_int_t                   status;    /* NGX_OK, a status, or NGX_AGAIN:
                                              it is being decided */
    ngx_http_pupil_problem_e    problem;
    ngx_str_t                   login;     /* where to go instead of a 401 */
    ngx_http_posted_request_t   posted;    /* to go on with, once decided */
    unsigned                    waits:1;   /* nginx does, for that */
} ngx_http_pupil_guard_t;


/*
 * The steps of a request from its session on, by this route, which has neither
 * path nor body.  What the last one leaves is not sent: ctx->decided() is
 * called, perhaps before this returns.
 */
void ngx_http_pupil_guard_begin(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_route_t *route,
    void (*decided)(ngx_http_pupil_ctx_t *ctx));

/* Does nginx end this request by what its guard decided? */
ngx_uint_t ngx_http_pupil_guard_ends(ngx_http_request_t *r);

#endif /* _NGX_HTTP_PUPIL_GUARD_H_INCLUDED_ */
