/*
 * Copyright (C) the Pupil authors
 *
 * PostgreSQL says that a statement waited too long, and not for whom; and
 * nothing at all once it was stopped.  So while an answer is waited for, a
 * connection of its own looks who is in the way, and who is at work.
 *
 * libpq's own waits know no end: its connections are made non-blocking here,
 * and none of its functions that wait is called elsewhere.
 */

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "ctl/base/buf.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/wait.h"


/*
 * Longer than any statement of a worker runs, and what pupilctl holds besides
 * its turns: whatever is in the way for so long is no part of Pupil at work.
 * Who sets lock_timeout, by PGOPTIONS or for the role, has another.
 */
#define BOUND  "10s"

#define LOOK   500              /* ms; seldomer costs less than it tells */

/*
 * Seconds without a byte: of a database that is not seen at work, or of one
 * that is, for a statement that is short, and for one that is not.
 */
#define SILENT     30
#define AT_WORK    (15 * 60)
#define LOOK_LOST  5            /* of a look itself */

/* What PostgreSQL ends by itself says so a while before it is given up. */
#define GRACE      10

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


/* An answer that is waited for. */
typedef struct {
    PGconn        *conn;
    PGconn        *look;        /* NULL: not opened */
    ctl_holder_t  *holder;      /* NULL: nobody looks who is in the way */
    int64_t        heard;       /* seconds: something came, or went */
    int64_t        worked;      /* and it was seen at work */
} wait_t;


static void wait_begin(wait_t *wait, PGconn *conn, ctl_holder_t *holder);
static void wait_end(wait_t *wait);
static PGresult *wait_answer(wait_t *wait, int sent);
static PGresult *wait_next(wait_t *wait);
static int wait_input(wait_t *wait);
static void wait_quiet(wait_t *wait);
static void wait_lose(const wait_t *wait);
static void wait_look(wait_t *wait);
static PGconn *look_open(const PGconn *conn);
static PGresult *look_ask(PGconn *look, const char *sql, const char *pid);
static void holder_set(const PGresult *res, ctl_holder_t *holder);


/* It is at work, and waits for nobody who has let go of it. */
static const char  work_sql[] =
    "SELECT FROM pg_stat_activity AS a WHERE a.pid = $1::integer"
    " AND a.wait_event_type IS DISTINCT FROM 'Client'"
    " AND (a.wait_event_type IS DISTINCT FROM 'Lock'"
    " OR cardinality(pg_blocking_pids(a.pid)) <> 0)";

static const char  way_sql[] =
    HOLDER " WHERE a.pid = ANY (pg_blocking_pids($1::integer))"
    " ORDER BY a.pid LIMIT 1";

/* In seconds: by what PostgreSQL ends a statement. */
static const char  limits_sql[] =
    "SELECT set_config('lock_timeout', '" BOUND "', false)"
    " WHERE current_setting('lock_timeout') = '0';"
    "SELECT ceil(extract(epoch FROM greatest("
    "current_setting('lock_timeout')::interval,"
    " current_setting('statement_timeout')::interval)))::integer";

/* Of all connections, in each thread. */
static atomic_int  limit, lost, at_length;


