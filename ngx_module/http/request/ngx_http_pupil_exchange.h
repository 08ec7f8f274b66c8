/*
 * Copyright (C) the Pupil authors
 *
 * A request's exchanges with the databases.  All of them stay until the request
 * ends, as steps look back at earlier results.
 */

#ifndef _NGX_HTTP_PUPIL_EXCHANGE_H_INCLUDED_
#define _NGX_HTTP_PUPIL_EXCHANGE_H_INCLUDED_

#include "http/request/ngx_http_pupil_audit.h"
#include "http/request/ngx_http_pupil_problem.h"
#include "http/request/ngx_http_pupil_types.h"


/* The exchanges of a request: ctx->sent. */
typedef struct ngx_http_pupil_sent_s  ngx_http_pupil_sent_t;

struct ngx_http_pupil_sent_s {
    ngx_http_pupil_sent_t  *next;
    ngx_libpq_exchange_t   *exchange;
    void                   *written;      /* ngx_http_pupil_written_t: its
                                             record, until it has ended */
};


/* What the key store was asked last, but for keys: ctx->answer. */
typedef struct {
    ngx_libpq_exchange_t    *exchange;
    ngx_http_pupil_step_pt   step;        /* goes on with it */
} ngx_http_pupil_answer_t;


/* A new exchange of the data pool for this tenant; NULL: out of memory. */
ngx_libpq_exchange_t *ngx_http_pupil_exchange(ngx_http_pupil_ctx_t *ctx);

/*
 * One of the key store's, for ngx_http_pupil_track().  Whether it failed, step
 * sees from ctx->answer.
 */
ngx_libpq_exchange_t *ngx_http_pupil_keystore_exchange(
    ngx_http_pupil_ctx_t *ctx, ngx_http_pupil_step_pt step);

/*
 * Adds a statement with the common parameters $2 to $7 set; its position.
 * What is not granted is noted, and submit() refuses.
 */
ngx_uint_t ngx_http_pupil_add(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const ngx_http_pupil_stmt_t *stmt);

/* $2 to $7 of every statement. */
void ngx_http_pupil_common(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);

/*
 * Submits; when it is committed, ctx->exchange is it and ctx->resume (or the
 * route's render) goes on.  NGX_AGAIN, or a 503 as ngx_http_pupil_problem()
 * returns it.  keep: a write, which finishes even if the client goes.
 */
ngx_int_t ngx_http_pupil_submit(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t keep);

/*
 * An exchange that is on its way ends without the request, which goes now:
 * handler owns it then, and the records that it carries; NULL: none.
 */
ngx_http_pupil_written_t *ngx_http_pupil_hand(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_libpq_handler_pt handler, void *data);

/* The request goes before its exchanges: each ends by itself. */
void ngx_http_pupil_exchanges_leave(ngx_http_pupil_ctx_t *ctx);

/* Submits an exchange of any pool, whose handler is set, and keeps it. */
ngx_int_t ngx_http_pupil_track(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);

/*
 * A refusal that is audited first (403, 404): the answer leaves when the
 * record is committed, else 503.  stmt: what was asked for; subject: of whom,
 * or NULL.
 */
ngx_int_t ngx_http_pupil_refuse(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_stmt_t *stmt, const pupil_uuid_t *subject,
    ngx_http_pupil_problem_e problem);

/* The same of a statement of the endpoint, and of nobody. */
ngx_int_t ngx_http_pupil_refuse_stmt(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t stmt, ngx_http_pupil_problem_e problem);

/*
 * The same of input that breaks a rule which stored data decides (422): whoever
 * is told that has learned something of it (invariant I1).
 */
ngx_int_t ngx_http_pupil_refuse_at(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_stmt_t *stmt, const pupil_uuid_t *subject,
    const char *field, const char *rule);

/* The same of input that does not fit what is stored, by another problem. */
ngx_int_t ngx_http_pupil_refuse_as(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_stmt_t *stmt, ngx_http_pupil_problem_e problem,
    const char *field, const char *rule);

/*
 * By which numbers whoever writes about a subject or a homework takes turns;
 * ids are random, and any of their bytes will do.  Two who share them by chance
 * only wait for each other.
 */
void ngx_http_pupil_turn(ngx_http_pupil_ctx_t *ctx, const pupil_uuid_t *id,
    int32_t turn[2]);

/* Statements of the endpoint, and of sessions, by the enums of core. */
#define ngx_http_pupil_stmt(ctx, id)          (&(ctx)->conf->serves.stmts[id])
#define ngx_http_pupil_session_stmt(ctx, id)                                  \
    (&(ctx)->conf->serves.session[id])

#define ngx_http_pupil_add_stmt(ctx, ex, id)                                  \
    ngx_http_pupil_add(ctx, ex, ngx_http_pupil_stmt(ctx, id))
#define ngx_http_pupil_add_session_stmt(ctx, ex, id)                          \
    ngx_http_pupil_add(ctx, ex, ngx_http_pupil_session_stmt(ctx, id))

#endif /* _NGX_HTTP_PUPIL_EXCHANGE_H_INCLUDED_ */
