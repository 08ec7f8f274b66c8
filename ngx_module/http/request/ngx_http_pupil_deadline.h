/*
 * Copyright (C) the Pupil authors
 *
 * The deadline of a request: what waits for longer is answered with 503, and
 * what it waits for finishes for nobody.  A write that was sent may be stored
 * all the same, as after a lost connection: sent again, it happens once (I15).
 */

#ifndef _NGX_HTTP_PUPIL_DEADLINE_H_INCLUDED_
#define _NGX_HTTP_PUPIL_DEADLINE_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


#define NGX_HTTP_PUPIL_DEADLINE  5000    /* ms, pupil_request_timeout */


/* The request waits: its time runs from when it first did. */
void ngx_http_pupil_deadline_start(ngx_http_pupil_ctx_t *ctx);

/* The request ends. */
void ngx_http_pupil_deadline_stop(ngx_http_pupil_ctx_t *ctx);

/*
 * What came after the write has failed: ctx->late answers, once, in place of
 * all that was to be answered.  NGX_DECLINED: nothing is stored.
 */
ngx_int_t ngx_http_pupil_late_answer(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_DEADLINE_H_INCLUDED_ */
