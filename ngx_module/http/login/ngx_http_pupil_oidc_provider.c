/*
 * Copyright (C) the Pupil authors
 *
 * What a worker knows of a provider: its own document and its keys.  Either is
 * kept for an hour, and longer while the provider does not answer.  A token may
 * name a key that came later: then they are asked for at once, but not again
 * within half a minute, as anybody can make up names.  An ID token comes from
 * the provider itself: a log-in waits for no stranger's log-out token.
 */

#include "http/login/ngx_http_pupil_oidc.h"


#define NGX_HTTP_PUPIL_OIDC_KEPT   3600    /* seconds */
#define NGX_HTTP_PUPIL_OIDC_AGAIN  30


static ngx_int_t ngx_http_pupil_oidc_known(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_keyed(ngx_http_pupil_ctx_t *ctx);
static void *ngx_http_pupil_oidc_pool_alloc(void *data, size_t size);
static ngx_int_t ngx_http_pupil_oidc_learn(ngx_http_pupil_ctx_t *ctx,
    const char *what, ngx_pool_t *before, pupil_alloc_t *alloc,
    pupil_str_t *text);
static void ngx_http_pupil_oidc_release(void *data);


ngx_int_t
ngx_http_pupil_oidc_know(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt next)
{
    pupil_str_t                 path;
    ngx_http_pupil_oidc_t      *oidc;
    ngx_http_pupil_provider_t  *provider;

    oidc = ((ngx_http_pupil_login_t *) ctx->data)->oidc;
    provider = oidc->provider;

    if (provider->known != NULL
        && ngx_time() - provider->known_at < NGX_HTTP_PUPIL_OIDC_KEPT)
    {
        return NGX_OK;
    }

    /* until it has come, others go on with what there is */
    provider->known_at = ngx_time() - NGX_HTTP_PUPIL_OIDC_KEPT
                         + NGX_HTTP_PUPIL_OIDC_AGAIN;

    path = pupil_oidc_well_known(&ctx->alloc, provider->client.issuer);
    if (path.data == NULL) {
        return NGX_ERROR;
    }

    oidc->next = next;

    return ngx_http_pupil_oidc_ask(ctx, path, NULL, ngx_http_pupil_oidc_known);
}


static ngx_int_t
ngx_http_pupil_oidc_known(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    pupil_rc_t                  parsed;
    const char                 *why;
    pupil_str_t                 text;
    pupil_alloc_t               alloc;
    pupil_discovery_t           discovery;
    ngx_http_pupil_oidc_t      *oidc;
    ngx_http_pupil_provider_t  *provider;

    ngx_http_pupil_debug(ctx, "the provider's document has come");

    oidc = ((ngx_http_pupil_login_t *) ctx->data)->oidc;
    provider = oidc->provider;

    rc = ngx_http_pupil_oidc_learn(ctx, "its discovery document",
                                   provider->known, &alloc, &text);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? oidc->next(ctx) : rc;
    }

    parsed = pupil_oidc_discovery(&alloc, text, provider->client.issuer,
                                  &discovery, &why);
    if (parsed != PUPIL_OK) {
        ngx_destroy_pool(alloc.ctx);

        if (parsed != PUPIL_INVALID) {
            return NGX_ERROR;
        }

        ngx_http_pupil_oidc_doubt(ctx, "its discovery document", why);

        return ngx_http_pupil_oidc_failed(ctx, NGX_HTTP_PUPIL_GATEWAY);
    }

    if (provider->known != NULL) {
        ngx_destroy_pool(provider->known);
    }

    provider->known = alloc.ctx;
    provider->discovery = discovery;
    provider->known_at = ngx_time();

    return oidc->next(ctx);
}


