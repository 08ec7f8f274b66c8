/*
 * Copyright (C) the Pupil authors
 *
 * Setters of the directives for the whole server.
 */

#include "core/endpoints/endpoint_sql.h"
#include "core/lifecycle/ledger.h"
#include "http/conf/ngx_http_pupil_conf.h"
#include "http/homework/ngx_http_pupil_homework_cache.h"
#include "http/login/ngx_http_pupil_login.h"


#define NGX_HTTP_PUPIL_KEK_ARENA  4096    /* bytes */


_Static_assert(NGX_HTTP_PUPIL_GROUP == PUPIL_AUDIT_GROUP_MOST
               && NGX_HTTP_PUPIL_GATE_MAX == PUPIL_HASH_PARALLEL_MOST,
               "what a directive allows has its place");


static void *ngx_http_pupil_conf_palloc(void *ctx, size_t size);
static void ngx_http_pupil_plugin_unload(void *data);
static void ngx_http_pupil_kek_destroy(void *data);


/* Both databases tell tenants apart, and bind the gateway's roles (I10). */
static const ngx_libpq_use_t  ngx_http_pupil_data = {
    .name         = "data",
    .log          = "pupil: ",
    .application  = "pupil",
    .session_sql  = pupil_session_sql,
    .setting      = "pupil.tenant",
    .setting_more = PUPIL_DAY_SETTING,
    .row_security = 1,
    .one_snapshot = 1
};

static const ngx_libpq_use_t  ngx_http_pupil_keys = {
    .name         = "keys",
    .log          = "pupil: ",
    .application  = "pupil",
    .session_sql  = pupil_session_sql,
    .setting      = "pupil.tenant",
    .row_security = 1
};


void
ngx_http_pupil_conf_alloc(ngx_conf_t *cf, pupil_alloc_t *alloc)
{
    alloc->alloc = ngx_http_pupil_conf_palloc;
    alloc->ctx = cf->pool;
}


static void *
ngx_http_pupil_conf_palloc(void *ctx, size_t size)
{
    u_char  *p;

    p = ngx_palloc(ctx, size + 16);

    return p == NULL ? NULL : ngx_align_ptr(p, 16);
}


pupil_str_t *
ngx_http_pupil_conf_given(ngx_conf_t *cf)
{
    ngx_str_t    *value;
    ngx_uint_t    i;
    pupil_str_t  *given;

    value = cf->args->elts;

    given = ngx_palloc(cf->pool, cf->args->nelts * sizeof(pupil_str_t));
    if (given == NULL) {
        return NULL;
    }

    for (i = 1; i < cf->args->nelts; i++) {
        given[i - 1].data = value[i].data;
        given[i - 1].len = value[i].len;
    }

    return given;
}


ngx_int_t
ngx_http_pupil_conf_words(ngx_conf_t *cf, pupil_directive_id_t directive,
    pupil_words_t *words)
{
    pupil_str_t    *given;
    pupil_error_t   error;

    given = ngx_http_pupil_conf_given(cf);
    if (given == NULL) {
        return NGX_ERROR;
    }

    if (pupil_directive_read(directive, given, (uint32_t) cf->args->nelts - 1,
                             words, &error)
        != PUPIL_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s: %s",
                           pupil_directives[directive].name, error.text);
        return NGX_ERROR;
    }

    return NGX_OK;
}


char *
ngx_http_pupil_set_value(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_uint_t                  *place;
    pupil_words_t                words;
    const pupil_directive_id_t  *directive;

    place = (ngx_uint_t *) ((u_char *) conf + cmd->offset);
    directive = cmd->post;

    if (*place != NGX_CONF_UNSET_UINT) {
        return "is duplicate";
    }

    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, *directive, &words) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    *place = (ngx_uint_t) words.number[PUPIL_VALUE];

    return NGX_CONF_OK;
}


