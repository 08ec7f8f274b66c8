/*
 * Copyright (C) the Pupil authors
 *
 * A request's exchanges with the databases: made, sent, and gone on with once
 * they are committed (invariant I1).  All of them stay until the request
 * ends, as steps look back at earlier results.
 */

#include "http/request/ngx_http_pupil.h"


static void ngx_http_pupil_keystore_answered(ngx_libpq_exchange_t *ex);
static void ngx_http_pupil_exchange_done(ngx_libpq_exchange_t *ex);
static ngx_int_t ngx_http_pupil_step_failed(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_refuse_field(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_stmt_t *stmt, pupil_outcome_t outcome,
    const pupil_uuid_t *subject, ngx_http_pupil_problem_e problem,
    const char *field, const char *rule);
static ngx_int_t ngx_http_pupil_step_refused(ngx_http_pupil_ctx_t *ctx);


ngx_libpq_exchange_t *
ngx_http_pupil_exchange(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t  *ex;

    ex = ngx_libpq_exchange_create(ctx->main->data,
                                   ngx_http_pupil_exchange_done, ctx);
    if (ex == NULL) {
        return NULL;
    }

    ngx_http_pupil_exchange_day(ex, &ctx->tenant, ctx->today);

    return ex;
}


ngx_libpq_exchange_t *
ngx_http_pupil_keystore_exchange(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_step_pt step)
{
    ngx_libpq_exchange_t  *ex;

    ex = ngx_libpq_exchange_create(ctx->main->keystore,
                                   ngx_http_pupil_keystore_answered, ctx);
    if (ex == NULL) {
        return NULL;
    }

    ctx->answer.step = step;
    ngx_http_pupil_exchange_tenant(ex, &ctx->tenant);

    return ex;
}


static void
ngx_http_pupil_keystore_answered(ngx_libpq_exchange_t *ex)
{
    ngx_http_pupil_ctx_t  *ctx;

    ctx = ex->data;
    ctx->answer.exchange = ex;

    ngx_http_pupil_resume(ctx, ctx->answer.step);
}


ngx_uint_t
ngx_http_pupil_add(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const ngx_http_pupil_stmt_t *stmt)
{
    ngx_uint_t  i;

    ctx->audit.asked = stmt;

    if (!stmt->granted) {
        ctx->denied = stmt;
        return 0;
    }

    i = ngx_libpq_exchange_add(ex, stmt->registered);
    ngx_http_pupil_common(ctx, ex);

    return i;
}


void
ngx_http_pupil_common(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex)
{
    ngx_http_pupil_session_t  *session;

    session = &ctx->session;

    ngx_libpq_param_uuid(ex, ctx->tenant.b);
    ngx_libpq_param_uuid(ex, ctx->id.b);

    if (ctx->has_session) {
        ngx_libpq_param_uuid(ex, session->subject.b);
        ngx_libpq_param_text(ex, session->role.data, session->role.len);
        ngx_libpq_param_uuid(ex, session->institution.b);

    } else {
        ngx_libpq_param_null(ex);
        ngx_libpq_param_text(ex, "none", 4);
        ngx_libpq_param_null(ex);
    }

    if (ctx->network[0] != '\0') {
        ngx_libpq_param_text(ex, ctx->network, ngx_strlen(ctx->network));

    } else {
        ngx_libpq_param_null(ex);
    }
}


ngx_int_t
ngx_http_pupil_track(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex)
{
    ngx_int_t                  rc;
    ngx_http_pupil_sent_t     *sent;
    ngx_http_pupil_written_t  *written;

    written = ngx_http_pupil_audit_take(ctx);

    sent = ngx_palloc(ctx->request->pool, sizeof(ngx_http_pupil_sent_t));
    if (sent == NULL) {
        ngx_http_pupil_audit_unsent(written);
        ngx_libpq_exchange_destroy(ex);
        return NGX_ERROR;
    }

    rc = ngx_libpq_exchange_submit(ex);

    if (rc != NGX_OK) {
        ngx_http_pupil_audit_unsent(written);
        ngx_libpq_exchange_destroy(ex);

        return ngx_http_pupil_problem(ctx, rc == NGX_BUSY
                                           ? NGX_HTTP_PUPIL_BUSY
                                           : NGX_HTTP_PUPIL_UNAVAILABLE);
    }

    ngx_http_pupil_debug(ctx, "exchange %ui: submitted", ex->number);

    sent->exchange = ex;
    sent->written = written;
    sent->next = ctx->sent;
    ctx->sent = sent;

    return NGX_AGAIN;
}


ngx_http_pupil_written_t *
ngx_http_pupil_hand(ngx_http_pupil_ctx_t *ctx, ngx_libpq_exchange_t *ex,
    ngx_libpq_handler_pt handler, void *data)
{
    ngx_http_pupil_sent_t     **sent;
    ngx_http_pupil_written_t   *written;

    written = NULL;

    for (sent = &ctx->sent; *sent; sent = &(*sent)->next) {
        if ((*sent)->exchange == ex) {
            written = (*sent)->written;
            *sent = (*sent)->next;
            break;
        }
    }

    ngx_libpq_exchange_hand(ex, handler, data);

    return written;
}


void
ngx_http_pupil_exchanges_leave(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_sent_t  *sent;

    for (sent = ctx->sent; sent; sent = sent->next) {
        if (sent->written != NULL) {
            ngx_libpq_exchange_hand(sent->exchange, ngx_http_pupil_audit_left,
                                    sent->written);
        } else {
            ngx_libpq_exchange_destroy(sent->exchange);
        }
    }

    ctx->sent = NULL;

    ngx_http_pupil_audit_unsent(ngx_http_pupil_audit_take(ctx));
}


ngx_int_t
ngx_http_pupil_submit(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t keep)
{
    const ngx_http_pupil_stmt_t  *denied;

    if (ctx->denied != NULL) {
        denied = ctx->denied;
        ctx->denied = NULL;
        ctx->resume = NULL;
        ngx_http_pupil_audit_unsent(ngx_http_pupil_audit_take(ctx));
        ngx_libpq_exchange_destroy(ex);

        return ngx_http_pupil_refuse(ctx, denied, NULL,
                                     NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    ex->writes = keep ? 1 : 0;

    /* what one person writes may lock the same rows */

    if (keep && ctx->has_session) {
        ngx_libpq_exchange_key(ex, ctx->session.subject.b, PUPIL_UUID_LEN);
    }

    return ngx_http_pupil_track(ctx, ex);
}


static void
ngx_http_pupil_exchange_done(ngx_libpq_exchange_t *ex)
{
    ngx_http_pupil_ctx_t    *ctx;
    ngx_http_pupil_sent_t   *sent;
    ngx_http_pupil_step_pt   step;

    ctx = ex->data;
    ctx->exchange = ex;

    for (sent = ctx->sent; sent; sent = sent->next) {
        if (sent->exchange == ex && sent->written != NULL) {
            ctx->audit.recorded = ngx_http_pupil_audit_written(sent->written,
                                                               ex);
            sent->written = NULL;
            break;
        }
    }

    step = ctx->resume ? ctx->resume : ctx->route->render;
    ctx->resume = NULL;

    if (ex->status != NGX_LIBPQ_OK) {
        step = ngx_http_pupil_step_failed;

    } else {
        ctx->spend.held = 0;             /* something came of it */
    }

    ngx_http_pupil_debug(ctx, "exchange %ui: %s", ex->number,
                         ex->status == NGX_LIBPQ_OK ? "committed" : "failed");

    ngx_http_pupil_resume(ctx, step);
}


/*
 * Not committed: nothing is shown (invariant I1).  Why is in the log of the
 * layer below.
 */
static ngx_int_t
ngx_http_pupil_step_failed(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_tampered_forget(ctx);
    ctx->integrity = 0;
    ngx_http_pupil_shown_none(ctx);

    return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNAVAILABLE);
}


void
ngx_http_pupil_audited(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_step_pt  step;

    step = ctx->resume ? ctx->resume : ngx_http_pupil_step_send;
    ctx->resume = NULL;

    if (ctx->audit.failed) {
        step = ngx_http_pupil_step_failed;
    }

    ngx_http_pupil_debug(ctx, "audit: %s", ctx->audit.failed
                                           ? "not recorded" : "recorded");

    ngx_http_pupil_resume(ctx, step);
}


ngx_int_t
ngx_http_pupil_refuse(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_stmt_t *stmt, const pupil_uuid_t *subject,
    ngx_http_pupil_problem_e problem)
{
    ctx->response.refusal = problem;
    ctx->keys.missing_count = 0;
    ngx_http_pupil_shown_none(ctx);

    if (ngx_http_pupil_audit(ctx, &stmt->refusal,
                             ngx_http_pupil_problem_outcome(problem), subject,
                             subject ? 1 : 0, NULL) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ctx->resume = ngx_http_pupil_step_refused;

    return NGX_AGAIN;
}


ngx_int_t
ngx_http_pupil_refuse_stmt(ngx_http_pupil_ctx_t *ctx, ngx_uint_t stmt,
    ngx_http_pupil_problem_e problem)
{
    return ngx_http_pupil_refuse(ctx, ngx_http_pupil_stmt(ctx, stmt), NULL,
                                 problem);
}


ngx_int_t
ngx_http_pupil_refuse_at(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_stmt_t *stmt, const pupil_uuid_t *subject,
    const char *field, const char *rule)
{
    return ngx_http_pupil_refuse_field(ctx, stmt, PUPIL_OUTCOME_REFUSED,
                                       subject, NGX_HTTP_PUPIL_INVALID, field,
                                       rule);
}


ngx_int_t
ngx_http_pupil_refuse_as(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_stmt_t *stmt, ngx_http_pupil_problem_e problem,
    const char *field, const char *rule)
{
    return ngx_http_pupil_refuse_field(ctx, stmt,
                                       ngx_http_pupil_problem_outcome(problem),
                                       NULL, problem, field, rule);
}


static ngx_int_t
ngx_http_pupil_refuse_field(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_stmt_t *stmt, pupil_outcome_t outcome,
    const pupil_uuid_t *subject, ngx_http_pupil_problem_e problem,
    const char *field, const char *rule)
{
    ngx_http_pupil_shown_none(ctx);

    if (ngx_http_pupil_audit(ctx, &stmt->refusal, outcome, subject,
                             subject ? 1 : 0, NULL)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* the engine holds the answer back until the record is committed */
    return ngx_http_pupil_problem_at(ctx, problem, field, rule);
}


void
ngx_http_pupil_turn(ngx_http_pupil_ctx_t *ctx, const pupil_uuid_t *id,
    int32_t turn[2])
{
    ngx_uint_t  i;
    int32_t     tenant[2];

    ngx_memcpy(tenant, ctx->tenant.b, sizeof(tenant));
    ngx_memcpy(turn, id->b, sizeof(tenant));

    for (i = 0; i < 2; i++) {
        turn[i] ^= tenant[i];
    }
}


static ngx_int_t
ngx_http_pupil_step_refused(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_problem(ctx, ctx->response.refusal);
}
