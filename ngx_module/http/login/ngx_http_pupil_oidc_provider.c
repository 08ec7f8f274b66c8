/*
 * Copyright (C) the Pupil authors
 *
 * What a worker knows of a provider: its own document and its keys.  Either is
 * kept for an hour, and longer while the provider does not answer, or answers
 * with something else: for a day at most, as a key may be withdrawn, or an
 * address given up, of which nobody hears.  A token may name a key that came
 * later: then they are asked for at once, but not again within half a minute,
 * as anybody can make up names.  An ID token comes from the provider itself: a
 * log-in waits for no stranger's log-out token.
 *
 * Of a worker that knows nothing yet one request asks, and the others wait for
 * what comes of it; when nothing does, half a minute passes until one asks
 * again.
 */

#include "http/login/ngx_http_pupil_oidc.h"


#define NGX_HTTP_PUPIL_OIDC_KEPT   (3600 * 1000)    /* milliseconds */
#define NGX_HTTP_PUPIL_OIDC_AGAIN  (30 * 1000)
#define NGX_HTTP_PUPIL_OIDC_MOST   (24 * 3600 * 1000)


static ngx_int_t ngx_http_pupil_oidc_known(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_keyed(ngx_http_pupil_ctx_t *ctx);
static void ngx_http_pupil_oidc_age(ngx_pool_t **has,
    const ngx_http_pupil_learning_t *learning);
static ngx_uint_t ngx_http_pupil_oidc_before(ngx_msec_t due);
static ngx_int_t ngx_http_pupil_oidc_unknown(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_learning_t *learning, ngx_http_pupil_step_pt again);
static ngx_int_t ngx_http_pupil_oidc_know_again(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_keys_again(ngx_http_pupil_ctx_t *ctx);
static void ngx_http_pupil_oidc_asks(ngx_http_pupil_oidc_t *oidc,
    ngx_http_pupil_learning_t *learning);
static void ngx_http_pupil_oidc_asked(ngx_http_pupil_oidc_t *oidc);
static void ngx_http_pupil_oidc_wake(ngx_event_t *ev);
static void *ngx_http_pupil_oidc_pool_alloc(void *data, size_t size);
static ngx_int_t ngx_http_pupil_oidc_learn(ngx_http_pupil_ctx_t *ctx,
    const char *what, pupil_alloc_t *alloc, pupil_str_t *text);
static ngx_int_t ngx_http_pupil_oidc_unlearnt(ngx_http_pupil_ctx_t *ctx,
    const ngx_pool_t *before);
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

    oidc->next = next;

    ngx_http_pupil_oidc_age(&provider->known, &provider->knowing);

    if (ngx_http_pupil_oidc_before(provider->knowing.due)) {
        return provider->known != NULL
               ? NGX_OK
               : ngx_http_pupil_oidc_unknown(ctx, &provider->knowing,
                                             ngx_http_pupil_oidc_know_again);
    }

    path = pupil_oidc_well_known(&ctx->alloc, provider->client.issuer);
    if (path.data == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_oidc_asks(oidc, &provider->knowing);

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

    ngx_http_pupil_oidc_asked(oidc);

    rc = ngx_http_pupil_oidc_learn(ctx, "its discovery document", &alloc,
                                   &text);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED
               ? ngx_http_pupil_oidc_unlearnt(ctx, provider->known) : rc;
    }

    parsed = pupil_oidc_discovery(&alloc, text, provider->client.issuer,
                                  &discovery, &why);
    if (parsed != PUPIL_OK) {
        ngx_destroy_pool(alloc.ctx);

        if (parsed != PUPIL_INVALID) {
            return NGX_ERROR;
        }

        ngx_http_pupil_oidc_doubt(ctx, "its discovery document", why);

        return ngx_http_pupil_oidc_unlearnt(ctx, provider->known);
    }

    if (provider->known != NULL) {
        ngx_destroy_pool(provider->known);
    }

    provider->known = alloc.ctx;
    provider->discovery = discovery;
    provider->knowing.due = ngx_current_msec + NGX_HTTP_PUPIL_OIDC_KEPT;
    provider->knowing.ends = ngx_current_msec + NGX_HTTP_PUPIL_OIDC_MOST;

    return oidc->next(ctx);
}


ngx_int_t
ngx_http_pupil_oidc_keys(ngx_http_pupil_ctx_t *ctx, ngx_uint_t again,
    ngx_http_pupil_step_pt next)
{
    ngx_msec_t                 *due;
    ngx_http_pupil_oidc_t      *oidc;
    ngx_http_pupil_provider_t  *provider;

    oidc = ((ngx_http_pupil_login_t *) ctx->data)->oidc;
    provider = oidc->provider;
    oidc->next = next;

    ngx_http_pupil_oidc_age(&provider->keyed, &provider->keying);

    if (again) {
        due = &provider->sought[oidc->by_provider];

        if (ngx_http_pupil_oidc_before(*due)) {
            ctx->response.retry_after = (*due - ngx_current_msec + 999) / 1000;
            return NGX_DECLINED;
        }

        *due = ngx_current_msec + NGX_HTTP_PUPIL_OIDC_AGAIN;

    } else if (ngx_http_pupil_oidc_before(provider->keying.due)) {
        return provider->keyed != NULL
               ? NGX_OK
               : ngx_http_pupil_oidc_unknown(ctx, &provider->keying,
                                             ngx_http_pupil_oidc_keys_again);
    }

    if (provider->known == NULL) {
        /* it has become too old since this request began */
        return ngx_http_pupil_oidc_failed(ctx, NGX_HTTP_PUPIL_GATEWAY);
    }

    ngx_http_pupil_oidc_asks(oidc, &provider->keying);

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

    ngx_http_pupil_oidc_asked(oidc);

    rc = ngx_http_pupil_oidc_learn(ctx, "its keys", &alloc, &text);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED
               ? ngx_http_pupil_oidc_unlearnt(ctx, provider->keyed) : rc;
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

        return ngx_http_pupil_oidc_unlearnt(ctx, provider->keyed);
    }

    if (provider->keyed != NULL) {
        ngx_destroy_pool(provider->keyed);
    }

    provider->keyed = alloc.ctx;
    provider->jwks = jwks;
    provider->keying.due = ngx_current_msec + NGX_HTTP_PUPIL_OIDC_KEPT;
    provider->keying.ends = ngx_current_msec + NGX_HTTP_PUPIL_OIDC_MOST;

    cln->handler = ngx_http_pupil_oidc_release;
    cln->data = &provider->jwks;

    return oidc->next(ctx);
}


