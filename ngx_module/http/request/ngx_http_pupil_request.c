/*
 * Copyright (C) the Pupil authors
 *
 * The engine: what all endpoints have in common, in the order that
 * ngx_http_pupil.h tells.  A request is a chain of steps; a step ends with an
 * answer, or waits (NGX_AGAIN) and is gone on with from the event loop.
 */

#include <sodium.h>

#include "core/endpoints/directive.h"
#include "http/request/ngx_http_pupil.h"


#define NGX_HTTP_PUPIL_DEBUG_LEN  128    /* bytes, what follows is cut off */


static void ngx_http_pupil_id(ngx_http_pupil_main_conf_t *pmcf,
    pupil_uuid_t *id);
static void ngx_http_pupil_cleanup(void *data);
static void ngx_http_pupil_body_ready(ngx_http_request_t *r);
static void ngx_http_pupil_begin(ngx_http_pupil_ctx_t *ctx);
static void ngx_http_pupil_run_held(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt step);
static ngx_uint_t ngx_http_pupil_stale(ngx_http_pupil_ctx_t *ctx);
static ngx_uint_t ngx_http_pupil_to_be_proved(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_step_session(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_step_start(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_step_keys(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_step_again(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_record(ngx_http_pupil_ctx_t *ctx);
static ngx_uint_t ngx_http_pupil_must_record(ngx_http_pupil_ctx_t *ctx);


/*
 * Of the event loop.  A request's own ctx->now stands still while it waits;
 * what requests share, such as the age of a key, is told by this clock, or
 * what a younger request put would seem to come from the future.
 */
pupil_time_t
ngx_http_pupil_time(void)
{
    ngx_time_t  *tp;

    tp = ngx_timeofday();

    return (pupil_time_t) tp->sec * PUPIL_TIME_SECOND
           + (pupil_time_t) tp->msec * (PUPIL_TIME_SECOND / 1000);
}


ngx_http_pupil_ctx_t *
ngx_http_pupil_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t    *cln;
    ngx_http_pupil_ctx_t  *ctx, *old;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pupil_module);
    if (ctx != NULL) {
        return ctx;
    }

    /* After an internal redirect what is of the request stays. */
    old = NULL;
    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_pupil_cleanup) {
            old = cln->data;
            break;
        }
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_pupil_ctx_t));
    if (cln == NULL) {
        return NULL;
    }

    ctx = cln->data;
    ngx_memzero(ctx, sizeof(ngx_http_pupil_ctx_t));

    ctx->request = r;
    ctx->main = ngx_http_get_module_main_conf(r, ngx_http_pupil_module);
    ctx->alloc.alloc = ngx_http_pupil_alloc;
    ctx->alloc.ctx = ctx;
    ctx->response.status = NGX_HTTP_OK;

    ctx->now = ngx_http_pupil_time();

    if (old != NULL) {
        ctx->id = old->id;
        ctx->guard = old->guard;

    } else {
        ngx_http_pupil_id(ctx->main, &ctx->id);
    }

    pupil_writer_init(&ctx->out, &ctx->alloc, 0);

    cln->handler = ngx_http_pupil_cleanup;
    ngx_http_set_ctx(r, ctx, ngx_http_pupil_module);

    return ctx;
}


#if (NGX_DEBUG)

void
ngx_http_pupil_debug_line(ngx_http_pupil_ctx_t *ctx, const char *fmt, ...)
{
    u_char   *p, id[PUPIL_UUID_TEXT_LEN], text[NGX_HTTP_PUPIL_DEBUG_LEN];
    va_list   args;

    va_start(args, fmt);
    p = ngx_vslprintf(text, text + sizeof(text), fmt, args);
    va_end(args);

    pupil_uuid_format(&ctx->id, id);

    ngx_log_debug5(NGX_LOG_DEBUG_HTTP, ctx->request->connection->log, 0,
                   "pupil: %*s %s: %*s", (size_t) PUPIL_UUID_TEXT_LEN, id,
                   ctx->conf->endpoint->name, (size_t) (p - text), text);
}

#endif


/* Random bytes without a system call for each request. */
static void
ngx_http_pupil_id(ngx_http_pupil_main_conf_t *pmcf, pupil_uuid_t *id)
{
    if (pmcf->random_left == 0) {
        pmcf->random_left = sizeof(pmcf->random) / sizeof(pmcf->random[0]);
        randombytes_buf(pmcf->random, sizeof(pmcf->random));
    }

    pupil_uuid_of(pmcf->random[--pmcf->random_left], id);
}


