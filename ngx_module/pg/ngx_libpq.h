/*
 * Copyright (C) the Pupil authors
 *
 * ngx_libpq: PostgreSQL on the nginx event loop, for any nginx module.
 *
 * A pool is a handful of connections in each worker, in libpq's pipeline
 * mode.  An exchange is one unit of work on one of them: statements that were
 * registered at configuration time, sent together, with one Sync, which makes
 * them one transaction, or with a Sync for each of a few parts.  It needs
 * nginx with threads and OpenSSL, and libpq 15.
 *
 *
 * What is promised
 *
 *  - Nothing blocks the event loop.  Connecting, which resolves names, reads
 *    certificate files and computes SCRAM, is done by nginx's thread pool
 *    "default"; everything else is done when a socket is ready.
 *  - An exchange has a Sync of its own: what one of its statements does is
 *    undone by an error of another one, and by no error of a neighbour.
 *  - An exchange is OK only when its own Sync has been answered, that is after
 *    the commit.  No result is handed out before.
 *  - Parts of an exchange are transactions of their own, on one connection, in
 *    their order and with nothing in between, at the price of one trip.
 *  - An answer belongs to who asked: $1 of every statement is a random number,
 *    the nonce, which has to come back as column 0 of every row, of which
 *    there is at least one.  If it does not, the connection is dropped.
 *  - Exchanges of one connection are answered in the order of sending.
 *    Between connections, and between reads and writes, there is no order.
 *  - The pool can ask for one snapshot: then all statements of an exchange that
 *    does not write see the database as it was when the first of them began.
 *  - Exchanges with one key take turns: the next is sent when the one before
 *    it has ended, so that they wait for each other here and not in the
 *    database, in front of others.
 *  - An exchange that meets a lock is given up by the server after some
 *    milliseconds, and sent again, with nothing behind it, until its time is
 *    over: nobody else waits for that lock.
 *  - While exchanges with several settings come, those with one are given no
 *    more than a share of the connections and of the queue.
 *  - The pool can name a session setting, such as one that policies of row
 *    security read.  No statement runs unless the server has said that the
 *    setting is what its exchange asked for.
 *  - Whatever is in doubt ends with the connection dropped: its exchanges are
 *    UNAVAILABLE, none is sent again, and another connection is made.
 *  - No parameter, no value of a result and no password is logged; parameters
 *    are wiped when the exchange is freed.
 *
 *
 * The life of a pool
 *
 *     configuration   pg = ngx_libpq_pool_create(cf, &use);
 *                     ngx_libpq_pool_conninfo(cf, pg, &conninfo);
 *                     stmt = ngx_libpq_stmt_add(cf, pg, sql, n, types);
 *                     ngx_libpq_pool_finish(cf, pg);
 *     worker start    ngx_libpq_pool_init_process(cycle, pg);
 *     event loop      exchanges
 *     worker exit     ngx_libpq_pool_exit_process(cycle, pg);
 *
 *
 * The life of an exchange
 *
 *          create()
 *             |
 *         BUILDING     setting(), add(), param_...(), in this order;
 *             |        part() between two parts
 *             |
 *          submit()----> NGX_BUSY, NGX_DECLINED, NGX_ERROR: still the
 *             |          caller's, who destroys it
 *          PENDING       waits in a queue, then is on its way
 *             |
 *             +--------> OK             committed, results are there
 *             +--------> ERROR          see sqlstate, nothing was committed,
 *             |                         or not all of its parts
 *             `--------> UNAVAILABLE    nobody knows whether it was committed
 *             |
 *         handler(ex)    once, from the event loop, never within submit()
 *             |
 *         destroy()
 *
 *     ex = ngx_libpq_exchange_create(pg, handler, r);
 *     ngx_libpq_exchange_setting(ex, "42", 2);
 *     ngx_libpq_exchange_add(ex, stmt);
 *     ngx_libpq_param_uuid(ex, id);                  -- $2
 *     ngx_libpq_param_int4(ex, 7);                   -- $3
 *
 *     if (ngx_libpq_exchange_submit(ex) != NGX_OK) {
 *         ngx_libpq_exchange_destroy(ex);            -- answer 503
 *     }
 *
 * A request that goes away before the handler was called destroys the exchange
 * in a cleanup of its pool, as nothing else keeps nginx from freeing the
 * request: the handler is then never called, and the layer frees the exchange
 * at its end.
 *
 *
 * Who owns what
 *
 *     pool, statements, use   the configuration's memory; constant in workers
 *     exchange                the caller, from create() until destroy(); with
 *                             a handler of NULL the layer, from the NGX_OK of
 *                             submit() on
 *     parameters              copied into the exchange
 *     results, and what the   the exchange
 *     readers point to
 *     PGconn                  the layer; lent to a check()
 *
 * Functions say in which context they may be called: configuration, worker
 * start and exit, event loop, or helper thread.
 */

