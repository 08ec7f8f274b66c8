/*
 * Copyright (C) the Pupil authors
 *
 * PostgreSQL on the nginx event loop: a pool of pipelined connections per
 * worker, statements composed at configuration time, and exchanges: one
 * exchange is one Sync, that is one implicit transaction.  The tenant of
 * row-level security is the session's: it is set before the first exchange of
 * another tenant, by a statement with a Sync of its own, which no later error
 * takes back (invariant I10).
 *
 * Life of an exchange:
 *
 *     ex = ngx_libpq_exchange_create(pool, handler, data);
 *     ngx_libpq_exchange_tenant(ex, tenant->b);
 *     ngx_libpq_exchange_add(ex, stmt);
 *     ngx_libpq_param_uuid(ex, actor->b);            -- $2
 *     ngx_libpq_param_int4(ex, 7);                   -- $3
 *     rc = ngx_libpq_exchange_submit(ex);
 *     if (rc != NGX_OK) {
 *         ngx_libpq_exchange_destroy(ex);            -- answer 503
 *     }
 *
 * and later, from the event loop and never from within submit(),
 * handler(ex) with ex->status and ex->results[].  The handler, or whoever it
 * tells, destroys the exchange.  A request that goes away before that calls
 * ngx_libpq_exchange_detach() in its pool cleanup (pitfall 16).
 *
 * Nothing here blocks (invariant I11); nothing here logs a parameter, a
 * result value or a password (invariant I14).
 */

#ifndef _NGX_LIBPQ_H_INCLUDED_
#define _NGX_LIBPQ_H_INCLUDED_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_thread_pool.h>

#include <libpq-fe.h>

#include "core/base/pupil.h"


/* Object ids of parameter types, fixed by PostgreSQL for ever. */
#define NGX_LIBPQ_BOOL         16
#define NGX_LIBPQ_BYTEA        17
#define NGX_LIBPQ_INT8         20
#define NGX_LIBPQ_INT4         23
#define NGX_LIBPQ_TEXT         25
#define NGX_LIBPQ_BYTEA_ARRAY  1001
#define NGX_LIBPQ_INT4_ARRAY   1007
#define NGX_LIBPQ_TEXT_ARRAY   1009
#define NGX_LIBPQ_TIMESTAMPTZ  1184
#define NGX_LIBPQ_UUID         2950
#define NGX_LIBPQ_UUID_ARRAY   2951

#define NGX_LIBPQ_MAX_PARAMS   64    /* per statement, $1 included */
#define NGX_LIBPQ_MAX_STMTS    16    /* per exchange */
#define NGX_LIBPQ_ERROR_SIZE   512   /* bytes of a text, with NUL */


typedef struct ngx_libpq_pool_s      ngx_libpq_pool_t;
typedef struct ngx_libpq_conn_s      ngx_libpq_conn_t;
typedef struct ngx_libpq_exchange_s  ngx_libpq_exchange_t;
typedef struct ngx_libpq_listen_s    ngx_libpq_listen_t;
typedef struct ngx_libpq_exec_s      ngx_libpq_exec_t;


typedef enum {
    NGX_LIBPQ_BUILDING = 0,  /* not submitted yet */
    NGX_LIBPQ_PENDING,       /* queued or on its way */
    NGX_LIBPQ_OK,            /* committed: its own Sync has arrived */
    NGX_LIBPQ_UNAVAILABLE,   /* lost connection, timeout: 503 */
    NGX_LIBPQ_ERROR          /* the database refused: see sqlstate; ""
                                is an answer of another shape than
                                the statement's, logged as alert */
} ngx_libpq_status_e;


/*
 * A statement.  Made at configuration time, constant afterwards, owned by the
 * configuration's pool.  Its $1 is an int8, the nonce, and column 0 of every
 * row of its result is that nonce; it returns at least one row (invariant
 * I12).  The layer sets and checks the nonce: callers set $2 and following.
 */
