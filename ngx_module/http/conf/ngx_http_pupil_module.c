/*
 * Copyright (C) the Pupil authors
 *
 * The module: directives and configuration.
 */

#include <sodium.h>

#include "http/conf/ngx_http_pupil_conf.h"
#include "http/login/ngx_http_pupil_login.h"


#define NGX_HTTP_PUPIL_CACHE_OWNERS    8192
#define NGX_HTTP_PUPIL_CACHE_LIFETIME  600000    /* ms */
#define NGX_HTTP_PUPIL_ZONE_VALID      15000     /* ms */


static void *ngx_http_pupil_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_pupil_init_main_conf(ngx_conf_t *cf, void *conf);
static ngx_int_t ngx_http_pupil_required(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf);
static ngx_int_t ngx_http_pupil_accepted(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf);
static ngx_int_t ngx_http_pupil_postconfiguration(ngx_conf_t *cf);


/* For ngx_http_pupil_set_value() and _set_complex(). */
static const pupil_directive_id_t  ngx_http_pupil_login_password =
    PUPIL_DIRECTIVE_LOGIN_PASSWORD;
static const pupil_directive_id_t  ngx_http_pupil_login_network =
    PUPIL_DIRECTIVE_LOGIN_NETWORK;
static const pupil_directive_id_t  ngx_http_pupil_tenant_is =
    PUPIL_DIRECTIVE_TENANT;
static const pupil_directive_id_t  ngx_http_pupil_session_limit =
    PUPIL_DIRECTIVE_SESSION_LIMIT;
static const pupil_directive_id_t  ngx_http_pupil_support_grant =
    PUPIL_DIRECTIVE_SUPPORT_GRANT;
static const pupil_directive_id_t  ngx_http_pupil_durability =
    PUPIL_DIRECTIVE_AUDIT_DURABILITY;
static const pupil_directive_id_t  ngx_http_pupil_group =
    PUPIL_DIRECTIVE_AUDIT_GROUP;
static const pupil_directive_id_t  ngx_http_pupil_audit_holes =
    PUPIL_DIRECTIVE_AUDIT_HOLES;
static const pupil_directive_id_t  ngx_http_pupil_score_claims =
    PUPIL_DIRECTIVE_SCORE_CLAIMS;
static const pupil_directive_id_t  ngx_http_pupil_request_timeout =
    PUPIL_DIRECTIVE_REQUEST_TIMEOUT;
static const pupil_directive_id_t  ngx_http_pupil_probe =
    PUPIL_DIRECTIVE_PROBE;
static const pupil_directive_id_t  ngx_http_pupil_behind_proxy =
    PUPIL_DIRECTIVE_BEHIND_PROXY;

/* For ngx_http_pupil_set_by_role(). */
static const pupil_directive_id_t  ngx_http_pupil_second_factor =
    PUPIL_DIRECTIVE_SECOND_FACTOR;
static const pupil_directive_id_t  ngx_http_pupil_step_up =
    PUPIL_DIRECTIVE_STEP_UP;


#define NGX_HTTP_PUPIL_ANYWHERE                                               \
    (NGX_HTTP_MAIN_CONF|NGX_HTTP_SRV_CONF|NGX_HTTP_LOC_CONF)