#ifndef _NGX_LIBPQ_H_INCLUDED_
#define _NGX_LIBPQ_H_INCLUDED_

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_thread_pool.h>

#include <libpq-fe.h>


/* Object ids of types, fixed by PostgreSQL for ever. */
enum {
    NGX_LIBPQ_BOOL            = 16,
    NGX_LIBPQ_BYTEA           = 17,
    NGX_LIBPQ_NAME            = 19,
    NGX_LIBPQ_INT8            = 20,
    NGX_LIBPQ_INT4            = 23,
    NGX_LIBPQ_TEXT            = 25,
    NGX_LIBPQ_JSON            = 114,
    NGX_LIBPQ_BYTEA_ARRAY     = 1001,
    NGX_LIBPQ_INT4_ARRAY      = 1007,
    NGX_LIBPQ_TEXT_ARRAY      = 1009,
    NGX_LIBPQ_BPCHAR          = 1042,   /* char(n) */
    NGX_LIBPQ_VARCHAR         = 1043,
    NGX_LIBPQ_DATE            = 1082,
    NGX_LIBPQ_TIMESTAMPTZ     = 1184,
    NGX_LIBPQ_UUID            = 2950,
    NGX_LIBPQ_UUID_ARRAY      = 2951,

    NGX_LIBPQ_FIRST_USER_TYPE = 16384   /* and above: enums and the like */
};


#define NGX_LIBPQ_MAX_PARAMS   64    /* per statement, $1 included */
#define NGX_LIBPQ_MAX_STMTS    16    /* per exchange */
#define NGX_LIBPQ_SETTING_MAX  63    /* bytes of a setting's value */
#define NGX_LIBPQ_KEY_MAX      32    /* bytes of a key */
#define NGX_LIBPQ_ERROR_SIZE   512   /* bytes of a text, with NUL */
#define NGX_LIBPQ_UUID_LEN     16    /* bytes, binary, network order */

/* A time that is SQL NULL. */
#define NGX_LIBPQ_TIME_NULL    INT64_MIN


typedef struct ngx_libpq_pool_s      ngx_libpq_pool_t;
typedef struct ngx_libpq_conn_s      ngx_libpq_conn_t;
typedef struct ngx_libpq_exchange_s  ngx_libpq_exchange_t;
typedef struct ngx_libpq_listen_s    ngx_libpq_listen_t;
typedef struct ngx_libpq_exec_s      ngx_libpq_exec_t;
typedef struct ngx_libpq_share_s     ngx_libpq_share_t;
typedef struct ngx_libpq_party_s     ngx_libpq_party_t;
typedef struct ngx_libpq_line_s      ngx_libpq_line_t;


typedef enum {
    NGX_LIBPQ_BUILDING = 0,   /* not submitted yet */
    NGX_LIBPQ_PENDING,        /* queued or on its way */
    NGX_LIBPQ_OK,             /* committed: its own Sync has arrived */
    NGX_LIBPQ_UNAVAILABLE,    /* lost connection, timeout: 503 */
    NGX_LIBPQ_ERROR           /* the database refused: see sqlstate; "" is an
                                 answer of another shape than the statement's,
                                 logged as alert */
} ngx_libpq_status_e;


/*
 * What the module that uses a pool says about itself, for the life of the
 * configuration; usually a static table.
 */
