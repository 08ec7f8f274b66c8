/*
 * Copyright (C) the Pupil authors
 *
 * Values and rows: ngx_http_pupil_value.c and ngx_http_pupil_row.c.  Part of
 * ngx_http_pupil.h, which includes it.
 */

#ifndef _NGX_HTTP_PUPIL_VALUE_H_INCLUDED_
#define _NGX_HTTP_PUPIL_VALUE_H_INCLUDED_

#include "http/request/ngx_http_pupil.h"


/*
 * An owner as a row tells it: three result columns, id, state and version.
 * NGX_OK, NGX_DECLINED for NULL.
 */
typedef struct {
    pupil_uuid_t         id;
    pupil_owner_state_t  state;
    uint32_t             version;
} ngx_http_pupil_owner_t;

ngx_int_t ngx_http_pupil_owner(PGresult *res, ngx_uint_t row, ngx_uint_t col,
    ngx_http_pupil_owner_t *owner);

/*
 * A row of a result: by which statement it was read, and whose key seals what
 * is in it.  All of it is the caller's.
 */
typedef struct {
    const ngx_http_pupil_stmt_t   *stmt;
    PGresult                      *res;
    ngx_uint_t                     n;        /* the row's number */
    const ngx_http_pupil_owner_t  *owner;    /* NULL: nothing sealed opens */
    const pupil_uuid_t            *record;
} ngx_http_pupil_row_t;

/*
 * The clear value of a sealed or plain field: want's column of the row.
 * PUPIL_OK; PUPIL_NOT_FOUND for NULL or not granted; PUPIL_NO_KEY: noted as
 * missing, go on with the next; PUPIL_RESTRICTED, PUPIL_ERASED;
 * PUPIL_TAMPERED: noted for the audit.  The value is wiped with the request.
 */
pupil_rc_t ngx_http_pupil_value(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t want, pupil_str_t *value);

/* Writes ,"key":value when there is one, by the field's type; else nothing. */
pupil_rc_t ngx_http_pupil_member(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t want, const char *key);

/* The same to a writer of the caller's. */
pupil_rc_t ngx_http_pupil_member_to(ngx_http_pupil_ctx_t *ctx,
    pupil_writer_t *out, const ngx_http_pupil_row_t *row, ngx_uint_t want,
    const char *key);

/* Where a value that is in no row belongs. */
typedef struct {
    const char                    *category;
    const char                    *field;
    const ngx_http_pupil_owner_t  *owner;
    const pupil_uuid_t            *record;
} ngx_http_pupil_place_t;

/*
 * Opens what ngx_http_pupil_seal() sealed there.  out: where the padded value
 * goes, as pupil_open() has it, or NULL: memory of the request's.  Returns and
 * notes what ngx_http_pupil_value() does.
 */
pupil_rc_t ngx_http_pupil_unseal(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_place_t *place, pupil_str_t sealed, uint8_t *out,
    pupil_str_t *value);

/* Seals a clear value; sealed lies in r->pool. */
pupil_rc_t ngx_http_pupil_seal(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_place_t *place, pupil_str_t value,
    pupil_str_t *sealed);

/* Notes an owner whose key is needed; for writes, before sealing. */
pupil_rc_t ngx_http_pupil_need(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *owner);

/*
 * An enrolment row as evidence, 9 columns from col: enrolment, subject,
 * class, institution, role, valid_from and valid_to as days int4, source,
 * mac.  NGX_OK: authentic; NGX_DECLINED: NULL; NGX_ERROR: not authentic:
 * treat it as absent, it is noted in ctx->tampered.
 */
ngx_int_t ngx_http_pupil_enrolment(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, pupil_enrolment_row_t *enrolment);

/* The same for a role, 7 columns: subject, institution, role, valid_from,
 * valid_to, source, mac. */
ngx_int_t ngx_http_pupil_role(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, pupil_role_row_t *role);

/* The same for a subject, 4 columns: subject, status, source, mac. */
ngx_int_t ngx_http_pupil_subject(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, pupil_subject_row_t *subject);

/* Is the day of ctx->now, UTC, within these days? */
ngx_uint_t ngx_http_pupil_live(ngx_http_pupil_ctx_t *ctx, int32_t from,
    int32_t to);

/*
 * Writes the member display_name: the given and the family name of what is
 * granted and opens; null when there is neither (the row has no owner, or was
 * erased); no member when neither is granted.
 */
void ngx_http_pupil_display_name(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t given, ngx_uint_t family);

/* Its two halves.  name: empty when there is neither; NGX_OK, NGX_ERROR. */
ngx_int_t ngx_http_pupil_display_name_get(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t given, ngx_uint_t family,
    pupil_str_t *name);
void ngx_http_pupil_display_name_write(ngx_http_pupil_ctx_t *ctx,
    const pupil_str_t *name);

#endif /* _NGX_HTTP_PUPIL_VALUE_H_INCLUDED_ */
