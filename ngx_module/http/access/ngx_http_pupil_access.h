/*
 * Copyright (C) the Pupil authors
 *
 * What the files of pupil_access share.
 */

#ifndef _NGX_HTTP_PUPIL_ACCESS_H_INCLUDED_
#define _NGX_HTTP_PUPIL_ACCESS_H_INCLUDED_

#include "core/endpoints/access.h"
#include "http/request/ngx_http_pupil.h"


/*
 * In every location as soon as one has a guard: what a client, or a guard
 * before a redirect, says in our header fields goes nowhere, first of all
 * (_read) and before access (_clear).  From a location that is none of ours no
 * cookie of ours does, either: whoever has it is that person.
 */
ngx_int_t ngx_http_pupil_access_read(ngx_http_request_t *r);
ngx_int_t ngx_http_pupil_access_clear(ngx_http_request_t *r);

/* A header field for who is behind the guard.  NGX_OK, NGX_ERROR. */
ngx_int_t ngx_http_pupil_access_field(ngx_http_pupil_ctx_t *ctx,
    const char *name, const pupil_str_t *value);

/* Those of a guard go with the request, whose list is its own: see _clear(). */
ngx_int_t ngx_http_pupil_access_send(ngx_http_request_t *r,
    const ngx_http_pupil_guard_t *guard);

/* Was it decided for this location, or one that says the same? */
ngx_uint_t ngx_http_pupil_access_same(ngx_http_request_t *r,
    const ngx_http_pupil_guard_t *guard, ngx_http_pupil_loc_conf_t *conf);

#endif /* _NGX_HTTP_PUPIL_ACCESS_H_INCLUDED_ */
