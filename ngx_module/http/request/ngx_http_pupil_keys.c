/*
 * Copyright (C) the Pupil authors
 *
 * Exchanges with the key store.  Keys arrive wrapped and are unwrapped into
 * the locked arena by core; nothing of them is kept here.
 */

#include "http/request/ngx_http_pupil.h"


#define NGX_HTTP_PUPIL_KEYS_TENANT  0x01
#define NGX_HTTP_PUPIL_KEYS_OWNERS  0x02


static ngx_int_t ngx_http_pupil_keys_fetch(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t what, ngx_http_pupil_step_pt next);
static void ngx_http_pupil_keys_done(ngx_libpq_exchange_t *ex);
static ngx_int_t ngx_http_pupil_keys_again(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t what, const char *which);
static ngx_int_t ngx_http_pupil_keys_allowed(ngx_http_pupil_ctx_t *ctx,
    const PGresult *asked, const PGresult *fetched);
static ngx_int_t ngx_http_pupil_keys_refused(ngx_http_pupil_ctx_t *ctx,
    const pupil_str_t *why);
static ngx_int_t ngx_http_pupil_keys_note_own(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_keys_tenant(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt next)
{
    pupil_keyring_t  *ring;

    ring = ctx->main->vault.ring;

    if (pupil_keyring_has_tenant(ring, &ctx->tenant)
        && pupil_keyring_day(ring, &ctx->tenant, ctx->now, &ctx->today,
                             &ctx->midnight))
    {
        return NGX_OK;
    }

    return ngx_http_pupil_keys_fetch(ctx, NGX_HTTP_PUPIL_KEYS_TENANT, next);
}


ngx_int_t
ngx_http_pupil_keys_owners(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt next)
{
    if (!ngx_http_pupil_keys_round(ctx)) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "pupil: the key store and the data disagree about the "
                      "version of an owner's key; request %*s",
                      (size_t) PUPIL_UUID_TEXT_LEN,
                      ngx_http_pupil_id_text(ctx));

        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
    }

    return ngx_http_pupil_keys_fetch(ctx, NGX_HTTP_PUPIL_KEYS_OWNERS, next);
}


const pupil_key_t *
ngx_http_pupil_key(ngx_http_pupil_ctx_t *ctx, const char *name)
{
    pupil_str_t  text;

    text.data = (const uint8_t *) name;
    text.len = ngx_strlen(name);

    return pupil_keyring_service(ctx->main->vault.ring, &ctx->tenant, text);
}


