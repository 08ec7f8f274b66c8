/*
 * Copyright (C) the Pupil authors
 *
 * All endpoints, by ngx_http_pupil_endpoint_e.
 */

#include "http/conf/ngx_http_pupil_conf.h"


#define NGX_HTTP_PUPIL_ENDPOINT_PLACE(ID, name)                               \
    [NGX_HTTP_PUPIL_ENDPOINT_##ID] = &ngx_http_pupil_##name##_endpoint,


const ngx_http_pupil_endpoint_t
    *const ngx_http_pupil_endpoints[NGX_HTTP_PUPIL_ENDPOINT_COUNT] = {
        NGX_HTTP_PUPIL_ENDPOINTS(NGX_HTTP_PUPIL_ENDPOINT_PLACE)
    };
