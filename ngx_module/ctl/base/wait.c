/*
 * Copyright (C) the Pupil authors
 *
 * PostgreSQL says that a statement waited too long, and not for whom.  So
 * while one waits, a connection of its own looks who is in the way.
 */

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/base/wait.h"


/*
 * Longer than any statement of a worker runs, and what pupilctl holds besides
 * its turns: whatever is in the way for so long is no part of Pupil at work.
 * Who sets lock_timeout, by PGOPTIONS or for the role, has another.
 */
#define BOUND  "10s"

#define LOOK   500              /* ms; seldomer costs less than it tells */

/* Since when is told to who may know. */
#define HOLDER                                                                \
    "SELECT concat('role ', coalesce(a.usename, '?'),"                        \
    " CASE WHEN a.application_name <> '' THEN concat(', application \"',"     \
    " regexp_replace(a.application_name, '[^ -~]', '?', 'g'), '\"') END,"     \
    " ', process ', a.pid, CASE WHEN a.xact_start IS NOT NULL"                \
    " THEN concat(', since ', to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS'))"\
    " END, CASE WHEN NOT coalesce(pg_has_role(a.usesysid, 'pupil_operator',"  \
    " 'MEMBER'), false) THEN ', which is no role of pupilctl''s' END)"        \
    " FROM pg_stat_activity AS a"


static int wait_input(PGconn *conn, int ms);
static void holder_look(const PGconn *conn, PGconn **look,
    ctl_holder_t *holder);
static PGconn *look_open(const PGconn *conn);
static void holder_set(const PGresult *res, ctl_holder_t *holder);


int
ctl_wait_bound(PGconn *conn)
{
    return ctl_exec(conn, "SELECT set_config('lock_timeout', '" BOUND "',"
                    " false) WHERE current_setting('lock_timeout') = '0'", 0,
                    NULL);
}


PGresult *
ctl_wait(PGconn *conn, const char *sql, int count, const char *const *params,
    ctl_holder_t *holder)
{
    int        rc, sent;
    PGconn    *look;
    PGresult  *res, *last;

    look = NULL;
    last = NULL;
    holder->seen = 0;

    sent = count == 0 ? PQsendQuery(conn, sql)
                      : PQsendQueryParams(conn, sql, count, NULL, params, NULL,
                                          NULL, 0);
    if (!sent) {
        return NULL;
    }

    for ( ;; ) {
        while (PQisBusy(conn) && (rc = wait_input(conn, LOOK)) >= 0) {
            if (rc == 0) {
                holder_look(conn, &look, holder);
            }
        }

        res = PQgetResult(conn);
        if (res == NULL) {
            break;
        }

        PQclear(last);
        last = res;

        /* its rows are the caller's to read */
        if (PQresultStatus(res) == PGRES_COPY_OUT) {
            break;
        }
    }

    PQfinish(look);

    return last;
}


/* 1: something came, as a notice; 0: nothing; -1: nothing will. */
static int
wait_input(PGconn *conn, int ms)
{
    struct pollfd  fd;

    fd.fd = PQsocket(conn);
    fd.events = POLLIN;

    if (poll(&fd, 1, ms) == 0) {
        return 0;
    }

    /* what went wrong is in the result */
    return PQconsumeInput(conn) ? 1 : -1;
}


static void
holder_look(const PGconn *conn, PGconn **look, ctl_holder_t *holder)
{
    char         pid[16];
    PGresult    *res;
    const char  *params[1];

    if (*look == NULL) {
        *look = look_open(conn);
    }

    snprintf(pid, sizeof(pid), "%d", PQbackendPID(conn));
    params[0] = pid;

    res = PQexecParams(*look, HOLDER " WHERE a.pid = ANY"
                       " (pg_blocking_pids($1::integer)) ORDER BY a.pid"
                       " LIMIT 1", 1, NULL, params, NULL, NULL, 0);

    holder_set(res, holder);
    PQclear(res);
}


/* As the first was opened.  One that fails shows nobody. */
static PGconn *
look_open(const PGconn *conn)
{
    size_t             i, n, count;
    PGconn            *look;
    const char       **words, **values;
    PQconninfoOption  *options;

    options = PQconninfo((PGconn *) conn);

    for (count = 0; options != NULL && options[count].keyword != NULL; count++)
    {
        /* void */
    }

    words = ctl_memory((count + 1) * sizeof(char *));
    values = ctl_memory((count + 1) * sizeof(char *));

    for (i = 0, n = 0; i < count; i++) {

        if (options[i].val != NULL && options[i].val[0] != '\0') {
            words[n] = options[i].keyword;
            values[n++] = options[i].val;
        }
    }

    words[n] = NULL;
    values[n] = NULL;

    look = PQconnectdbParams(words, values, 0);

    free(words);
    free(values);
    PQconninfoFree(options);

    return look;
}


static void
holder_set(const PGresult *res, ctl_holder_t *holder)
{
    if (PQresultStatus(res) == PGRES_TUPLES_OK && PQntuples(res) == 1) {
        snprintf(holder->text, sizeof(holder->text), "%s",
                 PQgetvalue(res, 0, 0));
        holder->seen = 1;
    }
}


int
ctl_wait_stranger(PGconn *conn, const char *lock, int count,
    const char *const *params, ctl_holder_t *holder)
{
    PGresult   *res;
    ctl_buf_t   sql;

    holder->seen = 0;

    ctl_buf_init(&sql);
    ctl_buf_printf(&sql, HOLDER " JOIN pg_locks AS l ON l.pid = a.pid WHERE"
                   " l.locktype = 'advisory' AND l.granted AND l.database ="
                   " (SELECT d.oid FROM pg_database AS d WHERE d.datname ="
                   " current_database()) AND %s AND NOT coalesce("
                   "pg_has_role(a.usesysid, 'pupil_operator', 'MEMBER'), false)"
                   " ORDER BY a.pid LIMIT 1", lock);

    res = ctl_query(conn, sql.data, count, params);
    ctl_buf_free(&sql);

    if (res == NULL) {
        return -1;
    }

    holder_set(res, holder);
    PQclear(res);

    return holder->seen;
}
