/*
 * Copyright (C) the Pupil authors
 *
 * Problem documents (RFC 9457).  Texts come from a table and never from a
 * request (invariant I16).
 */

#include "http/request/ngx_http_pupil.h"


typedef struct {
    ngx_uint_t        status;
    const char       *slug;      /* the tail of urn:pupil:problem: */
    const char       *title;
    const char       *detail;
    pupil_outcome_t   outcome;   /* of a refusal that is audited */
} ngx_http_pupil_problem_row_t;


static ngx_int_t ngx_http_pupil_problem_end(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem, ngx_uint_t status, const char *field,
    const char *rule);


static const ngx_http_pupil_problem_row_t  ngx_http_pupil_problems[] = {
    [NGX_HTTP_PUPIL_MALFORMED] = {
        400, "malformed", "Malformed request",
        "The request could not be read."
    },
    [NGX_HTTP_PUPIL_UNEXPECTED_BODY] = {
        400, "unexpected-body", "Unexpected body",
        "This request takes no body."
    },
    [NGX_HTTP_PUPIL_NO_SESSION] = {
        401, "no-session", "Not logged in",
        "There is no session, or it has ended.  Log in, then send again."
    },
    [NGX_HTTP_PUPIL_LOGIN_AGAIN] = {
        401, "login-again", "Log in again",
        "Of who does this a log-in is asked that is younger, or has a second"
        " factor.  Log in, then send again.",
        PUPIL_OUTCOME_REFUSED
    },
    [NGX_HTTP_PUPIL_STEP_UP_REQUIRED] = {
        401, "step-up-required", "A fresh proof is required",
        "This is for who has proved just now who they are.  Step up, then send"
        " again."
    },
    [NGX_HTTP_PUPIL_INVALID_CREDENTIALS] = {
        401, "invalid-credentials", "Log-in failed",
        "The identifier and the password do not open an account here."
    },
    [NGX_HTTP_PUPIL_NOT_GRANTED] = {
        403, "not-granted", "Not granted",
        "This session may not do that.",
        PUPIL_OUTCOME_NOT_GRANTED
    },
    [NGX_HTTP_PUPIL_CSRF] = {
        403, "csrf", "Missing or wrong CSRF token",
        "Send the session's csrf_token in the header X-Pupil-CSRF."
    },
    [NGX_HTTP_PUPIL_ORIGIN] = {
        403, "origin", "Origin not allowed",
        "Requests from this web site are not accepted."
    },
    [NGX_HTTP_PUPIL_PLAIN_HTTP] = {
        403, "plain-http", "HTTPS only",
        "Nothing is served in the clear.  Use https."
    },
    [NGX_HTTP_PUPIL_PASSWORD_LOGIN_OFF] = {
        403, "password-login-off", "No log-in by password",
        "Passwords are not accepted here."
    },
    [NGX_HTTP_PUPIL_WRONG_PASSWORD] = {
        403, "wrong-password", "Not the present password",
        "The present password is another one.  Nothing was changed."
    },
    [NGX_HTTP_PUPIL_NOT_PROVED] = {
        403, "not-proved", "Not proved",
        "The password or the code is another one.  Nothing was changed."
    },
    [NGX_HTTP_PUPIL_SECOND_FACTOR_REQUIRED] = {
        403, "second-factor-required", "A second factor is required",
        "Send a code of the second factor beside the password."
    },
    [NGX_HTTP_PUPIL_PASSWORD_CHANGE_REQUIRED] = {
        403, "password-change-required", "A password of one's own is required",
        "This session may set a new password, and nothing else."
    },
    [NGX_HTTP_PUPIL_UNKNOWN_TENANT] = {
        404, "unknown-tenant", "Unknown tenant",
        "No organisation is served at this address."
    },
    [NGX_HTTP_PUPIL_NOT_FOUND] = {
        404, "not-found", "Not found",
        "It does not exist, or it is not yours.",
        PUPIL_OUTCOME_NOT_FOUND
    },
    [NGX_HTTP_PUPIL_METHOD_NOT_ALLOWED] = {
        405, "method-not-allowed", "Method not allowed",
        "The header Allow lists the methods of this resource."
    },
    [NGX_HTTP_PUPIL_TIMEOUT] = {
        408, "timeout", "Request timeout",
        "The request did not arrive in time."
    },
    [NGX_HTTP_PUPIL_CONFLICT] = {
        409, "conflict", "Conflict",
        "The request does not fit the present state.",
        PUPIL_OUTCOME_CONFLICT
    },
    [NGX_HTTP_PUPIL_ID_CONFLICT] = {
        409, "id-conflict", "Conflicting id",
        "What was stored with this id has other content.",
        PUPIL_OUTCOME_CONFLICT
    },
    [NGX_HTTP_PUPIL_NOT_SEALED] = {
        409, "not-sealed", "Not sealed yet",
        "It is on record, and not in the log yet.  Try again after Retry-After"
        " seconds.",
        PUPIL_OUTCOME_CONFLICT
    },
    [NGX_HTTP_PUPIL_TOO_LARGE] = {
        413, "too-large", "Too large",
        "The request is larger than is accepted here."
    },
    [NGX_HTTP_PUPIL_MEDIA_TYPE] = {
        415, "media-type", "Unsupported media type",
        "Send application/json in UTF-8."
    },
    [NGX_HTTP_PUPIL_MISDIRECTED] = {
        421, "misdirected", "Misdirected request",
        "This connection is to another server.  Open one of its own."
    },
    [NGX_HTTP_PUPIL_MOVED] = {
        421, "moved", "Moved",
        "This organisation is served elsewhere now."
    },
    [NGX_HTTP_PUPIL_INVALID] = {
        422, "invalid", "Invalid request",
        "The request breaks the rules that errors lists."
    },
    [NGX_HTTP_PUPIL_RESTRICTED] = {
        403, "restricted", "Processing is restricted",
        "The data of this person may not be processed for this purpose.",
        PUPIL_OUTCOME_RESTRICTED
    },
    [NGX_HTTP_PUPIL_ERASED] = {
        403, "erased", "Erased",
        "The data of this person was erased."
    },
    [NGX_HTTP_PUPIL_THROTTLED] = {
        429, "throttled", "Too many attempts",
        "Wait as long as the header Retry-After says, in seconds."
    },
    [NGX_HTTP_PUPIL_INTEGRITY] = {
        500, "integrity", "Stored data is damaged",
        "A stored value is not what was stored.  The incident is recorded."
    },
    [NGX_HTTP_PUPIL_INTERNAL] = {
        500, "internal", "Internal error",
        "Something went wrong.  The log has the request id."
    },
    [NGX_HTTP_PUPIL_BUSY] = {
        503, "busy", "Busy",
        "There is too much to do.  Try again after Retry-After seconds."
    },
    [NGX_HTTP_PUPIL_UNAVAILABLE] = {
        503, "unavailable", "Temporarily unavailable",
        "The service cannot answer.  Try again after Retry-After seconds."
    },
    [NGX_HTTP_PUPIL_RESTORE_PENDING] = {
        503, "restore-pending", "Being restored",
        "The service comes back from a backup.  Try again after Retry-After"
        " seconds."
    },
    [NGX_HTTP_PUPIL_AUDIT_HOLE] = {
        503, "audit-hole", "A hole in the audit",
        "Of what was done here something is not on record.  Nothing is served"
        " until that was looked at."
    },
    [NGX_HTTP_PUPIL_GATEWAY] = {
        502, "gateway", "Bad gateway",
        "A server behind this one did not answer as it should."
    },
    [NGX_HTTP_PUPIL_LOGIN_FLOW] = {
        400, "login-flow", "No such log-in under way",
        "It was not begun in this browser, or too long ago.  Begin again."
    },
    [NGX_HTTP_PUPIL_LOGOUT_TOKEN] = {
        400, "logout-token", "Not a log-out that is believed",
        "The token is not one that this provider has signed for this client"
        " now, or it was used before.  The log says more."
    },
    [NGX_HTTP_PUPIL_LOGIN_DENIED] = {
        403, "login-denied", "Not logged in there",
        "The log-in service let nobody in.  Begin again."
    },
    [NGX_HTTP_PUPIL_LOGIN_DOUBTED] = {
        403, "login-doubted", "Log-in not believed",
        "What the log-in service says is not as it must be.  The log has why."
    },
    [NGX_HTTP_PUPIL_UNKNOWN_ACCOUNT] = {
        403, "unknown-account", "No account here",
        "The log-in service knows you, and this school does not.  Ask its"
        " administrator to add you."
    },
    [NGX_HTTP_PUPIL_NO_LICENCE] = {
        403, "no-licence", "No licence",
        "The log-in service says of no licence for this that you or your school"
        " have.  Ask your school's administrator."
    },
    [NGX_HTTP_PUPIL_UNKNOWN_SCHOOL] = {
        403, "unknown-school", "No school of this address",
        "The log-in service knows you, and names no school that is served"
        " here.  Ask your school's administrator."
    },
    [NGX_HTTP_PUPIL_REFUSED] = {
        403, "refused", "Refused",
        "The request was refused."
    },
};