/* The handler of a location: pupil_login and the like. */
#define NGX_HTTP_PUPIL_ENDPOINT_COMMAND(ID, name)                             \
    { ngx_string("pupil_" #name), NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,          \
      ngx_http_pupil_set_endpoint, NGX_HTTP_LOC_CONF_OFFSET, 0,               \
      (void *) &ngx_http_pupil_##name##_endpoint },


static ngx_command_t  ngx_http_pupil_commands[] = {

    { ngx_string("pupil_plugin"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_pupil_set_plugin,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_accepted"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_pupil_set_accepted,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_ledger"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE2,
      ngx_http_pupil_set_ledger,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_database"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_pupil_set_database,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_keystore"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_http_pupil_set_keystore,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_pool"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_2MORE,
      ngx_http_pupil_set_pool,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_master_key"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_pupil_set_master_key,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_key_cache"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE123,
      ngx_http_pupil_set_key_cache,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_homework_cache"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_pupil_set_homework_cache,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_session_zone"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_http_pupil_set_session_zone,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_session_timeout"),
      NGX_HTTP_PUPIL_ANYWHERE|NGX_CONF_TAKE12,
      ngx_http_pupil_set_session_timeout,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_session_limit"),
      NGX_HTTP_PUPIL_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_pupil_set_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pupil_loc_conf_t, session_limit),
      (void *) &ngx_http_pupil_session_limit },

    { ngx_string("pupil_support_grant"),
      NGX_HTTP_PUPIL_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_pupil_set_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pupil_loc_conf_t, support_time),
      (void *) &ngx_http_pupil_support_grant },

    { ngx_string("pupil_tenant"),
      NGX_HTTP_PUPIL_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_pupil_set_complex,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pupil_loc_conf_t, tenant),
      (void *) &ngx_http_pupil_tenant_is },

    { ngx_string("pupil_deny"),
      NGX_HTTP_PUPIL_ANYWHERE|NGX_CONF_1MORE,
      ngx_http_pupil_set_deny,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_login_password"),
      NGX_HTTP_PUPIL_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_pupil_set_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pupil_loc_conf_t, login_password),
      (void *) &ngx_http_pupil_login_password },

    { ngx_string("pupil_login_network"),
      NGX_HTTP_PUPIL_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_pupil_set_complex,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pupil_loc_conf_t, login_network),
      (void *) &ngx_http_pupil_login_network },

    { ngx_string("pupil_mail"),
      NGX_HTTP_PUPIL_ANYWHERE|NGX_CONF_1MORE,
      ngx_http_pupil_set_mail,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_sign_up"),
      NGX_HTTP_PUPIL_ANYWHERE|NGX_CONF_1MORE,
      ngx_http_pupil_set_sign_up,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_login_provider"),
      NGX_HTTP_PUPIL_ANYWHERE|NGX_CONF_1MORE,
      ngx_http_pupil_set_provider,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_login_tenant"),
      NGX_HTTP_PUPIL_ANYWHERE|NGX_CONF_TAKE2|NGX_CONF_TAKE3|NGX_CONF_TAKE4,
      ngx_http_pupil_set_login_tenant,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_second_factor"),
      NGX_HTTP_PUPIL_ANYWHERE|NGX_CONF_1MORE,
      ngx_http_pupil_set_by_role,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pupil_loc_conf_t, factor),
      (void *) &ngx_http_pupil_second_factor },

    { ngx_string("pupil_step_up"),
      NGX_HTTP_PUPIL_ANYWHERE|NGX_CONF_1MORE,
      ngx_http_pupil_set_by_role,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pupil_loc_conf_t, step_up),
      (void *) &ngx_http_pupil_step_up },

    { ngx_string("pupil_password_hash"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_1MORE,
      ngx_http_pupil_set_password_hash,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_login_pace"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_http_pupil_set_login_pace,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_password_new"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_http_pupil_set_password_new,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_audit_durability"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_pupil_set_value,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_pupil_main_conf_t, audit.durable),
      (void *) &ngx_http_pupil_durability },

    { ngx_string("pupil_probe"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_pupil_set_value,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_pupil_main_conf_t, probe),
      (void *) &ngx_http_pupil_probe },

    { ngx_string("pupil_audit_group"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_pupil_set_value,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_pupil_main_conf_t, audit.group_size),
      (void *) &ngx_http_pupil_group },

    { ngx_string("pupil_audit_holes"),
      NGX_HTTP_PUPIL_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_pupil_set_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pupil_loc_conf_t, audit_holes),
      (void *) &ngx_http_pupil_audit_holes },

    { ngx_string("pupil_score_claims"),
      NGX_HTTP_PUPIL_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_pupil_set_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pupil_loc_conf_t, score_claims),
      (void *) &ngx_http_pupil_score_claims },

    { ngx_string("pupil_request_timeout"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_http_pupil_set_value,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_pupil_main_conf_t, timeout),
      (void *) &ngx_http_pupil_request_timeout },

    { ngx_string("pupil_unsent_answers"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE12,
      ngx_http_pupil_set_unsent,
      NGX_HTTP_MAIN_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_allowed_origin"),
      NGX_HTTP_PUPIL_ANYWHERE|NGX_CONF_1MORE,
      ngx_http_pupil_set_origin,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_access"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_pupil_set_access,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("pupil_behind_proxy"),
      NGX_HTTP_PUPIL_ANYWHERE|NGX_CONF_TAKE1,
      ngx_http_pupil_set_value,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_pupil_loc_conf_t, behind_proxy),
      (void *) &ngx_http_pupil_behind_proxy },

    NGX_HTTP_PUPIL_HANDLERS(NGX_HTTP_PUPIL_ENDPOINT_COMMAND)

    ngx_null_command
};