/* What is too old is as none: it can be had of the provider alone. */
static void
ngx_http_pupil_oidc_age(ngx_pool_t **has,
    const ngx_http_pupil_learning_t *learning)
{
    if (*has != NULL && !ngx_http_pupil_oidc_before(learning->ends)) {
        ngx_destroy_pool(*has);
        *has = NULL;
    }
}


/* By a clock that nobody sets; 0 is long ago. */
static ngx_uint_t
ngx_http_pupil_oidc_before(ngx_msec_t due)
{
    return (ngx_msec_int_t) (due - ngx_current_msec) > 0;
}


/* It was asked for a moment ago: what comes of that, or that nothing did. */
static ngx_int_t
ngx_http_pupil_oidc_unknown(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_learning_t *learning, ngx_http_pupil_step_pt again)
{
    ngx_http_pupil_oidc_t  *oidc;

    oidc = ngx_http_pupil_oidc_of(ctx);

    if (learning->asking == 0) {
        return ngx_http_pupil_oidc_failed(ctx, NGX_HTTP_PUPIL_GATEWAY);
    }

    ngx_http_pupil_debug(ctx, "another asks the provider");

    oidc->wakes = again;
    oidc->event.handler = ngx_http_pupil_oidc_wake;
    oidc->event.data = ctx;
    oidc->event.log = ngx_cycle->log;
    oidc->waits = 1;
    ngx_queue_insert_tail(&oidc->provider->waiting, &oidc->link);

    return NGX_AGAIN;
}


