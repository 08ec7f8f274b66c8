/*
 * Copyright (C) the Pupil authors
 *
 * Cookies: those that came, and those that are set.
 */

#ifndef _NGX_HTTP_PUPIL_COOKIE_H_INCLUDED_
#define _NGX_HTTP_PUPIL_COOKIE_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


typedef struct {
    const char   *name;
    pupil_str_t   value;             /* len 0: the browser forgets it */
    ngx_int_t     age;               /* seconds; 0: as long as it is open */
} ngx_http_pupil_cookie_t;


/*
 * A cookie's value; NGX_DECLINED when there is none, or more than one: which
 * of two another site may have planted cannot be told.
 */
ngx_int_t ngx_http_pupil_cookie(ngx_http_request_t *r, const char *name,
    pupil_str_t *value);

/*
 * The next name and value of a Cookie field, of which rest is what is left;
 * 0: there is none.
 */
ngx_uint_t ngx_http_pupil_cookie_next(ngx_str_t *rest, ngx_str_t *cookie);

/* Whose name begins with __Host-: a browser keeps it for this host alone. */
ngx_int_t ngx_http_pupil_cookie_set(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_cookie_t *cookie);

/* None of those that were set is sent. */
void ngx_http_pupil_cookies_none(ngx_http_request_t *r);

#endif /* _NGX_HTTP_PUPIL_COOKIE_H_INCLUDED_ */
