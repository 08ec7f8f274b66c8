/*
 * Copyright (C) the Pupil authors
 *
 * What the files of ngx_libpq share with each other and with nobody else.
 */

#ifndef _NGX_LIBPQ_PRIVATE_H_INCLUDED_
#define _NGX_LIBPQ_PRIVATE_H_INCLUDED_

#include "pg/ngx_libpq.h"
#include "pg/probe.h"


/* Time beyond statement_timeout before a silent connection is dropped. */
#define NGX_LIBPQ_MARGIN  2000    /* ms */

/* Of lines that tell the steps of exchanges and connections. */
#define NGX_LIBPQ_DEBUG   NGX_LOG_DEBUG_CORE


/*
 * What was sent: a kind, and from PREPARE on the position in ex->execs.  The
 * first four are about the session; without them it is not what the exchanges
 * that follow rely on.
 */
#define NGX_LIBPQ_CMD_RESET            0x000
#define NGX_LIBPQ_CMD_SETTING_PREPARE  0x100
#define NGX_LIBPQ_CMD_SETTING          0x200
#define NGX_LIBPQ_CMD_SESSION_SYNC     0x300
#define NGX_LIBPQ_CMD_PREPARE          0x400
#define NGX_LIBPQ_CMD_EXECUTE          0x500
#define NGX_LIBPQ_CMD_PART_SYNC        0x600
#define NGX_LIBPQ_CMD_SYNC             0x700    /* never stored */
#define NGX_LIBPQ_CMD_SNAPSHOT         0x800

#define ngx_libpq_cmd_kind(cmd)        ((cmd) & 0xf00)
#define ngx_libpq_cmd_exec(cmd)        ((cmd) & 0x0ff)

/* Beside one Prepare, one Execute and one Sync for each statement. */
#define NGX_LIBPQ_CMDS                 5


/* One execution of a statement.  Values are owned by the exchange's pool. */
struct ngx_libpq_exec_s {
    const ngx_libpq_stmt_t  *stmt;
    const char             **values;
    int                     *lengths;
    ngx_uint_t               n;           /* values set */
    u_char                   nonce[8];    /* network order */
    unsigned                 ends:1;      /* a part of the exchange */
};


/*
 * The connections of one kind, and what waits for a place there.  Who waits in
 * parties is served by turns; who goes alone, first come, first served.
 */
struct ngx_libpq_share_s {
    ngx_uint_t               first;       /* connection */
    ngx_uint_t               n;           /* 0: another kind serves */
    ngx_uint_t               up;
    ngx_uint_t               queued;
    ngx_rbtree_t             parties;     /* by setting */
    ngx_rbtree_node_t        sentinel;
    ngx_queue_t              recent;      /* parties, the last one first */
    ngx_uint_t               active;      /* how many of them are */
    ngx_queue_t              spare;       /* parties that were */
    ngx_queue_t              turns;       /* parties that wait */
    ngx_queue_t              aside;       /* exchanges that go alone */
    ngx_uint_t               alone;       /* connections that have one */
};


/* Who has exchanges of one kind with one setting, or had of late. */
struct ngx_libpq_party_s {
    ngx_str_node_t           node;        /* its setting */
    ngx_queue_t              recent;
    ngx_queue_t              turn;        /* while queue is not empty */
    ngx_queue_t              queue;       /* exchanges */
    ngx_uint_t               queued;      /* wherever they wait */
    ngx_uint_t               inflight;
    ngx_msec_t               last;        /* when one came */
    ngx_libpq_setting_t      setting;
    uint16_t                *sent;        /* in flight, by connection */
    unsigned                 active:1;    /* somebody asks for it */
};


/* Exchanges with one key, of which one at a time is sent. */
struct ngx_libpq_line_s {
    ngx_str_node_t           node;
    ngx_queue_t              queue;       /* those that wait for their turn */
    ngx_uint_t               n;           /* their number */
    ngx_libpq_exchange_t    *first;       /* whose turn it is */
    unsigned                 locked:1;    /* the last one met a lock */
    u_char                   data[NGX_LIBPQ_SETTING_MAX + NGX_LIBPQ_KEY_MAX];
};


