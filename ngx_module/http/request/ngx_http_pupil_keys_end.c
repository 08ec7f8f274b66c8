/*
 * Copyright (C) the Pupil authors
 *
 * How keys of owners end: with the request that asked for them, because the
 * key store told of a change, because their time is over.
 */

#include "http/request/ngx_http_pupil.h"


#define NGX_HTTP_PUPIL_SWEEP  1000    /* ms */


static void ngx_http_pupil_keys_swept(ngx_event_t *ev);


void
ngx_http_pupil_keys_forget(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                  i;
    ngx_http_pupil_own_keys_t  *own_keys;

    for (own_keys = ctx->keys.own; own_keys; own_keys = own_keys->next) {
        for (i = 0; ctx->main->vault.ring && i < own_keys->n; i++) {
            pupil_keyring_forget_owner(ctx->main->vault.ring, &ctx->tenant,
                                       &own_keys->owners[i]);
        }
    }

    ctx->keys.own = NULL;
}


void
ngx_http_pupil_keys_drop(ngx_http_pupil_main_conf_t *pmcf,
    const pupil_uuid_t *tenant, const pupil_uuid_t *owner)
{
    pmcf->vault.told_at = ngx_current_msec;

    if (pmcf->vault.ring != NULL) {
        pupil_keyring_forget_owner(pmcf->vault.ring, tenant, owner);
    }
}


void
ngx_http_pupil_keys_distrust(ngx_http_pupil_main_conf_t *pmcf)
{
    pmcf->vault.told_at = ngx_current_msec;

    if (pmcf->vault.ring != NULL) {
        pupil_keyring_distrust(pmcf->vault.ring);
    }
}


void
ngx_http_pupil_keys_gone(ngx_http_pupil_main_conf_t *pmcf,
    const ngx_str_t *text)
{
    pupil_uuid_t      tenant;
    pupil_keyring_t  *ring;

    ring = pmcf->vault.ring;

    if (ring == NULL) {
        return;
    }

    if (text != NULL
        && pupil_uuid_parse(text->data, text->len, &tenant) == PUPIL_OK)
    {
        pupil_keyring_forget_tenant(ring, &tenant);
        return;
    }

    ngx_memzero(&tenant, sizeof(pupil_uuid_t));

    while (pupil_keyring_evict(ring, &tenant) == PUPIL_OK) { /* void */ }
}


void
ngx_http_pupil_keys_zoned(ngx_http_pupil_main_conf_t *pmcf,
    const ngx_str_t *text)
{
    pupil_uuid_t  tenant;

    pmcf->vault.zoned_at = ngx_current_msec;

    if (pmcf->vault.ring != NULL
        && pupil_uuid_parse(text->data, text->len, &tenant) == PUPIL_OK)
    {
        pupil_keyring_put_day(pmcf->vault.ring, &tenant, NULL);
    }
}


void
ngx_http_pupil_keys_sweep(ngx_http_pupil_main_conf_t *pmcf, ngx_log_t *log)
{
    if (pmcf->vault.ring == NULL) {
        return;
    }

    /* pitfall 14: nobody waits for it */

    pmcf->vault.sweep.data = pmcf;
    pmcf->vault.sweep.log = log;
    pmcf->vault.sweep.handler = ngx_http_pupil_keys_swept;
    pmcf->vault.sweep.cancelable = 1;

    ngx_add_timer(&pmcf->vault.sweep, NGX_HTTP_PUPIL_SWEEP);
}


static void
ngx_http_pupil_keys_swept(ngx_event_t *ev)
{
    ngx_http_pupil_main_conf_t  *pmcf;

    pmcf = ev->data;

    pupil_keyring_expire(pmcf->vault.ring, ngx_http_pupil_time());

    ngx_add_timer(ev, NGX_HTTP_PUPIL_SWEEP);
}