typedef struct {
    const char  *name;            /* of the pool, in logs */
    const char  *log;             /* what each line in the log begins with */
    const char  *application;     /* application_name, unless the connection
                                     string has one; NULL: libpq's */
    const char  *session_sql;     /* statements that a new session begins with;
                                     NULL: none */
    const char  *setting;         /* name of the session setting whose value
                                     each exchange says, "class.name";
                                     NULL: none */
    const char  *setting_more;    /* another one, whose value stands behind
                                     that of the first and a blank; NULL:
                                     none */
    ngx_uint_t   row_security;    /* 1: refuse a role that row-level security
                                     does not bind */
    ngx_uint_t   one_snapshot;    /* 1: the statements of an exchange that does
                                     not write see one moment; needs a setting,
                                     with which it is sent */
} ngx_libpq_use_t;


/*
 * A statement.  Constant once it is registered.  Its $1 is an int8, the nonce,
 * and column 0 of every row of its result is that nonce; it returns at least
 * one row.  The layer sets and checks the nonce: callers set $2 and following.
 */
typedef struct {
    ngx_str_t    sql;             /* NUL-terminated too */
    char         name[16];        /* prepared name, "p<index>" */
    const char  *title;           /* in logs; name, unless it is set */
    ngx_uint_t   index;           /* in its pool, from 0 */
    ngx_uint_t   nparams;         /* the nonce included */
    Oid         *types;           /* nparams of them; types[0] is INT8 */
    int         *formats;         /* nparams times 1: binary */
    ngx_uint_t   columns;         /* expected, nonce included; 0: any */
} ngx_libpq_stmt_t;


/*
 * Kinds of connections, in their order in a pool.  PostgreSQL answers a
 * connection in order: what is sent behind a commit waits for the disk, what
 * is sent behind one that waits for a lock waits for that.
 */
typedef enum {
    NGX_LIBPQ_READS = 0,
    NGX_LIBPQ_WRITES,         /* of exchanges that commit something */
    NGX_LIBPQ_WAITS,          /* of those that may wait for locks, too */
    NGX_LIBPQ_KINDS
} ngx_libpq_kind_e;


/*
 * What a session is set to: the value of its setting, compared as bytes, and
 * whether its transactions are of one snapshot.
 */
typedef struct {
    size_t       len;             /* 0: none */
    u_char       data[NGX_LIBPQ_SETTING_MAX];
    unsigned     snapshot:1;      /* REPEATABLE READ; else READ COMMITTED */
} ngx_libpq_setting_t;


/* Counters of one pool in one worker. */
typedef struct {
    ngx_uint_t   up;              /* connections that take work now */
    ngx_uint_t   inflight;        /* exchanges sent, not answered */
    ngx_uint_t   queued;          /* exchanges that wait for a place */
    ngx_uint_t   done;            /* exchanges committed */
    ngx_uint_t   failed;          /* exchanges with another end */
    ngx_uint_t   refused;         /* submit() said no */
    ngx_uint_t   retried;         /* sent once more by the layer */
    ngx_uint_t   locked;          /* met a lock */
    ngx_uint_t   connects;        /* connections made since the start */
    ngx_uint_t   reconnects;      /* of these, in place of a lost one */
    ngx_uint_t   mismatches;      /* wrong nonce: must stay 0 */
    ngx_uint_t   stalls;          /* connections dropped as hung */
} ngx_libpq_stats_t;


/*
 * A check of the caller's own on a fresh connection, such as the version of
 * the schema.  Context: helper thread, where blocking is allowed: use
 * ngx_libpq_query(), which is bounded in time, not PQexec().  It touches
 * nothing but conn and its constant data, and does not log.  NGX_OK, or with a
 * sentence for the operator in text (NGX_LIBPQ_ERROR_SIZE bytes, to be
 * NUL-terminated) NGX_ERROR, or NGX_AGAIN where the next connection may fit
 * soon.
 */
typedef ngx_int_t (*ngx_libpq_check_pt)(PGconn *conn, void *data, char *text);

/* The end of an exchange.  Context: event loop.  Destroys ex, or keeps it. */
typedef void (*ngx_libpq_handler_pt)(ngx_libpq_exchange_t *ex);


/*
 * A pool: configuration first, set between create() and finish(); members that
 * are not set get their defaults in finish().  Then the state of one worker.
 *
 * Connections are of three kinds.  While none of one kind is up, those of
 * another serve both, and those of a kind that has none always.
 */
struct ngx_libpq_pool_s {
    ngx_str_t               name;               /* that of use */
    const ngx_libpq_use_t  *use;