/* A place for a connection in the pool of one worker. */
struct ngx_libpq_conn_s {
    ngx_libpq_pool_t        *pg;
    ngx_libpq_share_t       *share;       /* that it is of */
    ngx_uint_t               number;      /* in the pool, from 0 */
    PGconn                  *conn;        /* NULL: none */
    ngx_connection_t        *c;           /* set while conn is */
    ngx_queue_t              inflight;    /* exchanges in order of sending */
    ngx_uint_t               depth;       /* their number */
    ngx_msec_t               since;       /* they wait, or the last answer */
    ngx_uint_t               generation;  /* of the prepared statements */
    u_char                  *prepared;    /* bitmap by statement index */
    ngx_libpq_setting_t      setting;     /* of the session once all that was
                                             sent is done */
    ngx_event_t              flush;       /* posted, once per turn */
    ngx_event_t              stall;       /* timer, work in flight */
    char                     reason[NGX_LIBPQ_ERROR_SIZE];
    unsigned                 alone:1;     /* the last one goes alone */
    unsigned                 connecting:1;
    unsigned                 renew:1;     /* what is connecting is not used */
    unsigned                 broken:1;    /* to be dropped, see reason */
    unsigned                 reset:1;     /* DEALLOCATE ALL goes first */
    unsigned                 lived:1;     /* had a connection before */
};


/*
 * The end of an attempt to connect, on the event loop.  conn: now the
 * handler's, or NULL with text; mismatch: the server answered, but is not what
 * the configuration asks for, so try again slowly.
 */
typedef void (*ngx_libpq_connect_pt)(void *data, PGconn *conn,
    ngx_uint_t mismatch, const char *text);


/* connect.c */

/*
 * A pipeline that gives a lock up after lock_timeout, or one that listens.
 * NGX_ERROR: no task could be posted, the handler will not be called.
 */
ngx_int_t ngx_libpq_connect(ngx_libpq_pool_t *pg, ngx_str_t *channel,
    ngx_msec_t lock_timeout, ngx_libpq_connect_pt handler, void *data);
/* Milliseconds until the next attempt, with jitter. */
ngx_msec_t ngx_libpq_backoff(ngx_uint_t failures, ngx_uint_t mismatch);


/* log.c */

/* Copies a text of libpq into a buffer of ERROR_SIZE as a line of UTF-8. */
void ngx_libpq_text(char *dst, const char *src);
/* A connection was lost, or could not be made. */
void ngx_libpq_log_outage(ngx_libpq_pool_t *pg, const char *reason);


/* conn.c: the socket of a PGconn */

/* Level-triggered read events for libpq's socket; NULL: logged. */
ngx_connection_t *ngx_libpq_watch(PGconn *conn, void *data,
    ngx_event_handler_pt read, ngx_event_handler_pt write, ngx_log_t *log);
/* Only the events; for a socket that libpq may have closed. */
void ngx_libpq_unwatch(ngx_connection_t *c, PGconn *conn);
/* Events, ngx_connection_t, then PQfinish, which closes the fd. */
void ngx_libpq_finish(ngx_connection_t *c, PGconn *conn);
/* PQflush, with the write event armed while bytes are left. */
ngx_int_t ngx_libpq_flush(ngx_connection_t *c, PGconn *conn);
/* Bytes that wait inside OpenSSL, of which epoll knows nothing. */
ngx_uint_t ngx_libpq_pending(PGconn *conn);


/* conn.c: a connection of the pool */

ngx_int_t ngx_libpq_conn_open(ngx_libpq_conn_t *pc, PGconn *conn);
/* Closes without a word; work in flight must be gone. */
void ngx_libpq_conn_close(ngx_libpq_conn_t *pc);
/* To be dropped, in a posted event. */
void ngx_libpq_conn_drop(ngx_libpq_conn_t *pc, const char *reason);
/* Never calls a handler: what fails here fails in a posted event. */
void ngx_libpq_conn_send(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex);
/* Sends the Prepare, where it is not prepared; cmd: of what is sent. */
ngx_int_t ngx_libpq_conn_prepare(ngx_libpq_conn_t *pc,
    ngx_libpq_exchange_t *ex, const ngx_libpq_stmt_t *stmt, ngx_uint_t cmd);


/* session.c: what is sent before the statements; NGX_OK, NGX_ERROR */

ngx_int_t ngx_libpq_conn_session(ngx_libpq_conn_t *pc,
    ngx_libpq_exchange_t *ex);
ngx_int_t ngx_libpq_conn_snapshot(ngx_libpq_conn_t *pc,
    ngx_libpq_exchange_t *ex);


/* result.c */

/* Takes all results that have arrived; may set pc->broken. */
ngx_uint_t ngx_libpq_results(ngx_libpq_conn_t *pc);
void ngx_libpq_broken(ngx_libpq_conn_t *pc, const char *reason);
void ngx_libpq_notice(void *arg, const PGresult *res);


/* pool.c */

