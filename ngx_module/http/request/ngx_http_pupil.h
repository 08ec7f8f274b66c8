/*
 * Copyright (C) the Pupil authors
 *
 * The life of a request, once for all endpoints, and how one is written.
 *
 * An endpoint is a table of routes.  The engine (ngx_http_pupil_request.c) does
 * what all have in common, in this order:
 *
 *     route     method and path; 405 with Allow, 404
 *     body      read and kept in memory, never in a file; 413, 415
 *     parse     the route's: strict, before anything is looked up; 400, 422
 *     session   the shared zone, else PostgreSQL; 401
 *     CSRF      unsafe methods; 403
 *     grant     is a statement granted to this role; 403, audited
 *     start     the route's: builds the exchange; one round trip
 *     render    the route's: once the exchange is committed
 *     record    what is shown, in a group with other requests'
 *     send      once that is committed (invariant I1)
 *
 * render may find that an owner's key is not cached: the engine fetches all
 * that it asked for and calls render again from its beginning.  It may find
 * tampered rows: the engine audits them before it answers.
 *
 * A guard of another's handler takes the steps from session on, and goes on in
 * nginx's phases in place of the last (ngx_http_pupil_guard.h).
 *
 * Everything here runs on the event loop.  Memory of a request is r->pool's;
 * what was clear lies in ctx->memory, and is wiped with the request.
 */

#ifndef _NGX_HTTP_PUPIL_H_INCLUDED_
#define _NGX_HTTP_PUPIL_H_INCLUDED_

#include "core/json/json_tree.h"
#include "core/plugin/value.h"
#include "core/vault/keyring_owner.h"
#include "http/request/ngx_http_pupil_types.h"
#include "http/request/ngx_http_pupil_audit.h"
#include "http/request/ngx_http_pupil_body.h"
#include "http/request/ngx_http_pupil_cookie.h"
#include "http/request/ngx_http_pupil_endpoint.h"
#include "http/request/ngx_http_pupil_deadline.h"
#include "http/request/ngx_http_pupil_exchange.h"
#include "http/request/ngx_http_pupil_facts.h"
#include "http/request/ngx_http_pupil_floors.h"
#include "http/request/ngx_http_pupil_guard.h"
#include "http/request/ngx_http_pupil_keys.h"
#include "http/request/ngx_http_pupil_main.h"
#include "http/request/ngx_http_pupil_memory.h"
#include "http/request/ngx_http_pupil_name.h"
#include "http/request/ngx_http_pupil_notice.h"
#include "http/request/ngx_http_pupil_problem.h"
#include "http/request/ngx_http_pupil_holes.h"
#include "http/request/ngx_http_pupil_lag.h"
#include "http/request/ngx_http_pupil_restored.h"
#include "http/request/ngx_http_pupil_route.h"
#include "http/request/ngx_http_pupil_authentic.h"
#include "http/request/ngx_http_pupil_send.h"
#include "http/request/ngx_http_pupil_session.h"
#include "http/request/ngx_http_pupil_sessions.h"
#include "http/request/ngx_http_pupil_spend.h"
#include "http/request/ngx_http_pupil_strangers.h"
#include "http/request/ngx_http_pupil_support.h"
#include "http/request/ngx_http_pupil_tampered.h"
#include "http/request/ngx_http_pupil_tenant.h"
#include "http/request/ngx_http_pupil_throttle.h"
#include "http/request/ngx_http_pupil_transport.h"
#include "http/request/ngx_http_pupil_unsent.h"
#include "http/request/ngx_http_pupil_value.h"
#include "http/request/ngx_http_pupil_told.h"
#include "http/request/ngx_http_pupil_zone.h"


struct ngx_http_pupil_ctx_s {
    ngx_http_request_t              *request;
    ngx_http_pupil_main_conf_t      *main;
    ngx_http_pupil_loc_conf_t       *conf;         /* NULL: none chosen yet */
    const ngx_http_pupil_route_t    *route;
    pupil_alloc_t                    alloc;        /* of memory */
    pupil_time_t                     now;          /* when it began */
    int32_t                          today;        /* then, in the tenant's
                                                      time zone */
    pupil_time_t                     midnight;     /* when that has begun */

    pupil_uuid_t                     id;           /* of the request */
    pupil_uuid_t                     tenant;
    char                             network[PUPIL_NETWORK_LEN];
    pupil_uuid_t                     path_id;      /* {id} of the path */
    pupil_uuid_t                     path_about;   /* the second of them */
    pupil_str_t                      path_name;    /* {name} of the path */
    pupil_str_t                      body;         /* wiped with the request */
    ngx_http_pupil_session_t         session;

