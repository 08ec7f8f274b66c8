/*
 * Copyright (C) the Pupil authors
 *
 * Somebody changes what they log in with: another session, or none where they
 * have forgotten it, takes the place of all of theirs, under the numbers to
 * which the floors rise.
 */

#ifndef _NGX_HTTP_PUPIL_ANEW_H_INCLUDED_
#define _NGX_HTTP_PUPIL_ANEW_H_INCLUDED_

#include "http/login/ngx_http_pupil_login.h"


/* login->anew; wiped with the request. */
struct ngx_http_pupil_anew_s {
    ngx_http_pupil_session_t  session;       /* that takes all places */
    uint8_t                   text[PUPIL_TOKEN_TEXT_LEN];
    void                    (*shows)(ngx_http_pupil_ctx_t *ctx);   /* more */
    unsigned                  forgotten:1;   /* without a session */
    unsigned                  handed:1;      /* by a teacher's code; else, by a
                                                link */
};


/* $8 to $25 of PUPIL_LOGIN_CHANGE and the like, with the session. */
ngx_int_t ngx_http_pupil_anew_params(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const ngx_http_pupil_hashed_t *made);

/* What its owner is told. */
void ngx_http_pupil_anew_tells(ngx_http_pupil_ctx_t *ctx, const char *kind);

/* The statement was run: the floors, then the answer. */
ngx_int_t ngx_http_pupil_anew_written(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_ANEW_H_INCLUDED_ */
