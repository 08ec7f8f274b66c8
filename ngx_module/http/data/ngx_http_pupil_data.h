/*
 * Copyright (C) the Pupil authors
 *
 * What the files of the endpoint of any category share.
 */

#ifndef _NGX_HTTP_PUPIL_DATA_H_INCLUDED_
#define _NGX_HTTP_PUPIL_DATA_H_INCLUDED_

#include "core/endpoints/data.h"
#include "core/endpoints/relation.h"
#include "http/request/ngx_http_pupil.h"


/* ctx->data of these routes. */
typedef struct {
    pupil_data_query_t         query;
    pupil_input_patch_t        patch;
    pupil_fault_t              fault;

    pupil_category_t          *category;
    uint32_t                   relation;
    pupil_uuid_t               subject;
    ngx_http_pupil_generic_t  *generic;
    ngx_uint_t                 main;        /* position of the statement */
    pupil_uuid_t              *classes;     /* with authentic evidence */
    ngx_uint_t                 nclasses;
    unsigned                   evidence:1;  /* was asked for */

    /* a write */
    pupil_uuid_t               record;
    ngx_http_pupil_owner_t     owner;
    uint8_t                   *set;         /* by want */
    pupil_str_t               *values;      /* clear; data NULL: none */
    pupil_bound_row_t          bound;       /* the record as it is stored */
} ngx_http_pupil_data_t;

/* The parameters of a generic write that are arrays. */
typedef struct {
    int32_t      set[PUPIL_STATEMENT_WANTS];
    pupil_str_t  sealed[PUPIL_STATEMENT_WANTS];
    pupil_str_t  plain[PUPIL_STATEMENT_WANTS];
    pupil_str_t  names[PUPIL_STATEMENT_WANTS];
    pupil_str_t  terms[PUPIL_STATEMENT_WANTS];
    pupil_str_t  macs[PUPIL_STATEMENT_WANTS];
    ngx_uint_t   indexed;
    pupil_str_t  facts;
} ngx_http_pupil_patch_t;


/*
 * Finds category, relation and what is granted; write: for writing.  NGX_OK,
 * or how the request ends.
 */
ngx_int_t ngx_http_pupil_data_find(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t write);

/*
 * Adds the evidence, if the relation needs some.  Its result, if any, is the
 * exchange's first.
 */
void ngx_http_pupil_data_evidence(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);

/* NGX_OK: the relation is proved; NGX_DECLINED; NGX_ERROR. */
ngx_int_t ngx_http_pupil_data_proved(ngx_http_pupil_ctx_t *ctx);

/*
 * Whether a record is shown through that relation; what is of another owner,
 * or not of the enrolment that it is made of, is noted and left out.
 */
ngx_uint_t ngx_http_pupil_data_shown(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, const pupil_uuid_t *record);

/*
 * The owner of a group of a read, who is the subject, or whom the record's own
 * field names.  As ngx_http_pupil_owner().
 */
ngx_int_t ngx_http_pupil_data_sealer(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, uint32_t group, ngx_http_pupil_owner_t *owner);

/* The members that both answers begin with. */
void ngx_http_pupil_data_head(ngx_http_pupil_ctx_t *ctx);

/* 404, audited: unknown and not yours look the same. */
ngx_int_t ngx_http_pupil_data_unknown(ngx_http_pupil_ctx_t *ctx);

/* Of a write, by want: its field's number in the category, and the field. */
uint32_t ngx_http_pupil_data_number(ngx_http_pupil_data_t *data,
    uint32_t want);
const pupil_field_t *ngx_http_pupil_data_field(ngx_http_pupil_data_t *data,
    uint32_t want);

/* Seals the values that are given, with their terms; then binds the record. */
ngx_int_t ngx_http_pupil_data_values(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_patch_t *patch);
ngx_int_t ngx_http_pupil_data_facts(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_patch_t *patch);

ngx_int_t ngx_http_pupil_data_write_parse(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_data_write_start(ngx_http_pupil_ctx_t *ctx);
ngx_int_t ngx_http_pupil_data_write_step(ngx_http_pupil_ctx_t *ctx);

#endif /* _NGX_HTTP_PUPIL_DATA_H_INCLUDED_ */