    ngx_int_t               connections;        /* per worker; default 4 */
    ngx_int_t               writers;            /* of them; default a third,
                                                   none of less than 3 */
    ngx_int_t               waiters;            /* of them; default as many */
    ngx_int_t               share;              /* percent, that exchanges with
                                                   one setting get while others
                                                   come; default 50 */
    ngx_int_t               depth;              /* exchanges each; default 8 */
    ngx_int_t               queue_size;         /* exchanges; default 256 */
    ngx_msec_t              statement_timeout;  /* default 5 s */
    ngx_msec_t              connect_timeout;    /* default 5 s */
    ngx_msec_t              queue_timeout;      /* default 2 s */
    ngx_libpq_check_pt      check;              /* NULL: none */
    void                   *check_data;

    /* for reading, event loop only */

    ngx_libpq_stats_t       stats;

    /* what follows belongs to the layer */

    ngx_array_t             keywords;           /* char *, of libpq */
    ngx_array_t             values;             /* char * */
    ngx_array_t             stmts;              /* ngx_libpq_stmt_t * */
    ngx_libpq_stmt_t       *setting_stmt;       /* NULL: no setting */
    const char             *setting_word;       /* what logs call it */
    ngx_thread_pool_t      *thread_pool;

    ngx_libpq_conn_t       *conns;              /* NULL: not started */
    ngx_libpq_share_t      *shares;             /* by kind */
    ngx_rbtree_t            lines;              /* by key */
    ngx_rbtree_node_t       lines_sentinel;
    ngx_queue_t             spare_lines;
    ngx_msec_t             *met;                /* a lock, by statement: when;
                                                   0: never */
    ngx_queue_t             waiting;            /* all in the queue, those
                                                   first whose time is over
                                                   first */
    ngx_queue_t             paused;             /* of them, until they are sent
                                                   again */
    ngx_event_t             queue_timer;
    ngx_event_t             pause_timer;
    ngx_event_t             retry_timer;
    ngx_uint_t              failures;           /* connects, in a row */
    ngx_uint_t              connecting;         /* helper tasks under way */
    ngx_uint_t              exchanges;          /* created, for debug logs */
    ngx_msec_t              outage_start;
    time_t                  outage_said;        /* when it was last logged */
    ngx_log_t              *log;
    time_t                  log_second;         /* of the lines counted */
    ngx_uint_t              log_lines;          /* about failed statements */
    int64_t                 nonces[64];         /* random, used once each */
    ngx_uint_t              nonces_left;
    char                    reason[NGX_LIBPQ_ERROR_SIZE];  /* as logged */
    unsigned                outage:1;           /* begin is logged */
    unsigned                none_up:1;          /* so is that all went */
    unsigned                down:1;             /* none up, last try failed */
    unsigned                closed:1;
};


/*
 * One unit of work.  Lives in a memory pool of its own, as it may outlive the
 * request that it is for; results and parameters are wiped or freed with it.
 * Callers read status, sqlstate and results, and number for logs, may use pool
 * until the end of ex, and may write data, and writes, waits, background
 * and nomem before submit().
 */
struct ngx_libpq_exchange_s {
    ngx_libpq_status_e      status;
    char                    sqlstate[6];        /* "" without an error */
    PGresult              **results;            /* one per add(), in order */
    ngx_uint_t              nresults;           /* set with status OK only */
    ngx_uint_t              number;             /* in its worker and pool */

    void                   *data;               /* the caller's */
    ngx_pool_t             *pool;               /* the exchange's own */
    unsigned                writes:1;           /* commits something: goes to a
                                                   writer, and is sent although
                                                   destroyed */
    unsigned                waits:1;            /* may wait for locks */
    unsigned                background:1;       /* nobody asks for it: others
                                                   get no share for it */
    unsigned                nomem:1;            /* a parameter got no memory,
                                                   here or at the caller's:
                                                   submit() fails */

    /* what follows belongs to the layer */

