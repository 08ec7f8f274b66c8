/*
 * Copyright (C) the Pupil authors
 *
 * Rows that authorise: read from a result, and believed only when their MAC
 * fits (invariant I18).
 */

#ifndef _NGX_HTTP_PUPIL_AUTHENTIC_H_INCLUDED_
#define _NGX_HTTP_PUPIL_AUTHENTIC_H_INCLUDED_

#include "core/endpoints/columns.h"
#include "core/vault/authentic.h"
#include "http/request/ngx_http_pupil_types.h"


/*
 * An enrolment row as evidence, whose group of columns (PUPIL_CE_*) begins at
 * col.  NGX_OK: authentic; NGX_DECLINED: NULL; NGX_ERROR: not authentic: treat
 * it as absent, it is noted in ctx->audit.tampered.
 */
ngx_int_t ngx_http_pupil_enrolment(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, pupil_enrolment_row_t *enrolment);

/* The same for a role: PUPIL_CR_*. */
ngx_int_t ngx_http_pupil_role(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, pupil_role_row_t *role);

/* The same for a subject: PUPIL_CS_*. */
ngx_int_t ngx_http_pupil_subject(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, pupil_subject_row_t *subject);

/* Is the day of ctx->now, UTC, within these days? */
ngx_uint_t ngx_http_pupil_live(ngx_http_pupil_ctx_t *ctx, int32_t from,
    int32_t to);

#endif /* _NGX_HTTP_PUPIL_AUTHENTIC_H_INCLUDED_ */
