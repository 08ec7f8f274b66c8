/*
 * Copyright (C) the Pupil authors
 *
 * Problem documents (RFC 9457).  Texts come from a table and never from a
 * request (invariant I16).
 */

#include "http/request/ngx_http_pupil.h"


typedef struct {
    const char  *slug;
    const char  *title;
    const char  *detail;
} ngx_http_pupil_text_t;


static const ngx_http_pupil_text_t *ngx_http_pupil_problem_text(
    const char *slug);


static const ngx_http_pupil_text_t  ngx_http_pupil_texts[] = {

    { "malformed", "Malformed request",
      "The request could not be read." },
    { "unexpected-body", "Unexpected body",
      "This request takes no body." },
    { "no-session", "Not logged in",
      "There is no session, or it has ended.  Log in, then send again." },
    { "invalid-credentials", "Log-in failed",
      "The identifier and the password do not open an account here." },
    { "not-granted", "Not granted",
      "This session may not do that." },
    { "csrf", "Missing or wrong CSRF token",
      "Send the session's csrf_token in the header X-Pupil-CSRF." },
    { "origin", "Origin not allowed",
      "Requests from this web site are not accepted." },
    { "password-login-off", "No log-in by password",
      "Passwords are not accepted here." },
    { "unknown-tenant", "Unknown tenant",
      "No organisation is served at this address." },
    { "not-found", "Not found",
      "It does not exist, or it is not yours." },
    { "method-not-allowed", "Method not allowed",
      "The header Allow lists the methods of this resource." },
    { "timeout", "Request timeout",
      "The request did not arrive in time." },
    { "conflict", "Conflict",
      "The request does not fit the present state." },
    { "id-conflict", "Conflicting id",
      "Another submission of yours with this id has other content." },
    { "too-large", "Too large",
      "The request is larger than is accepted here." },
    { "media-type", "Unsupported media type",
      "Send application/json in UTF-8." },
    { "invalid", "Invalid request",
      "The request breaks the rules that errors lists." },
    { "restricted", "Processing is restricted",
      "The data of this person may not be processed for this purpose." },
    { "erased", "Erased",
      "The data of this person was erased." },
    { "throttled", "Too many attempts",
      "Wait as long as the header Retry-After says, in seconds." },
    { "integrity", "Stored data is damaged",
      "A stored value is not what was stored.  The incident is recorded." },
    { "internal", "Internal error",
      "Something went wrong.  The log has the request id." },
    { "busy", "Busy",
      "There is too much to do.  Try again after Retry-After seconds." },
    { "unavailable", "Temporarily unavailable",
      "The service cannot answer.  Try again after Retry-After seconds." },
    { "gateway", "Bad gateway",
      "A server behind this one did not answer as it should." },
    { "refused", "Refused",
      "The request was refused." },

    { NULL, NULL, NULL }
};


/* For errors that nginx itself finds, and faults of input. */
static const struct {
    ngx_uint_t   status;
    const char  *slug;
} ngx_http_pupil_slugs[] = {
    { 400, "malformed" },
    { 401, "no-session" },
    { 403, "refused" },
    { 404, "not-found" },
    { 405, "method-not-allowed" },
    { 408, "timeout" },
    { 409, "conflict" },
    { 413, "too-large" },
    { 414, "too-large" },
    { 415, "media-type" },
    { 422, "invalid" },
    { 429, "throttled" },
    { 500, "internal" },
    { 502, "gateway" },
    { 503, "unavailable" },
    { 504, "gateway" },
    { 0, NULL }
};


const char *
ngx_http_pupil_problem_slug(ngx_uint_t status)
{
    ngx_uint_t  i;

    for (i = 0; ngx_http_pupil_slugs[i].slug != NULL; i++) {
        if (ngx_http_pupil_slugs[i].status == status) {
            return ngx_http_pupil_slugs[i].slug;
        }
    }

    return status >= 500 ? "internal" : "refused";
}


static const ngx_http_pupil_text_t *
ngx_http_pupil_problem_text(const char *slug)
{
    const ngx_http_pupil_text_t  *text;

    for (text = ngx_http_pupil_texts; text->slug != NULL; text++) {
        if (ngx_strcmp(text->slug, slug) == 0) {
            return text;
        }
    }

    return NULL;
}


ngx_int_t
ngx_http_pupil_problem(ngx_http_pupil_ctx_t *ctx, ngx_uint_t status,
    const char *slug, const char *field, const char *rule)
{
    pupil_writer_reset(&ctx->out);

    ctx->problem = slug;
    ctx->status = status;
    ctx->location.len = 0;
    ctx->missing_count = 0;
    ctx->resume = NULL;

    ngx_http_pupil_problem_write(ctx, &ctx->out, status, slug, field, rule);

    return NGX_DONE;
}


ngx_int_t
ngx_http_pupil_fault(ngx_http_pupil_ctx_t *ctx, const pupil_fault_t *fault)
{
    return ngx_http_pupil_problem(ctx, fault->status,
                                  ngx_http_pupil_problem_slug(fault->status),
                                  fault->field, fault->rule);
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
    ngx_uint_t status, const char *slug, const char *field, const char *rule)
{
    char                          type[64];
    const ngx_http_pupil_text_t  *text;

    text = ngx_http_pupil_problem_text(slug);

    ngx_snprintf((u_char *) type, sizeof(type), "urn:pupil:problem:%s%Z",
                 slug);

    pupil_writer_object_begin(out);
    pupil_writer_key(out, "type");
    pupil_writer_cstr(out, type);
    pupil_writer_key(out, "title");
    pupil_writer_cstr(out, text ? text->title : slug);
    pupil_writer_key(out, "status");
    pupil_writer_int64(out, (int64_t) status);

    if (text != NULL) {
        pupil_writer_key(out, "detail");
        pupil_writer_cstr(out, text->detail);
    }

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
