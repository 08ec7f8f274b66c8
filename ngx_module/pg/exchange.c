/*
 * Copyright (C) the Pupil authors
 *
 * The life of an exchange from create() to its last byte, but for the way to
 * the server and back, which is that of pool.c, conn.c and result.c.
 */

#include "pg/private.h"


#define NGX_LIBPQ_POOL_SIZE  2048

/* The class of what a pooler says of a server that it has lost. */
#define NGX_LIBPQ_LOST  "08"


static ngx_int_t ngx_libpq_exec_init(ngx_libpq_exchange_t *ex,
    const ngx_libpq_stmt_t *stmt);
static void ngx_libpq_exchange_whole(ngx_libpq_exchange_t *ex);


/* What follows says what the pool's setting is. */
static const char  ngx_libpq_no_setting[] = "it has no ";


ngx_libpq_exchange_t *
ngx_libpq_exchange_create(ngx_libpq_pool_t *pg, ngx_libpq_handler_pt handler,
    void *data)
{
    ngx_pool_t            *pool;
    ngx_libpq_exchange_t  *ex;

    /* not the request's, which the exchange may outlive */

    pool = ngx_create_pool(NGX_LIBPQ_POOL_SIZE, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    ex = ngx_pcalloc(pool, sizeof(ngx_libpq_exchange_t));
    if (ex == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    ex->pool = pool;
    ex->pg = pg;
    ex->number = ++pg->exchanges;
    ex->handler = handler;
    ex->data = data;

    ex->results = ngx_pcalloc(pool, NGX_LIBPQ_MAX_STMTS * sizeof(PGresult *));

    ex->execs = ngx_palloc(pool, NGX_LIBPQ_MAX_STMTS
                                 * sizeof(ngx_libpq_exec_t));

    if (ex->results == NULL || ex->execs == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    ngx_log_debug2(NGX_LIBPQ_DEBUG, pool->log, 0,
                   "libpq \"%V\": exchange %ui created", &pg->name,
                   ex->number);

    return ex;
}


static ngx_int_t
ngx_libpq_exec_init(ngx_libpq_exchange_t *ex, const ngx_libpq_stmt_t *stmt)
{
    ngx_libpq_exec_t  *exec;

    exec = &ex->execs[ex->nresults];

    exec->stmt = stmt;
    exec->n = 1;
    exec->ends = 0;
    exec->values = ngx_pcalloc(ex->pool, stmt->nparams * sizeof(char *));
    exec->lengths = ngx_pcalloc(ex->pool, stmt->nparams * sizeof(int));

    if (exec->values == NULL || exec->lengths == NULL) {
        ex->nomem = 1;
        return NGX_ERROR;
    }

    exec->values[0] = (const char *) exec->nonce;
    exec->lengths[0] = sizeof(exec->nonce);

    return NGX_OK;
}


void
ngx_libpq_exchange_setting(ngx_libpq_exchange_t *ex, const void *value,
    size_t len)
{
    if (ex->pg->setting_stmt == NULL) {
        ngx_libpq_exchange_fault(ex, "its pool names no session setting");
        return;
    }

    if (ex->setting.len) {
        ngx_libpq_exchange_fault(ex, "its session setting is said twice");
        return;
    }

    if (ex->nresults) {
        ngx_libpq_exchange_fault(ex, "its session setting comes behind a "
                                     "statement");
        return;
    }

    if (len == 0 || len > NGX_LIBPQ_SETTING_MAX) {
        ngx_libpq_exchange_fault(ex, "its session setting is empty or too "
                                     "long");
        return;
    }

    ngx_memcpy(ex->setting.data, value, len);
    ex->setting.len = len;
}


void
ngx_libpq_exchange_key(ngx_libpq_exchange_t *ex, const void *key, size_t len)
{
    if (len == 0 || len > NGX_LIBPQ_KEY_MAX) {
        ngx_libpq_exchange_fault(ex, "its key is empty or too long");
        return;
    }

    ex->key = ngx_pnalloc(ex->pool, len);
    if (ex->key == NULL) {
        ex->nomem = 1;
        return;
    }

    ngx_memcpy(ex->key, key, len);
    ex->key_len = len;
}


ngx_uint_t
ngx_libpq_exchange_add(ngx_libpq_exchange_t *ex, const ngx_libpq_stmt_t *stmt)
{
    ngx_libpq_exec_t  *last;

    if (ex->status != NGX_LIBPQ_BUILDING) {
        ngx_libpq_exchange_fault(ex, "it was submitted before");
        return 0;
    }

    if (ex->nresults == NGX_LIBPQ_MAX_STMTS) {
        ngx_libpq_exchange_fault(ex, "it has too many statements");
        return 0;
    }

    if (ex->nresults) {
        last = &ex->execs[ex->nresults - 1];

        if (last->n != last->stmt->nparams) {
            ngx_libpq_exchange_fault(ex, "parameters of a statement are "
                                         "missing");
        }
    }

    if (ngx_libpq_exec_init(ex, stmt) != NGX_OK) {
        return 0;
    }

    return ex->nresults++;
}


void
ngx_libpq_exchange_part(ngx_libpq_exchange_t *ex)
{
    if (ex->status != NGX_LIBPQ_BUILDING) {
        ngx_libpq_exchange_fault(ex, "it was submitted before");
        return;
    }

    if (ex->nresults == 0) {
        ngx_libpq_exchange_fault(ex, "a part of it is empty");
        return;
    }

    ex->execs[ex->nresults - 1].ends = 1;
}


ngx_int_t
ngx_libpq_exchange_check(ngx_libpq_exchange_t *ex)
{
    const char  *word;

    if (ex->nomem) {
        return NGX_ERROR;
    }

    ngx_libpq_exchange_whole(ex);

    if (ex->fault == NULL) {
        return NGX_OK;
    }

    word = (ex->fault == ngx_libpq_no_setting) ? ex->pg->setting_word : "";

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                  "%sexchange on \"%V\" refused: %s%s; last statement is %s",
                  ex->pg->use->log, &ex->pg->name, ex->fault, word,
                  ex->nresults ? ex->execs[ex->nresults - 1].stmt->name
                               : "none");

    return NGX_ERROR;
}


void
ngx_libpq_exchange_fault(ngx_libpq_exchange_t *ex, const char *fault)
{
    if (ex->fault == NULL) {
        ex->fault = fault;
    }
}


/* What only the end of building shows. */

static void
ngx_libpq_exchange_whole(ngx_libpq_exchange_t *ex)
{
    const ngx_libpq_exec_t  *last;

    if (ex->status != NGX_LIBPQ_BUILDING) {
        ngx_libpq_exchange_fault(ex, "it was submitted before");
        return;
    }

    if (ex->nresults == 0) {
        ngx_libpq_exchange_fault(ex, "it has no statement");
        return;
    }

    if (ex->pg->setting_stmt && ex->setting.len == 0) {
        ngx_libpq_exchange_fault(ex, ngx_libpq_no_setting);
    }

    last = &ex->execs[ex->nresults - 1];

    if (last->n != last->stmt->nparams) {
        ngx_libpq_exchange_fault(ex, "parameters of the last statement are "
                                     "missing");
    }
}


void
ngx_libpq_exchange_destroy(ngx_libpq_exchange_t *ex)
{
    ex->handler = NULL;

    if (ex->status != NGX_LIBPQ_PENDING) {
        ngx_libpq_exchange_free(ex);
        return;
    }

    ngx_log_debug3(NGX_LIBPQ_DEBUG, ex->pool->log, 0,
                   "libpq \"%V\": exchange %ui detached, %s", &ex->pg->name,
                   ex->number, ex->in_queue ? "queued" : "sent");

    if (ex->in_queue && !ex->writes) {
        ngx_libpq_queue_remove(ex);
        ngx_libpq_line_leave(ex);
        ngx_libpq_queue_pump(ex->pg);
        ngx_libpq_exchange_free(ex);
    }

    /* else nobody hears the end of it, and the layer frees it then */
}


void
ngx_libpq_exchange_hand(ngx_libpq_exchange_t *ex, ngx_libpq_handler_pt handler,
    void *data)
{
    ex->handler = handler;
    ex->data = data;
}


ngx_uint_t
ngx_libpq_exchange_in_doubt(const ngx_libpq_exchange_t *ex)
{
    return ex->status == NGX_LIBPQ_UNAVAILABLE && ex->sent_at != 0
           && (ex->sqlstate[0] == '\0'
               || ngx_strncmp(ex->sqlstate, NGX_LIBPQ_LOST, 2) == 0);
}


void
ngx_libpq_exchange_clear(ngx_libpq_exchange_t *ex, ngx_uint_t from)
{
    ngx_uint_t  i;

    for (i = from; i < ex->nresults; i++) {
        PQclear(ex->results[i]);
        ex->results[i] = NULL;
    }
}


void
ngx_libpq_exchange_free(ngx_libpq_exchange_t *ex)
{
    ngx_uint_t         i, k;
    ngx_libpq_exec_t  *exec;

    ngx_libpq_exchange_clear(ex, 0);

    /* parameters may be secrets */

    for (i = 0; i < ex->nresults; i++) {
        exec = &ex->execs[i];

        for (k = 1; k < exec->n; k++) {
            if (exec->values[k]) {
                ngx_explicit_memzero((void *) exec->values[k],
                                     (size_t) exec->lengths[k]);
            }
        }
    }

    ngx_destroy_pool(ex->pool);
}