int
ctl_wait_bound(PGconn *conn)
{
    int        seconds;
    PGresult  *res;

    if (PQsetnonblocking(conn, 1) != 0) {
        return ctl_error("out of memory");
    }

    res = ctl_query_one(conn, limits_sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    seconds = ctl_get_int(res, 0, 0, 0);
    PQclear(res);

    if (seconds > limit) {
        limit = seconds;
    }

    return 0;
}


void
ctl_wait_long(int may)
{
    at_length = may;
}


PGresult *
ctl_wait(PGconn *conn, const char *sql, int count, const char *const *params,
    ctl_holder_t *holder)
{
    int     sent;
    wait_t  wait;

    wait_begin(&wait, conn, holder);

    sent = count == 0 ? PQsendQuery(conn, sql)
                      : PQsendQueryParams(conn, sql, count, NULL, params, NULL,
                                          NULL, 0);

    return wait_answer(&wait, sent);
}


PGresult *
ctl_wait_binary(PGconn *conn, const char *sql, int count,
    const char *const *params, const int *lengths, ctl_holder_t *holder)
{
    int     i, *formats;
    wait_t  wait;

    formats = ctl_memory((size_t) count * sizeof(int));

    for (i = 0; i < count; i++) {
        formats[i] = 1;
    }

    wait_begin(&wait, conn, holder);

    i = PQsendQueryParams(conn, sql, count, NULL, params, lengths, formats, 0);
    free(formats);

    return wait_answer(&wait, i);
}


PGresult *
ctl_wait_prepare(PGconn *conn, const char *name, const char *sql, int count,
    const uint32_t *oids)
{
    wait_t        wait;
    ctl_holder_t  holder;

    wait_begin(&wait, conn, &holder);

    return wait_answer(&wait, PQsendPrepare(conn, name, sql, count, oids));
}


int
ctl_wait_row(PGconn *conn, char **row)
{
    int           len;
    wait_t        wait;
    ctl_holder_t  holder;

    len = PQgetCopyData(conn, row, 1);
    if (len != 0) {
        return len;
    }

    wait_begin(&wait, conn, &holder);

    while (len == 0 && wait_input(&wait) == 0) {
        len = PQgetCopyData(conn, row, 1);
    }

    wait_end(&wait);

    /* what ended it is in the result */
    return len == 0 ? -1 : len;
}


PGresult *
ctl_wait_over(PGconn *conn)
{
    wait_t         wait;
    PGresult      *res;
    ctl_holder_t   holder;

    wait_begin(&wait, conn, &holder);
    res = wait_next(&wait);
    wait_end(&wait);

    return res;
}


void
ctl_wait_rollback(PGconn *conn)
{
    char          *row;
    PGresult      *res;
    ctl_holder_t   holder;

    if (PQtransactionStatus(conn) == PQTRANS_ACTIVE) {
        while (ctl_wait_row(conn, &row) >= 0) {
            PQfreemem(row);
        }

        while ((res = ctl_wait_over(conn)) != NULL) {
            PQclear(res);
        }
    }

    PQclear(ctl_wait(conn, "ROLLBACK", 0, NULL, &holder));
}


int
ctl_wait_lost(void)
{
    return lost;
}


void
ctl_wait_anew(void)
{
    lost = 0;
}


static void
wait_begin(wait_t *wait, PGconn *conn, ctl_holder_t *holder)
{
    memset(wait, 0, sizeof(wait_t));
    wait->conn = conn;
    wait->holder = holder;
    wait->heard = ctl_seconds();

    if (holder != NULL) {
        holder->seen = 0;
    }
}


static void
wait_end(wait_t *wait)
{
    PQfinish(wait->look);
}


/* The last result of a statement; sent: whether libpq took it. */
static PGresult *
wait_answer(wait_t *wait, int sent)
{
    PGresult  *res, *last;

    last = NULL;

    while (sent && (res = wait_next(wait)) != NULL) {
        PQclear(last);
        last = res;

        /* its rows are the caller's to read */
        if (PQresultStatus(res) == PGRES_COPY_OUT) {
            break;
        }
    }

    wait_end(wait);

    return last;
}


static PGresult *
wait_next(wait_t *wait)
{
    while (PQisBusy(wait->conn) && wait_input(wait) == 0) {
        /* void */
    }

    return PQgetResult(wait->conn);
}


/* 0: there may be more; -1: nothing will come, of which a result says why. */
static int
wait_input(wait_t *wait)
{
    int            flushed;
    struct pollfd  fd;

    flushed = PQflush(wait->conn);
    if (flushed < 0) {
        return -1;
    }

    fd.fd = PQsocket(wait->conn);
    fd.events = (short) (POLLIN | (flushed ? POLLOUT : 0));

    if (poll(&fd, 1, LOOK) == 0) {
        wait_quiet(wait);
        return 0;
    }

    wait->heard = ctl_seconds();

    return PQconsumeInput(wait->conn) ? 0 : -1;
}


/* A look has none of its own. */
static void
wait_quiet(wait_t *wait)
{
    int64_t  now, most;

    if (wait->holder == NULL) {
        if (ctl_seconds() > wait->heard + LOOK_LOST) {
            (void) shutdown(PQsocket(wait->conn), SHUT_RDWR);
        }

        return;
    }

    wait_look(wait);

    now = ctl_seconds();
    most = at_length ? AT_WORK : SILENT;

    if (limit != 0 && most < limit + GRACE) {
        most = limit + GRACE;
    }

    if (now > wait->heard + most
        || now > SILENT + (wait->worked > wait->heard ? wait->worked
                                                      : wait->heard))
    {
        wait_lose(wait);
    }
}


/* Whatever is asked of it later fails at once. */
static void
wait_lose(const wait_t *wait)
{
    ctl_error("a database did not answer for %d s: \"%s\", by its process %d;"
              " see whether that runs and is reached, and run this again",
              (int) (ctl_seconds() - wait->heard), PQdb(wait->conn),
              PQbackendPID(wait->conn));

    lost = 1;
    (void) shutdown(PQsocket(wait->conn), SHUT_RDWR);
}


static void
wait_look(wait_t *wait)
{
    char       pid[16];
    PGresult  *res;

    /* who was not let in may be by now */
    if (PQstatus(wait->look) != CONNECTION_OK) {
        PQfinish(wait->look);
        wait->look = look_open(wait->conn);
    }

    snprintf(pid, sizeof(pid), "%d", PQbackendPID(wait->conn));

    res = look_ask(wait->look, work_sql, pid);

    if (PQntuples(res) == 1) {
        wait->worked = ctl_seconds();
    }

    PQclear(res);

    res = look_ask(wait->look, way_sql, pid);
    holder_set(res, wait->holder);
    PQclear(res);
}


static PGresult *
look_ask(PGconn *look, const char *sql, const char *pid)
{
    wait_t  wait;

    wait_begin(&wait, look, NULL);

    return wait_answer(&wait, PQsendQueryParams(look, sql, 1, NULL, &pid, NULL,
                                                NULL, 0));
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
    (void) PQsetnonblocking(look, 1);

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