static ngx_int_t
ngx_http_pupil_oidc_know_again(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t               rc;
    ngx_http_pupil_step_pt  next;

    next = ngx_http_pupil_oidc_of(ctx)->next;
    rc = ngx_http_pupil_oidc_know(ctx, next);

    return rc == NGX_OK ? next(ctx) : rc;
}


static ngx_int_t
ngx_http_pupil_oidc_keys_again(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t               rc;
    ngx_http_pupil_step_pt  next;

    next = ngx_http_pupil_oidc_of(ctx)->next;
    rc = ngx_http_pupil_oidc_keys(ctx, 0, next);

    return rc == NGX_OK ? next(ctx) : rc;
}


/* Until it has come, others go on with what there is. */
static void
ngx_http_pupil_oidc_asks(ngx_http_pupil_oidc_t *oidc,
    ngx_http_pupil_learning_t *learning)
{
    learning->due = ngx_current_msec + NGX_HTTP_PUPIL_OIDC_AGAIN;
    learning->asking++;
    oidc->learning = learning;
}


/* Those that wait go on soon, one after the other, by what is known then. */
static void
ngx_http_pupil_oidc_asked(ngx_http_pupil_oidc_t *oidc)
{
    ngx_queue_t            *q, *waiting;
    ngx_http_pupil_oidc_t  *other;

    waiting = &oidc->provider->waiting;

    oidc->learning->asking--;
    oidc->learning = NULL;

    for (q = ngx_queue_head(waiting); q != ngx_queue_sentinel(waiting);
         q = ngx_queue_next(q))
    {
        other = ngx_queue_data(q, ngx_http_pupil_oidc_t, link);

        if (!other->event.posted) {
            ngx_post_event(&other->event, &ngx_posted_events);
        }
    }
}


static void
ngx_http_pupil_oidc_wake(ngx_event_t *ev)
{
    ngx_http_pupil_ctx_t   *ctx;
    ngx_http_pupil_oidc_t  *oidc;

    ngx_http_pupil_probe(RESUME);

    ctx = ev->data;
    oidc = ngx_http_pupil_oidc_of(ctx);

    ngx_queue_remove(&oidc->link);
    oidc->waits = 0;

    ngx_http_pupil_resume(ctx, oidc->wakes);
}


void
ngx_http_pupil_oidc_unlearn(ngx_http_pupil_oidc_t *oidc)
{
    ngx_http_pupil_learning_t  *learning;
    ngx_http_pupil_provider_t  *provider;

    provider = oidc->provider;
    learning = oidc->learning;

    if (oidc->waits) {
        ngx_queue_remove(&oidc->link);
        oidc->waits = 0;
    }

    if (oidc->event.posted) {
        ngx_delete_posted_event(&oidc->event);
    }

    if (learning == NULL) {
        return;
    }

    if (learning->asking == 1
        && (learning == &provider->knowing ? provider->known
                                           : provider->keyed) == NULL)
    {
        learning->due = 0;
    }

    ngx_http_pupil_oidc_asked(oidc);
}


/*
 * Nothing came that is believed: what is known from before is used.  A key that
 * was looked for is not in that, and may be good.
 */
static ngx_int_t
ngx_http_pupil_oidc_unlearnt(ngx_http_pupil_ctx_t *ctx,
    const ngx_pool_t *before)
{
    return before != NULL && !ngx_http_pupil_oidc_of(ctx)->sought
           ? ngx_http_pupil_oidc_of(ctx)->next(ctx)
           : ngx_http_pupil_oidc_failed(ctx, NGX_HTTP_PUPIL_GATEWAY);
}


/* A copy of what came, in a pool of its own.  NGX_DECLINED: nothing did. */
static ngx_int_t
ngx_http_pupil_oidc_learn(ngx_http_pupil_ctx_t *ctx, const char *what,
    pupil_alloc_t *alloc, pupil_str_t *text)
{
    u_char      *p;
    ngx_pool_t  *pool;

    alloc->alloc = ngx_http_pupil_oidc_pool_alloc;
    alloc->ctx = NULL;

    if (ngx_http_pupil_oidc_answered(ctx, what, text) != NGX_OK) {
        return NGX_DECLINED;
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
