/*
 * Copyright (C) the Pupil authors
 *
 * A probe of the key store: what each session needs that is not in the zone,
 * of nobody.  One that is refused says so; one that does not come back says it
 * together with the listener, as a single backend may be frozen.
 */

#include "http/request/ngx_http_pupil.h"


#define NGX_HTTP_PUPIL_KEYSTORE_AGAIN  1      /* seconds between probes */
#define NGX_HTTP_PUPIL_KEYSTORE_LATE   1000   /* ms */


static ngx_uint_t ngx_http_pupil_keystore_silent(
    const ngx_http_pupil_main_conf_t *pmcf);
static ngx_msec_t ngx_http_pupil_keystore_since(
    const ngx_http_pupil_main_conf_t *pmcf);
static void ngx_http_pupil_keystore_probed(ngx_libpq_exchange_t *ex);


void
ngx_http_pupil_keystore_probe(ngx_http_pupil_main_conf_t *pmcf, time_t age)
{
    pupil_uuid_t                       nobody;
    ngx_libpq_exchange_t              *ex;
    ngx_http_pupil_keystore_health_t  *health;

    health = &pmcf->keystore_health;

    if (health->failing || ngx_http_pupil_keystore_silent(pmcf)) {
        age = NGX_HTTP_PUPIL_KEYSTORE_AGAIN;
    }

    if (!pmcf->used || health->probing
        || ngx_http_pupil_keystore_since(pmcf) < (ngx_msec_t) age * 1000)
    {
        return;
    }

    ex = ngx_libpq_exchange_create(pmcf->keystore,
                                   ngx_http_pupil_keystore_probed, pmcf);
    if (ex == NULL) {
        return;
    }

    ngx_memset(&nobody, 0xff, sizeof(pupil_uuid_t));
    ngx_http_pupil_exchange_tenant(ex, &nobody);
    (void) ngx_libpq_exchange_add(ex, pmcf->fixed[PUPIL_FIXED_FLOORS]);
    ngx_libpq_param_uuid(ex, nobody.b);
    ngx_libpq_param_uuid(ex, nobody.b);
    ngx_libpq_param_bytea(ex, "", 0);
    ex->background = 1;

    health->asked_at = ngx_current_msec;

    if (ngx_libpq_exchange_submit(ex) != NGX_OK) {
        ngx_libpq_exchange_destroy(ex);
        return;
    }

    health->probing = 1;
}


static ngx_uint_t
ngx_http_pupil_keystore_silent(const ngx_http_pupil_main_conf_t *pmcf)
{
    return !ngx_libpq_listen_up(pmcf->zone.keystore.listen);
}


static ngx_msec_t
ngx_http_pupil_keystore_since(const ngx_http_pupil_main_conf_t *pmcf)
{
    return ngx_current_msec - pmcf->keystore_health.asked_at;
}


/* A server that goes, or a connection, is the pool's to report. */
static void
ngx_http_pupil_keystore_probed(ngx_libpq_exchange_t *ex)
{
    ngx_http_pupil_main_conf_t  *pmcf;

    pmcf = ex->data;
    pmcf->keystore_health.probing = 0;
    pmcf->keystore_health.failing = ex->status != NGX_LIBPQ_OK
                                    && ex->sqlstate[0] != '\0'
                                    && ngx_strncmp(ex->sqlstate, "57P", 3) != 0;

    ngx_libpq_exchange_destroy(ex);
}


const char *
ngx_http_pupil_keystore_trouble(const ngx_http_pupil_main_conf_t *pmcf)
{
    const ngx_http_pupil_keystore_health_t  *health;

    health = &pmcf->keystore_health;

    if (health->failing) {
        return "the key store refuses what is asked: error.log says why";
    }

    if (health->probing && ngx_http_pupil_keystore_silent(pmcf)
        && ngx_http_pupil_keystore_since(pmcf) > NGX_HTTP_PUPIL_KEYSTORE_LATE)
    {
        return "the key store does not answer";
    }

    return NULL;
}
