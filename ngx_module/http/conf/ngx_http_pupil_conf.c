/*
 * Copyright (C) the Pupil authors
 *
 * Setters of the directives for the whole server.
 */

#include "http/conf/ngx_http_pupil_conf.h"
#include "http/homework/ngx_http_pupil_homework_cache.h"
#include "http/login/ngx_http_pupil_login.h"


#define NGX_HTTP_PUPIL_KEK_ARENA  4096    /* bytes */

#define NGX_HTTP_PUPIL_LEAST_OWNERS  1024

/* Bytes that a worker keeps of homework. */
#define NGX_HTTP_PUPIL_DEFINITIONS_LEAST  (16 * 1024)
#define NGX_HTTP_PUPIL_DEFINITIONS_MOST   (1024 * 1024 * 1024)


/* name=NUMBER, name=SIZE or name=TIME, with bounds. */
typedef enum {
    NGX_HTTP_PUPIL_NUMBER = 0,
    NGX_HTTP_PUPIL_MSEC,
    NGX_HTTP_PUPIL_KILOBYTES
} ngx_http_pupil_unit_e;

typedef struct {
    ngx_str_t              name;      /* with its '=' */
    ngx_http_pupil_unit_e  unit;
    ngx_int_t              min, max;
    size_t                 offset;    /* of an ngx_int_t in the target */
} ngx_http_pupil_setting_t;

typedef struct {
    ngx_int_t  connections, writers, depth, queue;
    ngx_int_t  statement_timeout, connect_timeout;
} ngx_http_pupil_pool_settings_t;

typedef struct {
    ngx_int_t  owners, lifetime;
} ngx_http_pupil_cache_settings_t;

typedef struct {
    ngx_int_t  memory, iterations, queue, parallel;
} ngx_http_pupil_hash_settings_t;


static void *ngx_http_pupil_conf_palloc(void *ctx, size_t size);
static ngx_int_t ngx_http_pupil_setting(ngx_conf_t *cf,
    const ngx_http_pupil_setting_t *settings, ngx_str_t *word, void *target);
static ngx_int_t ngx_http_pupil_setting_value(
    const ngx_http_pupil_setting_t *setting, ngx_str_t *text);
static ngx_libpq_pool_t *ngx_http_pupil_named_pool(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_str_t *name, ngx_uint_t *bit);
static void ngx_http_pupil_plugin_unload(void *data);
static void ngx_http_pupil_kek_destroy(void *data);


/* Both databases tell tenants apart, and bind the gateway's roles (I10). */
static const ngx_libpq_use_t  ngx_http_pupil_data = {
    .name         = "data",
    .log          = "pupil: ",
    .application  = "pupil",
    .session_sql  = pupil_session_sql,
    .setting      = "pupil.tenant",
    .row_security = 1
};

static const ngx_libpq_use_t  ngx_http_pupil_keys = {
    .name         = "keys",
    .log          = "pupil: ",
    .application  = "pupil",
    .session_sql  = pupil_session_sql,
    .setting      = "pupil.tenant",
    .row_security = 1
};


static const ngx_http_pupil_setting_t  ngx_http_pupil_pool_settings[] = {
    { ngx_string("connections="), NGX_HTTP_PUPIL_NUMBER, 1, 64,
      offsetof(ngx_http_pupil_pool_settings_t, connections) },
    { ngx_string("writers="), NGX_HTTP_PUPIL_NUMBER, 0, 63,
      offsetof(ngx_http_pupil_pool_settings_t, writers) },
    { ngx_string("depth="), NGX_HTTP_PUPIL_NUMBER, 1, 128,
      offsetof(ngx_http_pupil_pool_settings_t, depth) },
    { ngx_string("queue="), NGX_HTTP_PUPIL_NUMBER, 0, 65536,
      offsetof(ngx_http_pupil_pool_settings_t, queue) },
    { ngx_string("statement_timeout="), NGX_HTTP_PUPIL_MSEC, 100, 600000,
      offsetof(ngx_http_pupil_pool_settings_t, statement_timeout) },
    { ngx_string("connect_timeout="), NGX_HTTP_PUPIL_MSEC, 1000, 600000,
      offsetof(ngx_http_pupil_pool_settings_t, connect_timeout) },
    { ngx_null_string, 0, 0, 0, 0 }
};

