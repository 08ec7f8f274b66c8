/*
 * Copyright (C) the Pupil authors
 *
 * Problem documents (RFC 9457).  A problem is a row of a table: status, slug,
 * texts.  Nothing of a request goes into one but its id and the name of a
 * member, so that no value comes back (invariant I16).
 */

#ifndef _NGX_HTTP_PUPIL_PROBLEM_H_INCLUDED_
#define _NGX_HTTP_PUPIL_PROBLEM_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


typedef enum {
    NGX_HTTP_PUPIL_NO_PROBLEM = 0,
    NGX_HTTP_PUPIL_MALFORMED,
    NGX_HTTP_PUPIL_UNEXPECTED_BODY,
    NGX_HTTP_PUPIL_NO_SESSION,
    NGX_HTTP_PUPIL_LOGIN_AGAIN,
    NGX_HTTP_PUPIL_STEP_UP_REQUIRED,
    NGX_HTTP_PUPIL_INVALID_CREDENTIALS,
    NGX_HTTP_PUPIL_NOT_GRANTED,
    NGX_HTTP_PUPIL_CSRF,
    NGX_HTTP_PUPIL_ORIGIN,
    NGX_HTTP_PUPIL_PLAIN_HTTP,
    NGX_HTTP_PUPIL_PASSWORD_LOGIN_OFF,
    NGX_HTTP_PUPIL_WRONG_PASSWORD,
    NGX_HTTP_PUPIL_NOT_PROVED,
    NGX_HTTP_PUPIL_SECOND_FACTOR_REQUIRED,
    NGX_HTTP_PUPIL_PASSWORD_CHANGE_REQUIRED,
    NGX_HTTP_PUPIL_UNKNOWN_TENANT,
    NGX_HTTP_PUPIL_MOVED,
    NGX_HTTP_PUPIL_NOT_FOUND,
    NGX_HTTP_PUPIL_METHOD_NOT_ALLOWED,
    NGX_HTTP_PUPIL_TIMEOUT,
    NGX_HTTP_PUPIL_CONFLICT,
    NGX_HTTP_PUPIL_ID_CONFLICT,
    NGX_HTTP_PUPIL_NOT_SEALED,
    NGX_HTTP_PUPIL_TOO_LARGE,
    NGX_HTTP_PUPIL_MEDIA_TYPE,
    NGX_HTTP_PUPIL_MISDIRECTED,
    NGX_HTTP_PUPIL_INVALID,
    NGX_HTTP_PUPIL_RESTRICTED,
    NGX_HTTP_PUPIL_ERASED,
    NGX_HTTP_PUPIL_THROTTLED,
    NGX_HTTP_PUPIL_INTEGRITY,
    NGX_HTTP_PUPIL_INTERNAL,
    NGX_HTTP_PUPIL_BUSY,
    NGX_HTTP_PUPIL_UNAVAILABLE,
    NGX_HTTP_PUPIL_RESTORE_PENDING,
    NGX_HTTP_PUPIL_AUDIT_HOLE,
    NGX_HTTP_PUPIL_GATEWAY,
    NGX_HTTP_PUPIL_LOGIN_FLOW,
    NGX_HTTP_PUPIL_LOGOUT_TOKEN,
    NGX_HTTP_PUPIL_LOGIN_DENIED,
    NGX_HTTP_PUPIL_LOGIN_DOUBTED,
    NGX_HTTP_PUPIL_UNKNOWN_ACCOUNT,
    NGX_HTTP_PUPIL_NO_LICENCE,
    NGX_HTTP_PUPIL_UNKNOWN_SCHOOL,
    NGX_HTTP_PUPIL_REFUSED
} ngx_http_pupil_problem_e;


/* Ends a step with a problem.  Returns a value to pass on. */
ngx_int_t ngx_http_pupil_problem(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem);

/* The same about a member of the request: a JSON Pointer and a rule. */
ngx_int_t ngx_http_pupil_problem_at(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem, const char *field, const char *rule);
ngx_int_t ngx_http_pupil_fault(ngx_http_pupil_ctx_t *ctx,
    const pupil_fault_t *fault);

/* What a parser of input said: NGX_OK, the fault's problem or NGX_ERROR. */
ngx_int_t ngx_http_pupil_parsed(ngx_http_pupil_ctx_t *ctx, pupil_rc_t rc,
    const pupil_fault_t *fault);

/* The line of a 500, with the request's id. */
void ngx_http_pupil_internal(ngx_http_pupil_ctx_t *ctx);

/* The problem for a status of nginx's own, or of a fault. */
ngx_http_pupil_problem_e ngx_http_pupil_problem_of(ngx_uint_t status);

ngx_uint_t ngx_http_pupil_problem_status(ngx_http_pupil_problem_e problem);

/* Its name, the tail of its URN. */
const char *ngx_http_pupil_problem_slug(ngx_http_pupil_problem_e problem);

/* What the audit record of such a refusal says. */
pupil_outcome_t ngx_http_pupil_problem_outcome(
    ngx_http_pupil_problem_e problem);

/*
 * Writes the document.  status: 0 is the table's; nginx's own errors and
 * faults bring one.  field and rule may be NULL.
 */
void ngx_http_pupil_problem_write(ngx_http_pupil_ctx_t *ctx,
    pupil_writer_t *out, ngx_http_pupil_problem_e problem, ngx_uint_t status,
    const char *field, const char *rule);

#endif /* _NGX_HTTP_PUPIL_PROBLEM_H_INCLUDED_ */