char *
ngx_http_pupil_set_plugin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    ngx_str_t           *value, path;
    pupil_str_t         *given;
    pupil_error_t        error;
    pupil_alloc_t        alloc;
    pupil_category_t    *category;
    ngx_pool_cleanup_t  *cln;

    value = cf->args->elts;
    path = value[1];

    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    given = ngx_http_pupil_conf_given(cf);
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (given == NULL || cln == NULL) {
        return NGX_CONF_ERROR;
    }

    ngx_http_pupil_conf_alloc(cf, &alloc);

    if (pupil_directive_plugin(&pmcf->policy, (char *) path.data, given + 1,
                               (uint32_t) cf->args->nelts - 2, &alloc,
                               &category, &error)
        != PUPIL_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "pupil_plugin: %s",
                           error.text);
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_http_pupil_plugin_unload;
    cln->data = category;

    return NGX_CONF_OK;
}


char *
ngx_http_pupil_set_accepted(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    ngx_str_t      *value, path;
    pupil_alloc_t   alloc;
    pupil_error_t   error;

    value = cf->args->elts;
    path = value[1];

    if (pmcf->conf->accepted.data != NULL) {
        return "is duplicate";
    }

    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    ngx_http_pupil_conf_alloc(cf, &alloc);

    if (pupil_accepted_read((char *) path.data, &alloc,
                            &pmcf->conf->accepted, &error)
        != PUPIL_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "pupil_accepted: %s",
                           error.text);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* What the mirrored ledger has is known to have been entered. */
char *
ngx_http_pupil_set_ledger(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    int64_t         entries;
    ngx_str_t      *value, path;
    pupil_alloc_t   alloc;
    pupil_words_t   words;
    pupil_error_t   error;

    value = cf->args->elts;
    path = value[1];

    if (pmcf->restored.entered != 0) {
        return "is duplicate";
    }

    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_LEDGER, &words) != NGX_OK
        || ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    ngx_http_pupil_conf_alloc(cf, &alloc);

    if (pupil_ledger_read((char *) path.data, words.text[PUPIL_LEDGER_SIGNER],
                          &alloc, &entries, &error)
        != PUPIL_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "pupil_ledger: %s",
                           error.text);
        return NGX_CONF_ERROR;
    }

    pmcf->restored.entered = (ngx_atomic_uint_t) entries + 1;

    return NGX_CONF_OK;
}


static void
ngx_http_pupil_plugin_unload(void *data)
{
    pupil_category_unload(data);
}


ngx_libpq_pool_t *
ngx_http_pupil_conf_data(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf)
{
    if (pmcf->data == NULL) {
        pmcf->data = ngx_libpq_pool_create(cf, &ngx_http_pupil_data);

        if (pmcf->data != NULL) {
            pmcf->data->connections = PUPIL_POOL_DATA_CONNECTIONS;
        }
    }

    return pmcf->data;
}


ngx_libpq_pool_t *
ngx_http_pupil_conf_keys(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf)
{
    if (pmcf->keystore == NULL) {
        pmcf->keystore = ngx_libpq_pool_create(cf, &ngx_http_pupil_keys);

        /* each fetch is noted there, and nothing else is written */

        if (pmcf->keystore != NULL) {
            pmcf->keystore->connections = PUPIL_POOL_KEYS_CONNECTIONS;
            pmcf->keystore->writers = 0;
            pmcf->keystore->waiters = 0;
        }
    }

    return pmcf->keystore;
}


char *
ngx_http_pupil_set_database(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    ngx_str_t      *value;
    pupil_words_t   words;

    value = cf->args->elts;

    if (pmcf->conf->database) {
        return "is duplicate";
    }

    pmcf->conf->database = 1;
    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_DATABASE, &words)
        != NGX_OK
        || ngx_http_pupil_conf_data(cf, pmcf) == NULL)
    {
        return NGX_CONF_ERROR;
    }

    return ngx_libpq_pool_conninfo(cf, pmcf->data, &value[1]);
}


char *
ngx_http_pupil_set_keystore(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    ngx_str_t      *value;
    pupil_words_t   words;

    value = cf->args->elts;

    if (pmcf->conf->keystore) {
        return "is duplicate";
    }

    pmcf->conf->keystore = 1;
    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_KEYSTORE, &words)
        != NGX_OK
        || ngx_http_pupil_conf_keys(cf, pmcf) == NULL)
    {
        return NGX_CONF_ERROR;
    }

    pmcf->conf->same_cluster = words.number[PUPIL_KEYSTORE_SAME_CLUSTER] == 1;

    return ngx_libpq_pool_conninfo(cf, pmcf->keystore, &value[1]);
}