static ngx_int_t
ngx_http_pupil_keys_fetch(ngx_http_pupil_ctx_t *ctx, ngx_uint_t what,
    ngx_http_pupil_step_pt next)
{
    pupil_uuid_t                 ticket;
    ngx_libpq_exchange_t        *ex;
    ngx_http_pupil_main_conf_t  *pmcf;

    pmcf = ctx->main;

    ex = ngx_libpq_exchange_create(pmcf->keystore, ngx_http_pupil_keys_done,
                                   ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ctx->keys.next = next;
    ctx->keys.what = what;
    ctx->keys.asked_at = ngx_current_msec;

    ngx_http_pupil_exchange_tenant(ex, &ctx->tenant);

    if (what & NGX_HTTP_PUPIL_KEYS_TENANT) {
        (void) ngx_libpq_exchange_add(ex,
                                      pmcf->fixed[PUPIL_FIXED_TENANT_KEYS]);
        ngx_libpq_param_uuid(ex, ctx->tenant.b);
        ngx_libpq_param_timestamptz(ex, ctx->now);
        (void) ngx_libpq_exchange_add(ex,
                                      pmcf->fixed[PUPIL_FIXED_SERVICE_KEYS]);
        ngx_libpq_param_uuid(ex, ctx->tenant.b);
    }

    if (what & NGX_HTTP_PUPIL_KEYS_OWNERS) {
        pmcf->vault.fetches++;
        pupil_uuid_random(&ticket);

        /* a count is committed before keys come (pitfall 44) */
        (void) ngx_libpq_exchange_add(ex,
                                     pmcf->fixed[PUPIL_FIXED_OWNER_KEYS_ASK]);
        ngx_libpq_param_uuid(ex, ticket.b);
        ngx_libpq_param_uuid_array(ex, ctx->keys.missing,
                                   ctx->keys.missing_count);
        ngx_libpq_exchange_part(ex);

        (void) ngx_libpq_exchange_add(ex,
                                      pmcf->fixed[PUPIL_FIXED_OWNER_KEYS]);
        ngx_libpq_param_uuid(ex, ticket.b);
        ngx_libpq_param_uuid_array(ex, ctx->keys.missing,
                                   ctx->keys.missing_count);
    }

    ngx_http_pupil_debug(ctx, "keys: asked for, tenant's: %ui, owners': %ui",
                         what & NGX_HTTP_PUPIL_KEYS_TENANT ? 1 : 0,
                         what & NGX_HTTP_PUPIL_KEYS_OWNERS
                         ? ctx->keys.missing_count : 0);

    return ngx_http_pupil_track(ctx, ex);
}


static void
ngx_http_pupil_keys_done(ngx_libpq_exchange_t *ex)
{
    ngx_http_pupil_ctx_t  *ctx;

    ctx = ex->data;
    ctx->keys.exchange = ex;

    ngx_http_pupil_resume(ctx, ngx_http_pupil_keys_step);
}


/* Takes what arrived, then goes on with what waited for it. */
ngx_int_t
ngx_http_pupil_keys_step(ngx_http_pupil_ctx_t *ctx)
{
    PGresult               **results;
    ngx_int_t                rc;
    ngx_libpq_exchange_t    *ex;
    ngx_http_pupil_step_pt   next;

    ex = ctx->keys.exchange;
    results = ex->results;

    if (ex->status != NGX_LIBPQ_OK) {
        ngx_http_pupil_tampered_forget(ctx);
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
    }

    ngx_http_pupil_debug(ctx, "keys: fetched");

    if (ctx->keys.what & NGX_HTTP_PUPIL_KEYS_TENANT) {
        rc = ngx_http_pupil_keys_put_tenant(ctx, *results++);
        if (rc != NGX_OK) {
            return rc;
        }

        rc = ngx_http_pupil_keys_put_services(ctx, *results++);

        if (rc == NGX_DECLINED) {
            return ngx_http_pupil_keys_again(ctx, ctx->keys.what,
                                             "a service key");
        }

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (ctx->keys.what & NGX_HTTP_PUPIL_KEYS_OWNERS) {
        rc = ngx_http_pupil_keys_allowed(ctx, results[0], results[1]);
        if (rc != NGX_OK) {
            return rc;
        }

        if (ngx_http_pupil_keys_note_own(ctx) != NGX_OK) {
            return NGX_ERROR;
        }

        rc = ngx_http_pupil_keys_put_owners(ctx, results[1]);

        if (rc == NGX_DECLINED) {
            return ngx_http_pupil_keys_again(ctx,
                                             NGX_HTTP_PUPIL_KEYS_TENANT
                                             |NGX_HTTP_PUPIL_KEYS_OWNERS,
                                             "an owner's key");
        }

        if (rc != NGX_OK) {
            return rc;
        }

        ctx->keys.missing_count = 0;
    }

    next = ctx->keys.next;

    /* they may have made room for others while this waited for owners' */
    rc = ngx_http_pupil_keys_tenant(ctx, next);
    if (rc != NGX_OK) {
        return rc;
    }

    ctx->step = next;

    return next(ctx);
}


/*
 * What is wrapped by a tenant key that is not loaded: a new version of it came
 * in force, perhaps between two statements.
 */
static ngx_int_t
ngx_http_pupil_keys_again(ngx_http_pupil_ctx_t *ctx, ngx_uint_t what,
    const char *which)
{
    if (ctx->keys.refetched) {
        return ngx_http_pupil_keys_broken(ctx, PUPIL_NO_KEY, which);
    }

    ctx->keys.refetched = 1;

    return ngx_http_pupil_keys_fetch(ctx, what, ctx->keys.next);
}


/* Refused is not absent (pitfall 40): NGX_OK, or the problem. */
static ngx_int_t
ngx_http_pupil_keys_allowed(ngx_http_pupil_ctx_t *ctx, const PGresult *asked,
    const PGresult *fetched)
{
    time_t                 minute;
    int32_t                share;
    pupil_str_t            why;
    ngx_http_pupil_cap_t  *cap;

    if (ngx_libpq_get_int4(asked, 0, PUPIL_KA_SHARE, &share) != NGX_OK) {
        return NGX_ERROR;
    }

    cap = &ctx->main->vault.cap;
    minute = ngx_time() / 60;

    if (cap->minute != minute) {
        cap->minute = minute;
        cap->share = 0;
    }

    cap->share = ngx_max(cap->share, share);

    switch (ngx_http_pupil_get_text(fetched, 0, PUPIL_KO_REFUSED, &why)) {

    case NGX_OK:
        return ngx_http_pupil_keys_refused(ctx, &why);

    case NGX_DECLINED:
        return NGX_OK;

    default:
        return NGX_ERROR;
    }
}


static ngx_int_t
ngx_http_pupil_keys_refused(ngx_http_pupil_ctx_t *ctx, const pupil_str_t *why)
{
    ngx_http_pupil_cap_t  *cap;

    cap = &ctx->main->vault.cap;
    cap->refused++;

    if (cap->logged != cap->minute) {
        cap->logged = cap->minute;

        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "pupil: the key store refuses owners' keys (%*s): %s; "
                      "answering 503, and saying this once a minute",
                      why->len, why->data,
                      pupil_str_is(*why, "cap")
                      ? "its cap a minute is reached; if so many are needed, "
                        "see keys_a_minute in docs/operations.md"
                      : "its record of asking for them is not there");
    }

    ngx_http_pupil_tampered_forget(ctx);

    return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
}


int64_t
ngx_http_pupil_keys_share(const ngx_http_pupil_cap_t *cap)
{
    return ngx_time() / 60 - cap->minute <= 1 ? cap->share : 0;
}


/* Notes whose keys are to be wiped at the request's end. */
static ngx_int_t
ngx_http_pupil_keys_note_own(ngx_http_pupil_ctx_t *ctx)
{
    size_t                      size;
    ngx_http_pupil_own_keys_t  *own_keys;

    /* what was asked for before a change was told may be from before it */
    if (!ctx->main->vault.off
        && (ngx_msec_int_t) (ctx->keys.asked_at - ctx->main->vault.told_at) > 0)
    {
        return NGX_OK;
    }

    size = ctx->keys.missing_count * sizeof(pupil_uuid_t);

    own_keys = ngx_palloc(ctx->request->pool,
                          offsetof(ngx_http_pupil_own_keys_t, owners) + size);
    if (own_keys == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(own_keys->owners, ctx->keys.missing, size);
    own_keys->n = ctx->keys.missing_count;
    own_keys->next = ctx->keys.own;
    ctx->keys.own = own_keys;

    return NGX_OK;
}
