/*
 * Copyright (C) the Pupil authors
 *
 * A UUID of no tenant is a typing error, or a tenant that is still to be made.
 * Its requests are answered 404, and others are served; so that somebody sees
 * it, the worker is not ready.  One that was moved is known, and no reason to
 * take workers from the others.  The key store is asked, as it is for requests,
 * for one at a time.
 */

#include "http/request/ngx_http_pupil.h"


#define NGX_HTTP_PUPIL_TENANTS_AGAIN  1000    /* ms */


static void ngx_http_pupil_tenants_wake(ngx_event_t *ev);
static void ngx_http_pupil_tenants_ask(ngx_http_pupil_main_conf_t *pmcf);
static void ngx_http_pupil_tenants_answered(ngx_libpq_exchange_t *ex);
static void ngx_http_pupil_tenants_found(ngx_http_pupil_tenants_t *tenants);
static void ngx_http_pupil_tenants_missed(ngx_http_pupil_tenants_t *tenants);
static void ngx_http_pupil_tenants_moved(ngx_http_pupil_tenants_t *tenants);


ngx_int_t
ngx_http_pupil_tenants_add(ngx_conf_t *cf, ngx_http_pupil_tenants_t *tenants,
    const pupil_uuid_t *tenant)
{
    ngx_uint_t                i;
    ngx_http_pupil_sought_t  *sought;

    sought = tenants->sought.elts;

    for (i = 0; i < tenants->sought.nelts; i++) {
        if (pupil_uuid_compare(&sought[i].tenant, tenant) == 0) {
            return NGX_OK;
        }
    }

    sought = ngx_array_push(&tenants->sought);
    if (sought == NULL) {
        return NGX_ERROR;
    }

    sought->tenant = *tenant;
    sought->missing = 0;

    return NGX_OK;
}


void
ngx_http_pupil_tenants_init_process(ngx_http_pupil_main_conf_t *pmcf,
    ngx_log_t *log)
{
    ngx_event_t  *again;

    again = &pmcf->tenants.again;

    /* pitfall 14: nobody waits for it */

    again->data = pmcf;
    again->log = log;
    again->handler = ngx_http_pupil_tenants_wake;
    again->cancelable = 1;

    ngx_http_pupil_tenants_ask(pmcf);
}


static void
ngx_http_pupil_tenants_wake(ngx_event_t *ev)
{
    ngx_http_pupil_tenants_ask(ev->data);
}


/* The next one; of all that are left each second. */
static void
ngx_http_pupil_tenants_ask(ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_libpq_exchange_t      *ex;
    ngx_http_pupil_sought_t   *sought;
    ngx_http_pupil_tenants_t  *tenants;

    tenants = &pmcf->tenants;

    if (tenants->sought.nelts == 0 || ngx_exiting || ngx_terminate) {
        return;
    }

    if (tenants->next == tenants->sought.nelts) {
        tenants->next = 0;
        ngx_add_timer(&tenants->again, NGX_HTTP_PUPIL_TENANTS_AGAIN);
        return;
    }

    sought = tenants->sought.elts;
    sought += tenants->next;

    ex = ngx_libpq_exchange_create(pmcf->keystore,
                                   ngx_http_pupil_tenants_answered, pmcf);

    if (ex != NULL) {
        ngx_http_pupil_exchange_tenant(ex, &sought->tenant);
        (void) ngx_libpq_exchange_add(ex,
                                      pmcf->fixed[PUPIL_FIXED_TENANT_KEYS]);
        ngx_libpq_param_uuid(ex, sought->tenant.b);
        ngx_libpq_param_timestamptz(ex, ngx_http_pupil_time());

        if (ngx_libpq_exchange_submit(ex) == NGX_OK) {
            return;
        }

        ngx_libpq_exchange_destroy(ex);
    }

    ngx_add_timer(&tenants->again, NGX_HTTP_PUPIL_TENANTS_AGAIN);
}


static void
ngx_http_pupil_tenants_answered(ngx_libpq_exchange_t *ex)
{
    int32_t                      version, moved;
    ngx_int_t                    rc;
    ngx_http_pupil_main_conf_t  *pmcf;

    pmcf = ex->data;

    rc = ex->status == NGX_LIBPQ_OK
         ? ngx_libpq_get_int4(ex->results[0], 0, PUPIL_KT_VERSION, &version)
         : NGX_ERROR;

    if (rc == NGX_DECLINED
        && ngx_libpq_get_int4(ex->results[0], 0, PUPIL_KT_MOVED, &moved)
           != NGX_OK)
    {
        rc = NGX_ERROR;
    }

    ngx_libpq_exchange_destroy(ex);

    if (rc == NGX_ERROR) {
        if (!ngx_exiting && !ngx_terminate) {
            ngx_add_timer(&pmcf->tenants.again, NGX_HTTP_PUPIL_TENANTS_AGAIN);
        }

        return;
    }

    if (rc == NGX_OK) {
        ngx_http_pupil_tenants_found(&pmcf->tenants);

    } else if (moved) {
        ngx_http_pupil_tenants_moved(&pmcf->tenants);

    } else {
        ngx_http_pupil_tenants_missed(&pmcf->tenants);
    }

    ngx_http_pupil_tenants_ask(pmcf);
}


/* The last one takes its place. */
static void
ngx_http_pupil_tenants_found(ngx_http_pupil_tenants_t *tenants)
{
    ngx_http_pupil_sought_t  *sought;

    sought = tenants->sought.elts;
    tenants->missing -= sought[tenants->next].missing;
    sought[tenants->next] = sought[--tenants->sought.nelts];
}


static void
ngx_http_pupil_tenants_missed(ngx_http_pupil_tenants_t *tenants)
{
    u_char                    text[PUPIL_UUID_TEXT_LEN + 1];
    ngx_http_pupil_sought_t  *sought;

    sought = tenants->sought.elts;
    sought += tenants->next++;

    if (sought->missing) {
        return;
    }

    sought->missing = 1;
    tenants->missing++;

    pupil_uuid_format(&sought->tenant, text);
    text[PUPIL_UUID_TEXT_LEN] = '\0';

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "pupil: pupil_tenant: there is no tenant %s: its requests "
                  "are answered 404; if it has ended, take it out of the "
                  "configuration; \"pupilctl tenant list\" says which there "
                  "are", text);
}


static void
ngx_http_pupil_tenants_moved(ngx_http_pupil_tenants_t *tenants)
{
    u_char                    text[PUPIL_UUID_TEXT_LEN + 1];
    ngx_http_pupil_sought_t  *sought;

    sought = tenants->sought.elts;

    pupil_uuid_format(&sought[tenants->next].tenant, text);
    text[PUPIL_UUID_TEXT_LEN] = '\0';

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "pupil: pupil_tenant: the tenant %s was moved: its requests "
                  "are answered 421; take it out of the configuration", text);

    ngx_http_pupil_tenants_found(tenants);
}


const char *
ngx_http_pupil_tenants_trouble(const ngx_http_pupil_main_conf_t *pmcf)
{
    if (pmcf->tenants.missing != 0) {
        return "pupil_tenant names what is no tenant: error.log says which";
    }

    return pmcf->tenants.sought.nelts != 0
           ? "the tenants of pupil_tenant are being looked for" : NULL;
}
