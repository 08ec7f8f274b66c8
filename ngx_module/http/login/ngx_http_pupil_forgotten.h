/*
 * Copyright (C) the Pupil authors
 *
 * Whoever has forgotten their password: a link by mail, and what it is for.
 */

#ifndef _NGX_HTTP_PUPIL_FORGOTTEN_H_INCLUDED_
#define _NGX_HTTP_PUPIL_FORGOTTEN_H_INCLUDED_

#include "http/request/ngx_http_pupil.h"


/* POST /v1/login/forgotten. */
ngx_int_t ngx_http_pupil_forgotten_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_forgotten_start(ngx_http_pupil_ctx_t *ctx);

/* Of the account, which a link that counts has: once they are known. */
uint32_t ngx_http_pupil_forgotten_floors(ngx_http_pupil_ctx_t *ctx);

/* POST /v1/login/password. */
ngx_int_t ngx_http_pupil_reset_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_reset_start(ngx_http_pupil_ctx_t *ctx);

/* POST /v1/login/code. */
ngx_int_t ngx_http_pupil_by_code_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_by_code_start(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_FORGOTTEN_H_INCLUDED_ */
