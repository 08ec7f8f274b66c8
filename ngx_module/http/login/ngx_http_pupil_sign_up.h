/*
 * Copyright (C) the Pupil authors
 *
 * Teachers who sign up outside of a school: a link by mail, and what it is for.
 */

#ifndef _NGX_HTTP_PUPIL_SIGN_UP_H_INCLUDED_
#define _NGX_HTTP_PUPIL_SIGN_UP_H_INCLUDED_

#include "core/login/link.h"
#include "core/login/sign_up.h"
#include "http/login/ngx_http_pupil_login.h"


/* Either request; wiped with it. */
typedef struct {
    ngx_http_pupil_login_t  login;          /* first: its steps run */
    pupil_input_sign_up_t   input;
    pupil_link_t            link;
    pupil_sign_up_row_t     row;
    pupil_str_t             mac;            /* as it was read */
    pupil_sign_up_t         said;
    uint8_t                 room[PUPIL_SIGN_UP_SEALED];
    uint8_t                 sealed[PUPIL_SIGN_UP_SEALED];
} ngx_http_pupil_signing_t;


/* POST /v1/login/sign-up. */
ngx_int_t ngx_http_pupil_sign_up_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_sign_up_start(ngx_http_pupil_ctx_t *ctx);

/* POST /v1/login/sign-up/confirm. */
ngx_int_t ngx_http_pupil_confirm_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_confirm_start(ngx_http_pupil_ctx_t *ctx);

/*
 * What a request of theirs begins with: NGX_OK, or what its parse answers, 404
 * where nobody signs up.
 */
ngx_int_t ngx_http_pupil_signing_begin(ngx_http_pupil_ctx_t *ctx);

/* Can anybody, where this location is? */
ngx_uint_t ngx_http_pupil_signing_can(ngx_http_pupil_ctx_t *ctx);

/* Is the request of the tenant in which they do? */
ngx_uint_t ngx_http_pupil_signing_here(ngx_http_pupil_ctx_t *ctx);

/* As the plugin of the field takes it; its fault names the member. */
pupil_rc_t ngx_http_pupil_signing_value(ngx_http_pupil_ctx_t *ctx,
    const char *category, const char *field, pupil_str_t *value,
    pupil_fault_t *fault);

/* What is said, sealed into the row, and that under its MAC. */
ngx_int_t ngx_http_pupil_signing_seal(ngx_http_pupil_ctx_t *ctx,
    uint8_t mac[PUPIL_MAC_LEN]);

/* The statement goes out with its record. */
ngx_int_t ngx_http_pupil_signing_write(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t at, ngx_uint_t stmt,
    const pupil_uuid_t *subject, ngx_http_pupil_step_pt resume);

/* 202, whatever comes of it. */
ngx_int_t ngx_http_pupil_signing_accepted(ngx_http_pupil_ctx_t *ctx,
    const char *status);

#endif /* _NGX_HTTP_PUPIL_SIGN_UP_H_INCLUDED_ */
