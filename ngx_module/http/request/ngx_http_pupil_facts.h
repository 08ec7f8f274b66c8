/*
 * Copyright (C) the Pupil authors
 *
 * Whether a record is what was stored, and what binds one that is to be stored
 * (invariant I18; core/plugin/bound.h).
 */

#ifndef _NGX_HTTP_PUPIL_FACTS_H_INCLUDED_
#define _NGX_HTTP_PUPIL_FACTS_H_INCLUDED_

#include "core/plugin/bound.h"
#include "http/request/ngx_http_pupil_value.h"


/*
 * A row whose statement reads facts: before anything of it decides or is
 * shown.  NGX_OK, also while the key is missing, which is noted: then the step
 * runs again.  NGX_DECLINED: it is left out, as somebody has changed it, which
 * is noted for the audit, or as its owner is erased.  NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_facts(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row);

/* Columns of such a row, by the names of the category's fields. */
ngx_int_t ngx_http_pupil_facts_uuid(const ngx_http_pupil_row_t *row,
    const char *field, pupil_uuid_t *uuid);
ngx_int_t ngx_http_pupil_facts_time(const ngx_http_pupil_row_t *row,
    const char *field, pupil_time_t *time);

/*
 * Such a row is of a record that is there: NGX_OK; NGX_DECLINED: it was
 * withdrawn, and no statement shows it, which is noted; NGX_ERROR.  The
 * category has a deleted_at.
 */
ngx_int_t ngx_http_pupil_there(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row);

/*
 * When the record of such a row was stored, which is not bound: NGX_OK;
 * NGX_DECLINED: a time that no answer can have, which is noted; NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_stored_at(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t column, pupil_time_t *time);

/*
 * Which of its states a row is in, by the hash of all that it is with which its
 * facts end; zero: of a row without them.
 */
void ngx_http_pupil_facts_version(const ngx_http_pupil_row_t *row,
    pupil_uuid_t *version);

/* The row as it is stored: what a write that replaces it begins with. */
void ngx_http_pupil_facts_row(const ngx_http_pupil_row_t *row,
    pupil_bound_row_t *bound);

/* The facts of a record that is to be stored at at; NGX_OK, NGX_ERROR. */
ngx_int_t ngx_http_pupil_facts_make(ngx_http_pupil_ctx_t *ctx,
    const pupil_category_t *category, const ngx_http_pupil_place_t *at,
    const pupil_bound_row_t *bound, pupil_str_t *facts);

/* A value of it that was sealed; data NULL: none. */
void ngx_http_pupil_facts_sealed(const pupil_category_t *category,
    const char *field, pupil_str_t sealed, pupil_bound_row_t *bound);

/* The number of a field, for the functions of core/plugin/bound.h. */
int32_t ngx_http_pupil_facts_field(const pupil_category_t *category,
    const char *field);

#endif /* _NGX_HTTP_PUPIL_FACTS_H_INCLUDED_ */
