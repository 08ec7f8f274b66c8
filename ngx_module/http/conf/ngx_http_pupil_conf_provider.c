/*
 * Copyright (C) the Pupil authors
 *
 * pupil_login_provider.
 */

#include "core/endpoints/directive_tenant.h"
#include "core/endpoints/directive_url.h"
#include "http/conf/ngx_http_pupil_conf.h"
#include "http/login/ngx_http_pupil_oidc.h"


#define NGX_HTTP_PUPIL_SECRET_MAX  1024    /* bytes */


static ngx_http_pupil_provider_t *ngx_http_pupil_provider_add(ngx_conf_t *cf,
    ngx_http_pupil_loc_conf_t *plcf, const pupil_words_t *words);
static ngx_int_t ngx_http_pupil_provider_apart(ngx_conf_t *cf,
    ngx_http_pupil_loc_conf_t *plcf, const pupil_words_t *words);
static ngx_int_t ngx_http_pupil_provider_account(ngx_conf_t *cf,
    const pupil_words_t *words, pupil_account_rules_t *account);
static ngx_int_t ngx_http_pupil_provider_secret(ngx_conf_t *cf,
    const pupil_str_t *file, pupil_str_t *secret);
static ngx_str_t ngx_http_pupil_provider_text(const pupil_str_t *text,
    const char *otherwise);


char *
ngx_http_pupil_set_provider(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_loc_conf_t *plcf = conf;

    pupil_words_t               words;
    pupil_oidc_client_t        *client;
    ngx_http_pupil_provider_t  *provider;

    static const pupil_str_t  scope = pupil_str("openid");

    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_LOGIN_PROVIDER, &words)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    provider = ngx_http_pupil_provider_add(cf, plcf, &words);
    if (provider == NULL) {
        return NGX_CONF_ERROR;
    }

    client = &provider->client;
    client->name = words.text[PUPIL_PROVIDER_NAME];
    client->issuer = words.text[PUPIL_PROVIDER_ISSUER];
    client->client = words.text[PUPIL_PROVIDER_CLIENT];
    client->acr = words.text[PUPIL_PROVIDER_ACR];
    client->prompt = words.text[PUPIL_PROVIDER_PROMPT];
    client->scope = words.text[PUPIL_PROVIDER_SCOPE].len != 0
                    ? words.text[PUPIL_PROVIDER_SCOPE] : scope;
    client->max_age = pupil_words_number(&words, PUPIL_PROVIDER_MAX_AGE, 0);
    client->form_post = words.number[PUPIL_PROVIDER_FORM_POST] == 1;

    if (ngx_http_pupil_provider_account(cf, &words, &provider->account)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    provider->through = ngx_http_pupil_provider_text(
                            &words.text[PUPIL_PROVIDER_THROUGH], "/");
    provider->after = ngx_http_pupil_provider_text(
                          &words.text[PUPIL_PROVIDER_AFTER], "/");

    provider->failed = ngx_http_pupil_provider_text(
                           &words.text[PUPIL_PROVIDER_FAILED], NULL);
    provider->choose = ngx_http_pupil_provider_text(
                           &words.text[PUPIL_PROVIDER_CHOOSE], NULL);

    return ngx_http_pupil_provider_secret(cf,
                                          &words.text[PUPIL_PROVIDER_SECRET],
                                          &client->secret) == NGX_OK
           ? NGX_CONF_OK : NGX_CONF_ERROR;
}


static ngx_int_t
ngx_http_pupil_provider_account(ngx_conf_t *cf, const pupil_words_t *words,
    pupil_account_rules_t *account)
{
    u_char             *p;
    const pupil_str_t  *claim;

    claim = &words->text[PUPIL_PROVIDER_CLAIM];

    account->profile = pupil_profile_find(words->text[PUPIL_PROVIDER_PROFILE]);
    account->prefix = words->text[PUPIL_PROVIDER_PREFIX];
    account->loa = words->text[PUPIL_PROVIDER_LOA];
    account->schools = words->text[PUPIL_PROVIDER_SCHOOLS];
    account->licensed = words->number[PUPIL_PROVIDER_LICENSED] == 1;

    if (claim->len != 0) {
        p = ngx_pnalloc(cf->pool, claim->len + 1);
        if (p == NULL) {
            return NGX_ERROR;
        }

        ngx_cpystrn(p, (u_char *) claim->data, claim->len + 1);
        account->claim = (char *) p;
    }

    return NGX_OK;
}