/*
 * The end of the request's memory, by whatever way it ended: what is under
 * way is detached (pitfall 16), what was clear is wiped.
 */
static void
ngx_http_pupil_cleanup(void *data)
{
    ngx_http_pupil_ctx_t *ctx = data;

    ngx_http_pupil_probe(CLEANUP);

    if (ctx->handled && !ctx->response.done) {
        ctx->main->stats.aborted++;
    }

    ngx_http_pupil_unsent_stop(ctx);
    ngx_http_pupil_deadline_stop(ctx);
    ngx_http_pupil_abandon(ctx);
    ngx_http_pupil_keys_forget(ctx);
    ngx_http_pupil_memory_wipe(ctx);

    sodium_memzero(ctx, sizeof(ngx_http_pupil_ctx_t));
}


void
ngx_http_pupil_abandon(ngx_http_pupil_ctx_t *ctx)
{
    if (ctx->left != NULL) {
        ctx->left(ctx);
        ctx->left = NULL;
    }

    ngx_http_pupil_stranger_leaves(ctx);
    ngx_http_pupil_exchanges_leave(ctx);
    ngx_http_pupil_audit_detach(ctx);
}


ngx_int_t
ngx_http_pupil_handler(ngx_http_request_t *r)
{
    ngx_int_t              rc;
    ngx_http_pupil_ctx_t  *ctx;
    ngx_http_pupil_probe(REQUEST);

    ctx = ngx_http_pupil_ctx(r);
    if (ctx == NULL) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "pupil: internal error: no memory for a request");
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    /* a variable may have made ctx before this location was chosen */
    ctx->conf = ngx_http_get_module_loc_conf(r, ngx_http_pupil_module);
    ctx->handled = 1;

    /* our answers have no validators: after a write, 412 would be untrue */
    r->disable_not_modified = 1;

    if (r != r->main && !ctx->conf->endpoint->subrequest) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "pupil: a subrequest to \"%V\" is refused: of Pupil's "
                      "locations only pupil_session answers auth_request",
                      &r->uri);
        return NGX_HTTP_FORBIDDEN;
    }

    ngx_http_pupil_network(ctx);

    /* a subrequest has the body's header fields, and no body */
    if (ngx_http_pupil_transport(ctx) == NGX_OK
        && ngx_http_pupil_route(ctx) == NGX_OK
        && r == r->main
        && ngx_http_pupil_body_check(ctx) == NGX_OK
        && (ctx->route->flags & (NGX_HTTP_PUPIL_BODY|NGX_HTTP_PUPIL_FORM)))
    {
        r->request_body_in_single_buf = 1;

        rc = ngx_http_read_client_request_body(r, ngx_http_pupil_body_ready);
        if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
            return rc;                                       /* pitfall 17 */
        }

        return NGX_DONE;
    }

    rc = ngx_http_discard_request_body(r);
    if (rc != NGX_OK) {
        return rc;
    }

    r->main->count++;
    ngx_http_pupil_begin(ctx);

    return NGX_DONE;
}


static void
ngx_http_pupil_body_ready(ngx_http_request_t *r)
{
    ngx_http_pupil_ctx_t  *ctx;
    ngx_http_pupil_probe(BODY);

    ctx = ngx_http_get_module_ctx(r, ngx_http_pupil_module);

    (void) ngx_http_pupil_body_take(ctx);

    /* not its length, which would tell that of a password */
    ngx_http_pupil_debug(ctx, "body: read");

    ngx_http_pupil_begin(ctx);
}


/* From here on the engine ends the request, and nobody else. */
static void
ngx_http_pupil_begin(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    if (ctx->response.problem) {
        ngx_http_pupil_run(ctx, ngx_http_pupil_step_send);
        return;
    }

    if (ctx->conf->endpoint->core == NULL) {
        ngx_http_pupil_run(ctx, ctx->route->start);
        return;
    }

    if (r == r->main) {
        r->read_event_handler = ngx_http_test_reading;       /* pitfall 18 */
    }

    ngx_http_pupil_run(ctx, ngx_http_pupil_step_parse);
}


/* What its steps leave of keys on the stack goes before others run. */
void
ngx_http_pupil_run(ngx_http_pupil_ctx_t *ctx, ngx_http_pupil_step_pt step)
{
    pupil_stack_hold();
    ngx_http_pupil_run_held(ctx, step);
    pupil_stack_release();
}


/*
 * Runs a step until the request waits or is answered.  What a step asked for
 * by noting it in ctx is done here: keys that it misses, an audit of what it
 * found tampered with.
 */