static const ngx_http_pupil_setting_t  ngx_http_pupil_cache_settings[] = {
    { ngx_string("owners="), NGX_HTTP_PUPIL_NUMBER,
      NGX_HTTP_PUPIL_LEAST_OWNERS, 1048576,
      offsetof(ngx_http_pupil_cache_settings_t, owners) },
    { ngx_string("lifetime="), NGX_HTTP_PUPIL_MSEC, 1000, 86400000,
      offsetof(ngx_http_pupil_cache_settings_t, lifetime) },
    { ngx_null_string, 0, 0, 0, 0 }
};

static const ngx_http_pupil_setting_t  ngx_http_pupil_hash_settings[] = {
    { ngx_string("memory="), NGX_HTTP_PUPIL_KILOBYTES, 19456, 1048576,
      offsetof(ngx_http_pupil_hash_settings_t, memory) },
    { ngx_string("iterations="), NGX_HTTP_PUPIL_NUMBER, 2, 10,
      offsetof(ngx_http_pupil_hash_settings_t, iterations) },
    { ngx_string("queue="), NGX_HTTP_PUPIL_NUMBER, 1, 1024,
      offsetof(ngx_http_pupil_hash_settings_t, queue) },
    { ngx_string("parallel="), NGX_HTTP_PUPIL_NUMBER, 1,
      NGX_HTTP_PUPIL_GATE_MAX,
      offsetof(ngx_http_pupil_hash_settings_t, parallel) },
    { ngx_null_string, 0, 0, 0, 0 }
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


/* One word of the form name=value; NGX_ERROR is logged. */
static ngx_int_t
ngx_http_pupil_setting(ngx_conf_t *cf,
    const ngx_http_pupil_setting_t *settings, ngx_str_t *word, void *target)
{
    ngx_int_t                        value, *place;
    ngx_str_t                        text;
    const ngx_http_pupil_setting_t  *s;

    for (s = settings; s->name.len != 0; s++) {
        if (word->len > s->name.len
            && ngx_strncmp(word->data, s->name.data, s->name.len) == 0)
        {
            break;
        }
    }

    if (s->name.len == 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "unknown parameter \"%V\"",
                           word);
        return NGX_ERROR;
    }

    place = (ngx_int_t *) ((u_char *) target + s->offset);

    if (*place != NGX_CONF_UNSET) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the parameter \"%V\" is there already", &s->name);
        return NGX_ERROR;
    }

    text.data = word->data + s->name.len;
    text.len = word->len - s->name.len;
    value = ngx_http_pupil_setting_value(s, &text);

    if (value == NGX_ERROR || value < s->min || value > s->max) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%V\" is out of bounds: %i%s to %i%s", word,
                           s->min, s->unit == NGX_HTTP_PUPIL_MSEC ? "ms"
                           : s->unit == NGX_HTTP_PUPIL_KILOBYTES ? "k" : "",
                           s->max, s->unit == NGX_HTTP_PUPIL_MSEC ? "ms"
                           : s->unit == NGX_HTTP_PUPIL_KILOBYTES ? "k" : "");
        return NGX_ERROR;
    }

    *place = value;

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_setting_value(const ngx_http_pupil_setting_t *setting,
    ngx_str_t *text)
{
    ssize_t  size;

    switch (setting->unit) {

    case NGX_HTTP_PUPIL_MSEC:
        return ngx_parse_time(text, 0);

    case NGX_HTTP_PUPIL_KILOBYTES:
        size = ngx_parse_size(text);
        return size == NGX_ERROR ? NGX_ERROR : size / 1024;

    default:
        return ngx_atoi(text->data, text->len);
    }
}


