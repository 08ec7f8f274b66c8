/*
 * Copyright (C) the Pupil authors
 *
 * What a session is set to before the statements of an exchange run: what it
 * forgets, the setting that the pool names, one snapshot.
 */

#include "pg/private.h"


static ngx_int_t ngx_libpq_conn_setting(ngx_libpq_conn_t *pc,
    ngx_libpq_exchange_t *ex);


/*
 * Makes the session what ex relies on.  This has a Sync and so a transaction
 * of its own: an error of ex, or of what follows, does not take it back.  When
 * it fails, the connection is dropped, with all that was sent behind it.
 */

ngx_int_t
ngx_libpq_conn_session(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex)
{
    if (pc->reset) {
        if (PQsendQueryParams(pc->conn, "DEALLOCATE ALL", 0, NULL, NULL, NULL,
                              NULL, 1)
            != 1)
        {
            return NGX_ERROR;
        }

        pc->reset = 0;
        ex->cmds[ex->ncmds++] = NGX_LIBPQ_CMD_RESET;
    }

    if (pc->pg->setting_stmt && ngx_libpq_conn_setting(pc, ex) != NGX_OK) {
        return NGX_ERROR;
    }

    if (PQpipelineSync(pc->conn) != 1) {
        return NGX_ERROR;
    }

    ex->cmds[ex->ncmds++] = NGX_LIBPQ_CMD_SESSION_SYNC;

    pc->setting = ex->setting;

    return NGX_OK;
}


static ngx_int_t
ngx_libpq_conn_setting(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex)
{
    int                lengths[3];
    const char        *values[3];
    ngx_libpq_stmt_t  *stmt;

    stmt = pc->pg->setting_stmt;

    if (ngx_libpq_conn_prepare(pc, ex, stmt, NGX_LIBPQ_CMD_SETTING_PREPARE)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_libpq_pool_nonce(pc, ex->nonce) != NGX_OK) {
        return NGX_ERROR;
    }

    values[0] = (const char *) ex->nonce;
    values[1] = (const char *) ex->setting.data;
    values[2] = ngx_libpq_isolation(&ex->setting);
    lengths[0] = sizeof(ex->nonce);
    lengths[1] = (int) ex->setting.len;
    lengths[2] = (int) ngx_strlen(values[2]);

    if (PQsendQueryPrepared(pc->conn, stmt->name, 3, values, lengths,
                            stmt->formats, 1)
        != 1)
    {
        return NGX_ERROR;
    }

    ex->cmds[ex->ncmds++] = NGX_LIBPQ_CMD_SETTING;

    ngx_log_debug4(NGX_LIBPQ_DEBUG, pc->pg->log, 0,
                   "libpq \"%V\": connection %ui: another %s, for exchange "
                   "%ui", &pc->pg->name, pc->number, pc->pg->setting_word,
                   ex->number);

    return NGX_OK;
}


/*
 * Of the transaction that begins with it, as nothing has taken a snapshot yet:
 * a Prepare would.
 */

ngx_int_t
ngx_libpq_conn_snapshot(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex)
{
    static const char  sql[] = "SET transaction_isolation = 'repeatable read'";

    if (PQsendQueryParams(pc->conn, sql, 0, NULL, NULL, NULL, NULL, 1) != 1) {
        return NGX_ERROR;
    }

    ex->cmds[ex->ncmds++] = NGX_LIBPQ_CMD_SNAPSHOT;

    return NGX_OK;
}