    void                            *data;         /* the route's own */
    ngx_libpq_exchange_t            *exchange;     /* results for render */
    ngx_http_pupil_step_pt           resume;       /* for render, once */
    pupil_writer_t                   out;          /* JSON */
    ngx_http_pupil_guard_t          *guard;        /* NULL: none was met */
    ngx_http_pupil_response_t        response;

    ngx_http_pupil_request_keys_t    keys;
    ngx_http_pupil_answer_t          answer;       /* of the key store */
    ngx_http_pupil_floors_t          floors;
    ngx_http_pupil_spend_t           spend;
    ngx_http_pupil_throttle_t        throttle;     /* of the actor */
    ngx_http_pupil_sessions_t        sessions;     /* of the actor */
    ngx_http_pupil_ending_t          ending;       /* sessions */
    ngx_http_pupil_support_t         support;      /* grants */
    ngx_http_pupil_request_audit_t   audit;

    /* what follows is the engine's */

    ngx_http_pupil_step_pt           step;         /* runs, or runs again */
    ngx_http_pupil_step_pt           again;        /* once keys are there */
    ngx_http_pupil_step_pt           waited;       /* is resumed */
    ngx_http_pupil_step_pt           session_next;
    ngx_msec_t                       read_at;      /* of the session's row */
    ngx_msec_t                       judged_at;    /* the session was */
    ngx_http_pupil_opened_t          opened;       /* whose values */
    ngx_uint_t                       restored;     /* main->restored.times and
                                                      one; 0: of no tenant */
    const ngx_http_pupil_stmt_t     *denied;       /* was not granted */
    ngx_http_pupil_sent_t           *sent;
    ngx_event_t                      deadline;
    ngx_http_pupil_step_pt           stored;       /* needs no keys */
    ngx_http_pupil_step_pt           late;         /* answers what is stored,
                                                      whatever else fails */
    void                           (*left)(ngx_http_pupil_ctx_t *ctx);
    ngx_http_pupil_step_pt           failed;       /* answers a person in place
                                                      of a 5xx, or leaves it */
    void                           (*decided)(ngx_http_pupil_ctx_t *ctx);
    ngx_http_pupil_stranger_t        stranger;     /* of the session's token */
    ngx_http_pupil_memory_t          memory;
    ngx_http_pupil_unsent_t          unsent;       /* waits for the client */

    unsigned                         handled:1;    /* by our handler */
    unsigned                         has_session:1;
    unsigned                         integrity:1;  /* a value did not open */
};


/*
 * What is under way finishes for nobody.  First, once, ctx->left, where a route
 * sees to what must be done all the same; nothing of the request is wiped yet.
 */
void ngx_http_pupil_abandon(ngx_http_pupil_ctx_t *ctx);

/* Content handler of all endpoints; set by their directives. */
ngx_int_t ngx_http_pupil_handler(ngx_http_request_t *r);

/* The context; made, with an id, when there is none.  NULL: no memory. */
ngx_http_pupil_ctx_t *ngx_http_pupil_ctx(ngx_http_request_t *r);

/*
 * Goes on with a step: runs it, again after keys were fetched, and sends the
 * answer.  _resume() is for what runs outside of a step, such as the end of a
 * thread task: it also lets nginx go on.
 */
void ngx_http_pupil_run(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt step);
void ngx_http_pupil_resume(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt step);

/* The steps that have nothing to do but to send, and that begin with all. */
ngx_int_t ngx_http_pupil_step_send(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_step_parse(ngx_http_pupil_ctx_t *ctx);

/* The client's network, for the audit: never more than /24 or /48. */
void ngx_http_pupil_network(ngx_http_pupil_ctx_t *ctx);

/* All records of the request are committed, or have failed: goes on. */
void ngx_http_pupil_audited(ngx_http_pupil_ctx_t *ctx);

/*
 * A line for whoever follows a request (error_log debug): its id, the
 * endpoint, and the step that it takes; ids and counts of rows, and never what
 * somebody sent or is shown, nor how long that is (invariant I14).  fmt is
 * nginx's.
 */
#if (NGX_DEBUG)

#define ngx_http_pupil_debug(ctx, ...)                                        \
    if ((ctx)->request->connection->log->log_level & NGX_LOG_DEBUG_HTTP)      \
        ngx_http_pupil_debug_line(ctx, __VA_ARGS__)

void ngx_http_pupil_debug_line(ngx_http_pupil_ctx_t *ctx, const char *fmt,
    ...);

#else

#define ngx_http_pupil_debug(ctx, ...)

#endif

/* Microseconds since 1970, now: for what requests share. */
pupil_time_t ngx_http_pupil_time(void);

#endif /* _NGX_HTTP_PUPIL_H_INCLUDED_ */