    ngx_libpq_handler_pt    handler;            /* NULL: nobody waits */
    ngx_libpq_pool_t       *pg;
    ngx_queue_t             link;               /* queued, or in flight */
    ngx_queue_t             due;                /* queued: by its deadline */
    ngx_msec_t              deadline;           /* of the wait in the queue */
    ngx_msec_t              sent_at;            /* last */
    ngx_msec_t              again;              /* when it is sent again */
    ngx_uint_t              locked;             /* how often it met a lock */
    ngx_libpq_party_t      *party;              /* whose places it takes */
    ngx_libpq_line_t       *line;               /* NULL: it takes no turns */
    u_char                 *key;
    size_t                  key_len;            /* 0: none */
    ngx_libpq_exec_t       *execs;              /* nresults of them */
    ngx_libpq_setting_t     setting;
    u_char                  nonce[8];           /* of the setting's statement */
    uint16_t               *cmds;               /* what was sent, in order */
    ngx_uint_t              ncmds;
    ngx_uint_t              icmd;               /* whose result comes next */
    ngx_uint_t              first;              /* exec that is not committed */
    ngx_uint_t              generation;         /* of the prepared ones */
    ngx_uint_t              failed_exec;        /* nresults: at the commit */
    const char             *fault;              /* of how it is built, the
                                                   first; NULL: none */
    unsigned                snapshot:1;         /* to be said, of all of it */
    unsigned                failed:1;           /* an error before the Sync */
    unsigned                answered:1;         /* a result for icmd came */
    unsigned                retried:1;
    unsigned                in_queue:1;
    unsigned                in_turn:1;          /* there, of its party */
    unsigned                alone:1;            /* nothing is sent behind it */
    unsigned                sent:1;
};


/* ---- configuration ---- */

/*
 * A new pool, from cf->pool; NULL when out of memory, or when use->setting is
 * no name (logged).  use must outlive the configuration.
 */
ngx_libpq_pool_t *ngx_libpq_pool_create(ngx_conf_t *cf,
    const ngx_libpq_use_t *use);

/*
 * Takes a libpq connection string, "key=value ..." or a postgresql:// URI;
 * later calls override earlier keys.  NGX_CONF_ERROR is logged without any
 * part of the string, as it may hold a password.
 */
char *ngx_libpq_pool_conninfo(ngx_conf_t *cf, ngx_libpq_pool_t *pg,
    ngx_str_t *conninfo);

/*
 * Registers a statement; call before finish().  types has nparams entries,
 * types[0] is NGX_LIBPQ_INT8; it is copied, sql is copied too.  Set ->columns
 * of the returned statement to have the count checked.  NULL: out of memory or
 * a broken statement (logged).
 */
ngx_libpq_stmt_t *ngx_libpq_stmt_add(ngx_conf_t *cf, ngx_libpq_pool_t *pg,
    const char *sql, ngx_uint_t nparams, const Oid *types);

/* Fills defaults and checks; call once, at the end of the configuration. */
char *ngx_libpq_pool_finish(ngx_conf_t *cf, ngx_libpq_pool_t *pg);


/* ---- worker start and exit: init_process and exit_process of a module ---- */

/*
 * Starts connecting in workers; does nothing in other processes, whose copies
 * of a connection would be workers'.
 * NGX_ERROR only when out of memory: a database that is down is no error.
 */
ngx_int_t ngx_libpq_pool_init_process(ngx_cycle_t *cycle,
    ngx_libpq_pool_t *pg);

/*
 * Connections are made anew, those under way, too; what was sent on them fails.
 * Context: event loop; handlers run later.
 */
void ngx_libpq_pool_renew(ngx_libpq_pool_t *pg, const char *reason);

/* Ends all exchanges without calling their handlers, and closes. */
void ngx_libpq_pool_exit_process(ngx_cycle_t *cycle, ngx_libpq_pool_t *pg);


/* ---- exchanges: event loop only ---- */

/*
 * NULL: out of memory.  data is handed through as ex->data.  With handler NULL
 * the layer owns ex once submit() has returned NGX_OK: nobody hears the end.
 */
ngx_libpq_exchange_t *ngx_libpq_exchange_create(ngx_libpq_pool_t *pg,
    ngx_libpq_handler_pt handler, void *data);

/*
 * The value of the session setting that the pool names: 1 to
 * NGX_LIBPQ_SETTING_MAX bytes of text, copied.  Needed once, before add(), if
 * the pool names one, and refused if it does not.  The setting is sent only
 * where the session has another value, as a statement with a Sync of its own,
 * so that no error of an exchange takes it back; what the server says it is
 * now is compared, byte by byte.
 */
