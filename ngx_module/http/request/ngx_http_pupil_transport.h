/*
 * Copyright (C) the Pupil authors
 *
 * What a request came over.
 */

#ifndef _NGX_HTTP_PUPIL_TRANSPORT_H_INCLUDED_
#define _NGX_HTTP_PUPIL_TRANSPORT_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


/*
 * NGX_OK, or a problem: plain HTTP, or a server name of TLS that is not that
 * of Host; both are well where pupil_behind_proxy says so.
 */
ngx_int_t ngx_http_pupil_transport(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_TRANSPORT_H_INCLUDED_ */
