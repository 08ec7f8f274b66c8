/*
 * Copyright (C) the Pupil authors
 *
 * Audit records that no write carries: of what is shown, of refusals, of what
 * was found tampered with.
 */

#ifndef _NGX_HTTP_PUPIL_AUDIT_H_INCLUDED_
#define _NGX_HTTP_PUPIL_AUDIT_H_INCLUDED_

#include "http/request/ngx_http_pupil_numbers.h"
#include "http/request/ngx_http_pupil_tampered.h"
#include "http/request/ngx_http_pupil_types.h"
#include "http/request/ngx_http_pupil_value.h"


#define NGX_HTTP_PUPIL_GROUP  128              /* records of one insert */
#define NGX_HTTP_PUPIL_SHOWN  2                /* statements an answer shows */


/* What an answer shows: a statement's fields, of whom beside the actor. */
typedef struct {
    const ngx_http_pupil_stmt_t   *stmt;
    pupil_uuid_t                  *subjects;
    ngx_uint_t                     count, size;
} ngx_http_pupil_shown_t;

typedef struct ngx_http_pupil_record_s    ngx_http_pupil_record_t;
typedef struct ngx_http_pupil_withheld_s  ngx_http_pupil_withheld_t;

/* The record of a write, until its exchange has ended; in that's memory. */
typedef struct {
    ngx_http_pupil_given_t       given;
    ngx_uint_t                   at;         /* the statement's result */
    const pupil_audit_choice_t  *choices;
    uint32_t                     n;
} ngx_http_pupil_written_t;

/* What the record of a write says beside what all have in common. */
typedef struct {
    const pupil_audit_choice_t  *choices;    /* that the SQL has */
    uint32_t                     n;          /* of them that can be */
    uint32_t                     numbers;    /* records at most */
    const pupil_uuid_t          *subject;    /* NULL: none */
    pupil_str_t                  note;
} ngx_http_pupil_writing_t;

/* ctx->audit. */
typedef struct {
    const ngx_http_pupil_stmt_t   *asked;      /* last statement added */
    ngx_http_pupil_tampered_t      tampered;
    ngx_http_pupil_shown_t         shown[NGX_HTTP_PUPIL_SHOWN];
    ngx_uint_t                     shown_count;
    const char                    *note;       /* of what is shown; or NULL */
    ngx_http_pupil_withheld_t     *withheld;   /* of restricted owners */
    ngx_uint_t                     withheld_count;
    ngx_http_pupil_record_t       *records;    /* not known to be committed */
    ngx_http_pupil_written_t      *written;    /* of what is not submitted */
    uint32_t                       recorded;   /* by the last write, it says */
    uint32_t                       due;        /* for an answer of success: a
                                                  bit for each choice */
    unsigned                       overflow:1; /* more is shown than fits */
    unsigned                       complete:1; /* all that is shown is noted */
    unsigned                       failed:1;
} ngx_http_pupil_request_audit_t;


/* Whether records can be stored, as this worker saw it last. */
typedef struct {
    time_t             asked_at;          /* the last probe */
    time_t             failed_at;
    ngx_msec_t         waits_since;       /* for a commit, or the last came */
    ngx_uint_t         waiting;           /* inserts that have not ended */
    char               why[6];            /* as logged; "": all is well */
    unsigned           failing:1;         /* the last one did */
    unsigned           probing:1;
} ngx_http_pupil_audit_health_t;


/* pmcf->audit. */
typedef struct {
    ngx_uint_t         durable;           /* PUPIL_DURABLE_* */
    ngx_int_t          group_size;        /* records at once */

    ngx_http_pupil_numbers_conf_t  numbers;

    /* a worker's own */
    ngx_queue_t        groups;
    ngx_atomic_t       partitions_until;  /* in seconds; 0: not known */
    ngx_atomic_uint_t  tampered;          /* found */
    ngx_http_pupil_audit_health_t  health;
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

/* The answer will be another one: nothing is shown. */
void ngx_http_pupil_shown_none(ngx_http_pupil_ctx_t *ctx);

/* A value of this owner was opened, or withheld (PUPIL_RESTRICTED). */
void ngx_http_pupil_shown_value(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *owner, pupil_rc_t rc);

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

/*
 * The last parameters of a statement that carries its record, which is at this
 * place of ex; where there is no number or no key, ex does not go out, and the
 * answer is 503.
 */
void ngx_http_pupil_audit_write(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t at,
    const ngx_http_pupil_stmt_t *stmt, const ngx_http_pupil_writing_t *what);

/* Of statements that can write one record, with this outcome, of nobody. */
void ngx_http_pupil_audit_write_one(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t at,
    const ngx_http_pupil_stmt_t *stmt, const pupil_audit_choice_t *choice);

/* The record that was added last, for its exchange; NULL: there is none. */
ngx_http_pupil_written_t *ngx_http_pupil_audit_take(
    ngx_http_pupil_ctx_t *ctx);

/*
 * Its exchange has ended, or was never sent; NULL: nothing to do.  Returns the
 * choices that are on record, as the statement says.
 */
uint32_t ngx_http_pupil_audit_written(ngx_http_pupil_written_t *written,
    const ngx_libpq_exchange_t *ex);
void ngx_http_pupil_audit_unsent(ngx_http_pupil_written_t *written);

/* Handler of an exchange that nobody waits for, whose data is its record. */
void ngx_http_pupil_audit_left(ngx_libpq_exchange_t *ex);

/* Declares what is open of a tenant's numbers, if its key is here. */
void ngx_http_pupil_audit_declare(ngx_http_pupil_main_conf_t *pmcf,
    const pupil_uuid_t *tenant);

/* What records are authenticated with; NULL: it is not loaded. */
const pupil_key_t *ngx_http_pupil_audit_key(ngx_http_pupil_main_conf_t *pmcf,
    const pupil_uuid_t *tenant);

/* Whether a tenant that has ended still has.  Context: event loop. */
void ngx_http_pupil_ended_ask(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_writer_t *writer);

/* Why a probe is told that a tenant is shut; NULL: none is, without an end. */
const char *ngx_http_pupil_ended_trouble(ngx_http_pupil_main_conf_t *pmcf);

/*
 * An insert of records was submitted; it has ended, with all stored or not.
 * Context: event loop.
 */
void ngx_http_pupil_health_sent(ngx_http_pupil_main_conf_t *pmcf);
void ngx_http_pupil_health_ended(ngx_http_pupil_main_conf_t *pmcf,
    const ngx_libpq_exchange_t *ex, ngx_uint_t stored);

/* Why records cannot be stored, static; NULL: they can, as far as is known. */
const char *ngx_http_pupil_health_trouble(
    const ngx_http_pupil_main_conf_t *pmcf);

/*
 * Tries whether a record can be stored, and asks how far the partitions go,
 * unless that was done less than age seconds ago; sooner while there is
 * trouble.
 */
void ngx_http_pupil_health_probe(ngx_http_pupil_main_conf_t *pmcf, time_t age);

#endif /* _NGX_HTTP_PUPIL_AUDIT_H_INCLUDED_ */