typedef struct {
    ngx_str_t        sql;            /* NUL-terminated too */
    char             name[16];       /* prepared name, "p<index>" */
    ngx_uint_t       index;          /* in its pool, from 0 */
    ngx_uint_t       nparams;        /* the nonce included */
    Oid             *types;          /* nparams of them; types[0] is INT8 */
    int             *formats;        /* nparams times 1: binary */
    ngx_uint_t       columns;        /* expected, nonce included; 0: any */
} ngx_libpq_stmt_t;


/* Exchanges that wait for a place, first come, first served. */
typedef struct {
    ngx_queue_t      list;
    ngx_uint_t       n;
} ngx_libpq_queue_t;


/* Counters of one pool in one worker, for /status. */
typedef struct {
    ngx_uint_t       up;             /* connections that take work now */
    ngx_uint_t       inflight;       /* exchanges sent, not answered */
    ngx_uint_t       queued;         /* exchanges that wait for a place */
    ngx_uint_t       done;           /* exchanges committed */
    ngx_uint_t       failed;         /* exchanges with another end */
    ngx_uint_t       refused;        /* submit() said no */
    ngx_uint_t       retried;        /* sent again after a failed prepare */
    ngx_uint_t       connects;       /* connections made since the start */
    ngx_uint_t       reconnects;     /* of these, in place of a lost one */
    ngx_uint_t       mismatches;     /* wrong nonce: must stay 0 */
    ngx_uint_t       stalls;         /* connections dropped as hung */
} ngx_libpq_stats_t;


/*
 * A check of the caller's own on a fresh connection, such as the version of
 * the schema.  Runs in a helper thread, where blocking is allowed: use
 * ngx_libpq_query(), which is bounded in time, not PQexec().  It must
 * touch nothing but conn and its constant data, and must not log.
 * Returns NGX_OK, or NGX_ERROR with a sentence for the operator in text
 * (NGX_LIBPQ_ERROR_SIZE bytes, to be NUL-terminated).
 */
typedef ngx_int_t (*ngx_libpq_check_pt)(PGconn *conn, void *data,
    char *text);

typedef void (*ngx_libpq_handler_pt)(ngx_libpq_exchange_t *ex);


/*
 * A pool: configuration first, set between create() and finish(), unset
 * members get their defaults in finish().  Then the state of one worker.
 *
 * PostgreSQL answers a connection in order, so that what is sent behind a
 * commit waits for the disk.  Hence the last connections are writers, for
 * exchanges that commit something, and the first are for the others.  While
 * none of one kind is up, those of the other serve both.  Without writers all
 * connections do.
 */
struct ngx_libpq_pool_s {
    ngx_str_t                     name;         /* for logs: "data", "keys" */

    ngx_int_t                     connections;  /* per worker; default 4 */
    ngx_int_t                     writers;      /* of them; default half,
                                                   none of less than 3 */
    ngx_int_t                     depth;        /* exchanges each; default 8 */
    ngx_int_t                     queue_size;   /* exchanges; default 256 */
    ngx_msec_t                    statement_timeout;    /* default 5 s */
    ngx_msec_t                    connect_timeout;      /* default 5 s */
    ngx_msec_t                    queue_timeout;        /* default 2 s */
    ngx_libpq_check_pt    check;        /* NULL: none */
    void                         *check_data;

    /* what follows belongs to the layer */

    ngx_array_t                   keywords;     /* char *, of libpq */
    ngx_array_t                   values;       /* char * */
    ngx_array_t                   stmts;        /* ngx_http_..._stmt_t * */
    ngx_libpq_stmt_t     *tenant_stmt;
    ngx_thread_pool_t            *thread_pool;