char *
ngx_http_pupil_set_pool(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    ngx_uint_t         bit;
    pupil_words_t      words;
    ngx_libpq_pool_t  *pool;

    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_POOL, &words) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    bit = 1u << words.number[PUPIL_POOL_NAME];

    if (pmcf->conf->pools & bit) {
        return "is duplicate";
    }

    pmcf->conf->pools |= bit;

    pool = words.number[PUPIL_POOL_NAME] == PUPIL_DATABASE_DATA
           ? ngx_http_pupil_conf_data(cf, pmcf)
           : ngx_http_pupil_conf_keys(cf, pmcf);

    if (pool == NULL) {
        return NGX_CONF_ERROR;
    }

    pool->connections = pupil_words_number(&words, PUPIL_POOL_CONNECTIONS,
                                           pool->connections);
    pool->writers = pupil_words_number(&words, PUPIL_POOL_WRITERS,
                                       pool->writers);
    pool->waiters = pupil_words_number(&words, PUPIL_POOL_AUDIT,
                                       pool->waiters);
    pool->depth = pupil_words_number(&words, PUPIL_POOL_DEPTH, pool->depth);
    pool->queue_size = pupil_words_number(&words, PUPIL_POOL_QUEUE,
                                          pool->queue_size);
    pool->share = pupil_words_number(&words, PUPIL_POOL_SHARE, pool->share);
    pool->statement_timeout =
        pupil_words_number(&words, PUPIL_POOL_STATEMENT_TIMEOUT,
                           pool->statement_timeout);
    pool->connect_timeout =
        pupil_words_number(&words, PUPIL_POOL_CONNECT_TIMEOUT,
                           pool->connect_timeout);

    return NGX_CONF_OK;
}


/* The key file is read by the master, before it gives workers their user. */
char *
ngx_http_pupil_set_master_key(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    ngx_str_t           *value;
    pupil_error_t        error;
    ngx_pool_cleanup_t  *cln;

    value = cf->args->elts;

    if (pmcf->vault.master_key.len != 0) {
        return "is duplicate";
    }

    pmcf->vault.master_key = value[1];

    if (ngx_conf_full_name(cf->cycle, &pmcf->vault.master_key, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    cln = ngx_pool_cleanup_add(cf->pool, 0);
    if (cln == NULL) {
        return NGX_CONF_ERROR;
    }

    pmcf->vault.kek_arena = pupil_arena_create(NGX_HTTP_PUPIL_KEK_ARENA,
                                               &error);

    if (pmcf->vault.kek_arena == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "pupil_master_key: %s",
                           error.text);
        return NGX_CONF_ERROR;
    }

    cln->handler = ngx_http_pupil_kek_destroy;
    cln->data = pmcf;

    pmcf->vault.keks = pupil_arena_alloc(pmcf->vault.kek_arena,
                                         sizeof(pupil_kek_t)
                                         * PUPIL_KEYRING_EPOCHS);
    if (pmcf->vault.keks == NULL) {
        return NGX_CONF_ERROR;
    }

    if (pupil_kek_read((char *) pmcf->vault.master_key.data, pmcf->vault.keks,
                       &pmcf->vault.keks_count, &error) != PUPIL_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "pupil_master_key: %s",
                           error.text);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


static void
ngx_http_pupil_kek_destroy(void *data)
{
    ngx_http_pupil_main_conf_t *pmcf = data;

    pupil_arena_destroy(pmcf->vault.kek_arena);
    pmcf->vault.kek_arena = NULL;
    pmcf->vault.keks = NULL;
}


char *
ngx_http_pupil_set_key_cache(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    pupil_words_t  words;

    if (pmcf->conf->key_cache) {
        return "is duplicate";
    }

    pmcf->conf->key_cache = 1;
    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_KEY_CACHE, &words)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    if (words.number[PUPIL_KEY_CACHE_OFF] == 1) {
        pmcf->vault.off = 1;
        return NGX_CONF_OK;
    }

    pmcf->vault.owners = pupil_words_number(&words, PUPIL_KEY_CACHE_OWNERS,
                                            pmcf->vault.owners);
    pmcf->vault.lifetime = pupil_words_number(&words,
                                              PUPIL_KEY_CACHE_LIFETIME,
                                              pmcf->vault.lifetime);
    pmcf->vault.tenants = pupil_words_number(&words, PUPIL_KEY_CACHE_TENANTS,
                                             pmcf->vault.tenants);

    return NGX_CONF_OK;
}


char *
ngx_http_pupil_set_unsent(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    pupil_words_t  words;

    if (pmcf->conf->unsent) {
        return "is duplicate";
    }

    pmcf->conf->unsent = 1;
    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_UNSENT_ANSWERS, &words)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    pmcf->unsent.session = pupil_words_number(&words, PUPIL_UNSENT_SESSION,
                                              pmcf->unsent.session);
    pmcf->unsent.worker = pupil_words_number(&words, PUPIL_UNSENT_WORKER,
                                             pmcf->unsent.worker);

    return NGX_CONF_OK;
}