static void
ngx_http_pupil_run_held(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt step)
{
    ngx_int_t  rc;

    ctx->step = step;
    rc = step(ctx);

    if (rc == NGX_AGAIN) {
        ngx_http_pupil_deadline_start(ctx);
        return;
    }

    /* what does not unwrap is not asked for again: it ends below */
    if (ctx->keys.missing_count != 0 && !ctx->response.problem
        && !ctx->integrity)
    {
        ctx->again = ctx->step;
        rc = ngx_http_pupil_keys_owners(ctx, ngx_http_pupil_step_again);
        if (rc == NGX_AGAIN) {
            ngx_http_pupil_deadline_start(ctx);
            return;
        }
    }

    if ((rc == NGX_ERROR || ctx->integrity || ctx->response.problem)
        && ctx->late != NULL)
    {
        rc = ngx_http_pupil_late_answer(ctx);
    }

    if (ctx->integrity && !ctx->response.problem) {
        (void) ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_INTEGRITY);
    }

    if (rc == NGX_ERROR && !ctx->response.problem) {
        (void) ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_INTERNAL);
    }

    if (ngx_http_pupil_record(ctx) != NGX_OK
        || ngx_http_pupil_unspend(ctx) != NGX_OK)
    {
        ngx_http_pupil_deadline_start(ctx);
        return;
    }

    ngx_http_pupil_deadline_stop(ctx);
    ngx_http_pupil_send(ctx);
}


/*
 * The audit of what the answer shows and of what was found tampered with.
 * NGX_OK to send; NGX_AGAIN: the answer waits for the commit (invariant I1).
 */
static ngx_int_t
ngx_http_pupil_record(ngx_http_pupil_ctx_t *ctx)
{
    /* read before it was known that the data may be older (invariant I8) */
    if (!ctx->response.problem && ctx->restored != 0
        && (ngx_http_pupil_restored(ctx->main) != NULL
            || ctx->restored != ctx->main->restored.times + 1))
    {
        ngx_http_pupil_shown_none(ctx);
        (void) ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_RESTORE_PENDING);
    }

    /* held up until after a revocation; what was written is (I18, I15) */
    if (!ctx->response.problem && ctx->route != NULL
        && ctx->route->method == NGX_HTTP_GET
        && !(ctx->route->flags & NGX_HTTP_PUPIL_PUBLIC)
        && ngx_http_pupil_late(ctx))
    {
        ngx_http_pupil_shown_none(ctx);
        (void) ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
    }

    /* what shows that something was done needs just the record of it (I1) */
    if (!ctx->response.problem && ctx->audit.recorded != ctx->audit.due) {
        ngx_http_pupil_shown_none(ctx);
        (void) ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
    }

    if (!ctx->response.problem
        && (ngx_http_pupil_must_record(ctx)
            || ngx_http_pupil_audit_shown(ctx) != NGX_OK)
        && !ctx->response.problem)                       /* it may say why */
    {
        (void) ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_INTERNAL);
    }

    if (ctx->audit.tampered.count != 0 && ctx->audit.asked != NULL
        && ngx_http_pupil_audit_tampered(ctx) != NGX_OK)
    {
        (void) ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
    }

    return ctx->audit.records == NULL ? NGX_OK : NGX_AGAIN;
}


/* A GET that shows something must have said what: a bug else. */
static ngx_uint_t
ngx_http_pupil_must_record(ngx_http_pupil_ctx_t *ctx)
{
    if (ctx->audit.shown_count != 0 || ctx->audit.complete || ctx->route == NULL
        || ctx->request != ctx->request->main
        || ctx->route->method != NGX_HTTP_GET
        || (ctx->route->flags & (NGX_HTTP_PUPIL_PUBLIC
                                 | NGX_HTTP_PUPIL_NOTHING)))
    {
        return 0;
    }

    ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                  "pupil: an answer without an audit record is not sent");

    return 1;
}


void
ngx_http_pupil_resume(ngx_http_pupil_ctx_t *ctx, ngx_http_pupil_step_pt step)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;
    ngx_http_pupil_probe(RESUME);

    r = ctx->request;
    c = r->connection;

    ngx_http_set_log_request(c->log, r);

    ctx->waited = step;
    ngx_http_pupil_run(ctx, ngx_http_pupil_step_keys);

    ngx_http_run_posted_requests(c);
}


/*
 * While the request waited, its tenant's keys may have made room for those of
 * others.  Without them no row would be authentic: they are fetched again
 * before a step goes on, so that no step need think of it.  But where something
 * was stored, it is known before anything else can fail.
 */