/* Calls the handler, or frees an exchange that nobody waits for. */
void ngx_libpq_complete(ngx_libpq_exchange_t *ex, ngx_libpq_status_e status);
/* Makes connections, where some are missing and it is time to. */
void ngx_libpq_pool_fill(ngx_libpq_pool_t *pg);
/* The connection of pc is closed; reason is for the log. */
void ngx_libpq_pool_lost(ngx_libpq_pool_t *pg, const char *reason);
/* A number that nobody can foretell; NGX_ERROR: there is none, pc is broken. */
ngx_int_t ngx_libpq_pool_nonce(ngx_libpq_conn_t *pc, u_char nonce[8]);


/* share.c */

/* NGX_ERROR: out of memory. */
ngx_int_t ngx_libpq_shares_init(ngx_cycle_t *cycle, ngx_libpq_pool_t *pg);
/* Gives ex its party.  NGX_ERROR: out of memory. */
ngx_int_t ngx_libpq_party(ngx_libpq_exchange_t *ex);
/* That queue ex, or would: of what serves its kind. */
ngx_libpq_share_t *ngx_libpq_share(const ngx_libpq_exchange_t *ex);
/* Whether there is no room for ex in the queue. */
ngx_uint_t ngx_libpq_share_full(const ngx_libpq_exchange_t *ex);
/* Where ex can be sent now; NULL: it waits, and if full is set so do all. */
ngx_libpq_conn_t *ngx_libpq_pick(const ngx_libpq_exchange_t *ex,
    ngx_uint_t *full);
/* ex takes a place on pc; it gives it back, however it ended. */
void ngx_libpq_share_take(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex);
void ngx_libpq_share_give(ngx_libpq_conn_t *pc, ngx_libpq_exchange_t *ex);


/* queue.c */

void ngx_libpq_queue_init(ngx_libpq_pool_t *pg);
void ngx_libpq_queue_exit(ngx_libpq_pool_t *pg);
/* Sends what waits in the queue while there are places. */
void ngx_libpq_queue_pump(ngx_libpq_pool_t *pg);
/* ex, which has a place in the queue, waits for one on a connection. */
void ngx_libpq_queue_ready(ngx_libpq_exchange_t *ex);
/* Takes a not yet sent exchange out of the queue. */
void ngx_libpq_queue_remove(ngx_libpq_exchange_t *ex);
/* Ends what has waited for too long, or all that waits now. */
void ngx_libpq_queue_fail(ngx_libpq_pool_t *pg, ngx_uint_t all);
/* Whether ex met a lock, and has time left to be sent again. */
ngx_uint_t ngx_libpq_queue_may_pause(const ngx_libpq_exchange_t *ex);
void ngx_libpq_queue_pause(ngx_libpq_exchange_t *ex);


/* line.c */

/*
 * Gives ex its line, if it has a key.  NGX_OK: it is its turn, or the one
 * before it does not come back; NGX_AGAIN: it has to wait; NGX_BUSY: too many
 * do; NGX_ERROR: out of memory.
 */
ngx_int_t ngx_libpq_line_join(ngx_libpq_exchange_t *ex);
/* ex waits for its turn. */
void ngx_libpq_line_wait(ngx_libpq_exchange_t *ex);
/* ex has ended, or does not wait any more: the next one is ready. */
void ngx_libpq_line_leave(ngx_libpq_exchange_t *ex);


/* exchange.c */

/* Something is wrong with how ex is built; the first fault is said. */
void ngx_libpq_exchange_fault(ngx_libpq_exchange_t *ex, const char *fault);
void ngx_libpq_exchange_free(ngx_libpq_exchange_t *ex);
/* Drops the results from a statement on, for another try. */
void ngx_libpq_exchange_clear(ngx_libpq_exchange_t *ex, ngx_uint_t from);
/* NGX_OK if ex may be sent. */
ngx_int_t ngx_libpq_exchange_check(ngx_libpq_exchange_t *ex);


static ngx_inline ngx_uint_t
ngx_libpq_setting_equal(const ngx_libpq_setting_t *a,
    const ngx_libpq_setting_t *b)
{
    return a->snapshot == b->snapshot && a->len == b->len
           && ngx_memcmp(a->data, b->data, a->len) == 0;
}


/* As the server is told it, and says that it is. */
static ngx_inline const char *
ngx_libpq_isolation(const ngx_libpq_setting_t *setting)
{
    return setting->snapshot ? "repeatable read" : "read committed";
}


#endif /* _NGX_LIBPQ_PRIVATE_H_INCLUDED_ */
