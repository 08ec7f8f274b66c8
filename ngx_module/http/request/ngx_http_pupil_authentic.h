/*
 * Copyright (C) the Pupil authors
 *
 * Rows that authorise: read from a result, believed only when their MAC fits
 * (invariant I18), and used only when they are about what the request expects
 * (invariant I20).
 */

#ifndef _NGX_HTTP_PUPIL_AUTHENTIC_H_INCLUDED_
#define _NGX_HTTP_PUPIL_AUTHENTIC_H_INCLUDED_

#include "core/endpoints/columns.h"
#include "core/endpoints/relation.h"
#include "core/policy/expected.h"
#include "core/vault/authentic.h"
#include "http/request/ngx_http_pupil_types.h"


/*
 * An enrolment row as evidence, whose group of columns (PUPIL_CE_*) begins at
 * col.  NGX_OK: authentic, what is expected, and it counts; NGX_DECLINED: NULL,
 * or just not of the expected day; else treat it as absent.  NGX_ABORT: its
 * number is below the floor of its subject: it was revoked; NGX_ERROR: tampered
 * with, or another's, which is noted (ngx_http_pupil_tampered.h).
 */
ngx_int_t ngx_http_pupil_enrolment(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, const pupil_expected_t *expected,
    pupil_enrolment_row_t *enrolment);

/* The same for a role: PUPIL_CR_*. */
ngx_int_t ngx_http_pupil_role(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, const pupil_expected_t *expected,
    pupil_role_row_t *role);

/* The same for a subject: PUPIL_CS_*. */
ngx_int_t ngx_http_pupil_subject(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, const pupil_expected_t *expected,
    pupil_subject_row_t *subject);

/*
 * A row of the evidence of a relation: NGX_OK, it proves that the actor relates
 * to owner, through class_id, or all zeros; NGX_DECLINED, it does not.
 */
ngx_int_t ngx_http_pupil_proof(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, const pupil_relates_t *relates, const pupil_uuid_t *owner,
    pupil_uuid_t *class_id);

/* What is expected of the actor's own: the session's, and of today. */
void ngx_http_pupil_expect_actor(ngx_http_pupil_ctx_t *ctx,
    pupil_expected_t *expected);

/* Is it a day within these? */
ngx_uint_t ngx_http_pupil_live(ngx_http_pupil_ctx_t *ctx, int32_t from,
    int32_t to);

#endif /* _NGX_HTTP_PUPIL_AUTHENTIC_H_INCLUDED_ */
