/*
 * Copyright (C) the Pupil authors
 *
 * From a path to a route.
 */

#ifndef _NGX_HTTP_PUPIL_ROUTE_H_INCLUDED_
#define _NGX_HTTP_PUPIL_ROUTE_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


/* Sets ctx->route and what the path holds; NGX_OK, or a problem (404, 405). */
ngx_int_t ngx_http_pupil_route(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_ROUTE_H_INCLUDED_ */