void ngx_libpq_exchange_setting(ngx_libpq_exchange_t *ex, const void *value,
    size_t len);

/*
 * Exchanges with one setting and this key, 1 to NGX_LIBPQ_KEY_MAX bytes,
 * copied, take turns: for those that lock the same rows.
 */
void ngx_libpq_exchange_key(ngx_libpq_exchange_t *ex, const void *key,
    size_t len);

/*
 * Appends a statement; the setters that follow give its $2, $3, ... in order.
 * Returns its position in ex->results.  Errors (memory, order, type, count)
 * are remembered and reported by submit(), so none needs a check here.
 */
ngx_uint_t ngx_libpq_exchange_add(ngx_libpq_exchange_t *ex,
    const ngx_libpq_stmt_t *stmt);

/*
 * What was added up to here is a part: it is committed before what is added
 * next begins, which can rely on that, and sees it.  All parts are sent at
 * once, so that a part runs although one before it has failed, and once more
 * when that is tried again: it has to be of no effect without those before it,
 * and to stand being repeated.  What was committed is not sent again.
 */
void ngx_libpq_exchange_part(ngx_libpq_exchange_t *ex);

/*
 * Setters.  Each checks the declared type of the parameter.  Values are copied
 * and wiped with the exchange.
 */
void ngx_libpq_param_null(ngx_libpq_exchange_t *ex);
void ngx_libpq_param_bool(ngx_libpq_exchange_t *ex, ngx_uint_t value);
void ngx_libpq_param_int4(ngx_libpq_exchange_t *ex, int32_t value);
void ngx_libpq_param_int8(ngx_libpq_exchange_t *ex, int64_t value);
void ngx_libpq_param_bytea(ngx_libpq_exchange_t *ex, const void *data,
    size_t len);
void ngx_libpq_param_text(ngx_libpq_exchange_t *ex, const void *data,
    size_t len);
void ngx_libpq_param_uuid(ngx_libpq_exchange_t *ex,
    const u_char uuid[NGX_LIBPQ_UUID_LEN]);
/* Microseconds since 1970; INT64_MAX is 'infinity'. */
void ngx_libpq_param_timestamptz(ngx_libpq_exchange_t *ex, int64_t value);

void ngx_libpq_param_int4_array(ngx_libpq_exchange_t *ex,
    const int32_t *values, ngx_uint_t n);
/* n times NGX_LIBPQ_UUID_LEN bytes, one behind the other. */
void ngx_libpq_param_uuid_array(ngx_libpq_exchange_t *ex, const void *uuids,
    ngx_uint_t n);
/* An element with data == NULL is SQL NULL. */
void ngx_libpq_param_bytea_array(ngx_libpq_exchange_t *ex,
    const ngx_str_t *values, ngx_uint_t n);
void ngx_libpq_param_text_array(ngx_libpq_exchange_t *ex,
    const ngx_str_t *values, ngx_uint_t n);

/*
 * Sends or queues.  NGX_OK: the handler will be called, later.
 * NGX_BUSY: the queue is full, or this setting's share of it; NGX_DECLINED: the
 * database is known to be down; both mean 503 with Retry-After.  What fails
 * for a lost prepared statement, a deadlock or a serialization failure is sent
 * once more by the layer, and what met a lock again and again, as its
 * transaction has left no trace.  NGX_ERROR: a setter
 * failed or the exchange is not complete (logged as an alert, as it is a bug,
 * unless out of memory).  Without NGX_OK the caller still owns ex, and may
 * submit it again later except after NGX_ERROR.
 */
ngx_int_t ngx_libpq_exchange_submit(ngx_libpq_exchange_t *ex);

/*
 * The caller has done with ex: its handler is not called any more.  Before
 * submit(), after it refused, and from the handler on, ex and its results are
 * freed.  While it is pending, as when the request has gone, the layer takes
 * it over: what was sent goes on to its end, and so does what waits in the
 * queue if ex->writes is set; else it is dropped there.
 */
void ngx_libpq_exchange_destroy(ngx_libpq_exchange_t *ex);

/*
 * Has it ended without an answer, after it was sent?  Nobody knows whether it
 * was committed.
 */
