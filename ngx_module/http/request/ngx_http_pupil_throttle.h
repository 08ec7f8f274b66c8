/*
 * Copyright (C) the Pupil authors
 *
 * How often somebody who has a session may do something: attempts count in a
 * bucket of the actor's, before anything else is done (pitfall 31).
 */

#ifndef _NGX_HTTP_PUPIL_THROTTLE_H_INCLUDED_
#define _NGX_HTTP_PUPIL_THROTTLE_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


/* Ownership: static. */
typedef struct {
    const char  *name;                    /* of its buckets */
    ngx_uint_t   reserve, tell;           /* the endpoint's statements, as
                                             PUPIL_LOGIN_RESERVE and _TELL */
    int32_t      free, forget, longest;   /* without a delay; seconds until
                                             one is forgotten; longest delay */
} ngx_http_pupil_limit_t;

/* ctx->throttle. */
typedef struct {
    const ngx_http_pupil_limit_t  *limit;
    ngx_http_pupil_step_pt         next;
    uint8_t                        bytes[PUPIL_HASH_LEN];
    pupil_str_t                    bucket;
} ngx_http_pupil_throttle_t;


/* The attempt is counted, then next; or 429, on record.  NGX_AGAIN, NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_throttle(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_limit_t *limit, ngx_http_pupil_step_pt next);

#endif /* _NGX_HTTP_PUPIL_THROTTLE_H_INCLUDED_ */
