/*
 * Copyright (C) the Pupil authors
 *
 * Setters of the directives that servers and locations take.
 */

#include "http/conf/ngx_http_pupil_conf.h"


#define NGX_HTTP_PUPIL_IDLE_MIN      300              /* seconds */
#define NGX_HTTP_PUPIL_ABSOLUTE_MAX  (31 * 86400)


static ngx_int_t ngx_http_pupil_prefix(ngx_conf_t *cf, ngx_str_t *directive,
    ngx_http_core_loc_conf_t *clcf, ngx_http_pupil_loc_conf_t *plcf);


char *
ngx_http_pupil_set_session_timeout(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_pupil_loc_conf_t *plcf = conf;

    time_t      *place, value;
    ngx_str_t   *word, text;
    ngx_uint_t   i;

    word = cf->args->elts;

    for (i = 1; i < cf->args->nelts; i++) {

        if (ngx_strncmp(word[i].data, "idle=", 5) == 0) {
            place = &plcf->idle;
            text.data = word[i].data + 5;
            text.len = word[i].len - 5;

        } else if (ngx_strncmp(word[i].data, "absolute=", 9) == 0) {
            place = &plcf->absolute;
            text.data = word[i].data + 9;
            text.len = word[i].len - 9;

        } else {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "unknown parameter \"%V\" of "
                               "pupil_session_timeout: it takes idle=TIME "
                               "and absolute=TIME", &word[i]);
            return NGX_CONF_ERROR;
        }

        if (*place != NGX_CONF_UNSET) {
            return "is duplicate";
        }

        value = ngx_parse_time(&text, 1);

        if (value == (time_t) NGX_ERROR || value < NGX_HTTP_PUPIL_IDLE_MIN
            || value > NGX_HTTP_PUPIL_ABSOLUTE_MAX)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "\"%V\" is out of bounds: 5m to 31d",
                               &word[i]);
            return NGX_CONF_ERROR;
        }

        *place = value;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_pupil_set_tenant(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_loc_conf_t *plcf = conf;

    ngx_str_t                         *value;
    pupil_uuid_t                       uuid;
    ngx_http_complex_value_t          *cv;
    ngx_http_compile_complex_value_t   ccv;

    value = cf->args->elts;

    if (plcf->tenant != NULL) {
        return "is duplicate";
    }

    cv = ngx_pcalloc(cf->pool, sizeof(ngx_http_complex_value_t));
    if (cv == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_memzero(&ccv, sizeof(ngx_http_compile_complex_value_t));
    ccv.cf = cf;
    ccv.value = &value[1];
    ccv.complex_value = cv;

    if (ngx_http_compile_complex_value(&ccv) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (cv->lengths == NULL
        && pupil_uuid_parse(value[1].data, value[1].len, &uuid) != PUPIL_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "pupil_tenant takes the lower-case UUID that "
                           "\"pupilctl tenant add\" printed, or a "
                           "variable that holds one, not \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    plcf->tenant = cv;

    return NGX_CONF_OK;
}


char *
ngx_http_pupil_set_deny(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_loc_conf_t *plcf = conf;

    ngx_str_t                   *value;
    ngx_uint_t                   i;
    pupil_str_t                 *words;
    pupil_deny_t                *deny;
    pupil_error_t                error;
    ngx_http_pupil_main_conf_t  *pmcf;

    value = cf->args->elts;
    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pupil_module);

    if (plcf->denies == NULL) {
        plcf->denies = ngx_array_create(cf->pool, 4, sizeof(pupil_deny_t));
        if (plcf->denies == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    deny = ngx_array_push(plcf->denies);
    words = ngx_palloc(cf->pool, cf->args->nelts * sizeof(pupil_str_t));

    if (deny == NULL || words == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        words[i - 1].data = value[i].data;
        words[i - 1].len = value[i].len;
    }

    if (pupil_deny_parse(&pmcf->policy, words,
                         (uint32_t) cf->args->nelts - 1, deny, &error)
        != PUPIL_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "pupil_deny: %s",
                           error.text);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_pupil_set_origin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_loc_conf_t *plcf = conf;

    ngx_str_t   *value, *origin;
    ngx_uint_t   i;

    value = cf->args->elts;

    if (plcf->origins == NULL) {
        plcf->origins = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
        if (plcf->origins == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for (i = 1; i < cf->args->nelts; i++) {

        if (value[i].len <= sizeof("https://") - 1
            || ngx_strncmp(value[i].data, "https://", 8) != 0
            || ngx_strlchr(value[i].data + 8, value[i].data + value[i].len,
                           '/') != NULL)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "pupil_allowed_origin takes origins such as "
                               "https://school.example, without a path, not "
                               "\"%V\"", &value[i]);
            return NGX_CONF_ERROR;
        }

        origin = ngx_array_push(plcf->origins);
        if (origin == NULL) {
            return NGX_CONF_ERROR;
        }

        *origin = value[i];
    }

    return NGX_CONF_OK;
}


/* pupil_login, pupil_session ...: the location's handler. */
char *
ngx_http_pupil_set_endpoint(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_loc_conf_t *plcf = conf;

    ngx_str_t                        *value;
    ngx_http_core_loc_conf_t         *clcf;
    ngx_http_pupil_main_conf_t       *pmcf;
    const ngx_http_pupil_endpoint_t  *endpoint;

    value = cf->args->elts;
    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pupil_module);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (plcf->endpoint != NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "a location has one handler of Pupil's: give "
                           "\"%V\" a location of its own", &value[0]);
        return NGX_CONF_ERROR;
    }

    if (ngx_http_pupil_prefix(cf, &value[0], clcf, plcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    endpoint = cmd->post;

    plcf->endpoint = endpoint;
    clcf->handler = ngx_http_pupil_handler;
    pmcf->served |= 1u << endpoint->id;

    if (endpoint->core != NULL) {
        pmcf->used = 1;
    }

    return NGX_CONF_OK;
}


/* What a path begins with, so that routes are read behind it. */
static ngx_int_t
ngx_http_pupil_prefix(ngx_conf_t *cf, ngx_str_t *directive,
    ngx_http_core_loc_conf_t *clcf, ngx_http_pupil_loc_conf_t *plcf)
{
    if (clcf->named
#if (NGX_PCRE)
        || clcf->regex != NULL
#endif
        || clcf->name.len == 0 || clcf->name.data[0] != '/')
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "%V takes a location with a prefix, such as "
                           "location /v1/session { %V; }, no named one and no "
                           "regular expression", directive, directive);
        return NGX_ERROR;
    }

    plcf->prefix = clcf->name;

    if (plcf->prefix.data[plcf->prefix.len - 1] == '/') {
        plcf->prefix.len--;
        plcf->slash = 1;
    }

    return NGX_OK;
}