    ngx_libpq_stats_t     stats;
    ngx_libpq_conn_t     *conns;        /* NULL: not started */
    ngx_libpq_queue_t     queues[2];    /* of reads, of writes */
    ngx_event_t                   queue_timer;
    ngx_event_t                   retry_timer;
    ngx_uint_t                    failures;     /* connects, in a row */
    ngx_uint_t                    connecting;   /* helper tasks under way */
    ngx_msec_t                    outage_start;
    ngx_log_t                    *log;
    time_t                        log_second;   /* of the lines counted */
    ngx_uint_t                    log_lines;    /* about failed statements */
    int64_t                       nonces[64];   /* random, used once each */
    ngx_uint_t                    nonces_left;
    unsigned                      outage:1;     /* begin is logged */
    unsigned                      down:1;       /* none up, last try failed */
    unsigned                      closed:1;
};


/*
 * One unit of work.  Lives in a memory pool of its own (pitfall 16); results
 * and parameters are wiped or freed with it.  Callers read status, sqlstate
 * and results, and may write data, and writes before submit().
 */
struct ngx_libpq_exchange_s {
    ngx_libpq_status_e    status;
    char                          sqlstate[6];  /* "" without an error */
    PGresult                    **results;      /* one per add(), in order */
    ngx_uint_t                    nresults;     /* set with status OK only */

    void                         *data;         /* the caller's */
    ngx_pool_t                   *pool;         /* the exchange's own */
    unsigned                      writes:1;     /* commits something: goes to
                                                   a writer, and is sent
                                                   although detached */

    /* what follows belongs to the layer */

    ngx_libpq_handler_pt  handler;      /* NULL: detached */
    ngx_libpq_pool_t     *pg;
    ngx_queue_t                   link;         /* queued, or in flight */
    ngx_msec_t                    deadline;     /* of the wait in the queue */
    ngx_libpq_exec_t     *execs;        /* nresults of them */
    pupil_uuid_t                  tenant;       /* zero: not said yet */
    u_char                        nonce[8];     /* of its setting */
    uint16_t                     *cmds;         /* what was sent, in order */
    ngx_uint_t                    ncmds;
    ngx_uint_t                    icmd;         /* whose result comes next */
    ngx_uint_t                    generation;   /* of the prepared ones */
    ngx_uint_t                    failed_exec;  /* nresults: at the commit */
    unsigned                      broken:1;     /* a setter failed */
    unsigned                      nomem:1;      /* a setter got no memory */
    unsigned                      failed:1;     /* an error before the Sync */
    unsigned                      answered:1;   /* a result for icmd came */
    unsigned                      retried:1;
    unsigned                      in_queue:1;
    unsigned                      sent:1;
};


/* ---- configuration ---- */

/*
 * A new pool, from cf->pool; NULL when out of memory (logged).  name must
 * outlive the configuration.
 */
ngx_libpq_pool_t *ngx_libpq_pool_create(ngx_conf_t *cf,
    const char *name);

/*
 * Takes a libpq connection string, "key=value ..." or a postgresql:// URI;
 * later calls override earlier keys.  NGX_CONF_ERROR is logged without any
 * part of the string, as it may hold a password.
 */
char *ngx_libpq_pool_conninfo(ngx_conf_t *cf,
    ngx_libpq_pool_t *pg, ngx_str_t *conninfo);

/*
 * Registers a statement; call before finish().  types has nparams entries,
 * types[0] is NGX_LIBPQ_INT8; it is copied, sql is copied too.
 * Set ->columns of the returned statement to have the count checked.
 * NULL: out of memory or a broken statement (logged).
 */
ngx_libpq_stmt_t *ngx_libpq_stmt_add(ngx_conf_t *cf,
    ngx_libpq_pool_t *pg, const char *sql, ngx_uint_t nparams,
    const Oid *types);

/* Fills defaults and checks; call once, at the end of the configuration. */
char *ngx_libpq_pool_finish(ngx_conf_t *cf,
    ngx_libpq_pool_t *pg);


/* ---- worker start and exit ---- */

/*
 * Starts connecting in workers (pitfall 13), does nothing in other processes.
 * NGX_ERROR only when out of memory: a database that is down is no error.
 */
