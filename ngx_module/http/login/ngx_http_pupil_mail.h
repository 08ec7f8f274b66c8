/*
 * Copyright (C) the Pupil authors
 *
 * Mail to members of staff, put in the outbox for pupilctl work to send.
 */

#ifndef _NGX_HTTP_PUPIL_MAIL_H_INCLUDED_
#define _NGX_HTTP_PUPIL_MAIL_H_INCLUDED_

#include "http/login/ngx_http_pupil_login.h"


/* Is there a language for it at this location? */
ngx_uint_t ngx_http_pupil_mail_on(ngx_http_pupil_ctx_t *ctx);

/*
 * The row of a mail of this kind to this person, under the request's id, which
 * the caller may complete; then its MAC.  NGX_ERROR: a key is missing.
 */
void ngx_http_pupil_mail_row(ngx_http_pupil_ctx_t *ctx, const char *kind,
    const pupil_uuid_t *subject, pupil_mail_row_t *row);
ngx_int_t ngx_http_pupil_mail_mac(ngx_http_pupil_ctx_t *ctx,
    const pupil_mail_row_t *row, uint8_t mac[PUPIL_MAC_LEN]);

/*
 * Where a link leads, for its row.  Where tenants share an address that ends in
 * "#name.", of which its token is, as another browser knows of none: no name is
 * of whom the address is.
 */
ngx_int_t ngx_http_pupil_mail_link(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t page, pupil_str_t *link);

/*
 * Goes on in the tenant that the token says it is of, which is told from it
 * then, or in the request's own: next(ctx).  NGX_DECLINED: there is no such
 * tenant here.  It selects where this token is looked at, and no more.
 */
ngx_int_t ngx_http_pupil_mail_enter(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t *token, ngx_http_pupil_step_pt next);

#endif /* _NGX_HTTP_PUPIL_MAIL_H_INCLUDED_ */
