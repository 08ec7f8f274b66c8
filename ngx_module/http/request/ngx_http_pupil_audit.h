/*
 * Copyright (C) the Pupil authors
 *
 * Audit records that no write carries: of what is shown, of refusals, of what
 * was found tampered with.
 */

#ifndef _NGX_HTTP_PUPIL_AUDIT_H_INCLUDED_
#define _NGX_HTTP_PUPIL_AUDIT_H_INCLUDED_

#include "http/request/ngx_http_pupil_tampered.h"
#include "http/request/ngx_http_pupil_types.h"


#define NGX_HTTP_PUPIL_GROUP  128              /* records of one insert */
#define NGX_HTTP_PUPIL_SHOWN  2                /* statements an answer shows */


/* What an answer shows: a statement's fields, of whom beside the actor. */
typedef struct {
    const ngx_http_pupil_stmt_t   *stmt;
    pupil_uuid_t                  *subjects;
    ngx_uint_t                     count;
} ngx_http_pupil_shown_t;

typedef struct ngx_http_pupil_record_s  ngx_http_pupil_record_t;

/* ctx->audit. */
typedef struct {
    const ngx_http_pupil_stmt_t   *asked;      /* last statement added */
    ngx_http_pupil_tampered_t      tampered;
    ngx_http_pupil_shown_t         shown[NGX_HTTP_PUPIL_SHOWN];
    ngx_uint_t                     shown_count;
    ngx_http_pupil_record_t       *records;    /* not known to be committed */
    unsigned                       overflow:1; /* more is shown than fits */
    unsigned                       complete:1; /* all that is shown is noted */
    unsigned                       failed:1;
} ngx_http_pupil_request_audit_t;


/* pmcf->audit. */
typedef struct {
    ngx_uint_t         durable;           /* PUPIL_DURABLE_* */
    ngx_int_t          group_size;        /* records at once */

    /* a worker's own */
    ngx_queue_t        groups;
    time_t             partitions_asked;
    ngx_atomic_t       partitions_until;  /* in seconds; 0: not known */
    ngx_atomic_uint_t  tampered;          /* found */
} ngx_http_pupil_audit_conf_t;


/*
 * Render says what it shows: the fields that stmt grants, and each person
 * beside the actor whom they are about.  The answer leaves when that is
 * committed.  A GET that shows without saying so is not answered.
 */
void ngx_http_pupil_shown(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_stmt_t *stmt);
void ngx_http_pupil_about(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *subject);

/*
 * Adds a record; ngx_http_pupil_audited() is called once all records of the
 * request are committed or have failed.  note: copied.  NGX_OK, NGX_ERROR.
 */
ngx_int_t ngx_http_pupil_audit(ngx_http_pupil_ctx_t *ctx,
    const pupil_statement_t *statement, pupil_outcome_t outcome,
    const pupil_uuid_t *subjects, ngx_uint_t n, const char *note);

/* Adds the records of what is shown. */
ngx_int_t ngx_http_pupil_audit_shown(ngx_http_pupil_ctx_t *ctx);

/* The request ends before its records do: they are written all the same. */
void ngx_http_pupil_audit_detach(ngx_http_pupil_ctx_t *ctx);

/* Asks the database how far the audit's partitions go, now and then. */
void ngx_http_pupil_partitions(ngx_http_pupil_main_conf_t *pmcf);

#endif /* _NGX_HTTP_PUPIL_AUDIT_H_INCLUDED_ */
