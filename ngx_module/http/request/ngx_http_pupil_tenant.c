/*
 * Copyright (C) the Pupil authors
 */

#include "http/request/ngx_http_pupil.h"
#include "http/request/ngx_http_pupil_session.h"
#include "http/request/ngx_http_pupil_tenant_left.h"


#define NGX_HTTP_PUPIL_TENANT_COOKIE  "__Host-pupil-tenant"


/* What the cookie says: of which requests are, and of which a session is. */
typedef struct {
    pupil_str_t  selected;
    pupil_str_t  before;           /* len 0: of the same, or there is none */
} ngx_http_pupil_tenant_cookie_t;


static void ngx_http_pupil_tenant_select(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_tenant_sent(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_tenant_cookie_t *sent);
static ngx_int_t ngx_http_pupil_tenant_say(ngx_http_pupil_ctx_t *ctx,
    const pupil_str_t *value);


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
    const pupil_login_tenant_t      *tenant;
    ngx_http_pupil_tenant_cookie_t   sent;

    tenant = ngx_http_pupil_tenant_sent(ctx, &sent) == NGX_OK
             ? ngx_http_pupil_tenant_named(ctx, sent.selected) : NULL;

    if (tenant != NULL) {
        ctx->tenant = tenant->id;
    }
}


/* "south", or "south.north" once it was chosen by whoever is at north. */
static ngx_int_t
ngx_http_pupil_tenant_sent(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_tenant_cookie_t *sent)
{
    size_t  i;

    ngx_memzero(sent, sizeof(ngx_http_pupil_tenant_cookie_t));

    if (ngx_http_pupil_cookie(ctx->request, NGX_HTTP_PUPIL_TENANT_COOKIE,
                              &sent->selected) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    for (i = 0; i < sent->selected.len; i++) {
        if (sent->selected.data[i] == '.') {
            sent->before.data = sent->selected.data + i + 1;
            sent->before.len = sent->selected.len - i - 1;
            sent->selected.len = i;
        }
    }

    return NGX_OK;
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
    return ngx_http_pupil_tenant_say(ctx, &tenant->name);
}


ngx_int_t
ngx_http_pupil_tenant_choose(ngx_http_pupil_ctx_t *ctx,
    const pupil_login_tenant_t *tenant)
{
    u_char                      *p;
    pupil_str_t                  token, both;
    pupil_uuid_t                 of;
    const pupil_login_tenant_t  *before;

    of = ctx->tenant;
    ngx_http_pupil_tenant_before(ctx, &of);
    before = ngx_http_pupil_tenant_of(ctx, &of);

    /* whether it is a session's is for that tenant's key to say, at a log-in */

    if (ngx_http_pupil_session_text(ctx, &token) != NGX_OK
        || before == NULL || before == tenant)
    {
        return ngx_http_pupil_tenant_keep(ctx, tenant);
    }

    p = ngx_http_pupil_alloc(ctx, tenant->name.len + 1 + before->name.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    both.data = p;
    p = ngx_cpymem(p, tenant->name.data, tenant->name.len);
    *p++ = '.';
    p = ngx_cpymem(p, before->name.data, before->name.len);
    both.len = p - both.data;

    return ngx_http_pupil_tenant_say(ctx, &both);
}


static ngx_int_t
ngx_http_pupil_tenant_say(ngx_http_pupil_ctx_t *ctx, const pupil_str_t *value)
{
    ngx_http_pupil_cookie_t  cookie;

    ngx_memzero(&cookie, sizeof(ngx_http_pupil_cookie_t));
    cookie.name = NGX_HTTP_PUPIL_TENANT_COOKIE;
    cookie.value = *value;

    return ngx_http_pupil_cookie_set(ctx, &cookie);
}


void
ngx_http_pupil_tenant_before(ngx_http_pupil_ctx_t *ctx, pupil_uuid_t *tenant)
{
    const pupil_login_tenant_t      *before;
    ngx_http_pupil_tenant_cookie_t   sent;

    before = ngx_http_pupil_tenant_sent(ctx, &sent) == NGX_OK
             ? ngx_http_pupil_tenant_named(ctx, sent.before) : NULL;

    if (before != NULL) {
        *tenant = before->id;
    }
}