char *
ngx_http_pupil_set_homework_cache(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    pupil_words_t                    words;
    ngx_http_pupil_homework_conf_t  *cache;

    cache = ngx_http_pupil_homework_conf(pmcf);

    if (cache->size != NGX_CONF_UNSET_SIZE) {
        return "is duplicate";
    }

    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_HOMEWORK_CACHE, &words)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    cache->size = (size_t) words.number[PUPIL_VALUE];

    return NGX_CONF_OK;
}


char *
ngx_http_pupil_set_session_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    ngx_str_t      name;
    pupil_words_t  words;

    if (pmcf->zone.shm != NULL) {
        return "is duplicate";
    }

    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_SESSION_ZONE, &words)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    name.data = (u_char *) words.text[PUPIL_ZONE_NAME].data;
    name.len = words.text[PUPIL_ZONE_NAME].len;

    pmcf->zone.valid = pupil_words_number(&words, PUPIL_ZONE_VALID,
                                          pmcf->zone.valid);

    return ngx_http_pupil_zone_add(cf, pmcf, &name,
                                   (size_t) words.number[PUPIL_ZONE_NAME])
           == NGX_OK ? NGX_CONF_OK : NGX_CONF_ERROR;
}


char *
ngx_http_pupil_set_password_hash(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    pupil_words_t                 words;
    ngx_http_pupil_login_conf_t  *login;

    login = ngx_http_pupil_login_conf(pmcf);

    if (login->set) {
        return "is duplicate";
    }

    login->set = 1;
    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_PASSWORD_HASH, &words)
        != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    login->cost.memory =
        (uint32_t) pupil_words_number(&words, PUPIL_HASH_MEMORY,
                                      login->cost.memory);
    login->cost.iterations =
        (uint32_t) pupil_words_number(&words, PUPIL_HASH_ITERATIONS,
                                      login->cost.iterations);
    login->queue = pupil_words_number(&words, PUPIL_HASH_QUEUE, login->queue);
    login->parallel = pupil_words_number(&words, PUPIL_HASH_PARALLEL,
                                         login->parallel);

    if (words.number[PUPIL_HASH_POOL] != PUPIL_WORD_UNSET) {
        login->pool_name.data = (u_char *) words.text[PUPIL_HASH_POOL].data;
        login->pool_name.len = words.text[PUPIL_HASH_POOL].len;
    }

    return NGX_CONF_OK;
}


char *
ngx_http_pupil_set_password_new(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    ngx_str_t       *value, path;
    pupil_alloc_t    alloc;
    pupil_words_t    words;
    pupil_error_t    error;
    pupil_chosen_t  *chosen;

    value = cf->args->elts;
    path = value[1];
    chosen = &ngx_http_pupil_login_conf(pmcf)->chosen;

    if (chosen->common.data != NULL) {
        return "is duplicate";
    }

    pupil_words_init(&words);

    if (ngx_http_pupil_conf_words(cf, PUPIL_DIRECTIVE_PASSWORD_NEW, &words)
        != NGX_OK
        || ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    chosen->length = (uint32_t) pupil_words_number(&words, PUPIL_NEW_LENGTH,
                                                   PUPIL_CHOSEN_LENGTH);
    ngx_http_pupil_conf_alloc(cf, &alloc);

    if (pupil_common_read((char *) path.data, &alloc, &chosen->common, &error)
        != PUPIL_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "pupil_password_new: %s",
                           error.text);
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}
