/*
 * Copyright (C) the Pupil authors
 *
 * A module that does nothing but use ngx_libpq, for t/pg.t: locations run the
 * statements that the configuration gives, with what the request's arguments
 * say, and answer with what came back, as text.  It is linked with nothing
 * else of this repository.
 *
 *     libpq_database CONNINFO;           two pools: "set", whose exchanges say
 *                                        app.tenant, and "bare"
 *     libpq_connections, libpq_depth, libpq_queue N;
 *     libpq_listen CHANNEL;
 *     libpq_check SQL;                   one column, which is to be "ok"; $1 is
 *                                        that if there is one
 *
 *     libpq_query SQL [TYPE]...;         in a location; several: one exchange
 *     libpq_part;                        behind a query: it ends a part
 *     libpq_bare on;                     with the pool "bare"
 *     libpq_stats;                       the pool's counters
 */


#include "pg/probe.h"

#include "ngx_http_libpq_test.h"


#define NGX_HTTP_LIBPQ_TEST_TIME  2000    /* ms, of the check */


static ngx_int_t ngx_http_libpq_test_finish(ngx_conf_t *cf);
static void *ngx_http_libpq_test_create_main_conf(ngx_conf_t *cf);
static char *ngx_http_libpq_test_init_main_conf(ngx_conf_t *cf, void *conf);
static void *ngx_http_libpq_test_create_loc_conf(ngx_conf_t *cf);
static char *ngx_http_libpq_test_merge_loc_conf(ngx_conf_t *cf, void *parent,
    void *child);
