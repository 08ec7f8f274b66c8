/*
 * Copyright (C) the Pupil authors
 *
 * The endpoints of nginx, a row each: the list is that of core/endpoints.  For
 * those that define a row or walk all of them; others do not see which there
 * are, nor are compiled again for a new one.
 */

#ifndef _NGX_HTTP_PUPIL_ENDPOINTS_H_INCLUDED_
#define _NGX_HTTP_PUPIL_ENDPOINTS_H_INCLUDED_

#include "core/endpoints/endpoints.h"
#include "http/request/ngx_http_pupil_endpoint.h"


/* Those of core, in its order, and what touches no personal data: handlers. */
#define NGX_HTTP_PUPIL_HANDLERS(row)                                          \
    PUPIL_ENDPOINTS(row)                                                      \
    row(STATUS, status)

/* And what stands before the handler of another. */
#define NGX_HTTP_PUPIL_ENDPOINTS(row)                                         \
    NGX_HTTP_PUPIL_HANDLERS(row)                                              \
    row(ACCESS, access)

#define NGX_HTTP_PUPIL_ENDPOINT_ID(ID, name)  NGX_HTTP_PUPIL_ENDPOINT_##ID,

typedef enum {
    NGX_HTTP_PUPIL_ENDPOINTS(NGX_HTTP_PUPIL_ENDPOINT_ID)
    NGX_HTTP_PUPIL_ENDPOINT_COUNT
} ngx_http_pupil_endpoint_e;

_Static_assert((int) NGX_HTTP_PUPIL_ENDPOINT_COUNT
               <= NGX_HTTP_PUPIL_ENDPOINT_MOST, "too many endpoints");

#define NGX_HTTP_PUPIL_ENDPOINT_ROW(ID, name)                                 \
    extern const ngx_http_pupil_endpoint_t  ngx_http_pupil_##name##_endpoint;

NGX_HTTP_PUPIL_ENDPOINTS(NGX_HTTP_PUPIL_ENDPOINT_ROW)


#endif /* _NGX_HTTP_PUPIL_ENDPOINTS_H_INCLUDED_ */
