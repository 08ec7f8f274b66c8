/*
 * Copyright (C) the Pupil authors
 *
 * Configuration of a pool: its statements, its limits and its connection
 * string.
 */

#include "pg/private.h"


#define NGX_LIBPQ_MAX_CONNECTIONS  128
#define NGX_LIBPQ_MAX_DEPTH        1024


typedef struct {
    const char  *keyword;
    const char  *value;
} ngx_libpq_option_t;


static ngx_int_t ngx_libpq_setting_init(ngx_conf_t *cf, ngx_libpq_pool_t *pg);
static const char *ngx_libpq_option(ngx_libpq_pool_t *pg, const char *keyword);
static ngx_int_t ngx_libpq_option_default(ngx_conf_t *cf, ngx_libpq_pool_t *pg,
    const char *keyword, const char *value);
static ngx_int_t ngx_libpq_option_set(ngx_conf_t *cf, ngx_libpq_pool_t *pg,
    const char *keyword, const char *value);
static ngx_uint_t ngx_libpq_local(const char *hosts);
static ngx_int_t ngx_libpq_third(const ngx_libpq_pool_t *pg, ngx_int_t others);
static ngx_int_t ngx_libpq_limits_check(ngx_conf_t *cf, ngx_libpq_pool_t *pg);
static ngx_int_t ngx_libpq_conninfo_finish(ngx_conf_t *cf,
    ngx_libpq_pool_t *pg);


static const Oid  ngx_libpq_setting_types[] = {
    NGX_LIBPQ_INT8, NGX_LIBPQ_TEXT, NGX_LIBPQ_TEXT
};


/* Defaults; what the operator's connection string says goes first. */
static const ngx_libpq_option_t  ngx_libpq_defaults[] = {
    { "target_session_attrs", "read-write" },
    { "keepalives_idle",      "30" },
    { "keepalives_interval",  "5" },
    { "keepalives_count",     "3" },
    { NULL, NULL }
};

/* Not the operator's to choose: what the event loop cannot follow. */
static const ngx_libpq_option_t  ngx_libpq_forced[] = {
    { "gssencmode",      "disable" },
    { "client_encoding", "UTF8" },
    { NULL, NULL }
};


ngx_libpq_pool_t *
ngx_libpq_pool_create(ngx_conf_t *cf, const ngx_libpq_use_t *use)
{
    ngx_libpq_pool_t  *pg;

    pg = ngx_pcalloc(cf->pool, sizeof(ngx_libpq_pool_t));
    if (pg == NULL) {
        return NULL;
    }

    pg->use = use;
    pg->name.data = (u_char *) use->name;
    pg->name.len = ngx_strlen(use->name);
    pg->connections = NGX_CONF_UNSET;
    pg->writers = NGX_CONF_UNSET;
    pg->waiters = NGX_CONF_UNSET;
    pg->share = NGX_CONF_UNSET;
    pg->depth = NGX_CONF_UNSET;
    pg->queue_size = NGX_CONF_UNSET;
    pg->statement_timeout = NGX_CONF_UNSET_MSEC;
    pg->connect_timeout = NGX_CONF_UNSET_MSEC;
    pg->queue_timeout = NGX_CONF_UNSET_MSEC;

    if (ngx_array_init(&pg->keywords, cf->pool, 16, sizeof(char *)) != NGX_OK
        || ngx_array_init(&pg->values, cf->pool, 16, sizeof(char *)) != NGX_OK
        || ngx_array_init(&pg->stmts, cf->pool, 64,
                          sizeof(ngx_libpq_stmt_t *))
           != NGX_OK)
    {
        return NULL;
    }

    if (ngx_libpq_setting_init(cf, pg) != NGX_OK) {
        return NULL;
    }

    /* name NULL: "default", which nginx makes by itself if nobody names it */

    pg->thread_pool = ngx_thread_pool_add(cf, NULL);
    if (pg->thread_pool == NULL) {
        return NULL;
    }

    return pg;
}


