/*
 * Copyright (C) the Pupil authors
 *
 * From a column of a row to a clear value and back: the only place of the nginx
 * side where something sealed is opened.
 */

#ifndef _NGX_HTTP_PUPIL_VALUE_H_INCLUDED_
#define _NGX_HTTP_PUPIL_VALUE_H_INCLUDED_

#include "core/endpoints/columns.h"
#include "core/vault/keyring_owner.h"
#include "http/request/ngx_http_pupil_types.h"


/*
 * An owner as a row tells it, whose group of columns (PUPIL_CO_*) begins at
 * col.  expected: whose it must be (invariant I20).  NGX_OK; NGX_DECLINED for
 * NULL; NGX_ERROR, for another's too, which is noted and damages the answer.
 */
typedef struct {
    pupil_uuid_t         id;
    pupil_owner_state_t  state;
    uint32_t             version;
} ngx_http_pupil_owner_t;

ngx_int_t ngx_http_pupil_owner(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, const pupil_uuid_t *expected,
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
    const ngx_http_pupil_place_t *at, pupil_str_t sealed, uint8_t *out,
    pupil_str_t *value);

/* Seals a clear value; sealed lies in r->pool. */
pupil_rc_t ngx_http_pupil_seal(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_place_t *at, pupil_str_t value, pupil_str_t *sealed);

/* The same of what restriction leaves open: what somebody asks for. */
pupil_rc_t ngx_http_pupil_unseal_open(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_place_t *at, pupil_str_t sealed, pupil_str_t *value);
pupil_rc_t ngx_http_pupil_seal_open(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_place_t *at, pupil_str_t value, pupil_str_t *sealed);

/*
 * The subkey of a place and what is bound to it (invariant I6).  PUPIL_OK or
 * what ngx_http_pupil_value() returns for want of a key.
 */
pupil_rc_t ngx_http_pupil_place_key(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_place_t *at, ngx_uint_t allow_restricted,
    pupil_place_t *place, const pupil_subkey_t **key);

/*
 * Whether restriction hides this person, ids, times and counts too, from who
 * processes for this purpose (GDPR article 18); the record says that it did.
 */
ngx_uint_t ngx_http_pupil_hidden(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *owner, pupil_purpose_t purpose);

/* Notes an owner whose key is needed; for writes, before sealing. */
pupil_rc_t ngx_http_pupil_need(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *owner);

#endif /* _NGX_HTTP_PUPIL_VALUE_H_INCLUDED_ */