ngx_int_t ngx_libpq_pool_init_process(ngx_cycle_t *cycle,
    ngx_libpq_pool_t *pg);
void ngx_libpq_pool_exit_process(ngx_cycle_t *cycle,
    ngx_libpq_pool_t *pg);


/* ---- exchanges: event loop only ---- */

/*
 * NULL: out of memory.  data is handed through as ex->data.  With handler NULL
 * the layer owns ex once submit() has returned NGX_OK: nobody hears the end.
 */
ngx_libpq_exchange_t *ngx_libpq_exchange_create(
    ngx_libpq_pool_t *pg, ngx_libpq_handler_pt handler,
    void *data);

/*
 * The tenant of row-level security (invariant I10): 16 bytes, copied.  Needed
 * before submit(); the zero UUID is refused.
 */
void ngx_libpq_exchange_tenant(ngx_libpq_exchange_t *ex,
    const u_char uuid[PUPIL_UUID_LEN]);

/*
 * Appends a statement; the setters that follow give its $2, $3, ... in order.
 * Returns its position in ex->results.  Errors (memory, order, type, count)
 * are remembered and reported by submit(), so none needs a check here.
 */
ngx_uint_t ngx_libpq_exchange_add(ngx_libpq_exchange_t *ex,
    const ngx_libpq_stmt_t *stmt);

/*
 * Setters.  Each checks the declared type of the parameter.  Values are copied
 * and wiped with the exchange.  timestamptz takes microseconds since 1970.
 */
void ngx_libpq_param_null(ngx_libpq_exchange_t *ex);
void ngx_libpq_param_bool(ngx_libpq_exchange_t *ex,
    ngx_uint_t value);
void ngx_libpq_param_int4(ngx_libpq_exchange_t *ex,
    int32_t value);
void ngx_libpq_param_timestamptz(ngx_libpq_exchange_t *ex,
    pupil_time_t value);
void ngx_libpq_param_uuid(ngx_libpq_exchange_t *ex,
    const u_char uuid[PUPIL_UUID_LEN]);
void ngx_libpq_param_bytea(ngx_libpq_exchange_t *ex,
    const void *data, size_t len);
void ngx_libpq_param_text(ngx_libpq_exchange_t *ex,
    const void *data, size_t len);
void ngx_libpq_param_uuid_array(ngx_libpq_exchange_t *ex,
    const pupil_uuid_t *uuids, ngx_uint_t n);
void ngx_libpq_param_int4_array(ngx_libpq_exchange_t *ex,
    const int32_t *values, ngx_uint_t n);
/* An element with data == NULL is SQL NULL. */
void ngx_libpq_param_bytea_array(ngx_libpq_exchange_t *ex,
    const pupil_str_t *values, ngx_uint_t n);
void ngx_libpq_param_text_array(ngx_libpq_exchange_t *ex,
    const pupil_str_t *values, ngx_uint_t n);

/*
 * Sends or queues.  NGX_OK: the handler will be called, later.
 * NGX_BUSY: the queue is full; NGX_DECLINED: the database is known to be
 * down; both mean 503 with Retry-After (pitfall 11).  What fails for a lost
 * prepared statement, a deadlock or a serialization failure is sent once more
 * by the layer, as its transaction has left no trace.  NGX_ERROR: a setter
 * failed or the exchange is not complete (logged as an alert, as it is a bug,
 * unless out of memory).  Without NGX_OK the caller still owns ex, and may
 * submit it again later except after NGX_ERROR.
 */
ngx_int_t ngx_libpq_exchange_submit(ngx_libpq_exchange_t *ex);

/*
 * The request has gone: the handler will not be called, the layer destroys ex.
 * What was sent finishes as an orphan; what still waits in the queue is
 * dropped unless ex->writes is set.
 */
void ngx_libpq_exchange_detach(ngx_libpq_exchange_t *ex);

/* Frees ex and its results; before its end it is the same as detach(). */
void ngx_libpq_exchange_destroy(ngx_libpq_exchange_t *ex);


