/*
 * Copyright (C) the Pupil authors
 */

#include "http/request/ngx_http_pupil.h"


#define NGX_HTTP_PUPIL_TENANT_COOKIE  "__Host-pupil-tenant"


static void ngx_http_pupil_tenant_select(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_tenant(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (ctx->main->vault.ring == NULL) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
    }

    if (ngx_http_pupil_restored(ctx->main) != NULL) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_RESTORE_PENDING);
    }

    ctx->restored = ctx->main->restored.times + 1;

    rc = ngx_http_pupil_tenant_home(ctx);

    if (rc == NGX_OK && ctx->conf->tenants != NULL) {
        ngx_http_pupil_tenant_select(ctx);
    }

    return rc;
}


ngx_int_t
ngx_http_pupil_tenant_home(ngx_http_pupil_ctx_t *ctx)
{
    ngx_str_t  value;

    if (ngx_http_complex_value(ctx->request, ctx->conf->tenant, &value)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (pupil_uuid_parse(value.data, value.len, &ctx->tenant) != PUPIL_OK) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNKNOWN_TENANT);
    }

    return NGX_OK;
}


static void
ngx_http_pupil_tenant_select(ngx_http_pupil_ctx_t *ctx)
{
    pupil_str_t                  name;
    const pupil_login_tenant_t  *tenant;

    tenant = ngx_http_pupil_cookie(ctx->request, NGX_HTTP_PUPIL_TENANT_COOKIE,
                                   &name) == NGX_OK
             ? ngx_http_pupil_tenant_named(ctx, name) : NULL;

    if (tenant != NULL) {
        ctx->tenant = tenant->id;
    }
}


ngx_int_t
ngx_http_pupil_tenant_enter(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *tenant, ngx_http_pupil_step_pt next)
{
    ngx_int_t  rc;

    if (pupil_uuid_compare(&ctx->tenant, tenant) != 0) {
        ctx->tenant = *tenant;
        pupil_uuid_random(&ctx->id);
    }

    rc = ngx_http_pupil_keys_tenant(ctx, next);

    return rc == NGX_OK ? next(ctx) : rc;
}


const pupil_login_tenant_t *
ngx_http_pupil_tenant_named(ngx_http_pupil_ctx_t *ctx, pupil_str_t name)
{
    ngx_uint_t                   i;
    const pupil_login_tenant_t  *tenants;

    tenants = ctx->conf->tenants->elts;

    for (i = 0; i < ctx->conf->tenants->nelts; i++) {
        if (tenants[i].name.len == name.len
            && ngx_memcmp(tenants[i].name.data, name.data, name.len) == 0)
        {
            return &tenants[i];
        }
    }

    return NULL;
}


const pupil_login_tenant_t *
ngx_http_pupil_tenant_of(ngx_http_pupil_ctx_t *ctx, const pupil_uuid_t *tenant)
{
    ngx_uint_t                   i;
    const pupil_login_tenant_t  *tenants;

    tenants = ctx->conf->tenants->elts;

    for (i = 0; i < ctx->conf->tenants->nelts; i++) {
        if (pupil_uuid_compare(&tenants[i].id, tenant) == 0) {
            return &tenants[i];
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_pupil_tenant_keep(ngx_http_pupil_ctx_t *ctx,
    const pupil_login_tenant_t *tenant)
{
    ngx_http_pupil_cookie_t  cookie;

    ngx_memzero(&cookie, sizeof(ngx_http_pupil_cookie_t));
    cookie.name = NGX_HTTP_PUPIL_TENANT_COOKIE;
    cookie.value = tenant->name;

    return ngx_http_pupil_cookie_set(ctx, &cookie);
}
