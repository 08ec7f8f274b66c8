/*
 * Copyright (C) the Pupil authors
 *
 * Where the actor is logged in, and sessions that end one by one: first in the
 * data database, which opens a revocation for each, then in the key store, so
 * that they stay ended when somebody puts their rows back (invariant I18).
 */

#ifndef _NGX_HTTP_PUPIL_SESSIONS_H_INCLUDED_
#define _NGX_HTTP_PUPIL_SESSIONS_H_INCLUDED_

#include "http/request/ngx_http_pupil_session.h"
#include "http/request/ngx_http_pupil_types.h"


/* ctx->sessions. */
typedef struct {
    ngx_http_pupil_session_t  *list;         /* no tokens, oldest first */
    ngx_uint_t                 n;
    ngx_uint_t                 least;
    PGresult                  *rows;
    ngx_http_pupil_step_pt     next;
    unsigned                   whole:1;      /* no row is in doubt, and none is
                                                missing that is known of */
} ngx_http_pupil_sessions_t;

/* ctx->ending. */
typedef struct {
    pupil_str_t               *hashes;       /* of tokens */
    pupil_uuid_t              *revocations;  /* each is open as one of these */
    pupil_time_t              *began;        /* and is known by this */
    ngx_uint_t                 n;
    pupil_time_t               until;        /* the last would have lived */
    pupil_str_t                one;
    pupil_time_t               one_began;
    ngx_http_pupil_step_pt     next;
    ngx_http_pupil_step_pt     then;         /* none of them lives on */
    const char                *tell;         /* kind of a notice, or NULL */
} ngx_http_pupil_ending_t;


/*
 * The actor's sessions that count, each checked, into ctx->sessions; none when
 * there are no more rows than least.  NGX_AGAIN, then next, or a problem.  What
 * is not whole does not say that there is no other (invariant I20).
 */
ngx_int_t ngx_http_pupil_sessions_list(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t least, ngx_http_pupil_step_pt next);

/*
 * By a list that somebody filled or emptied nobody is told that a session has
 * ended, or that there is none (invariant I20): a problem.
 */
ngx_int_t ngx_http_pupil_sessions_doubt(ngx_http_pupil_ctx_t *ctx);

/*
 * Ends n of that list, on record, and whatever takes their place meanwhile.
 * which: places in it, in order.  NGX_AGAIN, then next, or a problem.
 */
ngx_int_t ngx_http_pupil_sessions_end(ngx_http_pupil_ctx_t *ctx,
    const ngx_uint_t *which, ngx_uint_t n, ngx_http_pupil_step_pt next);

/*
 * Of those of ctx->ending a row was gone before it was deleted.  Whoever takes
 * another role, or password, has another token and another row, and began when
 * they began: those end, too, then ctx->ending.then.
 */
ngx_int_t ngx_http_pupil_sessions_follow(ngx_http_pupil_ctx_t *ctx);

/* Room in ctx->ending for so many; then each that is to end. */
ngx_int_t ngx_http_pupil_ending_begin(ngx_http_pupil_ctx_t *ctx, ngx_uint_t n,
    ngx_http_pupil_step_pt next);
void ngx_http_pupil_ending_add(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_session_t *session);

/*
 * Those of ctx->ending have no rows any more, and are revocations: they leave
 * the zone, and the key store is told.  NGX_AGAIN, then next, or a problem.
 */
ngx_int_t ngx_http_pupil_sessions_gone(ngx_http_pupil_ctx_t *ctx);

/*
 * Tells the key store of a session whose row the data database has deleted;
 * then closes the revocation, which the statement that deleted it has opened
 * under the request's id.  NGX_AGAIN, then next, or a problem.
 */
ngx_int_t ngx_http_pupil_session_end(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_session_t *session, ngx_http_pupil_step_pt next);

/* The key store knows of them: they are open no more. */
void ngx_http_pupil_revocation_close(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *revocations, ngx_uint_t n);

#endif /* _NGX_HTTP_PUPIL_SESSIONS_H_INCLUDED_ */