ngx_uint_t ngx_libpq_exchange_in_doubt(const ngx_libpq_exchange_t *ex);

/* Another hears the end, which has not come yet, and owns ex from then on. */
void ngx_libpq_exchange_hand(ngx_libpq_exchange_t *ex,
    ngx_libpq_handler_pt handler, void *data);


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
ngx_int_t ngx_libpq_get_bytea(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, ngx_str_t *value);
/* text, varchar, char(n), name, json, and enums, which travel as text */
ngx_int_t ngx_libpq_get_text(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, ngx_str_t *value);
ngx_int_t ngx_libpq_get_uuid(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, u_char uuid[NGX_LIBPQ_UUID_LEN]);
/* Days since 1970; INT32_MAX and INT32_MIN are the infinities. */
ngx_int_t ngx_libpq_get_date(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, int32_t *days);
/* Microseconds since 1970, never NGX_LIBPQ_TIME_NULL. */
ngx_int_t ngx_libpq_get_timestamptz(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, int64_t *value);


/* A walk over a uuid[]; checked as a whole by get_uuid_array(). */
typedef struct {
    const u_char  *pos;
    ngx_uint_t     left;          /* elements to come */
    ngx_uint_t     n;             /* elements in all */
} ngx_libpq_array_t;

/* Of one dimension at most, and without NULL elements. */
ngx_int_t ngx_libpq_get_uuid_array(const PGresult *res, ngx_uint_t row,
    ngx_uint_t col, ngx_libpq_array_t *array);

/* The next element.  NGX_OK; NGX_DONE at the end. */
ngx_int_t ngx_libpq_array_next_uuid(ngx_libpq_array_t *array,
    u_char uuid[NGX_LIBPQ_UUID_LEN]);


/* ---- helper threads ---- */

/*
 * A query with n parameters, NUL-terminated texts; without any it may be
 * several statements, and the result is the last one's.  At most timeout
 * milliseconds.  NULL: failed, with libpq's text in text
 * (NGX_LIBPQ_ERROR_SIZE bytes).  The caller clears the result.
 */
PGresult *ngx_libpq_query(PGconn *conn, const char *sql, ngx_uint_t n,
    const char *const *params, ngx_msec_t timeout, char *text);


/* ---- LISTEN ---- */

/*
 * A connection of its own that listens on a channel, so that its heartbeat
 * waits behind no other work.  Made at configuration time with the connection
 * parameters of a pool, whose role check and own check it shares.  Callbacks
 * run in the event loop; each may be NULL.
 */
struct ngx_libpq_listen_s {
    ngx_libpq_pool_t  *pg;
    ngx_str_t          channel;
    void              *data;      /* the caller's */

    /* payload: as sent, NUL-terminated as well, valid during the call */
    void             (*notify)(ngx_libpq_listen_t *l, ngx_str_t *payload);

    /*
     * Every notification whose NOTIFY was acknowledged before sent
     * (ngx_current_msec when the query left) has been handed to notify().
     */
    void             (*heartbeat)(ngx_libpq_listen_t *l, ngx_msec_t sent);

    /* Listening (again): what was notified before now may be lost. */
    void             (*gap)(ngx_libpq_listen_t *l);

    ngx_msec_t         interval;  /* between heartbeats, default 300 ms */
    ngx_msec_t         timeout;   /* of an answer, default 2 s, then drop */

    /* what follows belongs to the layer */

    void              *state;
};

/*
 * Context: configuration.  From cf->pool, NULL when out of memory; the caller
 * fills the callbacks.  channel must outlive the configuration.
 */
ngx_libpq_listen_t *ngx_libpq_listen_create(ngx_conf_t *cf,
    ngx_libpq_pool_t *pg, const char *channel);

/* After the pool's init_process; exit before the pool's exit_process. */
ngx_int_t ngx_libpq_listen_init_process(ngx_cycle_t *cycle,
    ngx_libpq_listen_t *l);
void ngx_libpq_listen_exit_process(ngx_cycle_t *cycle, ngx_libpq_listen_t *l);

/* Context: event loop.  Whether the connection listens now. */
ngx_uint_t ngx_libpq_listen_up(const ngx_libpq_listen_t *l);


#endif /* _NGX_LIBPQ_H_INCLUDED_ */
