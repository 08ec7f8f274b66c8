/*
 * Copyright (C) the Pupil authors
 *
 * Where several tenants share an address: of which the session is that a
 * browser has, when another one was chosen since.
 */

#ifndef _NGX_HTTP_PUPIL_TENANT_LEFT_H_INCLUDED_
#define _NGX_HTTP_PUPIL_TENANT_LEFT_H_INCLUDED_

#include "http/request/ngx_http_pupil_tenant.h"


/*
 * The browser's next requests are of it; the cookie says, too, of which is the
 * session that it has, so that a log-in ends it there.
 */
ngx_int_t ngx_http_pupil_tenant_choose(ngx_http_pupil_ctx_t *ctx,
    const pupil_login_tenant_t *tenant);

/* Of which it is, when not of the one that the cookie selects. */
void ngx_http_pupil_tenant_before(ngx_http_pupil_ctx_t *ctx,
    pupil_uuid_t *tenant);

#endif /* _NGX_HTTP_PUPIL_TENANT_LEFT_H_INCLUDED_ */
