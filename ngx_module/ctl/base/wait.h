/*
 * Copyright (C) the Pupil authors
 *
 * Statements that wait for a lock: for a while, and then it is said for whose.
 */

#ifndef PUPIL_CTL_WAIT_H
#define PUPIL_CTL_WAIT_H

#include "ctl/base/ctl.h"


/* Of pg_locks AS l: the lock of whoever seals. */
#define CTL_SEAL_LOCK                                                         \
    "(l.classid::bigint << 32) | l.objid::bigint ="                           \
    " hashtextextended('pupil.seal', 0) AND l.objsubid = 1"


/*
 * Those who are waited for, or hold something, in words; NULL: nobody was
 * seen.
 */
typedef struct {
    char    text[256];
    int     seen;
} ctl_holder_t;


/* From here on no statement waits for ever.  0 or -1, said. */
int ctl_wait_bound(PGconn *conn);

/*
 * Runs one statement, as PQexec() and PQexecParams() do: of COPY it leaves the
 * rows.  holder: who was in its way last.
 */
PGresult *ctl_wait(PGconn *conn, const char *sql, int count,
    const char *const *params, ctl_holder_t *holder);

/*
 * Who holds an advisory lock, by the condition on pg_locks AS l that is told,
 * if that is nobody who may run pupilctl.  1, 0 or -1, said.
 */
int ctl_wait_stranger(PGconn *conn, const char *lock, int count,
    const char *const *params, ctl_holder_t *holder);

#endif /* PUPIL_CTL_WAIT_H */