/* For errors that nginx itself finds, and faults of input. */
static const struct {
    ngx_uint_t                status;
    ngx_http_pupil_problem_e  problem;
} ngx_http_pupil_problem_statuses[] = {
    { 400, NGX_HTTP_PUPIL_MALFORMED },
    { 401, NGX_HTTP_PUPIL_NO_SESSION },
    { 403, NGX_HTTP_PUPIL_REFUSED },
    { 404, NGX_HTTP_PUPIL_NOT_FOUND },
    { 405, NGX_HTTP_PUPIL_METHOD_NOT_ALLOWED },
    { 408, NGX_HTTP_PUPIL_TIMEOUT },
    { 409, NGX_HTTP_PUPIL_CONFLICT },
    { 413, NGX_HTTP_PUPIL_TOO_LARGE },
    { 414, NGX_HTTP_PUPIL_TOO_LARGE },
    { 415, NGX_HTTP_PUPIL_MEDIA_TYPE },
    { 421, NGX_HTTP_PUPIL_MISDIRECTED },
    { 422, NGX_HTTP_PUPIL_INVALID },
    { 429, NGX_HTTP_PUPIL_THROTTLED },
    { 500, NGX_HTTP_PUPIL_INTERNAL },
    { 502, NGX_HTTP_PUPIL_GATEWAY },
    { 503, NGX_HTTP_PUPIL_UNAVAILABLE },
    { 504, NGX_HTTP_PUPIL_GATEWAY },
    { 0, NGX_HTTP_PUPIL_NO_PROBLEM }
};