static char *ngx_http_libpq_test_set_query(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_libpq_test_set_part(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static char *ngx_http_libpq_test_set_stats(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
static ngx_int_t ngx_http_libpq_test_init_process(ngx_cycle_t *cycle);
static void ngx_http_libpq_test_exit_process(ngx_cycle_t *cycle);


static ngx_command_t  ngx_http_libpq_test_commands[] = {

    { ngx_string("libpq_database"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_libpq_test_main_conf_t, conninfo),
      NULL },

    { ngx_string("libpq_connections"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_libpq_test_main_conf_t, connections),
      NULL },

    { ngx_string("libpq_depth"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_libpq_test_main_conf_t, depth),
      NULL },

    { ngx_string("libpq_queue"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_num_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_libpq_test_main_conf_t, queue),
      NULL },

    { ngx_string("libpq_listen"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_libpq_test_main_conf_t, channel),
      NULL },

    { ngx_string("libpq_check"),
      NGX_HTTP_MAIN_CONF|NGX_CONF_TAKE1,
      ngx_conf_set_str_slot,
      NGX_HTTP_MAIN_CONF_OFFSET,
      offsetof(ngx_http_libpq_test_main_conf_t, check),
      NULL },

    { ngx_string("libpq_query"),
      NGX_HTTP_LOC_CONF|NGX_CONF_1MORE,
      ngx_http_libpq_test_set_query,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("libpq_part"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_libpq_test_set_part,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

    { ngx_string("libpq_bare"),
      NGX_HTTP_LOC_CONF|NGX_CONF_FLAG,
      ngx_conf_set_flag_slot,
      NGX_HTTP_LOC_CONF_OFFSET,
      offsetof(ngx_http_libpq_test_loc_conf_t, bare),
      NULL },

    { ngx_string("libpq_stats"),
      NGX_HTTP_LOC_CONF|NGX_CONF_NOARGS,
      ngx_http_libpq_test_set_stats,
      NGX_HTTP_LOC_CONF_OFFSET,
      0,
      NULL },

      ngx_null_command
};


static ngx_http_module_t  ngx_http_libpq_test_module_ctx = {
    NULL,                                  /* preconfiguration */
    ngx_http_libpq_test_finish,            /* postconfiguration */

    ngx_http_libpq_test_create_main_conf,  /* create main configuration */
    ngx_http_libpq_test_init_main_conf,    /* init main configuration */

    NULL,                                  /* create server configuration */
    NULL,                                  /* merge server configuration */

    ngx_http_libpq_test_create_loc_conf,   /* create location configuration */
    ngx_http_libpq_test_merge_loc_conf     /* merge location configuration */
};


ngx_module_t  ngx_http_libpq_test_module = {
    NGX_MODULE_V1,
    &ngx_http_libpq_test_module_ctx,       /* module context */
    ngx_http_libpq_test_commands,          /* module directives */
    NGX_HTTP_MODULE,                       /* module type */
    NULL,                                  /* init master */
    NULL,                                  /* init module */
    ngx_http_libpq_test_init_process,      /* init process */
    NULL,                                  /* init thread */
    NULL,                                  /* exit thread */
    ngx_http_libpq_test_exit_process,      /* exit process */
    NULL,                                  /* exit master */
    NGX_MODULE_V1_PADDING
};


static const ngx_libpq_use_t  ngx_http_libpq_test_set = {
    .name         = "set",
    .log          = "libpq test: ",
    .application  = "libpq test",
    .session_sql  = "SET work_mem = 1234;",
    .setting      = "app.tenant",
    .row_security = 1,
    .one_snapshot = 1
};

static const ngx_libpq_use_t  ngx_http_libpq_test_bare = {
    .name         = "bare",
    .log          = ""
};


/* ---- notifications ---- */


static void
ngx_http_libpq_test_notify(ngx_libpq_listen_t *l, ngx_str_t *payload)
{
    ngx_http_libpq_test_main_conf_t  *mcf;

    mcf = l->data;
    mcf->notified++;
    ngx_cpystrn(mcf->payload, payload->data, sizeof(mcf->payload));
}


static void
ngx_http_libpq_test_heartbeat(ngx_libpq_listen_t *l, ngx_msec_t sent)
{
    ngx_http_libpq_test_main_conf_t  *mcf;

    mcf = l->data;
    mcf->heartbeats++;
}


static void
ngx_http_libpq_test_gap(ngx_libpq_listen_t *l)
{
    ngx_http_libpq_test_main_conf_t  *mcf;

    mcf = l->data;
    mcf->gaps++;
}


/* ---- configuration ---- */


static ngx_int_t
ngx_http_libpq_test_check(PGconn *conn, void *data, char *text)
{
    PGresult                         *res;
    ngx_int_t                         rc;
    ngx_uint_t                        n;
    ngx_http_libpq_test_main_conf_t  *mcf;

    static const char *const  params[] = { "ok" };

    mcf = data;

    ngx_http_libpq_test_linger();

    n = ngx_strchr(mcf->check.data, '$') ? 1 : 0;

    res = ngx_libpq_query(conn, (char *) mcf->check.data, n, params,
                          NGX_HTTP_LIBPQ_TEST_TIME, text);
    if (res == NULL) {
        return NGX_ERROR;
    }

    rc = NGX_OK;

    if (PQntuples(res) != 1 || ngx_strcmp(PQgetvalue(res, 0, 0), "ok") != 0) {
        (void) ngx_cpystrn((u_char *) text, (u_char *) "all is not well",
                           NGX_LIBPQ_ERROR_SIZE);
        rc = NGX_ERROR;
    }

    PQclear(res);

    return rc;
}


static ngx_libpq_pool_t *
ngx_http_libpq_test_pool(ngx_conf_t *cf, ngx_http_libpq_test_main_conf_t *mcf,
    const ngx_libpq_use_t *use)
{
    ngx_libpq_pool_t  *pg;

    pg = ngx_libpq_pool_create(cf, use);
    if (pg == NULL) {
        return NULL;
    }

    pg->connections = mcf->connections;
    pg->depth = mcf->depth;
    pg->queue_size = mcf->queue;

    if (mcf->check.len) {
        pg->check = ngx_http_libpq_test_check;
        pg->check_data = mcf;
    }

    if (ngx_libpq_pool_conninfo(cf, pg, &mcf->conninfo) != NGX_CONF_OK) {
        return NULL;
    }

    return pg;
}


static void *
ngx_http_libpq_test_create_main_conf(ngx_conf_t *cf)
{
    ngx_http_libpq_test_main_conf_t  *mcf;

    mcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_libpq_test_main_conf_t));
    if (mcf == NULL) {
        return NULL;
    }

    mcf->connections = NGX_CONF_UNSET;
    mcf->depth = NGX_CONF_UNSET;
    mcf->queue = NGX_CONF_UNSET;

    return mcf;
}


/* Before the locations, which register their statements, are merged. */

static char *
ngx_http_libpq_test_init_main_conf(ngx_conf_t *cf, void *conf)
{
    ngx_http_libpq_test_main_conf_t *mcf = conf;

    mcf->set = ngx_http_libpq_test_pool(cf, mcf, &ngx_http_libpq_test_set);
    mcf->bare = ngx_http_libpq_test_pool(cf, mcf, &ngx_http_libpq_test_bare);

    if (mcf->set == NULL || mcf->bare == NULL) {
        return NGX_CONF_ERROR;
    }

    if (mcf->channel.len) {
        mcf->listen = ngx_libpq_listen_create(cf, mcf->bare,
                                              (char *) mcf->channel.data);
        if (mcf->listen == NULL) {
            return NGX_CONF_ERROR;
        }

        mcf->listen->data = mcf;
        mcf->listen->notify = ngx_http_libpq_test_notify;
        mcf->listen->heartbeat = ngx_http_libpq_test_heartbeat;
        mcf->listen->gap = ngx_http_libpq_test_gap;
    }

    return NGX_CONF_OK;
}


static void *
ngx_http_libpq_test_create_loc_conf(ngx_conf_t *cf)
{
    ngx_http_libpq_test_loc_conf_t  *lcf;

    lcf = ngx_pcalloc(cf->pool, sizeof(ngx_http_libpq_test_loc_conf_t));
    if (lcf == NULL) {
        return NULL;
    }

    lcf->bare = NGX_CONF_UNSET;

    return lcf;
}


static char *
ngx_http_libpq_test_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child)
{
    ngx_http_libpq_test_loc_conf_t *lcf = child;

    ngx_uint_t                        i;
    ngx_http_libpq_test_query_t      *query;
    ngx_http_libpq_test_main_conf_t  *mcf;

    ngx_conf_init_value(lcf->bare, 0);

    if (lcf->queries == NULL) {
        return NGX_CONF_OK;
    }

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_libpq_test_module);
    query = lcf->queries->elts;

    for (i = 0; i < lcf->queries->nelts; i++) {
        query[i].stmt = ngx_libpq_stmt_add(cf, lcf->bare ? mcf->bare : mcf->set,
                                           (char *) query[i].sql.data,
                                           query[i].nparams, query[i].types);
        if (query[i].stmt == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    return NGX_CONF_OK;
}


/* All statements are registered. */

static ngx_int_t
ngx_http_libpq_test_finish(ngx_conf_t *cf)
{
    ngx_http_libpq_test_main_conf_t  *mcf;

    mcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_libpq_test_module);

    if (ngx_libpq_pool_finish(cf, mcf->set) != NGX_CONF_OK
        || ngx_libpq_pool_finish(cf, mcf->bare) != NGX_CONF_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


static char *
ngx_http_libpq_test_set_query(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_libpq_test_loc_conf_t *lcf = conf;

    ngx_str_t                         *value;
    ngx_uint_t                         i;
    ngx_http_core_loc_conf_t          *clcf;
    ngx_http_libpq_test_query_t       *query;
    const ngx_http_libpq_test_type_t  *type;

    if (lcf->queries == NULL) {
        lcf->queries = ngx_array_create(cf->pool, 1,
                                        sizeof(ngx_http_libpq_test_query_t));
        if (lcf->queries == NULL) {
            return NGX_CONF_ERROR;
        }
    }

    query = ngx_array_push(lcf->queries);
    if (query == NULL) {
        return NGX_CONF_ERROR;
    }

    value = cf->args->elts;

    query->sql = value[1];
    query->part = 0;
    query->types[0] = NGX_LIBPQ_INT8;
    query->nparams = cf->args->nelts - 1;

    for (i = 2; i < cf->args->nelts; i++) {
        type = ngx_http_libpq_test_type(&value[i], 0);
        if (type == NULL) {
            return "names an unknown type";
        }

        query->types[i - 1] = type->oid;
    }

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_libpq_test_handler;

    return NGX_CONF_OK;
}


static char *
ngx_http_libpq_test_set_part(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_libpq_test_loc_conf_t *lcf = conf;

    ngx_http_libpq_test_query_t  *query;

    if (lcf->queries == NULL) {
        return "follows no query";
    }

    query = lcf->queries->elts;
    query[lcf->queries->nelts - 1].part = 1;

    return NGX_CONF_OK;
}


static char *
ngx_http_libpq_test_set_stats(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);
    clcf->handler = ngx_http_libpq_test_stats;

    return NGX_CONF_OK;
}


static ngx_int_t
ngx_http_libpq_test_init_process(ngx_cycle_t *cycle)
{
    ngx_http_libpq_test_main_conf_t  *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle,
                                              ngx_http_libpq_test_module);
    ngx_libpq_probe_init(1);
    ngx_http_libpq_test_linger_init();

    if (ngx_libpq_pool_init_process(cycle, mcf->set) != NGX_OK
        || ngx_libpq_pool_init_process(cycle, mcf->bare) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return mcf->listen ? ngx_libpq_listen_init_process(cycle, mcf->listen)
                       : NGX_OK;
}


static void
ngx_http_libpq_test_exit_process(ngx_cycle_t *cycle)
{
    ngx_http_libpq_test_main_conf_t  *mcf;

    mcf = ngx_http_cycle_get_module_main_conf(cycle,
                                              ngx_http_libpq_test_module);
    if (mcf->listen) {
        ngx_libpq_listen_exit_process(cycle, mcf->listen);
    }

    ngx_libpq_pool_exit_process(cycle, mcf->set);
    ngx_libpq_pool_exit_process(cycle, mcf->bare);
}
