/*
 * Copyright (C) the Pupil authors
 *
 * What an answer shows, and the records that say so: no more and no less.  Of
 * whom nothing could be opened, as processing is restricted, there is a record
 * apart.
 */

#include "http/request/ngx_http_pupil.h"


/* Persons: memory for a record begins with so many; that are withheld. */
#define NGX_HTTP_PUPIL_SUBJECTS  32
#define NGX_HTTP_PUPIL_WITHHELD  512


/* An owner of whom something was withheld. */
struct ngx_http_pupil_withheld_s {
    pupil_uuid_t  owner;
    unsigned      opened:1;                    /* something else was shown */
};


static ngx_uint_t ngx_http_pupil_subject_find(
    const ngx_http_pupil_shown_t *shown, const pupil_uuid_t *subject);
static ngx_int_t ngx_http_pupil_subjects_grow(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_shown_t *shown);
static ngx_http_pupil_withheld_t *ngx_http_pupil_withheld_find(
    ngx_http_pupil_ctx_t *ctx, const pupil_uuid_t *owner);
static ngx_uint_t ngx_http_pupil_withheld(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *owner);
static ngx_int_t ngx_http_pupil_shown_record(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_shown_t *shown);
static ngx_uint_t ngx_http_pupil_shown_part(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_shown_t *shown);
static ngx_uint_t ngx_http_pupil_shown_only(
    const ngx_http_pupil_stmt_t *stmt, pupil_about_t about);


void
ngx_http_pupil_shown(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_stmt_t *stmt)
{
    ngx_http_pupil_shown_t  *shown;

    /* A route shows what two statements read at most. */
    if (ctx->audit.shown_count == NGX_HTTP_PUPIL_SHOWN) {
        ctx->audit.overflow = 1;
        return;
    }

    shown = &ctx->audit.shown[ctx->audit.shown_count++];
    shown->stmt = stmt;
    shown->subjects = NULL;
    shown->count = 0;
    shown->size = 0;
}


/* A whole school may be shown: each person once, kept in order. */
void
ngx_http_pupil_about(ngx_http_pupil_ctx_t *ctx, const pupil_uuid_t *subject)
{
    ngx_uint_t               i;
    ngx_http_pupil_shown_t  *shown;

    if (ctx->audit.shown_count == 0) {
        return;                         /* a write: its statement names them */
    }

    shown = &ctx->audit.shown[ctx->audit.shown_count - 1];

    i = ngx_http_pupil_subject_find(shown, subject);

    if (i < shown->count
        && pupil_uuid_compare(&shown->subjects[i], subject) == 0)
    {
        return;
    }

    if (shown->count == shown->size
        && ngx_http_pupil_subjects_grow(ctx, shown) != NGX_OK)
    {
        ctx->audit.overflow = 1;
        return;
    }

    ngx_memmove(&shown->subjects[i + 1], &shown->subjects[i],
                (shown->count - i) * sizeof(pupil_uuid_t));
    shown->subjects[i] = *subject;
    shown->count++;
}


/* Where it is, or would be.  Rows come in this order, too: first the end. */
static ngx_uint_t
ngx_http_pupil_subject_find(const ngx_http_pupil_shown_t *shown,
    const pupil_uuid_t *subject)
{
    ngx_uint_t  low, high, middle;

    low = 0;
    high = shown->count;

    if (high != 0
        && pupil_uuid_compare(&shown->subjects[high - 1], subject) < 0)
    {
        return high;
    }

    while (low < high) {
        middle = (low + high) / 2;

        if (pupil_uuid_compare(&shown->subjects[middle], subject) < 0) {
            low = middle + 1;

        } else {
            high = middle;
        }
    }

    return low;
}


static ngx_int_t
ngx_http_pupil_subjects_grow(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_shown_t *shown)
{
    ngx_uint_t     size;
    pupil_uuid_t  *subjects;

    size = ngx_max(2 * shown->size, NGX_HTTP_PUPIL_SUBJECTS);

    subjects = ngx_palloc(ctx->request->pool, size * sizeof(pupil_uuid_t));
    if (subjects == NULL) {
        return NGX_ERROR;
    }

    if (shown->count != 0) {
        ngx_memcpy(subjects, shown->subjects,
                   shown->count * sizeof(pupil_uuid_t));
    }

    shown->subjects = subjects;
    shown->size = size;

    return NGX_OK;
}


void
ngx_http_pupil_shown_none(ngx_http_pupil_ctx_t *ctx)
{
    ctx->audit.shown_count = 0;
    ctx->audit.withheld_count = 0;
}


