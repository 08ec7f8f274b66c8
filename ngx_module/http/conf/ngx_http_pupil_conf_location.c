/*
 * Copyright (C) the Pupil authors
 *
 * Setters of the directives that servers and locations take.
 */

#include "core/login/factor.h"
#include "core/policy/role.h"
#include "http/conf/ngx_http_pupil_conf.h"


static ngx_int_t ngx_http_pupil_place(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *clcf, ngx_http_pupil_loc_conf_t *plcf,
    ngx_uint_t guard);
static ngx_int_t ngx_http_pupil_prefix(ngx_conf_t *cf,
    ngx_http_core_loc_conf_t *clcf, ngx_http_pupil_loc_conf_t *plcf);


char *
ngx_http_pupil_set_session_timeout(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_pupil_loc_conf_t *plcf = conf;

    pupil_words_t  words;

    pupil_words_init(&words);

    /* each may be said once in a block, in one directive or in two */

    if (plcf->idle != NGX_CONF_UNSET) {
        words.number[PUPIL_TIMEOUT_IDLE] = plcf->idle;
    }

    if (plcf->absolute != NGX_CONF_UNSET) {
        words.number[PUPIL_TIMEOUT_ABSOLUTE] = plcf->absolute;
    }

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_SESSION_TIMEOUT, &words)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    plcf->idle = (time_t) pupil_words_number(&words, PUPIL_TIMEOUT_IDLE,
                                             NGX_CONF_UNSET);
    plcf->absolute = (time_t) pupil_words_number(&words,
                                                 PUPIL_TIMEOUT_ABSOLUTE,
                                                 NGX_CONF_UNSET);

    return NGX_CONF_OK;
}


/* Of the roles that are not said nothing is asked: 0, or off. */
char *
ngx_http_pupil_set_by_role(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    int64_t                     *asked;
    uint32_t                     role;
    pupil_words_t                words;
    const int64_t              **place;
    const pupil_directive_id_t  *directive;

    place = (const int64_t **) ((u_char *) conf + cmd->offset);
    directive = cmd->post;

    if (*place != NULL) {
        return "is duplicate";
    }

    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, *directive, &words) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    asked = ngx_palloc(cf->pool, PUPIL_ROLE_NONE * sizeof(int64_t));
    if (asked == NULL) {
        return NGX_CONF_ERROR;
    }

    for (role = 0; role < PUPIL_ROLE_NONE; role++) {
        asked[role] = pupil_words_number(&words, role, 0);
    }

    *place = asked;

    return NGX_CONF_OK;
}


char *
ngx_http_pupil_set_mail(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_loc_conf_t *plcf = conf;

    pupil_words_t           words;
    ngx_http_pupil_mail_t  *mail;

    if (plcf->mail != NULL) {
        return "is duplicate";
    }

    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_MAIL, &words) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    mail = ngx_palloc(cf->pool, sizeof(ngx_http_pupil_mail_t));
    if (mail == NULL) {
        return NGX_CONF_ERROR;
    }

    mail->language = (ngx_uint_t) words.number[PUPIL_MAIL_LANGUAGE];
    mail->forgotten = words.text[PUPIL_MAIL_FORGOTTEN];
    mail->codes = words.number[PUPIL_MAIL_SECOND_FACTOR] == 1;
    plcf->mail = mail;

    return NGX_CONF_OK;
}


char *
ngx_http_pupil_set_sign_up(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_loc_conf_t *plcf = conf;

    pupil_str_t               *text;
    pupil_words_t              words;
    ngx_http_pupil_sign_up_t  *sign_up;

    if (plcf->sign_up != NULL) {
        return "is duplicate";
    }

    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_SIGN_UP, &words)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    sign_up = ngx_pcalloc(cf->pool, sizeof(ngx_http_pupil_sign_up_t));
    if (sign_up == NULL) {
        return NGX_CONF_ERROR;
    }

    plcf->sign_up = sign_up;
    text = words.text;

    if (words.number[PUPIL_SIGN_UP_OFF] != PUPIL_WORD_UNSET) {
        return NGX_CONF_OK;
    }

    (void) pupil_uuid_parse(text[PUPIL_SIGN_UP_TENANT].data,
                            text[PUPIL_SIGN_UP_TENANT].len, &sign_up->tenant);
    (void) pupil_uuid_parse(text[PUPIL_SIGN_UP_INSTITUTION].data,
                            text[PUPIL_SIGN_UP_INSTITUTION].len,
                            &sign_up->institution);

    sign_up->page = text[PUPIL_SIGN_UP_PAGE];
    sign_up->trial = (int32_t) (words.number[PUPIL_SIGN_UP_TRIAL_OF] / 86400);

    return NGX_CONF_OK;
}


char *
ngx_http_pupil_set_complex(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_str_t                          *value;
    pupil_words_t                       words;
    const pupil_directive_id_t         *directive;
    ngx_http_complex_value_t           *cv, **place;
    ngx_http_compile_complex_value_t    ccv;

    value = cf->args->elts;
    place = (ngx_http_complex_value_t **) ((u_char *) conf + cmd->offset);
    directive = cmd->post;

    if (*place != NULL) {
        return "is duplicate";
    }

    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, *directive, &words) != NGX_OK) {
        return NGX_CONF_ERROR;
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

    *place = cv;

    return NGX_CONF_OK;
}


