/*
 * Copyright (C) the Pupil authors
 *
 * Support grants: rows that are authentic and what a request expects
 * (invariants I18, I20), and of these the ones that nobody has ended, as the
 * key store has it when it is asked, which is for each request.
 */

#ifndef _NGX_HTTP_PUPIL_SUPPORT_H_INCLUDED_
#define _NGX_HTTP_PUPIL_SUPPORT_H_INCLUDED_

#include "core/endpoints/support.h"
#include "core/policy/expected.h"
#include "core/vault/authentic.h"
#include "http/request/ngx_http_pupil_types.h"


/* ctx->support. */
typedef struct {
    pupil_support_row_t     *list;             /* in the order of the rows */
    ngx_uint_t               n;
    ngx_http_pupil_step_pt   next;
    char                     note[sizeof(PUPIL_SUPPORT_NOTE)
                                  + PUPIL_UUID_TEXT_LEN];
} ngx_http_pupil_support_t;


/*
 * A row of it, whose group of columns (PUPIL_CG_*) begins at col.  As
 * ngx_http_pupil_role(), but for the floor, of which nothing is known yet.
 */
ngx_int_t ngx_http_pupil_support(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, const pupil_expected_t *expected,
    pupil_support_row_t *grant);

/*
 * Those of a result that are as expected, all of one subject, and alive: into
 * ctx->support.  NGX_AGAIN then next, or what next returns; a problem.
 */
ngx_int_t ngx_http_pupil_supports(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t col, const pupil_expected_t *expected,
    ngx_http_pupil_step_pt next);

/* The MAC of a row. */
ngx_int_t ngx_http_pupil_support_mac(ngx_http_pupil_ctx_t *ctx,
    const pupil_support_row_t *grant, uint8_t mac[PUPIL_MAC_LEN]);

#endif /* _NGX_HTTP_PUPIL_SUPPORT_H_INCLUDED_ */
