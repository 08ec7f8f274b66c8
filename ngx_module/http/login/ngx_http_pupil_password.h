/*
 * Copyright (C) the Pupil authors
 *
 * A new password in the place of one that somebody knows, or has forgotten.
 */

#ifndef _NGX_HTTP_PUPIL_PASSWORD_H_INCLUDED_
#define _NGX_HTTP_PUPIL_PASSWORD_H_INCLUDED_

#include "core/login/link.h"
#include "http/login/ngx_http_pupil_anew.h"


typedef struct {
    ngx_http_pupil_login_t    login;         /* first: its steps run */
    pupil_input_password_t    input;
    pupil_link_t              link;          /* by which it is set */
    ngx_uint_t                found;         /* the statement that was asked */
    char                      stored[PUPIL_PASSWORD_HASH_LEN];
    const char               *broken;        /* the rule, static, for a
                                                refusal */
    ngx_http_pupil_anew_t     anew;
} ngx_http_pupil_password_t;


/* The rule that the new one breaks by being what its owner is called. */
const char *ngx_http_pupil_password_named(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row);

/* The new one is hashed: it is stored, and what was before ends. */
ngx_int_t ngx_http_pupil_password_right(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_PASSWORD_H_INCLUDED_ */