char *
ngx_http_pupil_set_deny(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_loc_conf_t *plcf = conf;

    pupil_str_t                 *given;
    pupil_deny_t                *deny;
    pupil_error_t                error;
    ngx_http_pupil_main_conf_t  *pmcf;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pupil_module);

    if (plcf->denies == NULL) {
        plcf->denies = ngx_array_create(cf->pool, 4, sizeof(pupil_deny_t));
        if (plcf->denies == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    deny = ngx_array_push(plcf->denies);
    given = ngx_http_pupil_conf_given(cf);

    if (deny == NULL || given == NULL) {
        return NGX_CONF_ERROR;
    }

    if (pupil_deny_parse(&pmcf->policy, given,
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

    ngx_str_t      *value, *origin;
    ngx_uint_t      i;
    pupil_words_t   words;

    value = cf->args->elts;
    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_ALLOWED_ORIGIN, &words)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (plcf->origins == NULL) {
        plcf->origins = ngx_array_create(cf->pool, 2, sizeof(ngx_str_t));
        if (plcf->origins == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    for (i = 1; i < cf->args->nelts; i++) {
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

    ngx_http_core_loc_conf_t         *clcf;
    ngx_http_pupil_main_conf_t       *pmcf;
    const ngx_http_pupil_endpoint_t  *endpoint;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pupil_module);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (ngx_http_pupil_prefix(cf, clcf, plcf) != NGX_OK) {
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


/* Before the location's own handler, whichever that is. */
char *
ngx_http_pupil_set_access(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_loc_conf_t *plcf = conf;

    pupil_alloc_t                alloc;
    pupil_words_t                words;
    ngx_http_core_loc_conf_t    *clcf;
    ngx_http_pupil_main_conf_t  *pmcf;

    if (plcf->access != NULL || plcf->unguarded) {
        return "is duplicate";
    }

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pupil_module);
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    pupil_words_init(&words);
    ngx_http_pupil_conf_alloc(cf, &alloc);

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_ACCESS, &words) != NGX_OK
        || ngx_http_pupil_place(cf, clcf, plcf, 1) != NGX_OK
        || pupil_access_read(&words, &alloc, &plcf->access) != PUPIL_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (plcf->access == NULL) {
        plcf->unguarded = 1;
        return NGX_CONF_OK;
    }

    plcf->endpoint = &ngx_http_pupil_access_endpoint;
    plcf->prefix = clcf->name;
    pmcf->served |= 1u << plcf->endpoint->id;
    pmcf->used = 1;

    return NGX_CONF_OK;
}


/* Can it stand in this location? */
static ngx_int_t
ngx_http_pupil_place(ngx_conf_t *cf, ngx_http_core_loc_conf_t *clcf,
    ngx_http_pupil_loc_conf_t *plcf, ngx_uint_t guard)
{
    ngx_str_t           *directive;
    pupil_error_t        error;
    pupil_handler_at_t   at;

    directive = cf->args->elts;

    ngx_memzero(&at, sizeof(pupil_handler_at_t));

    at.name.data = clcf->name.data;
    at.name.len = clcf->name.len;
    at.named = clcf->named;
    at.handled = plcf->endpoint != NULL || plcf->unguarded;
    at.guard = guard ? 1 : 0;
#if (NGX_PCRE)
    at.regex = clcf->regex != NULL;
#endif

    if (pupil_handler_place((char *) directive->data, &at, &error)
        != PUPIL_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", error.text);
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* What a path begins with, so that routes are read behind it. */
static ngx_int_t
ngx_http_pupil_prefix(ngx_conf_t *cf, ngx_http_core_loc_conf_t *clcf,
    ngx_http_pupil_loc_conf_t *plcf)
{
    if (ngx_http_pupil_place(cf, clcf, plcf, 0) != NGX_OK) {
        return NGX_ERROR;
    }

    plcf->prefix = clcf->name;

    if (plcf->prefix.data[plcf->prefix.len - 1] == '/') {
        plcf->prefix.len--;
        plcf->slash = 1;
    }

    return NGX_OK;
}


/* What is denied outside is denied inside: narrowing only (invariant I4). */
ngx_int_t
ngx_http_pupil_merge_denies(ngx_conf_t *cf, ngx_http_pupil_loc_conf_t *prev,
    ngx_http_pupil_loc_conf_t *conf)
{
    void         *p;
    ngx_array_t  *all;

    if (prev->denies == NULL) {
        return NGX_OK;
    }

    if (conf->denies == NULL) {
        conf->denies = prev->denies;
        return NGX_OK;
    }

    all = ngx_array_create(cf->pool, prev->denies->nelts
                                     + conf->denies->nelts,
                           sizeof(pupil_deny_t));
    if (all == NULL) {
        return NGX_ERROR;
    }

    p = ngx_array_push_n(all, prev->denies->nelts);
    ngx_memcpy(p, prev->denies->elts,
               prev->denies->nelts * sizeof(pupil_deny_t));

    p = ngx_array_push_n(all, conf->denies->nelts);
    ngx_memcpy(p, conf->denies->elts,
               conf->denies->nelts * sizeof(pupil_deny_t));

    conf->denies = all;

    return NGX_OK;
}
