/*
 * Copyright (C) the Pupil authors
 *
 * What the files of the progress endpoint share.
 */

#ifndef _NGX_HTTP_PUPIL_PROGRESS_H_INCLUDED_
#define _NGX_HTTP_PUPIL_PROGRESS_H_INCLUDED_

#include "ngx_http_pupil.h"
#include "../core/endpoint_progress.h"


/* ctx->data of these routes. */
typedef struct {
    pupil_input_query_t      query;
    pupil_input_progress_t   input;
    uint32_t                *sent;      /* of input.items: those that were */
    uint32_t                 nsent;
    ngx_http_pupil_owner_t   owner;     /* the actor */
    pupil_uuid_t            *enrolments;    /* with checked MACs */
    pupil_str_t             *macs;
    ngx_uint_t               nenrolments;
} ngx_http_pupil_progress_t;


/* Makes ctx->data from the query's arguments; allowed: PUPIL_QUERY_*. */
ngx_int_t ngx_http_pupil_progress_arguments(ngx_http_pupil_ctx_t *ctx,
    unsigned allowed);

/* A 403 about stmt, audited. */
ngx_int_t ngx_http_pupil_progress_refuse(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t stmt, pupil_outcome_t outcome, const char *slug);

ngx_int_t ngx_http_pupil_history_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_history_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_history_render(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_PROGRESS_H_INCLUDED_ */