static ngx_http_module_t  ngx_http_pupil_module_ctx = {
    ngx_http_pupil_variables,              /* preconfiguration */
    ngx_http_pupil_postconfiguration,      /* postconfiguration */

    ngx_http_pupil_create_main_conf,       /* create main configuration */
    ngx_http_pupil_init_main_conf,         /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_pupil_create_loc_conf,        /* create location configuration */
    ngx_http_pupil_merge_loc_conf          /* merge location configuration */
};


ngx_module_t  ngx_http_pupil_module = {
    NGX_MODULE_V1,
    &ngx_http_pupil_module_ctx,            /* module context */
    ngx_http_pupil_commands,               /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    ngx_http_pupil_init_module,            /* init module */
    ngx_http_pupil_init_process,           /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_pupil_exit_process,           /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static void *
ngx_http_pupil_create_main_conf(ngx_conf_t *cf)
{
    ngx_uint_t                   i;
    ngx_http_pupil_main_conf_t  *pmcf;

    if (sodium_init() < 0) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "libsodium cannot start: it has no source of "
                           "random bytes");
        return NULL;
    }

    pmcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_pupil_main_conf_t));
    if (pmcf == NULL) {
        return NULL;
    }

    /*
     * set by ngx_pcalloc():
     *
     *     policy, pools, statements: none
     *     flags: 0
     */

    pmcf->vault.owners = NGX_CONF_UNSET_UINT;
    pmcf->vault.tenants = NGX_CONF_UNSET_UINT;
    pmcf->vault.lifetime = NGX_CONF_UNSET_MSEC;
    pmcf->audit.durable = NGX_CONF_UNSET_UINT;
    pmcf->audit.group_size = NGX_CONF_UNSET;
    pmcf->lag.unsealed = NGX_ERROR;
    pmcf->lag.unshipped = NGX_ERROR;
    pmcf->lag.synced = NGX_ERROR;
    pmcf->timeout = NGX_CONF_UNSET_MSEC;
    pmcf->unsent.session = NGX_CONF_UNSET_SIZE;
    pmcf->unsent.worker = NGX_CONF_UNSET_SIZE;
    pmcf->zone.valid = NGX_HTTP_PUPIL_ZONE_VALID;
    pmcf->probe = NGX_CONF_UNSET;
    pmcf->endpoints = ngx_http_pupil_endpoints;

    pmcf->conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_pupil_conf_t));

    if (pmcf->conf == NULL
        || ngx_array_init(&pmcf->conf->shapes, cf->pool, 64,
                          sizeof(pupil_statement_t *)) != NGX_OK
        || ngx_array_init(&pmcf->conf->locations, cf->pool, 8,
                          sizeof(pupil_location_t *)) != NGX_OK
        || ngx_array_init(&pmcf->conf->shared, cf->pool, 64,
                          sizeof(ngx_libpq_stmt_t *)) != NGX_OK
        || ngx_array_init(&pmcf->tenants.sought, cf->pool, 1,
                          sizeof(ngx_http_pupil_sought_t)) != NGX_OK)
    {
        return NULL;
    }

    for (i = 0; i < NGX_HTTP_PUPIL_ENDPOINT_COUNT; i++) {
        if (ngx_http_pupil_endpoints[i]->create == NULL) {
            continue;
        }

        pmcf->own[i] = ngx_http_pupil_endpoints[i]->create(cf);

        if (pmcf->own[i] == NULL) {
            return NULL;
        }
    }

    return pmcf;
}


