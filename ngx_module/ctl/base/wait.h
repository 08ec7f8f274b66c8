/*
 * Copyright (C) the Pupil authors
 *
 * All that pupilctl waits for of a database, once it is connected: for a while,
 * and then it is said for whom.  A lock that somebody holds is waited for as
 * long as PostgreSQL does; a database that is there and does not answer, as a
 * server that was stopped, or a network that swallows what is sent, for as long
 * as this says, and then its connection is lost.
 */

#ifndef PUPIL_CTL_WAIT_H
#define PUPIL_CTL_WAIT_H

#include "ctl/base/ctl.h"


/*
 * Those who are waited for, or hold something, in words; NULL: nobody was
 * seen.
 */
typedef struct {
    char    text[256];
    int     seen;
} ctl_holder_t;


/*
 * Of a connection that was just made: from here on none of its statements waits
 * for ever.  0 or -1, said.
 */
int ctl_wait_bound(PGconn *conn);

/* Whether a statement may be at work for long, as one of a whole tenant. */
void ctl_wait_long(int may);

/*
 * Runs one statement, as PQexec() and PQexecParams() do: of COPY it leaves the
 * rows.  holder: who was in its way last.
 */
PGresult *ctl_wait(PGconn *conn, const char *sql, int count,
    const char *const *params, ctl_holder_t *holder);

/* The same of parameters in binary form. */
PGresult *ctl_wait_binary(PGconn *conn, const char *sql, int count,
    const char *const *params, const int *lengths, ctl_holder_t *holder);

/* As PQprepare(). */
PGresult *ctl_wait_prepare(PGconn *conn, const char *name, const char *sql,
    int count, const uint32_t *oids);

/* As PQgetCopyData(), and PQgetResult() behind the last of it. */
int ctl_wait_row(PGconn *conn, char **row);
PGresult *ctl_wait_over(PGconn *conn);

/* Also of a transaction with rows under way that nobody wants any more. */
void ctl_wait_rollback(PGconn *conn);

/* Whether a database did not answer, until connections are made anew. */
int ctl_wait_lost(void);
void ctl_wait_anew(void);

/*
 * Who holds an advisory lock, by the condition on pg_locks AS l that is told,
 * if that is nobody who may run pupilctl.  1, 0 or -1, said.
 */
int ctl_wait_stranger(PGconn *conn, const char *lock, int count,
    const char *const *params, ctl_holder_t *holder);

#endif /* PUPIL_CTL_WAIT_H */