char *
ngx_http_pupil_set_plugin(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    ngx_str_t           *value, path;
    ngx_uint_t           i, n;
    pupil_str_t         *words;
    pupil_error_t        error;
    pupil_alloc_t        alloc;
    pupil_category_t    *category;
    ngx_pool_cleanup_t  *cln;

    value = cf->args->elts;
    n = cf->args->nelts - 2;
    path = value[1];

    if (ngx_conf_full_name(cf->cycle, &path, 1) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    words = ngx_palloc(cf->pool, (n + 1) * sizeof(pupil_str_t));
    cln = ngx_pool_cleanup_add(cf->pool, 0);

    if (words == NULL || cln == NULL) {
        return NGX_CONF_ERROR;
    }

    for (i = 0; i < n; i++) {
        words[i].data = value[i + 2].data;
        words[i].len = value[i + 2].len;
    }

    ngx_http_pupil_conf_alloc(cf, &alloc);

    if (pupil_directive_plugin(&pmcf->policy, (char *) path.data, words,
                               (uint32_t) n, &alloc, &category, &error)
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
            pmcf->keystore->writers = 0;
        }
    }

    return pmcf->keystore;
}


char *
ngx_http_pupil_set_database(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    ngx_str_t  *value;

    value = cf->args->elts;

    if (pmcf->conf->database) {
        return "is duplicate";
    }

    pmcf->conf->database = 1;

    if (ngx_http_pupil_conf_data(cf, pmcf) == NULL) {
        return NGX_CONF_ERROR;
    }

    return ngx_libpq_pool_conninfo(cf, pmcf->data, &value[1]);
}


char *
ngx_http_pupil_set_keystore(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    int             same_cluster;
    ngx_str_t      *value;
    pupil_str_t     word;
    pupil_error_t   error;

    value = cf->args->elts;

    if (pmcf->conf->keystore) {
        return "is duplicate";
    }

    pmcf->conf->keystore = 1;

    if (cf->args->nelts == 3) {
        word.data = value[2].data;
        word.len = value[2].len;

        if (pupil_directive_keystore(word, &same_cluster, &error) != PUPIL_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", error.text);
            return NGX_CONF_ERROR;
        }

        pmcf->conf->same_cluster = same_cluster ? 1 : 0;
    }

    if (ngx_http_pupil_conf_keys(cf, pmcf) == NULL) {
        return NGX_CONF_ERROR;
    }

    return ngx_libpq_pool_conninfo(cf, pmcf->keystore, &value[1]);
}


char *
ngx_http_pupil_set_pool(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    ngx_str_t                       *value;
    ngx_uint_t                       i, seen;
    ngx_libpq_pool_t                *pool;
    ngx_http_pupil_pool_settings_t   s;

    value = cf->args->elts;

    pool = ngx_http_pupil_named_pool(cf, pmcf, &value[1], &seen);
    if (pool == NULL) {
        return NGX_CONF_ERROR;
    }

    if (pmcf->conf->pools & seen) {
        return "is duplicate";
    }

    pmcf->conf->pools |= seen;

    s.connections = NGX_CONF_UNSET;
    s.writers = NGX_CONF_UNSET;
    s.depth = NGX_CONF_UNSET;
    s.queue = NGX_CONF_UNSET;
    s.statement_timeout = NGX_CONF_UNSET;
    s.connect_timeout = NGX_CONF_UNSET;

    for (i = 2; i < cf->args->nelts; i++) {
        if (ngx_http_pupil_setting(cf, ngx_http_pupil_pool_settings,
                                   &value[i], &s) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (pool == pmcf->data) {
        pool->writers = s.writers;

    } else if (s.writers != NGX_CONF_UNSET) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"writers=\" is of pupil_pool data alone");
        return NGX_CONF_ERROR;
    }

    pool->connections = s.connections;
    pool->depth = s.depth;
    pool->queue_size = s.queue;
    pool->statement_timeout = (ngx_msec_t) s.statement_timeout;
    pool->connect_timeout = (ngx_msec_t) s.connect_timeout;

    return NGX_CONF_OK;
}