static char *
ngx_http_pupil_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_pupil_main_conf_t *pmcf = conf;

    ngx_conf_init_uint_value(pmcf->vault.owners, NGX_HTTP_PUPIL_CACHE_OWNERS);
    ngx_conf_init_uint_value(pmcf->vault.tenants, PUPIL_KEYRING_TENANTS);
    ngx_conf_init_msec_value(pmcf->vault.lifetime,
                             NGX_HTTP_PUPIL_CACHE_LIFETIME);
    ngx_conf_init_uint_value(pmcf->audit.durable, PUPIL_DURABLE_ON);
    ngx_conf_init_value(pmcf->audit.group_size, NGX_HTTP_PUPIL_GROUP);
    ngx_conf_init_msec_value(pmcf->timeout, NGX_HTTP_PUPIL_DEADLINE);
    ngx_conf_init_size_value(pmcf->unsent.session,
                             NGX_HTTP_PUPIL_UNSENT_SESSION);
    ngx_conf_init_size_value(pmcf->unsent.worker,
                             NGX_HTTP_PUPIL_UNSENT_WORKER);
    ngx_conf_init_value(pmcf->probe, 0);

    if (pmcf->audit.durable != PUPIL_DURABLE_ON) {
        ngx_conf_log_error(NGX_LOG_WARN, cf, 0,
                           "pupil_audit_durability is relaxed: an access may "
                           "be answered whose record is lost in a crash");
    }

    if (pmcf->used && ngx_http_pupil_required(cf, pmcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    if (ngx_http_pupil_accepted(cf, pmcf) != NGX_OK) {
        return NGX_CONF_ERROR;
    }

    return NGX_CONF_OK;
}


/* What the handlers need, and what to write to have it. */
static ngx_int_t
ngx_http_pupil_required(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_uint_t     i, there[PUPIL_NEED_COUNT];
    pupil_error_t  error;

    there[PUPIL_NEED_DATABASE] = pmcf->conf->database;
    there[PUPIL_NEED_KEYSTORE] = pmcf->conf->keystore;
    there[PUPIL_NEED_MASTER_KEY] = pmcf->vault.master_key.len != 0;
    there[PUPIL_NEED_PLUGIN] = pmcf->policy.count != 0;
    there[PUPIL_NEED_PASSWORD_NEW] =
        !(pmcf->served & 1u << NGX_HTTP_PUPIL_ENDPOINT_PASSWORD)
        || ngx_http_pupil_login_conf(pmcf)->chosen.common.data != NULL;

    for (i = 0; i < PUPIL_NEED_COUNT; i++) {
        if (!there[i]) {
            (void) pupil_need_missing(i, &error);
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "%s", error.text);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Of all plugins, wherever the directive stands among them. */
static ngx_int_t
ngx_http_pupil_accepted(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_uint_t     i;
    pupil_str_t    accepted;
    pupil_error_t  error;

    accepted = pmcf->conf->accepted;

    for (i = 0; accepted.data != NULL && i < pmcf->policy.count; i++) {
        if (pupil_accepted_check(accepted, pmcf->policy.categories[i], &error)
            != PUPIL_OK)
        {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "pupil_accepted: %s",
                               error.text);
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_postconfiguration(ngx_conf_t *cf)
{
    ngx_uint_t                        i;
    ngx_http_pupil_main_conf_t       *pmcf;
    const ngx_http_pupil_endpoint_t  *endpoint;

    pmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_pupil_module);

    if (!pmcf->used) {
        return NGX_OK;
    }

    if (ngx_http_pupil_compose_fixed(cf, pmcf) != NGX_OK
        || ngx_http_pupil_check_init(cf, pmcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < NGX_HTTP_PUPIL_ENDPOINT_COUNT; i++) {
        endpoint = pmcf->endpoints[i];

        if ((pmcf->served & (1u << i)) && endpoint->init != NULL
            && endpoint->init(cf, pmcf) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_http_pupil_zone_listen(cf, pmcf) != NGX_OK
        || ngx_http_pupil_numbers_create(cf, &pmcf->audit.numbers) != NGX_OK
        || ngx_libpq_pool_finish(cf, pmcf->data) != NGX_CONF_OK
        || ngx_libpq_pool_finish(cf, pmcf->keystore) != NGX_CONF_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}