static ngx_http_pupil_provider_t *
ngx_http_pupil_provider_add(ngx_conf_t *cf, ngx_http_pupil_loc_conf_t *plcf,
    const pupil_words_t *words)
{
    ngx_pool_cleanup_t          *cln;
    ngx_http_pupil_provider_t   *provider, **place;

    if (plcf->providers == NULL) {
        plcf->providers = ngx_array_create(cf->pool, 2,
                                          sizeof(ngx_http_pupil_provider_t *));
        if (plcf->providers == NULL) {
            return NULL;
        }
    }

    if (ngx_http_pupil_provider_apart(cf, plcf, words) != NGX_OK) {
        return NULL;
    }

    place = ngx_array_push(plcf->providers);
    provider = ngx_pcalloc(cf->pool, sizeof(ngx_http_pupil_provider_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (place == NULL || provider == NULL || cln == NULL) {
        return NULL;
    }

    *place = provider;
    ngx_queue_init(&provider->waiting);
    provider->words = *words;
    cln->handler = ngx_http_pupil_oidc_forget;
    cln->data = provider;

    return provider;
}


static ngx_int_t
ngx_http_pupil_provider_apart(ngx_conf_t *cf, ngx_http_pupil_loc_conf_t *plcf,
    const pupil_words_t *words)
{
    ngx_uint_t                   i;
    pupil_error_t                error;
    ngx_http_pupil_provider_t  **providers;

    providers = plcf->providers->elts;

    for (i = 0; i < plcf->providers->nelts; i++) {
        if (pupil_providers_apart(words, &providers[i]->words, &error)
            != PUPIL_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "pupil_login_provider: %s", error.text);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


char *
ngx_http_pupil_set_login_tenant(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_loc_conf_t *plcf = conf;

    ngx_uint_t             i;
    pupil_words_t          words;
    pupil_error_t          error;
    pupil_login_tenant_t   tenant, *place;

    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_LOGIN_TENANT, &words)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (plcf->tenants == NULL) {
        plcf->tenants = ngx_array_create(cf->pool, 4,
                                         sizeof(pupil_login_tenant_t));
        if (plcf->tenants == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    pupil_login_tenant_of(&words, &tenant);
    place = plcf->tenants->elts;

    for (i = 0; i < plcf->tenants->nelts; i++) {
        if (pupil_tenants_apart(&tenant, &place[i], &error) != PUPIL_OK) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "pupil_login_tenant: %s",
                               error.text);
            return NGX_CONF_ERROR;
        }
    }

    place = ngx_array_push(plcf->tenants);
    if (place == NULL) {
        return NGX_CONF_ERROR;
    }

    *place = tenant;

    return NGX_CONF_OK;
}


ngx_int_t
ngx_http_pupil_merge_tenants(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_loc_conf_t *conf)
{
    int                          chooses;
    ngx_uint_t                   i;
    pupil_str_t                  home;
    pupil_error_t                error;
    pupil_login_tenant_t        *tenants;
    ngx_http_pupil_provider_t  **providers;

    chooses = 1;

    for (i = 0; conf->providers != NULL && i < conf->providers->nelts; i++) {
        providers = conf->providers->elts;
        chooses &= providers[i]->choose.len != 0
                   || !pupil_profile_schools(providers[i]->account.profile);
    }

    home.data = conf->tenant->value.data;
    home.len = conf->tenant->value.len;

    if (pupil_login_tenants_around(home, chooses, &error) != PUPIL_OK) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "location \"%V\": %s",
                           &conf->prefix, error.text);
        return NGX_ERROR;
    }

    tenants = conf->tenants->elts;

    for (i = 0; i < conf->tenants->nelts; i++) {
        if (ngx_http_pupil_tenants_add(cf, &pmcf->tenants, &tenants[i].id)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* The file's first line; none: a public client. */
static ngx_int_t
ngx_http_pupil_provider_secret(ngx_conf_t *cf, const pupil_str_t *file,
    pupil_str_t *secret)
{
    u_char     *p;
    ssize_t     n;
    ngx_fd_t    fd;
    ngx_str_t   name;

    if (file->len == 0) {
        return NGX_OK;
    }

    name = ngx_http_pupil_provider_text(file, NULL);

    if (ngx_conf_full_name(cf->cycle, &name, 1) != NGX_OK) {
        return NGX_ERROR;
    }

    p = ngx_pnalloc(cf->pool, NGX_HTTP_PUPIL_SECRET_MAX);
    if (p == NULL) {
        return NGX_ERROR;
    }

    fd = ngx_open_file(name.data, NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);
    n = fd == NGX_INVALID_FILE ? -1
                               : ngx_read_fd(fd, p, NGX_HTTP_PUPIL_SECRET_MAX);

    if (fd != NGX_INVALID_FILE) {
        (void) ngx_close_file(fd);
    }

    while (n > 0 && (p[n - 1] == '\n' || p[n - 1] == '\r')) {
        n--;
    }

    if (n <= 0 || n == NGX_HTTP_PUPIL_SECRET_MAX
        || ngx_strlchr(p, p + n, '\n') != NULL)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "pupil_login_provider: \"%V\" is no file with one "
                           "line that can be read, as client_secret_file= "
                           "takes it", &name);
        return NGX_ERROR;
    }

    secret->data = p;
    secret->len = n;

    return NGX_OK;
}


static ngx_str_t
ngx_http_pupil_provider_text(const pupil_str_t *text, const char *otherwise)
{
    ngx_str_t  out;

    if (text->len != 0 || otherwise == NULL) {
        out.data = (u_char *) text->data;
        out.len = text->len;

    } else {
        out.data = (u_char *) otherwise;
        out.len = ngx_strlen(otherwise);
    }

    return out;
}


char *
ngx_http_pupil_set_login_pace(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    pupil_words_t           words;
    ngx_http_pupil_pace_t  *pace;

    pace = &ngx_http_pupil_login_conf(pmcf)->pace;

    if (pace->set) {
        return "is duplicate";
    }

    pace->set = 1;
    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_LOGIN_PACE, &words)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    pace->rate = pupil_words_number(&words, PUPIL_PACE_RATE, pace->rate);
    pace->queue = pupil_words_number(&words, PUPIL_PACE_QUEUE, pace->queue);

    return NGX_CONF_OK;
}