/* The pool that a directive is about, and its bit; NULL: logged. */
static ngx_libpq_pool_t *
ngx_http_pupil_named_pool(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf,
    ngx_str_t *name, ngx_uint_t *bit)
{
    if (ngx_strcmp(name->data, "data") == 0) {
        *bit = 0x01;
        return ngx_http_pupil_conf_data(cf, pmcf);
    }

    if (ngx_strcmp(name->data, "keys") == 0) {
        *bit = 0x02;
        return ngx_http_pupil_conf_keys(cf, pmcf);
    }

    ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                       "pupil_pool takes \"data\" or \"keys\" first, not "
                       "\"%V\"", name);
    return NULL;
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

    ngx_str_t                        *value;
    ngx_uint_t                        i;
    ngx_http_pupil_cache_settings_t   s;

    value = cf->args->elts;

    if (pmcf->vault.owners != NGX_CONF_UNSET_UINT
        || pmcf->vault.lifetime != NGX_CONF_UNSET_MSEC)
    {
        return "is duplicate";
    }

    if (cf->args->nelts == 2 && ngx_strcmp(value[1].data, "off") == 0) {
        pmcf->vault.off = 1;
        pmcf->vault.owners = NGX_HTTP_PUPIL_LEAST_OWNERS;
        return NGX_CONF_OK;
    }

    s.owners = NGX_CONF_UNSET;
    s.lifetime = NGX_CONF_UNSET;

    for (i = 1; i < cf->args->nelts; i++) {
        if (ngx_http_pupil_setting(cf, ngx_http_pupil_cache_settings,
                                   &value[i], &s) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    pmcf->vault.owners = (ngx_uint_t) s.owners;
    pmcf->vault.lifetime = (ngx_msec_t) s.lifetime;

    return NGX_CONF_OK;
}


char *
ngx_http_pupil_set_homework_cache(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    ssize_t                          size;
    ngx_str_t                       *value;
    ngx_http_pupil_homework_conf_t  *cache;

    value = cf->args->elts;
    cache = ngx_http_pupil_homework_conf(pmcf);

    if (cache->size != NGX_CONF_UNSET_SIZE) {
        return "is duplicate";
    }

    if (ngx_strcmp(value[1].data, "off") == 0) {
        cache->size = 0;
        return NGX_CONF_OK;
    }

    size = ngx_parse_size(&value[1]);

    if (size < NGX_HTTP_PUPIL_DEFINITIONS_LEAST
        || size > NGX_HTTP_PUPIL_DEFINITIONS_MOST)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "pupil_homework_cache takes \"off\" or a size of "
                           "16k to 1024m, not \"%V\"", &value[1]);
        return NGX_CONF_ERROR;
    }

    cache->size = (size_t) size;

    return NGX_CONF_OK;
}


char *
ngx_http_pupil_set_password_hash(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    ngx_str_t                       *value;
    ngx_uint_t                       i;
    ngx_http_pupil_login_conf_t     *login;
    ngx_http_pupil_hash_settings_t   s;

    value = cf->args->elts;
    login = ngx_http_pupil_login_conf(pmcf);

    if (login->set) {
        return "is duplicate";
    }

    login->set = 1;
    s.memory = NGX_CONF_UNSET;
    s.iterations = NGX_CONF_UNSET;
    s.queue = NGX_CONF_UNSET;
    s.parallel = NGX_CONF_UNSET;

    for (i = 1; i < cf->args->nelts; i++) {
        if (value[i].len > 5
            && ngx_strncmp(value[i].data, "pool=", 5) == 0)
        {
            if (login->pool_name.len != 0) {
                ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                                   "the parameter \"pool=\" is there "
                                   "already");
                return NGX_CONF_ERROR;
            }

            login->pool_name.data = value[i].data + 5;
            login->pool_name.len = value[i].len - 5;
            continue;
        }

        if (ngx_http_pupil_setting(cf, ngx_http_pupil_hash_settings,
                                   &value[i], &s) != NGX_OK)
        {
            return NGX_CONF_ERROR;
        }
    }

    if (s.memory != NGX_CONF_UNSET) {
        login->cost.memory = (uint32_t) s.memory;
    }

    if (s.iterations != NGX_CONF_UNSET) {
        login->cost.iterations = (uint32_t) s.iterations;
    }

    if (s.queue != NGX_CONF_UNSET) {
        login->queue = (ngx_uint_t) s.queue;
    }

    if (s.parallel != NGX_CONF_UNSET) {
        login->parallel = (ngx_uint_t) s.parallel;
    }

    return NGX_CONF_OK;
}
