/*
 * Copyright (C) the Pupil authors
 *
 * What goes out: our answers, the header fields that all answers of our
 * locations carry, and problem documents in place of the pages that nginx makes
 * for the errors it finds itself.
 */

#ifndef _NGX_HTTP_PUPIL_SEND_H_INCLUDED_
#define _NGX_HTTP_PUPIL_SEND_H_INCLUDED_

#include "core/input/query.h"
#include "http/request/ngx_http_pupil_problem.h"
#include "http/request/ngx_http_pupil_types.h"


/* ctx->response: what goes out, but for ctx->out, the JSON. */
typedef struct {
    ngx_uint_t                status;
    ngx_str_t                 location;        /* header field, or empty */
    ngx_uint_t                retry_after;     /* seconds */
    ngx_str_t                 text, text_type; /* an answer that is no JSON */
    ngx_http_pupil_problem_e  problem;         /* it is one */
    ngx_http_pupil_problem_e  refusal;         /* once it is audited */
    ngx_uint_t                allow;           /* methods, for a 405 */
    ngx_chain_t              *replaced;        /* nginx's own error's body */
    unsigned                  keeps:1;         /* a browser may, a while */
    unsigned                  rewritten:1;
    unsigned                  headers:1;       /* were added */
    unsigned                  done:1;
} ngx_http_pupil_response_t;


/* The answer as it stands in ctx; the end of the engine's work. */
void ngx_http_pupil_send(ngx_http_pupil_ctx_t *ctx);

/* The member "next" of a page; cursor NULL: it is the last. */
void ngx_http_pupil_next_write(ngx_http_pupil_ctx_t *ctx,
    const pupil_cursor_t *cursor);

/* Adds a header field; name is static, the value's bytes stay. */
ngx_int_t ngx_http_pupil_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value);

/* The request's id as text of PUPIL_UUID_TEXT_LEN bytes, in r->pool. */
u_char *ngx_http_pupil_id_text(ngx_http_pupil_ctx_t *ctx);

/* Worker start and configuration: puts the filters in front, once. */
void ngx_http_pupil_filter_init(void);

#endif /* _NGX_HTTP_PUPIL_SEND_H_INCLUDED_ */
