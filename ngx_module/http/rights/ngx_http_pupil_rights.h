/*
 * Copyright (C) the Pupil authors
 *
 * What the files of this endpoint share.
 */

#ifndef _NGX_HTTP_PUPIL_RIGHTS_H_INCLUDED_
#define _NGX_HTTP_PUPIL_RIGHTS_H_INCLUDED_

#include "core/audit/seen.h"
#include "core/endpoints/requests.h"
#include "core/endpoints/rights.h"
#include "core/endpoints/session.h"
#include "core/vault/authentic.h"
#include "http/request/ngx_http_pupil.h"


/* A row's record of the audit, of the actor. */
typedef struct {
    pupil_seen_t  seen;
    pupil_uuid_t  id;
} ngx_http_pupil_seen_t;


/*
 * From the group of columns (PUPIL_CA_*) that begins at col.  NGX_OK: it is
 * authentic, and may be about nothing of the actor's; NGX_DECLINED: there is no
 * row; NGX_DONE: a row, whose id and time are there, and no record that counts:
 * it is gone, or tampered with, which is noted; NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_seen(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, ngx_http_pupil_seen_t *seen);

/* Asks for a page, newest first, of the cursor's time and id. */
ngx_int_t ngx_http_pupil_rights_newest(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t stmt);

/* The record of a statement that says which of two outcomes it had. */
void ngx_http_pupil_rights_record(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t at, ngx_uint_t stmt,
    const pupil_audit_choice_t *choices);

ngx_int_t ngx_http_pupil_rights_proof_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_rights_proof_render(ngx_http_pupil_ctx_t *ctx);

ngx_int_t ngx_http_pupil_rights_sessions_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_rights_sessions_render(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_rights_session_end(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_rights_others_end(ngx_http_pupil_ctx_t *ctx);

ngx_int_t ngx_http_pupil_rights_supports_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_rights_supports_render(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_rights_support_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_rights_support_make(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_rights_support_made(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_rights_support_end(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_rights_support_gone(ngx_http_pupil_ctx_t *ctx);

ngx_int_t ngx_http_pupil_rights_notices_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_rights_notices_render(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_rights_seen_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_rights_seen_render(ngx_http_pupil_ctx_t *ctx);


/* Of a request: what is sealed beside its row, clear; data NULL for none. */
typedef struct {
    pupil_str_t  categories, text, extension, reason, behalf;
} ngx_http_pupil_rights_said_t;

/*
 * NGX_DECLINED: there is none; NGX_DONE: a row, which does not count, and is
 * noted.
 */
ngx_int_t ngx_http_pupil_rights_request_row(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t n, pupil_request_row_t *row);

/*
 * NGX_DECLINED: a key is being asked for.  What cannot be opened is not there,
 * and noted where it was tampered with.
 */
ngx_int_t ngx_http_pupil_rights_request_said(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t n, const pupil_request_row_t *row,
    ngx_http_pupil_rights_said_t *said);
void ngx_http_pupil_rights_request_write(pupil_writer_t *out,
    const pupil_request_row_t *row, const ngx_http_pupil_rights_said_t *said);

ngx_int_t ngx_http_pupil_rights_request_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_rights_request_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_rights_request_made(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_rights_requests_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_rights_requests_render(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_RIGHTS_H_INCLUDED_ */
