/*
 * Copyright (C) the Pupil authors
 *
 * What a location has of the level above it.
 */

#include "core/endpoints/exercise.h"
#include "http/conf/ngx_http_pupil_conf.h"
#include "http/login/ngx_http_pupil_login.h"


static void ngx_http_pupil_merge_values(ngx_http_pupil_loc_conf_t *prev,
    ngx_http_pupil_loc_conf_t *conf);
static void ngx_http_pupil_merge_endpoint(ngx_conf_t *cf,
    ngx_http_pupil_loc_conf_t *prev, ngx_http_pupil_loc_conf_t *conf);
static ngx_int_t ngx_http_pupil_merge_around(ngx_conf_t *cf,
    ngx_http_pupil_loc_conf_t *conf);
static ngx_int_t ngx_http_pupil_merge_tenant(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_loc_conf_t *conf);
static void ngx_http_pupil_merge_body(ngx_http_core_loc_conf_t *clcf,
    ngx_http_pupil_loc_conf_t *conf);


void *
ngx_http_pupil_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_pupil_loc_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_pupil_loc_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->login_password = NGX_CONF_UNSET_UINT;
    conf->session_limit = NGX_CONF_UNSET_UINT;
    conf->support_time = NGX_CONF_UNSET_UINT;
    conf->behind_proxy = NGX_CONF_UNSET_UINT;
    conf->audit_holes = NGX_CONF_UNSET_UINT;
    conf->score_claims = NGX_CONF_UNSET_UINT;
    conf->idle = NGX_CONF_UNSET;
    conf->absolute = NGX_CONF_UNSET;

    return conf;
}


char *
ngx_http_pupil_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_pupil_loc_conf_t *prev = parent;
    ngx_http_pupil_loc_conf_t *conf = child;

    ngx_http_pupil_main_conf_t  *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pupil_module);

    if (ngx_http_pupil_merge_denies(cf, prev, conf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_http_pupil_merge_values(prev, conf);
    ngx_http_pupil_merge_endpoint(cf, prev, conf);

    if (conf->endpoint == NULL || conf->endpoint->core == NULL) {
        return NGX_CONF_OK;
    }

    if (ngx_http_pupil_merge_around(cf, conf) != NGX_OK
        || ngx_http_pupil_compose_location(cf, pmcf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (conf->login_network != NULL) {
        ngx_http_pupil_login_conf(pmcf)->seats.schools = 1;
        ngx_http_pupil_login_conf(pmcf)->pace.seats.schools = 1;
    }

    if (conf->tenants != NULL
        && ngx_http_pupil_merge_tenants(cf, pmcf, conf) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_http_pupil_merge_tenant(cf, pmcf, conf) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


/* What has a variable is known when a request comes. */
static ngx_int_t
ngx_http_pupil_merge_tenant(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_loc_conf_t *conf)
{
    ngx_str_t     *text;
    pupil_uuid_t   tenant;

    text = &conf->tenant->value;

    if (conf->tenant->lengths != NULL) {
        return NGX_OK;
    }

    return pupil_uuid_parse(text->data, text->len, &tenant) == PUPIL_OK
           ? ngx_http_pupil_tenants_add(cf, &pmcf->tenants, &tenant)
           : NGX_ERROR;
}


static void
ngx_http_pupil_merge_values(ngx_http_pupil_loc_conf_t *prev,
    ngx_http_pupil_loc_conf_t *conf)
{
    if (conf->tenant == NULL) {
        conf->tenant = prev->tenant;
    }

    if (conf->login_network == NULL) {
        conf->login_network = prev->login_network;
    }

    if (conf->origins == NULL) {
        conf->origins = prev->origins;
    }

    if (conf->providers == NULL) {
        conf->providers = prev->providers;
    }

    if (conf->tenants == NULL) {
        conf->tenants = prev->tenants;
    }

    if (conf->factor == NULL) {
        conf->factor = prev->factor;
    }

    if (conf->mail == NULL) {
        conf->mail = prev->mail;
    }

    if (conf->sign_up == NULL) {
        conf->sign_up = prev->sign_up;
    }

    if (conf->step_up == NULL) {
        conf->step_up = prev->step_up;
    }

    ngx_conf_merge_uint_value(conf->login_password, prev->login_password,
                              PUPIL_PASSWORD_STAFF);
    ngx_conf_merge_uint_value(conf->session_limit, prev->session_limit,
                              PUPIL_SESSION_LIMIT);
    ngx_conf_merge_uint_value(conf->support_time, prev->support_time,
                              PUPIL_SUPPORT_TIME);
    ngx_conf_merge_uint_value(conf->behind_proxy, prev->behind_proxy, 0);
    ngx_conf_merge_uint_value(conf->audit_holes, prev->audit_holes,
                              PUPIL_HOLES_ALARM);
    ngx_conf_merge_uint_value(conf->score_claims, prev->score_claims,
                              PUPIL_CLAIMS_KINDLESS);
    ngx_conf_merge_sec_value(conf->idle, prev->idle, PUPIL_SESSION_IDLE);
    ngx_conf_merge_sec_value(conf->absolute, prev->absolute,
                             PUPIL_SESSION_ABSOLUTE);
}


/*
 * The blocks of "if" and "limit_except" are the location's; a guard is of all
 * that is inside of its location and has no handler of ours.
 */
static void
ngx_http_pupil_merge_endpoint(ngx_conf_t *cf, ngx_http_pupil_loc_conf_t *prev,
    ngx_http_pupil_loc_conf_t *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (prev->access != NULL && conf->endpoint == NULL && !conf->unguarded) {
        conf->endpoint = prev->endpoint;
        conf->access = prev->access;
        conf->prefix = clcf->name;
        return;
    }

    if (prev->unguarded && conf->endpoint == NULL) {
        conf->unguarded = 1;
    }

    if (clcf->noname && conf->endpoint == NULL && prev->endpoint != NULL
        && clcf->handler == NULL)
    {
        conf->endpoint = prev->endpoint;
        conf->prefix = prev->prefix;
        conf->slash = prev->slash;
        clcf->handler = ngx_http_pupil_handler;
    }
}


/* Can the handler work in what it inherits? */
static ngx_int_t
ngx_http_pupil_merge_around(ngx_conf_t *cf, ngx_http_pupil_loc_conf_t *conf)
{
    pupil_error_t              error;
    pupil_handler_around_t     around;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    around.idle = conf->idle;
    around.absolute = conf->absolute;
    around.tenant = conf->tenant != NULL;
    around.body_in_file = clcf->client_body_in_file_only != 0;
    around.guard = conf->access != NULL;

    if (pupil_handler_around(&around, &error) != PUPIL_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "location \"%V\": %s",
                           &conf->prefix, error.text);
        return NGX_ERROR;
    }

    if (conf->access == NULL) {
        ngx_http_pupil_merge_body(clcf, conf);
    }

    return NGX_OK;
}


/*
 * Bodies stay in memory (pitfall 17): the limit is the endpoint's or less, and
 * the buffer holds all of it.
 */
static void
ngx_http_pupil_merge_body(ngx_http_core_loc_conf_t *clcf,
    ngx_http_pupil_loc_conf_t *conf)
{
    off_t  max;

    max = (off_t) conf->endpoint->body_max;

    if (clcf->client_max_body_size == 0 || clcf->client_max_body_size > max) {
        clcf->client_max_body_size = max;
    }

    conf->body_max = (size_t) clcf->client_max_body_size;

    if (clcf->client_body_buffer_size < conf->body_max) {
        clcf->client_body_buffer_size = conf->body_max;
    }
}
