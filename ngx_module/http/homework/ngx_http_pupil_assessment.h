/*
 * Copyright (C) the Pupil authors
 *
 * What a teacher says of a pupil's homework, as the files about it share it.
 */

#ifndef _NGX_HTTP_PUPIL_ASSESSMENT_H_INCLUDED_
#define _NGX_HTTP_PUPIL_ASSESSMENT_H_INCLUDED_

#include "http/homework/ngx_http_pupil_homework.h"


/* A pupil's assessment of a homework, from rows that were checked. */
typedef struct {
    pupil_uuid_t           record;         /* the homework's */
    ngx_http_pupil_row_t   row;
    pupil_uuid_t           version;
    pupil_time_t           returned_at;    /* PUPIL_TIME_NONE: it is not */
    unsigned               exists:1;
} ngx_http_pupil_assessment_t;


/* What a teacher's request about one pupil's is about. */
typedef struct {
    ngx_http_pupil_item_t        item;      /* the homework */
    pupil_enrolment_row_t        enrolment; /* the pupil's, in its class */
    pupil_str_t                  mac;       /* that row's */
    ngx_http_pupil_owner_t       owner;     /* the pupil */
    ngx_http_pupil_assessment_t  assessment;
} ngx_http_pupil_assessed_t;


/*
 * The assessment of a row, whose row and its owner are set: NGX_OK, also when
 * there is none; NGX_DECLINED: somebody has changed it, which is noted;
 * NGX_ERROR.  record: its column.
 */
ngx_int_t ngx_http_pupil_assessment_read(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t record, const ngx_http_pupil_item_t *item,
    ngx_http_pupil_assessment_t *assessment);

/* Writes "assessment": it as an object, for its pupil without version; null. */
void ngx_http_pupil_assessment_write(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_assessment_t *assessment,
    const pupil_exercises_t *exercises, ngx_uint_t with_version);

/* Adds what a teacher's request about one pupil's reads. */
void ngx_http_pupil_assessment_ask(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);

/*
 * Reads that: NGX_OK, or how the request ends, which was for stmt.  As long as
 * keys are missing nothing of it is to be believed.
 */
ngx_int_t ngx_http_pupil_assessed(ngx_http_pupil_ctx_t *ctx, ngx_uint_t stmt,
    ngx_http_pupil_assessed_t *assessed);

/* The answer of all of them. */
ngx_int_t ngx_http_pupil_assessed_show(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_assessed_t *assessed);


/* Steps of the routes. */
ngx_int_t ngx_http_pupil_assessment_own_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_assessment_own_render(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_assessment_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_assessment_render(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_assess_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_assess_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_assess_step(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_return_step(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_ASSESSMENT_H_INCLUDED_ */