static ngx_int_t
ngx_libpq_setting_name(ngx_conf_t *cf, const char *name)
{
    size_t  len;

    static const char  allowed[] =
        "abcdefghijklmnopqrstuvwxyz0123456789_.";

    len = ngx_strlen(name);

    if (len == 0 || len > 63 || strspn(name, allowed) != len) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "\"%s\" is no name of a session setting", name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_libpq_setting_init(ngx_conf_t *cf, ngx_libpq_pool_t *pg)
{
    char         sql[512];
    u_char      *p;
    const char  *name, *more, *dot;

    name = pg->use->setting;
    more = pg->use->setting_more;

    if (name == NULL) {
        pg->setting_word = "session";
        return NGX_OK;
    }

    if (ngx_libpq_setting_name(cf, name) != NGX_OK
        || (more != NULL && ngx_libpq_setting_name(cf, more) != NGX_OK))
    {
        return NGX_ERROR;
    }

    /* logs speak of the role, not of app.role */

    dot = strrchr(name, '.');
    pg->setting_word = dot ? dot + 1 : name;

    if (more == NULL) {
        p = ngx_snprintf((u_char *) sql, sizeof(sql),
                         "SELECT $1::int8, "
                         "pg_catalog.set_config('%s', $2, false)", name);

    } else {
        p = ngx_snprintf((u_char *) sql, sizeof(sql),
                         "SELECT $1::int8, pg_catalog.concat_ws(' ', "
                         "pg_catalog.set_config('%s', "
                         "pg_catalog.split_part($2, ' ', 1), false), "
                         "pg_catalog.set_config('%s', "
                         "pg_catalog.split_part($2, ' ', 2), false))",
                         name, more);
    }

    /* $3: of the transactions that follow, as this one has begun */

    (void) ngx_slprintf(p, (u_char *) sql + sizeof(sql),
                        ", pg_catalog.set_config("
                        "'default_transaction_isolation', $3, false)%Z");

    pg->setting_stmt = ngx_libpq_stmt_add(cf, pg, sql, 3,
                                          ngx_libpq_setting_types);
    if (pg->setting_stmt == NULL) {
        return NGX_ERROR;
    }

    pg->setting_stmt->columns = 3;

    return NGX_OK;
}


ngx_libpq_stmt_t *
ngx_libpq_stmt_add(ngx_conf_t *cf, ngx_libpq_pool_t *pg, const char *sql,
    ngx_uint_t nparams, const Oid *types)
{
    ngx_uint_t         i;
    ngx_libpq_stmt_t  *stmt, **place;

    if (nparams < 1 || nparams > NGX_LIBPQ_MAX_PARAMS
        || types[0] != NGX_LIBPQ_INT8)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "a statement of \"%V\" has %ui parameters, of "
                           "which the first must be the nonce, an int8: %s",
                           &pg->name, nparams, sql);
        return NULL;
    }

    stmt = ngx_pcalloc(cf->pool, sizeof(ngx_libpq_stmt_t));
    if (stmt == NULL) {
        return NULL;
    }

    stmt->sql.len = ngx_strlen(sql);
    stmt->sql.data = ngx_pnalloc(cf->pool, stmt->sql.len + 1);
    stmt->types = ngx_palloc(cf->pool, nparams * sizeof(Oid));
    stmt->formats = ngx_palloc(cf->pool, nparams * sizeof(int));

    if (stmt->sql.data == NULL || stmt->types == NULL || stmt->formats == NULL)
    {
        return NULL;
    }

    ngx_memcpy(stmt->sql.data, sql, stmt->sql.len + 1);

    for (i = 0; i < nparams; i++) {
        stmt->types[i] = types[i];
        stmt->formats[i] = 1;
    }

    stmt->nparams = nparams;
    stmt->index = pg->stmts.nelts;
    (void) ngx_snprintf((u_char *) stmt->name, sizeof(stmt->name), "p%ui%Z",
                        stmt->index);
    stmt->title = stmt->name;

    place = ngx_array_push(&pg->stmts);
    if (place == NULL) {
        return NULL;
    }

    *place = stmt;

    return stmt;
}