ngx_http_pupil_problem_e
ngx_http_pupil_problem_of(ngx_uint_t status)
{
    ngx_uint_t  i;

    for (i = 0; ngx_http_pupil_problem_statuses[i].status != 0; i++) {
        if (ngx_http_pupil_problem_statuses[i].status == status) {
            return ngx_http_pupil_problem_statuses[i].problem;
        }
    }

    return status >= 500 ? NGX_HTTP_PUPIL_INTERNAL
                         : NGX_HTTP_PUPIL_REFUSED;
}


ngx_uint_t
ngx_http_pupil_problem_status(ngx_http_pupil_problem_e problem)
{
    return ngx_http_pupil_problems[problem].status;
}


const char *
ngx_http_pupil_problem_slug(ngx_http_pupil_problem_e problem)
{
    return ngx_http_pupil_problems[problem].slug;
}


pupil_outcome_t
ngx_http_pupil_problem_outcome(ngx_http_pupil_problem_e problem)
{
    return ngx_http_pupil_problems[problem].outcome;
}


ngx_int_t
ngx_http_pupil_problem(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem)
{
    return ngx_http_pupil_problem_at(ctx, problem, NULL, NULL);
}


ngx_int_t
ngx_http_pupil_problem_at(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem, const char *field, const char *rule)
{
    return ngx_http_pupil_problem_end(
        ctx, problem, ngx_http_pupil_problem_status(problem), field, rule);
}


