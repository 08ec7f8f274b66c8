/*
 * Copyright (C) the Pupil authors
 *
 * A worker says in the key store that it is there, and which epochs of the key
 * file it has: pupilctl counts those that it has not heard for a while, too, as
 * they may come back.  That the key store does not answer is others' to tell.
 */

#include "http/request/ngx_http_pupil.h"


#define NGX_HTTP_PUPIL_FLEET_EVERY  20000    /* ms */
#define NGX_HTTP_PUPIL_FLEET_AGAIN  1000     /* ms, until it has said it once */


static void ngx_http_pupil_fleet_wake(ngx_event_t *ev);
static ngx_int_t ngx_http_pupil_fleet_say(ngx_http_pupil_fleet_t *fleet);
static void ngx_http_pupil_fleet_said(ngx_libpq_exchange_t *ex);
static void ngx_http_pupil_fleet_later(ngx_http_pupil_fleet_t *fleet);


ngx_int_t
ngx_http_pupil_fleet_init_process(ngx_http_pupil_main_conf_t *pmcf,
    ngx_cycle_t *cycle)
{
    u_char                  *p;
    ngx_event_t             *again;
    ngx_http_pupil_fleet_t  *fleet;

    fleet = &pmcf->fleet;

    fleet->host.len = cycle->hostname.len + 1 + cycle->conf_file.len;
    fleet->host.data = ngx_pnalloc(cycle->pool, fleet->host.len);
    if (fleet->host.data == NULL) {
        return NGX_ERROR;
    }

    p = ngx_cpymem(fleet->host.data, cycle->hostname.data,
                   cycle->hostname.len);
    *p++ = ' ';
    ngx_memcpy(p, cycle->conf_file.data, cycle->conf_file.len);

    fleet->main = pmcf;
    fleet->started = ngx_http_pupil_time();

    /* pitfall 14: nobody waits for it */

    again = &fleet->again;
    again->data = fleet;
    again->log = cycle->log;
    again->handler = ngx_http_pupil_fleet_wake;
    again->cancelable = 1;

    ngx_http_pupil_fleet_wake(again);

    return NGX_OK;
}


static void
ngx_http_pupil_fleet_wake(ngx_event_t *ev)
{
    if (ngx_http_pupil_fleet_say(ev->data) != NGX_OK) {
        ngx_http_pupil_fleet_later(ev->data);
    }
}


static ngx_int_t
ngx_http_pupil_fleet_say(ngx_http_pupil_fleet_t *fleet)
{
    pupil_uuid_t                 nobody;
    ngx_libpq_exchange_t        *ex;
    ngx_http_pupil_main_conf_t  *pmcf;

    pmcf = fleet->main;

    ex = ngx_libpq_exchange_create(pmcf->keystore, ngx_http_pupil_fleet_said,
                                   fleet);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_memset(&nobody, 0xff, sizeof(pupil_uuid_t));
    ngx_http_pupil_exchange_tenant(ex, &nobody);

    (void) ngx_libpq_exchange_add(ex, pmcf->fixed[PUPIL_FIXED_REPORT]);
    ngx_libpq_param_text(ex, fleet->host.data, fleet->host.len);
    ngx_libpq_param_int4(ex, (int32_t) ngx_worker);
    ngx_libpq_param_timestamptz(ex, fleet->started);
    ngx_libpq_param_text(ex, fleet->epochs, ngx_strlen(fleet->epochs));
    ex->background = 1;

    if (ngx_libpq_exchange_submit(ex) != NGX_OK) {
        ngx_libpq_exchange_destroy(ex);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static void
ngx_http_pupil_fleet_said(ngx_libpq_exchange_t *ex)
{
    ngx_http_pupil_fleet_t  *fleet;

    fleet = ex->data;

    if (ex->status == NGX_LIBPQ_OK) {
        fleet->said = 1;
    }

    ngx_libpq_exchange_destroy(ex);
    ngx_http_pupil_fleet_later(fleet);
}


static void
ngx_http_pupil_fleet_later(ngx_http_pupil_fleet_t *fleet)
{
    if (!ngx_exiting && !ngx_terminate) {
        ngx_add_timer(&fleet->again, fleet->said ? NGX_HTTP_PUPIL_FLEET_EVERY
                                                 : NGX_HTTP_PUPIL_FLEET_AGAIN);
    }
}
