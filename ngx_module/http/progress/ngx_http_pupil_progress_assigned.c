/*
 * Copyright (C) the Pupil authors
 *
 * Which class was given what a pupil hands in: by rows of homework whose facts
 * were checked, so that nobody who can write the database has it come before
 * another class's teacher.  The worker keeps it; whatever is not kept, or no
 * longer so, is read.
 */

#include "http/progress/ngx_http_pupil_progress.h"


/* A homework of a row, and the enrolment through which it is the actor's. */
typedef struct {
    pupil_assigned_t    assigned;
    ngx_uint_t          enrolment;
    ngx_libpq_array_t   exercises;
    pupil_asked_list_t  asked;     /* what each of them is */
} ngx_http_pupil_homework_row_t;


static ngx_uint_t ngx_http_pupil_assigned_enrolment(
    ngx_http_pupil_progress_t *data, const pupil_uuid_t *class_id);
static ngx_int_t ngx_http_pupil_assigned_row(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, ngx_http_pupil_homework_row_t *given);
static ngx_int_t ngx_http_pupil_assigned_plain(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_http_pupil_homework_row_t *given);
static ngx_int_t ngx_http_pupil_assigned_asked(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_http_pupil_homework_row_t *given);
static ngx_int_t ngx_http_pupil_assigned_text(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t want, pupil_str_t *text);
static void ngx_http_pupil_assigned_items(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_homework_row_t *given);


ngx_int_t
ngx_http_pupil_assigned_cached(ngx_http_pupil_ctx_t *ctx)
{
    uint32_t                      i;
    pupil_kept_t                 *kept;
    pupil_uuid_t                  ids[PUPIL_KEPT_IDS];
    ngx_http_pupil_submission_t  *sent;
    const pupil_assigned_t       *assigned;
    ngx_http_pupil_progress_t    *data;

    data = ctx->data;
    kept = ngx_http_pupil_progress_conf(ctx->main)->assigned;
    ids[0] = ctx->tenant;

    for (i = 0; i < data->nsent; i++) {
        sent = &data->sent[i];
        ids[1] = sent->item->homework_id;
        ids[2] = sent->item->exercise_id;

        assigned = pupil_kept_find(kept, ids);

        if (assigned == NULL || assigned->assigned_at > ctx->now) {
            return NGX_DECLINED;
        }

        sent->enrolment = ngx_http_pupil_assigned_enrolment(
                              data, &assigned->class_id);
        if (sent->enrolment == 0) {
            return NGX_DECLINED;
        }

        sent->assigned = *assigned;
    }

    return NGX_OK;
}


/* The live enrolment of a class, from 1; 0: none. */
static ngx_uint_t
ngx_http_pupil_assigned_enrolment(ngx_http_pupil_progress_t *data,
    const pupil_uuid_t *class_id)
{
    ngx_uint_t  i;

    for (i = 0; i < data->nenrolments; i++) {
        if (pupil_uuid_compare(&data->enrolments[i].class_id, class_id) == 0) {
            return i + 1;
        }
    }

    return 0;
}