/* ---- reading results: any context ---- */

/*
 * Typed readers of the binary format.  Rows and columns count from 0, column 0
 * is the nonce.  NGX_OK; NGX_DECLINED: SQL NULL, the value is untouched;
 * NGX_ERROR: no such row or column, or another type: treat it as a bug.
 * Strings point into the result and live as long as the exchange.
 */
ngx_int_t ngx_libpq_get_bool(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, ngx_uint_t *value);
ngx_int_t ngx_libpq_get_int4(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, int32_t *value);
ngx_int_t ngx_libpq_get_int8(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, int64_t *value);
ngx_int_t ngx_libpq_get_uuid(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, pupil_uuid_t *value);
ngx_int_t ngx_libpq_get_timestamptz(const PGresult *res,
    ngx_uint_t row, ngx_uint_t col, pupil_time_t *value);
ngx_int_t ngx_libpq_get_bytea(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, pupil_str_t *value);
/* text, varchar, char(n), name, and enums, which travel as text */
ngx_int_t ngx_libpq_get_text(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, pupil_str_t *value);


/* A walk over a uuid[]; checked as a whole by get_uuid_array(). */
typedef struct {
    const u_char    *pos;
    ngx_uint_t       left;           /* elements to come */
    ngx_uint_t       n;              /* elements in all */
} ngx_libpq_array_t;

/* Of one dimension at most, and without NULL elements. */
ngx_int_t ngx_libpq_get_uuid_array(const PGresult *res,
    ngx_uint_t row, ngx_uint_t col, ngx_libpq_array_t *array);

/* The next element.  NGX_OK; NGX_DONE at the end. */
ngx_int_t ngx_libpq_array_next_uuid(ngx_libpq_array_t *array,
    pupil_uuid_t *uuid);


/* ---- helper threads ---- */

/*
 * A simple query, at most timeout milliseconds.  NULL: failed, with libpq's
 * text in text.  The caller clears the result.  Helper threads only.
 */
PGresult *ngx_libpq_query(PGconn *conn, const char *sql,
    ngx_msec_t timeout, char *text);


/* ---- LISTEN ---- */

/*
 * A connection of its own that listens on a channel (pitfall 10).  Made at
 * configuration time with the connection parameters of a pool, whose role
 * check and own check it shares.
 */
struct ngx_libpq_listen_s {
    ngx_libpq_pool_t     *pg;
    ngx_str_t                     channel;
    void                         *data;

    /* payload: as sent, NUL-terminated as well, valid during the call */
    void (*notify)(ngx_libpq_listen_t *l, ngx_str_t *payload);
    /*
     * Every notification whose NOTIFY was acknowledged before sent
     * (ngx_current_msec when the query left) has been handed to notify().
     */
    void (*heartbeat)(ngx_libpq_listen_t *l, ngx_msec_t sent);
    /* Listening (again): what was notified before now may be lost. */
    void                        (*gap)(ngx_libpq_listen_t *l);

    ngx_msec_t                    interval;     /* default 300 ms */
    ngx_msec_t                    timeout;      /* default 2 s, then drop */

    /* what follows belongs to the layer */

    void                         *state;
};

/* From cf->pool, NULL when out of memory; the caller fills the callbacks. */
ngx_libpq_listen_t *ngx_libpq_listen_create(ngx_conf_t *cf,
    ngx_libpq_pool_t *pg, const char *channel);
/* After the pool's init_process; exit before the pool's exit_process. */
ngx_int_t ngx_libpq_listen_init_process(ngx_cycle_t *cycle,
    ngx_libpq_listen_t *l);
void ngx_libpq_listen_exit_process(ngx_cycle_t *cycle,
    ngx_libpq_listen_t *l);
/* Whether the connection listens now. */
ngx_uint_t ngx_libpq_listen_up(const ngx_libpq_listen_t *l);


#endif /* _NGX_LIBPQ_H_INCLUDED_ */
