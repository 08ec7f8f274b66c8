/*
 * Copyright (C) the Pupil authors
 *
 * The two databases, synchronously: pupilctl is no event loop.
 */

#ifndef PUPIL_CTL_DB_H
#define PUPIL_CTL_DB_H

#include <stdio.h>

#include "ctl/base/ctl.h"
#include "ctl/base/wait.h"


/* what: "data database" or "key store".  NULL with the error said. */
PGconn *ctl_connect(const char *conninfo, const char *what);

/*
 * One statement; without parameters it may be several.  NULL with the error
 * said: never more than SQLSTATE and primary message, as its detail can hold
 * values (I14).
 */
PGresult *ctl_query(PGconn *conn, const char *sql, int count,
    const char *const *params);

/*
 * Says what went wrong with a statement.  holder: who was in its way; NULL: not
 * known.  -1.
 */
int ctl_query_error(const PGconn *conn, const PGresult *res,
    const ctl_holder_t *holder);

/* A statement failed, as a lock was not to be had in time. */
int ctl_locked(const PGresult *res);

/* The same of what has one row: none, or another, is said, too. */
PGresult *ctl_query_one(PGconn *conn, const char *sql, int count,
    const char *const *params);

/*
 * ctl_query() and ctl_query_one() in a transaction of its own, of ctl's tenant,
 * which changes nothing.
 */
PGresult *ctl_ask(ctl_t *ctl, PGconn *conn, const char *sql, int count,
    const char *const *params);
PGresult *ctl_ask_one(ctl_t *ctl, PGconn *conn, const char *sql, int count,
    const char *const *params);

/*
 * In a transaction of its own: the text of what has one column and a row at
 * most, in ctl's pool; NULL where there is none, or it is NULL.  0 or -1.
 */
int ctl_query_text(ctl_t *ctl, PGconn *conn, const char *sql, int count,
    const char *const *params, const char **text);

/* The same as a query for what returns nothing of interest: 0 or -1. */
int ctl_exec(PGconn *conn, const char *sql, int count,
    const char *const *params);

/*
 * Writes the only column of all that a cursor has, a line each: 0 or -1.
 * fetch: how many at once.  Adds to count; what the file says is its owner's
 * to ask.
 */
int ctl_fetch_lines(PGconn *conn, const char *fetch, FILE *file,
    uint64_t *count);

/* ctl_exec() in a transaction of its own, of ctl's tenant: 0 or -1. */
int ctl_write(ctl_t *ctl, PGconn *conn, const char *sql, int count,
    const char *const *params);

/*
 * tenant: whose rows the transaction sees; NULL: nobody's.  The data database's
 * transactions have ctl->written count.
 */
int ctl_begin(PGconn *conn, const pupil_uuid_t *tenant);

/*
 * The same, and all of its statements see one state: that of their first, or of
 * another connection's transaction, whose snapshot it is, for as long as that
 * lasts.
 */
#define CTL_SNAPSHOT_SIZE  64

int ctl_begin_still(PGconn *conn, const pupil_uuid_t *tenant,
    const char *snapshot);
int ctl_snapshot(PGconn *conn, char snapshot[CTL_SNAPSHOT_SIZE]);

int ctl_commit(PGconn *conn);
void ctl_rollback(PGconn *conn);

/*
 * 0 or -1, with *out undefined.  NULL and the zero UUID, the institution of
 * tenant roles, give all zero.
 */
__attribute__((warn_unused_result))
int ctl_get_uuid(const PGresult *res, int row, int col, pupil_uuid_t *out);

/* Of a bytea of at most size bytes; *len is 0 for NULL.  0 or -1. */
int ctl_get_bytes(const PGresult *res, int row, int col, uint8_t *out,
    size_t size, size_t *len);

/* Ownership: the result's. */
pupil_str_t ctl_get_str(const PGresult *res, int row, int col);

/* none: what NULL gives. */
int32_t ctl_get_int(const PGresult *res, int row, int col, int32_t none);

/*
 * The newest migration applied, 0 for none, -1 with the error said.
 * *compatible: the oldest program that may use it.
 */
int ctl_schema_version(PGconn *conn, int *compatible);

/*
 * Acts as this role from here on: a superuser or a member steps down, so that
 * row security binds it.
 */
int ctl_become(PGconn *conn, const char *role);

/*
 * Connects as the operator to what --database and --keystore say, and checks
 * the schema; once is enough.
 */
int ctl_open_data(ctl_t *ctl);
int ctl_open_keys(ctl_t *ctl);

/* Neither connection is lost. */
int ctl_connected(const ctl_t *ctl);

/* Another connection to the data database, which the caller finishes. */
int ctl_open_beside(ctl_t *ctl, PGconn **conn);

/* Reads --tenant, or takes the only tenant that there is. */
int ctl_open_tenant(ctl_t *ctl);

#endif /* PUPIL_CTL_DB_H */