char *
ngx_libpq_pool_finish(ngx_conf_t *cf, ngx_libpq_pool_t *pg)
{
    char  **k, **v;

    ngx_conf_init_value(pg->connections, 4);
    ngx_conf_init_value(pg->writers, ngx_libpq_third(pg, pg->waiters));
    ngx_conf_init_value(pg->waiters, ngx_libpq_third(pg, pg->writers));
    ngx_conf_init_value(pg->share, 50);
    ngx_conf_init_value(pg->depth, 8);
    ngx_conf_init_value(pg->queue_size, 256);
    ngx_conf_init_msec_value(pg->statement_timeout, 5000);
    ngx_conf_init_msec_value(pg->connect_timeout, 5000);
    ngx_conf_init_msec_value(pg->queue_timeout, 2000);

    if (ngx_libpq_limits_check(cf, pg) != NGX_OK
        || ngx_libpq_conninfo_finish(cf, pg) != NGX_OK)
    {
        return NGX_CONF_ERROR;
    }

    k = ngx_array_push(&pg->keywords);
    v = ngx_array_push(&pg->values);

    if (k == NULL || v == NULL) {
        return NGX_CONF_ERROR;
    }

    *k = NULL;
    *v = NULL;

    return NGX_CONF_OK;
}


/* For a kind that was given none: one is left for reads, whatever others is. */

static ngx_int_t
ngx_libpq_third(const ngx_libpq_pool_t *pg, ngx_int_t others)
{
    ngx_int_t  left;

    left = pg->connections - 1 - ngx_max(others, 0);

    return ngx_max(ngx_min(pg->connections / 3, left), 0);
}


static ngx_int_t
ngx_libpq_limits_check(ngx_conf_t *cf, ngx_libpq_pool_t *pg)
{
    if (pg->connections < 1 || pg->connections > NGX_LIBPQ_MAX_CONNECTIONS
        || pg->depth < 1 || pg->depth > NGX_LIBPQ_MAX_DEPTH
        || pg->queue_size < 0)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "database \"%V\": connections must be 1 to %d, "
                           "depth 1 to %d, and the queue not negative",
                           &pg->name, NGX_LIBPQ_MAX_CONNECTIONS,
                           NGX_LIBPQ_MAX_DEPTH);
        return NGX_ERROR;
    }

    if (pg->writers < 0 || pg->waiters < 0
        || pg->writers + pg->waiters >= pg->connections)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "database \"%V\": of %i connections, %i are for "
                           "writes and %i for what waits for locks: leave at "
                           "least one for reads", &pg->name, pg->connections,
                           pg->writers, pg->waiters);
        return NGX_ERROR;
    }

    if (pg->share < 1 || pg->share > 100) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "database \"%V\": a share is 1 to 100 percent",
                           &pg->name);
        return NGX_ERROR;
    }

    if (pg->statement_timeout < 10 || pg->connect_timeout < 10
        || pg->queue_timeout < 10)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "database \"%V\": time limits must be at least "
                           "10 ms", &pg->name);
        return NGX_ERROR;
    }

    return NGX_OK;
}


char *
ngx_libpq_pool_conninfo(ngx_conf_t *cf, ngx_libpq_pool_t *pg,
    ngx_str_t *conninfo)
{
    char              *text, *error;
    PQconninfoOption  *options, *o;

    text = ngx_pnalloc(cf->pool, conninfo->len + 1);
    if (text == NULL) {
        return NGX_CONF_ERROR;
    }

    (void) ngx_cpystrn((u_char *) text, conninfo->data, conninfo->len + 1);

    error = NULL;
    options = PQconninfoParse(text, &error);
    ngx_explicit_memzero(text, conninfo->len);

    if (options == NULL) {

        /* libpq quotes what it cannot read, which may be the password */

        PQfreemem(error);

        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "the connection string of \"%V\" is not one that "
                           "libpq understands: write \"host=... dbname=... "
                           "user=...\" or a postgresql:// URI, and quote "
                           "values that hold spaces", &pg->name);
        return NGX_CONF_ERROR;
    }

    for (o = options; o->keyword; o++) {
        if (o->val
            && ngx_libpq_option_set(cf, pg, o->keyword, o->val) != NGX_OK)
        {
            PQconninfoFree(options);
            return NGX_CONF_ERROR;
        }
    }

    PQconninfoFree(options);

    return NGX_CONF_OK;
}


