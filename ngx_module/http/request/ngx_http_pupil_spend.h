/*
 * Copyright (C) the Pupil authors
 *
 * What counts once, as a code, is used (invariant I18).
 */

#ifndef _NGX_HTTP_PUPIL_SPEND_H_INCLUDED_
#define _NGX_HTTP_PUPIL_SPEND_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


#define NGX_HTTP_PUPIL_SPEND_MOST  3

/* ctx->spend. */
typedef struct {
    uint8_t                 hashes[NGX_HTTP_PUPIL_SPEND_MOST][PUPIL_HASH_LEN];
    ngx_uint_t              n;
    uint8_t                 by[PUPIL_HASH_LEN];  /* takes it back */
    ngx_http_pupil_step_pt  next;
    unsigned                back:1;     /* it may be taken back */
    unsigned                fresh:1;    /* it was not used before */
    unsigned                held:1;     /* nothing came of it yet */
} ngx_http_pupil_spend_t;


/*
 * The first of ctx->spend.hashes is used, whatever of it is in the data
 * database, and with it the others; the key store keeps them until then.  back:
 * unless something comes of it.  NGX_AGAIN, then next, with ctx->spend.fresh;
 * or a problem.
 */
ngx_int_t ngx_http_pupil_spend(ngx_http_pupil_ctx_t *ctx, pupil_time_t until,
    ngx_uint_t back, ngx_http_pupil_step_pt next);

/* The engine's: nothing came of it.  NGX_AGAIN, or NGX_OK. */
ngx_int_t ngx_http_pupil_unspend(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_SPEND_H_INCLUDED_ */