/* Past the bound somebody counts as shown: a record too wide hides nothing. */
void
ngx_http_pupil_shown_value(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *owner, pupil_rc_t rc)
{
    ngx_http_pupil_withheld_t  *withheld;

    if (rc != PUPIL_OK && rc != PUPIL_RESTRICTED) {
        return;
    }

    withheld = ngx_http_pupil_withheld_find(ctx, &owner->id);

    if (withheld == NULL) {

        if ((rc == PUPIL_OK && owner->state != PUPIL_OWNER_STATE_RESTRICTED)
            || ctx->audit.withheld_count == NGX_HTTP_PUPIL_WITHHELD)
        {
            return;
        }

        if (ctx->audit.withheld == NULL) {
            ctx->audit.withheld = ngx_palloc(ctx->request->pool,
                                             NGX_HTTP_PUPIL_WITHHELD
                                             * sizeof(*withheld));
        }

        if (ctx->audit.withheld == NULL) {
            return;
        }

        withheld = &ctx->audit.withheld[ctx->audit.withheld_count++];
        withheld->owner = owner->id;
        withheld->opened = 0;
    }

    withheld->opened |= rc == PUPIL_OK;
}


static ngx_http_pupil_withheld_t *
ngx_http_pupil_withheld_find(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *owner)
{
    ngx_uint_t  i;

    for (i = 0; i < ctx->audit.withheld_count; i++) {
        if (pupil_uuid_compare(&ctx->audit.withheld[i].owner, owner) == 0) {
            return &ctx->audit.withheld[i];
        }
    }

    return NULL;
}


/* Was nothing of it shown? */
static ngx_uint_t
ngx_http_pupil_withheld(ngx_http_pupil_ctx_t *ctx, const pupil_uuid_t *owner)
{
    ngx_http_pupil_withheld_t  *withheld;

    withheld = ngx_http_pupil_withheld_find(ctx, owner);

    return withheld != NULL && !withheld->opened;
}


ngx_int_t
ngx_http_pupil_audit_shown(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t  i;

    if (ctx->audit.overflow) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "pupil: an answer names more than its audit record "
                      "can hold");
        return NGX_ERROR;
    }

    for (i = 0; i < ctx->audit.shown_count; i++) {
        if (ngx_http_pupil_shown_record(ctx, &ctx->audit.shown[i]) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    ngx_http_pupil_shown_none(ctx);
    ctx->audit.complete = 1;

    return NGX_OK;
}


/*
 * One record, or two: what a statement shows of nobody in particular, such as
 * a class's homework, was shown whoever was withheld beside it.
 */
static ngx_int_t
ngx_http_pupil_shown_record(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_shown_t *shown)
{
    ngx_int_t                 rc;
    ngx_uint_t                n, none;
    const pupil_statement_t  *statement;

    statement = &shown->stmt->statement;
    n = shown->count;
    none = 0;

    if (ctx->audit.withheld_count != 0) {
        n = ngx_http_pupil_shown_part(ctx, shown);

        none = ngx_http_pupil_shown_only(shown->stmt, PUPIL_ABOUT_ACTOR)
               ? ngx_http_pupil_withheld(ctx, &ctx->session.subject)
               : n == 0 && shown->count != 0
                 && ngx_http_pupil_shown_only(shown->stmt,
                                              PUPIL_ABOUT_SUBJECTS);
    }

    if (!none) {
        rc = ngx_http_pupil_audit(ctx, statement, PUPIL_OUTCOME_ALLOWED,
                                  shown->subjects, n, ctx->audit.note);

        if (rc != NGX_OK || n == shown->count) {
            return rc;
        }
    }

    return ngx_http_pupil_audit(ctx, statement, PUPIL_OUTCOME_RESTRICTED,
                                shown->subjects + n, shown->count - n,
                                ctx->audit.note);
}


/* Those who were shown come first: their number. */
static ngx_uint_t
ngx_http_pupil_shown_part(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_shown_t *shown)
{
    ngx_uint_t    i, n;
    pupil_uuid_t  subject;

    for (i = 0, n = 0; i < shown->count; i++) {
        subject = shown->subjects[i];

        if (!ngx_http_pupil_withheld(ctx, &subject)) {
            shown->subjects[i] = shown->subjects[n];
            shown->subjects[n++] = subject;
        }
    }

    return n;
}


/* Is all that the statement shows about these? */
static ngx_uint_t
ngx_http_pupil_shown_only(const ngx_http_pupil_stmt_t *stmt,
    pupil_about_t about)
{
    uint32_t                  i;
    const pupil_statement_t  *st;

    st = &stmt->statement;

    for (i = 0; i < st->from->wants_count; i++) {
        if (st->granted[i] && st->from->wants[i].about != about) {
            return 0;
        }
    }

    return 1;
}