static const char *
ngx_libpq_option(ngx_libpq_pool_t *pg, const char *keyword)
{
    char       **keywords, **values;
    ngx_uint_t   i;

    keywords = pg->keywords.elts;
    values = pg->values.elts;

    for (i = 0; i < pg->keywords.nelts; i++) {
        if (keywords[i] && ngx_strcmp(keywords[i], keyword) == 0) {
            return values[i];
        }
    }

    return NULL;
}


static ngx_int_t
ngx_libpq_option_set(ngx_conf_t *cf, ngx_libpq_pool_t *pg, const char *keyword,
    const char *value)
{
    char       **k, **v, *copy;
    size_t       len;
    ngx_uint_t   i;

    len = ngx_strlen(value) + 1;

    copy = ngx_pnalloc(cf->pool, len);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(copy, value, len);

    k = pg->keywords.elts;
    v = pg->values.elts;

    for (i = 0; i < pg->keywords.nelts; i++) {
        if (ngx_strcmp(k[i], keyword) == 0) {
            v[i] = copy;
            return NGX_OK;
        }
    }

    len = ngx_strlen(keyword) + 1;

    k = ngx_array_push(&pg->keywords);
    v = ngx_array_push(&pg->values);

    if (k == NULL || v == NULL) {
        return NGX_ERROR;
    }

    *v = copy;
    *k = ngx_pnalloc(cf->pool, len);
    if (*k == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(*k, keyword, len);

    return NGX_OK;
}


/* Whether no host of the list is reached over a network. */

static ngx_uint_t
ngx_libpq_local(const char *hosts)
{
    size_t       len;
    ngx_uint_t   i;
    const char  *p;

    static const ngx_str_t  local[] = {
        ngx_string("localhost"),
        ngx_string("127.0.0.1"),
        ngx_string("::1"),
        ngx_null_string
    };

    for (p = hosts; p; p = p[len] ? p + len + 1 : NULL) {
        len = strcspn(p, ",");

        if (len == 0 || *p == '/' || *p == '@') {
            continue;
        }

        for (i = 0; local[i].len; i++) {
            if (local[i].len == len
                && ngx_strncmp(p, local[i].data, len) == 0)
            {
                break;
            }
        }

        if (local[i].len == 0) {
            return 0;
        }
    }

    return 1;
}


static ngx_int_t
ngx_libpq_option_default(ngx_conf_t *cf, ngx_libpq_pool_t *pg,
    const char *keyword, const char *value)
{
    if (ngx_libpq_option(pg, keyword) != NULL) {
        return NGX_OK;
    }

    return ngx_libpq_option_set(cf, pg, keyword, value);
}


static ngx_int_t
ngx_libpq_conninfo_finish(ngx_conf_t *cf, ngx_libpq_pool_t *pg)
{
    char                       connect[NGX_INT_T_LEN + 1];
    char                       user[NGX_INT_T_LEN + 1];
    const ngx_libpq_option_t  *o;

    for (o = ngx_libpq_defaults; o->keyword; o++) {
        if (ngx_libpq_option_default(cf, pg, o->keyword, o->value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    for (o = ngx_libpq_forced; o->keyword; o++) {
        if (ngx_libpq_option_set(cf, pg, o->keyword, o->value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (pg->use->application
        && ngx_libpq_option_default(cf, pg, "application_name",
                                    pg->use->application)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* who says nothing about TLS gets all of it on a network */

    if (!(ngx_libpq_local(ngx_libpq_option(pg, "host"))
          && ngx_libpq_local(ngx_libpq_option(pg, "hostaddr")))
        && ngx_libpq_option_default(cf, pg, "sslmode", "verify-full")
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    (void) ngx_sprintf((u_char *) connect, "%M%Z",
                       (pg->connect_timeout + 999) / 1000);
    (void) ngx_sprintf((u_char *) user, "%M%Z",
                       pg->statement_timeout + NGX_LIBPQ_MARGIN);

    if (ngx_libpq_option_default(cf, pg, "connect_timeout", connect) != NGX_OK
        || ngx_libpq_option_default(cf, pg, "tcp_user_timeout", user)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}