ngx_int_t
ngx_http_pupil_fault(ngx_http_pupil_ctx_t *ctx, const pupil_fault_t *fault)
{
    return ngx_http_pupil_problem_end(ctx,
                                      ngx_http_pupil_problem_of(fault->status),
                                      fault->status, fault->field, fault->rule);
}


/* Not the connection's log, which has its address beside the path. */
void
ngx_http_pupil_internal(ngx_http_pupil_ctx_t *ctx)
{
    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "pupil: internal error of %s; request %*s",
                  ctx->conf->endpoint ? ctx->conf->endpoint->name
                                      : "a location",
                  (size_t) PUPIL_UUID_TEXT_LEN, ngx_http_pupil_id_text(ctx));
}


/* Whatever was written or waited for before is no part of the answer. */
static ngx_int_t
ngx_http_pupil_problem_end(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem, ngx_uint_t status, const char *field,
    const char *rule)
{
    ngx_http_pupil_debug(ctx, "problem: %s",
                         ngx_http_pupil_problems[problem].slug);

    if (problem == NGX_HTTP_PUPIL_INTERNAL) {
        ngx_http_pupil_internal(ctx);
    }

    pupil_writer_reset(&ctx->out);

    ctx->response.problem = problem;
    ctx->response.status = status;
    ctx->response.location.len = 0;
    ctx->keys.missing_count = 0;
    ctx->resume = NULL;

    ngx_http_pupil_problem_write(ctx, &ctx->out, problem, status, field, rule);

    return NGX_DONE;
}


ngx_int_t
ngx_http_pupil_parsed(ngx_http_pupil_ctx_t *ctx, pupil_rc_t rc,
    const pupil_fault_t *fault)
{
    if (rc == PUPIL_INVALID) {
        return ngx_http_pupil_fault(ctx, fault);
    }

    return rc == PUPIL_OK ? NGX_OK : NGX_ERROR;
}


void
ngx_http_pupil_problem_write(ngx_http_pupil_ctx_t *ctx, pupil_writer_t *out,
    ngx_http_pupil_problem_e problem, ngx_uint_t status, const char *field,
    const char *rule)
{
    char                                 type[64];
    const ngx_http_pupil_problem_row_t  *row;

    row = &ngx_http_pupil_problems[problem];

    ngx_snprintf((u_char *) type, sizeof(type), "urn:pupil:problem:%s%Z",
                 row->slug);

    pupil_writer_object_begin(out);
    pupil_writer_key(out, "type");
    pupil_writer_cstr(out, type);
    pupil_writer_key(out, "title");
    pupil_writer_cstr(out, row->title);
    pupil_writer_key(out, "status");
    pupil_writer_int64(out, (int64_t) (status ? status : row->status));
    pupil_writer_key(out, "detail");
    pupil_writer_cstr(out, row->detail);
    pupil_writer_key(out, "instance");
    pupil_writer_uuid(out, &ctx->id);

    if (rule != NULL) {
        pupil_writer_key(out, "errors");
        pupil_writer_array_begin(out);
        pupil_writer_object_begin(out);
        pupil_writer_key(out, "field");
        pupil_writer_cstr(out, field ? field : "");
        pupil_writer_key(out, "rule");
        pupil_writer_cstr(out, rule);
        pupil_writer_object_end(out);
        pupil_writer_array_end(out);
    }

    pupil_writer_object_end(out);
}