static ngx_int_t
ngx_http_pupil_step_keys(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (!pupil_uuid_is_zero(&ctx->tenant)
        && ctx->waited != ngx_http_pupil_keys_step
        && ctx->waited != ctx->stored)
    {
        rc = ngx_http_pupil_keys_tenant(ctx, ctx->waited);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    ctx->step = ctx->waited;

    return ctx->waited(ctx);
}


/* The step that missed keys, from its beginning. */
static ngx_int_t
ngx_http_pupil_step_again(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "keys: the step runs again");

    pupil_writer_reset(&ctx->out);
    ngx_http_pupil_shown_none(ctx);
    ctx->response.status = NGX_HTTP_OK;
    ctx->response.location.len = 0;
    ctx->step = ctx->again;

    return ctx->again(ctx);
}


ngx_int_t
ngx_http_pupil_step_send(ngx_http_pupil_ctx_t *ctx)
{
    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_step_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    rc = ngx_http_pupil_tenant(ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ctx->route->parse != NULL) {
        rc = ctx->route->parse(ctx);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    rc = ngx_http_pupil_keys_tenant(ctx, ngx_http_pupil_step_session);
    if (rc != NGX_OK) {
        return rc;
    }

    return ngx_http_pupil_step_session(ctx);
}


static ngx_int_t
ngx_http_pupil_step_session(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (ctx->conf->audit_holes == PUPIL_HOLES_REFUSE
        && ngx_http_pupil_holes_of(&ctx->main->holes, &ctx->tenant))
    {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_AUDIT_HOLE);
    }

    if (!(ctx->route->flags & NGX_HTTP_PUPIL_PUBLIC)) {
        ctx->judged_at = ngx_current_msec;

        rc = ngx_http_pupil_session_load(ctx, ngx_http_pupil_step_start);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_http_pupil_step_start(ctx);
}


static ngx_int_t
ngx_http_pupil_step_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t  rc;

    if (ctx->session.limited && !(ctx->route->flags & NGX_HTTP_PUPIL_LIMITED))
    {
        return ngx_http_pupil_problem(ctx,
                                      NGX_HTTP_PUPIL_PASSWORD_CHANGE_REQUIRED);
    }

    if (ngx_http_pupil_stale(ctx)) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_STEP_UP_REQUIRED);
    }

    if (ctx->has_session && ngx_http_pupil_to_be_proved(ctx)
        && !ngx_http_pupil_session_suffices(ctx, ctx->session.role))
    {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_LOGIN_AGAIN);
    }

    rc = ngx_http_pupil_csrf(ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    ctx->step = ctx->route->start;

    return ctx->route->start(ctx);
}


/* Who looks at their own session sees it; auth_request decides by it. */
static ngx_uint_t
ngx_http_pupil_to_be_proved(ngx_http_pupil_ctx_t *ctx)
{
    return !(ctx->route->flags & NGX_HTTP_PUPIL_LIMITED)
           && (!(ctx->route->flags & NGX_HTTP_PUPIL_UNPROVED)
               || ctx->request != ctx->request->main);
}


/* Does this location ask of the session's role for a proof that is younger? */
static ngx_uint_t
ngx_http_pupil_stale(ngx_http_pupil_ctx_t *ctx)
{
    pupil_role_t  role;

    if (ctx->conf->step_up == NULL || !ctx->has_session
        || (ctx->route->flags & NGX_HTTP_PUPIL_PUBLIC)
        || !ngx_http_pupil_to_be_proved(ctx))
    {
        return 0;
    }

    role = pupil_role_find(ctx->session.role);

    return role == PUPIL_ROLE_NONE
           || !ngx_http_pupil_session_proves(ctx, ctx->conf->step_up[role]);
}


void
ngx_http_pupil_network(ngx_http_pupil_ctx_t *ctx)
{
    struct sockaddr     *sa;
    struct sockaddr_in  *sin;
#if (NGX_HAVE_INET6)
    u_char               *p;
    struct sockaddr_in6  *sin6;
#endif

    sa = ctx->request->connection->sockaddr;

    switch (sa->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) sa;
        pupil_network_truncate((uint8_t *) &sin->sin_addr, 4, ctx->network);
        break;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) sa;
        p = sin6->sin6_addr.s6_addr;

        if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
            pupil_network_truncate(p + 12, 4, ctx->network);

        } else {
            pupil_network_truncate(p, 16, ctx->network);
        }

        break;
#endif

    default:                                             /* a unix socket */
        ctx->network[0] = '\0';
        break;
    }
}
