/*
 * Copyright (C) the Pupil authors
 *
 * Whose data a request is about: what pupil_tenant says, or where several share
 * an address (pupil_login_tenant) what a cookie selects of these.  That is all
 * that the cookie does: a session, and every key, is of one tenant.
 */

#ifndef _NGX_HTTP_PUPIL_TENANT_H_INCLUDED_
#define _NGX_HTTP_PUPIL_TENANT_H_INCLUDED_

#include "core/login/tenants.h"
#include "http/request/ngx_http_pupil_types.h"


/* The engine's step: ctx->tenant; NGX_OK, or a problem. */
ngx_int_t ngx_http_pupil_tenant(ngx_http_pupil_ctx_t *ctx);

/* ctx->tenant is whose address it is, whatever a cookie says. */
ngx_int_t ngx_http_pupil_tenant_home(ngx_http_pupil_ctx_t *ctx);

/*
 * The request goes on in another tenant, once its keys are there: next(ctx).
 * What was derived of the other's keys counts no more.  It is on record there
 * by a name of its own, so that no two logs say that they are of one request.
 */
ngx_int_t ngx_http_pupil_tenant_enter(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *tenant, ngx_http_pupil_step_pt next);

/* Of that name, or id, at this address; NULL: there is none. */
const pupil_login_tenant_t *ngx_http_pupil_tenant_named(
    ngx_http_pupil_ctx_t *ctx, pupil_str_t name);
const pupil_login_tenant_t *ngx_http_pupil_tenant_of(
    ngx_http_pupil_ctx_t *ctx, const pupil_uuid_t *tenant);

/* The browser's next requests are of it. */
ngx_int_t ngx_http_pupil_tenant_keep(ngx_http_pupil_ctx_t *ctx,
    const pupil_login_tenant_t *tenant);

#endif /* _NGX_HTTP_PUPIL_TENANT_H_INCLUDED_ */