/* Each homework once. */
ngx_int_t
ngx_http_pupil_assigned_ask(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex)
{
    uint32_t                    i, k, n;
    pupil_uuid_t               *ids;
    const pupil_uuid_t         *id;
    ngx_http_pupil_progress_t  *data;

    data = ctx->data;

    ids = ngx_palloc(ctx->request->pool, data->nsent * sizeof(pupil_uuid_t));
    if (ids == NULL) {
        return NGX_ERROR;
    }

    for (i = 0, n = 0; i < data->nsent; i++) {
        id = &data->sent[i].item->homework_id;

        for (k = 0; k < n && pupil_uuid_compare(&ids[k], id) != 0; k++) {
            /* void */
        }

        ids[k] = *id;
        n = ngx_max(n, k + 1);
    }

    data->assigned_at = ngx_http_pupil_add_stmt(ctx, ex,
                                                PUPIL_PROGRESS_ASSIGNED);
    ngx_libpq_param_uuid_array(ex, ids, n);

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_assigned_read(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    uint32_t                       i;
    ngx_int_t                      rc;
    ngx_uint_t                     row, n;
    ngx_http_pupil_homework_row_t  given;
    ngx_http_pupil_progress_t     *data;

    data = ctx->data;
    n = PQntuples(res);

    for (i = 0; i < data->nsent; i++) {
        data->sent[i].enrolment = 0;
    }

    for (row = 0; row < n; row++) {
        rc = ngx_http_pupil_assigned_row(ctx, res, row, &given);

        if (rc == NGX_ERROR) {
            return rc;
        }

        if (rc == NGX_OK) {
            ngx_http_pupil_assigned_items(ctx, &given);
        }
    }

    return NGX_OK;
}


/*
 * NGX_OK; NGX_DECLINED: there is none, its class is without evidence, it is not
 * what was stored, which is noted, or its key is, as missing.
 */
static ngx_int_t
ngx_http_pupil_assigned_row(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_http_pupil_homework_row_t *given)
{
    ngx_int_t               rc;
    pupil_assigned_t       *assigned;
    ngx_http_pupil_row_t    stored;
    ngx_http_pupil_owner_t  class;

    assigned = &given->assigned;
    assigned->tenant = ctx->tenant;

    rc = ngx_libpq_get_uuid(res, row, PUPIL_PA_OWNER, assigned->class_id.b);
    if (rc != NGX_OK) {
        return rc;
    }

    given->enrolment = ngx_http_pupil_assigned_enrolment(ctx->data,
                                                         &assigned->class_id);
    if (given->enrolment == 0) {
        return NGX_DECLINED;
    }

    if (ngx_http_pupil_owner(ctx, res, row, PUPIL_PA_OWNER,
                             &assigned->class_id, &class) != NGX_OK
        || ngx_libpq_get_uuid(res, row, PUPIL_PA_RECORD, assigned->homework.b)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    stored.stmt = ngx_http_pupil_stmt(ctx, PUPIL_PROGRESS_ASSIGNED);
    stored.res = res;
    stored.n = row;
    stored.owner = &class;
    stored.record = &assigned->homework;

    rc = ngx_http_pupil_facts(ctx, &stored);
    if (rc != NGX_OK || ctx->keys.missing_count != 0) {
        return rc == NGX_OK ? NGX_DECLINED : rc;
    }

    rc = ngx_http_pupil_assigned_plain(ctx, &stored, given);

    return rc == NGX_OK ? ngx_http_pupil_assigned_asked(ctx, &stored, given)
                        : rc;
}


/* What decides, of a row whose facts were checked. */
static ngx_int_t
ngx_http_pupil_assigned_plain(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_http_pupil_homework_row_t *given)
{
    pupil_str_t               facts;
    const pupil_statement_t  *st;

    st = &row->stmt->statement;

    if (ngx_http_pupil_get_bytea(row->res, row->n, st->facts, &facts)
        != NGX_OK
        || ngx_libpq_get_uuid_array(row->res, row->n,
                                    pupil_statement_cell(st, "exercise_ids"),
                                    &given->exercises)
           != NGX_OK
        || ngx_http_pupil_facts_time(row, "assigned_at",
                                     &given->assigned.assigned_at)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memcpy(given->assigned.hash,
               facts.data + facts.len - PUPIL_FACTS_HASH_LEN,
               PUPIL_FACTS_HASH_LEN);

    /* the statement leaves it out, which is not relied on (I20) */
    return ngx_http_pupil_there(ctx, row);
}


/* What its exercises are; none: it is not granted, and nobody knows. */
static ngx_int_t
ngx_http_pupil_assigned_asked(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_http_pupil_homework_row_t *given)
{
    ngx_int_t    rc;
    pupil_str_t  exercises, keys;

    ngx_memzero(&given->asked, sizeof(pupil_asked_list_t));

    rc = ngx_http_pupil_assigned_text(ctx, row, PUPIL_PA_WANT_EXERCISES,
                                      &exercises);

    if (rc == NGX_OK && exercises.len != 0) {
        rc = ngx_http_pupil_assigned_text(ctx, row, PUPIL_PA_WANT_KEYS, &keys);

        if (rc == NGX_OK
            && pupil_asked_read(&ctx->alloc, exercises, keys, &given->asked)
               != PUPIL_OK)
        {
            rc = NGX_ERROR;
        }
    }

    return rc;
}


/* Empty: there is none, or it is not granted. */
static ngx_int_t
ngx_http_pupil_assigned_text(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t want, pupil_str_t *text)
{
    switch (ngx_http_pupil_value(ctx, row, want, text)) {

    case PUPIL_OK:
        return NGX_OK;

    case PUPIL_NOT_FOUND:
        ngx_memzero(text, sizeof(pupil_str_t));
        return NGX_OK;

    case PUPIL_NO_MEMORY:
        return NGX_ERROR;

    default:
        return NGX_DECLINED;
    }
}


/* Keeps each of its exercises, and gives it to the items that are of it. */
static void
ngx_http_pupil_assigned_items(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_homework_row_t *given)
{
    uint32_t                         i;
    pupil_assigned_t                *assigned;
    const pupil_asked_t             *asked;
    ngx_http_pupil_progress_t       *data;
    ngx_http_pupil_submission_t     *sent;
    ngx_http_pupil_progress_conf_t  *conf;

    if (given->assigned.assigned_at > ctx->now) {
        return;
    }

    data = ctx->data;
    conf = ngx_http_pupil_progress_conf(ctx->main);
    assigned = &given->assigned;

    while (ngx_libpq_array_next_uuid(&given->exercises, assigned->exercise.b)
           == NGX_OK)
    {
        asked = pupil_asked_find(&given->asked, &assigned->exercise);
        ngx_memzero(&assigned->question, sizeof(pupil_question_t));
        assigned->max_score = 0;

        if (asked != NULL) {
            assigned->question = asked->question;
            assigned->max_score = asked->max_score;
        }

        pupil_kept_put(conf->assigned, assigned);

        for (i = 0; i < data->nsent; i++) {
            sent = &data->sent[i];

            if (pupil_uuid_compare(&sent->item->homework_id,
                                   &assigned->homework) == 0
                && pupil_uuid_compare(&sent->item->exercise_id,
                                      &assigned->exercise) == 0)
            {
                sent->enrolment = given->enrolment;
                sent->assigned = *assigned;
            }
        }
    }
}


ngx_int_t
ngx_http_pupil_assigned_judge(ngx_http_pupil_ctx_t *ctx)
{
    uint32_t                      i, n;
    pupil_rc_t                    rc;
    ngx_http_pupil_progress_t    *data;
    ngx_http_pupil_submission_t  *sent;

    data = ctx->data;

    for (i = 0, n = 0; i < data->nsent; i++) {
        sent = &data->sent[i];

        rc = sent->enrolment == 0
             ? PUPIL_OK
             : pupil_submission_fits(&ctx->alloc, &data->input, sent->item,
                                     &sent->assigned.question,
                                     sent->assigned.max_score,
                                     (unsigned) ctx->conf->score_claims);

        if (rc == PUPIL_NO_MEMORY) {
            return NGX_ERROR;
        }

        if (rc == PUPIL_OK) {
            data->sent[n++] = *sent;

        } else if (data->cached) {
            return NGX_DECLINED;

        } else {
            data->misfit = 1;
        }
    }

    data->nsent = n;

    return NGX_OK;
}