ngx_int_t
ngx_http_pupil_oidc_keys(ngx_http_pupil_ctx_t *ctx, ngx_uint_t again,
    ngx_http_pupil_step_pt next)
{
    time_t                      since, *sought_at;
    ngx_http_pupil_oidc_t      *oidc;
    ngx_http_pupil_provider_t  *provider;

    oidc = ((ngx_http_pupil_login_t *) ctx->data)->oidc;
    provider = oidc->provider;

    if (again) {
        sought_at = &provider->sought_at[oidc->by_provider];
        since = ngx_time() - *sought_at;

        if (since < NGX_HTTP_PUPIL_OIDC_AGAIN) {
            ctx->response.retry_after = NGX_HTTP_PUPIL_OIDC_AGAIN - since;
            return NGX_DECLINED;
        }

        *sought_at = ngx_time();

    } else if (provider->keyed != NULL
               && ngx_time() - provider->keyed_at < NGX_HTTP_PUPIL_OIDC_KEPT)
    {
        return NGX_OK;
    }

    provider->keyed_at = ngx_time() - NGX_HTTP_PUPIL_OIDC_KEPT
                         + NGX_HTTP_PUPIL_OIDC_AGAIN;
    oidc->next = next;

    return ngx_http_pupil_oidc_ask(ctx, provider->discovery.jwks, NULL,
                                   ngx_http_pupil_oidc_keyed);
}


static ngx_int_t
ngx_http_pupil_oidc_keyed(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    pupil_rc_t                  parsed;
    const char                 *why;
    pupil_str_t                 text;
    pupil_jwks_t                jwks;
    pupil_alloc_t               alloc;
    ngx_pool_cleanup_t         *cln;
    ngx_http_pupil_oidc_t      *oidc;
    ngx_http_pupil_provider_t  *provider;

    ngx_http_pupil_debug(ctx, "the provider's keys have come");

    oidc = ((ngx_http_pupil_login_t *) ctx->data)->oidc;
    provider = oidc->provider;

    rc = ngx_http_pupil_oidc_learn(ctx, "its keys", provider->keyed, &alloc,
                                   &text);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? oidc->next(ctx) : rc;
    }

    cln = ngx_pool_cleanup_add(alloc.ctx, 0);
    parsed = cln == NULL ? PUPIL_NO_MEMORY
                         : pupil_jwks_parse(&alloc, text, &jwks, &why);

    if (parsed != PUPIL_OK) {
        ngx_destroy_pool(alloc.ctx);

        if (parsed != PUPIL_INVALID) {
            return NGX_ERROR;
        }

        ngx_http_pupil_oidc_doubt(ctx, "its keys", why);

        return ngx_http_pupil_oidc_failed(ctx, NGX_HTTP_PUPIL_GATEWAY);
    }

    if (provider->keyed != NULL) {
        ngx_destroy_pool(provider->keyed);
    }

    provider->keyed = alloc.ctx;
    provider->jwks = jwks;
    provider->keyed_at = ngx_time();

    cln->handler = ngx_http_pupil_oidc_release;
    cln->data = &provider->jwks;

    return oidc->next(ctx);
}


/*
 * A copy of what came, in a pool of its own.  NGX_DECLINED: nothing did, and
 * what is known from before is used; else a problem.
 */
static ngx_int_t
ngx_http_pupil_oidc_learn(ngx_http_pupil_ctx_t *ctx, const char *what,
    ngx_pool_t *before, pupil_alloc_t *alloc, pupil_str_t *text)
{
    u_char      *p;
    ngx_pool_t  *pool;

    alloc->alloc = ngx_http_pupil_oidc_pool_alloc;
    alloc->ctx = NULL;

    if (ngx_http_pupil_oidc_answered(ctx, what, text) != NGX_OK) {
        return before != NULL ? NGX_DECLINED
                              : ngx_http_pupil_oidc_failed(ctx,
                                                       NGX_HTTP_PUPIL_GATEWAY);
    }

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(pool, text->len);
    if (p == NULL) {
        ngx_destroy_pool(pool);
        return NGX_ERROR;
    }

    ngx_memcpy(p, text->data, text->len);
    text->data = p;

    alloc->ctx = pool;

    return NGX_OK;
}


static void *
ngx_http_pupil_oidc_pool_alloc(void *data, size_t size)
{
    return ngx_palloc(data, size);
}


static void
ngx_http_pupil_oidc_release(void *data)
{
    pupil_jwks_release(data);
}


void
ngx_http_pupil_oidc_forget(void *data)
{
    ngx_http_pupil_provider_t *provider = data;

    if (provider->known != NULL) {
        ngx_destroy_pool(provider->known);
    }

    if (provider->keyed != NULL) {
        ngx_destroy_pool(provider->keyed);
    }
}
