/*
 * Copyright (C) the Pupil authors
 *
 * The statement that submits, with its parameters: of one submission alone,
 * as most are, or of many.
 */

#include "http/progress/ngx_http_pupil_progress.h"


/* The columns of what items rely on, one array each. */
typedef struct {
    ngx_uint_t     n;
    pupil_uuid_t  *ids, *classes;
    int32_t       *from, *to;
    pupil_str_t   *sources, *macs;
} ngx_http_pupil_relied_t;


static ngx_int_t ngx_http_pupil_progress_lock(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);
static ngx_uint_t ngx_http_pupil_progress_turns(ngx_http_pupil_ctx_t *ctx,
    int32_t *first, int32_t *second);
static void ngx_http_pupil_progress_alone(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const ngx_http_pupil_batch_t *batch);
static ngx_int_t ngx_http_pupil_progress_many(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const ngx_http_pupil_batch_t *batch);
static ngx_int_t ngx_http_pupil_progress_relied(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_relied_t *on, int32_t *places);
static void ngx_http_pupil_progress_record(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t id);


ngx_int_t
ngx_http_pupil_progress_send(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                  id;
    ngx_libpq_exchange_t       *ex;
    ngx_http_pupil_batch_t      batch;
    ngx_http_pupil_progress_t  *data;

    data = ctx->data;

    if (ngx_http_pupil_progress_batch(ctx, &batch) != NGX_OK
        || ngx_http_pupil_progress_facts(ctx, batch.answers, batch.results)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    id = data->nsent == 1 ? PUPIL_PROGRESS_SUBMIT_ONE : PUPIL_PROGRESS_SUBMIT;

    if (ngx_http_pupil_progress_lock(ctx, ex) != NGX_OK) {
        ngx_libpq_exchange_destroy(ex);
        return NGX_ERROR;
    }

    data->at = ngx_http_pupil_add_stmt(ctx, ex, id);

    if (data->nsent == 1) {
        ngx_http_pupil_progress_alone(ctx, ex, &batch);

    } else if (ngx_http_pupil_progress_many(ctx, ex, &batch) != NGX_OK) {
        ngx_libpq_exchange_destroy(ex);
        return NGX_ERROR;
    }

    ngx_http_pupil_progress_record(ctx, ex, id);

    ctx->resume = ngx_http_pupil_progress_done;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


static ngx_int_t
ngx_http_pupil_progress_lock(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex)
{
    int32_t                     turn[2], *first, *second;
    ngx_uint_t                  n;
    ngx_pool_t                 *pool;
    ngx_http_pupil_progress_t  *data;

    data = ctx->data;
    pool = ctx->request->pool;

    first = ngx_palloc(pool, data->nsent * sizeof(int32_t));
    second = ngx_palloc(pool, data->nsent * sizeof(int32_t));

    if (first == NULL || second == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_turn(ctx, &ctx->session.subject, turn);
    n = ngx_http_pupil_progress_turns(ctx, first, second);

    (void) ngx_http_pupil_add_stmt(ctx, ex, n > 1 ? PUPIL_PROGRESS_LOCK_MANY
                                                  : PUPIL_PROGRESS_LOCK);
    ngx_libpq_param_int4(ex, turn[0]);
    ngx_libpq_param_int4(ex, turn[1]);

    if (n > 1) {
        ngx_libpq_param_int4_array(ex, first, n);
        ngx_libpq_param_int4_array(ex, second, n);

    } else {
        /* of no homework: the pupil's again, who has it already */
        ngx_libpq_param_int4(ex, n != 0 ? first[0] : turn[0]);
        ngx_libpq_param_int4(ex, n != 0 ? second[0] : turn[1]);
    }

    return NGX_OK;
}


/*
 * Those of each homework, once.  What is not the pupil's is refused, and nobody
 * waits for it, whatever ids a client makes up.
 */
static ngx_uint_t
ngx_http_pupil_progress_turns(ngx_http_pupil_ctx_t *ctx, int32_t *first,
    int32_t *second)
{
    int32_t                             turn[2];
    ngx_uint_t                          i, k, n;
    ngx_http_pupil_progress_t          *data;
    const ngx_http_pupil_submission_t  *sent;

    data = ctx->data;

    for (i = 0, n = 0; i < data->nsent; i++) {
        sent = &data->sent[i];

        if (sent->enrolment == 0) {
            continue;
        }

        ngx_http_pupil_turn(ctx, &sent->item->homework_id, turn);

        for (k = 0; k < n && (first[k] != turn[0] || second[k] != turn[1]); k++)
        {
            /* void */
        }

        first[k] = turn[0];
        second[k] = turn[1];
        n = ngx_max(n, k + 1);
    }

    return n;
}


static void
ngx_http_pupil_progress_alone(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const ngx_http_pupil_batch_t *batch)
{
    ngx_uint_t                    i;
    ngx_http_pupil_progress_t    *data;
    ngx_http_pupil_submission_t  *sent;
    const pupil_enrolment_row_t  *row;

    data = ctx->data;
    sent = data->sent;

    ngx_libpq_param_uuid(ex, batch->ids->b);
    ngx_libpq_param_uuid(ex, batch->homework->b);
    ngx_libpq_param_uuid(ex, batch->exercises->b);
    ngx_http_pupil_param_bytea(ex, batch->answers);
    ngx_http_pupil_param_bytea(ex, batch->results);
    ngx_http_pupil_param_bytea(ex, batch->fingerprints);
    ngx_libpq_param_int4(ex, *batch->done);
    ngx_libpq_param_int4(ex, (int32_t) data->owner.version);

    if (sent->enrolment == 0) {
        for (i = 0; i < PUPIL_PROGRESS_ONE_RELIED; i++) {
            ngx_libpq_param_null(ex);
        }

        return;
    }

    row = &data->enrolments[sent->enrolment - 1];

    ngx_libpq_param_uuid(ex, row->enrolment.b);
    ngx_libpq_param_uuid(ex, row->class_id.b);
    ngx_libpq_param_int4(ex, row->valid_from);
    ngx_libpq_param_int4(ex, row->valid_to);
    ngx_libpq_param_text(ex, row->source.data, row->source.len);
    ngx_http_pupil_param_bytea(ex, &data->macs[sent->enrolment - 1]);
    ngx_libpq_param_bytea(ex, sent->assigned.hash, PUPIL_FACTS_HASH_LEN);
    ngx_http_pupil_param_bytea(ex, &sent->facts);
}


static ngx_int_t
ngx_http_pupil_progress_many(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const ngx_http_pupil_batch_t *batch)
{
    int32_t                      *places;
    ngx_uint_t                    i, n;
    pupil_str_t                  *hashes, *facts;
    ngx_http_pupil_submission_t  *sent;
    ngx_http_pupil_relied_t       on;
    ngx_http_pupil_progress_t    *data;

    data = ctx->data;
    n = data->nsent;

    places = ngx_palloc(ctx->request->pool, n * sizeof(int32_t));
    hashes = ngx_pcalloc(ctx->request->pool, n * sizeof(pupil_str_t));
    facts = ngx_palloc(ctx->request->pool, n * sizeof(pupil_str_t));

    if (places == NULL || hashes == NULL || facts == NULL
        || ngx_http_pupil_progress_relied(ctx, &on, places) != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        sent = &data->sent[i];
        facts[i] = sent->facts;

        if (sent->enrolment != 0) {
            hashes[i].data = sent->assigned.hash;
            hashes[i].len = PUPIL_FACTS_HASH_LEN;
        }
    }

    ngx_libpq_param_uuid_array(ex, batch->ids, n);
    ngx_libpq_param_uuid_array(ex, batch->homework, n);
    ngx_libpq_param_uuid_array(ex, batch->exercises, n);
    ngx_http_pupil_param_bytea_array(ex, batch->answers, n);
    ngx_http_pupil_param_bytea_array(ex, batch->results, n);
    ngx_http_pupil_param_bytea_array(ex, batch->fingerprints, n);
    ngx_libpq_param_int4_array(ex, batch->done, n);
    ngx_libpq_param_int4(ex, (int32_t) data->owner.version);
    ngx_libpq_param_uuid_array(ex, on.ids, on.n);
    ngx_libpq_param_uuid_array(ex, on.classes, on.n);
    ngx_libpq_param_int4_array(ex, on.from, on.n);
    ngx_libpq_param_int4_array(ex, on.to, on.n);
    ngx_http_pupil_param_text_array(ex, on.sources, on.n);
    ngx_http_pupil_param_bytea_array(ex, on.macs, on.n);
    ngx_libpq_param_int4_array(ex, places, n);
    ngx_http_pupil_param_bytea_array(ex, hashes, n);
    ngx_http_pupil_param_bytea_array(ex, facts, n);

    return NGX_OK;
}


/* Each enrolment once, and each item's place among them, from 1; 0: none. */
static ngx_int_t
ngx_http_pupil_progress_relied(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_relied_t *on, int32_t *places)
{
    int32_t                      *known;
    ngx_uint_t                    i, k, n;
    ngx_pool_t                   *pool;
    ngx_http_pupil_progress_t    *data;
    const pupil_enrolment_row_t  *row;

    data = ctx->data;
    pool = ctx->request->pool;
    n = data->nenrolments;

    known = ngx_pcalloc(pool, n * sizeof(int32_t));
    on->n = 0;
    on->ids = ngx_palloc(pool, n * sizeof(pupil_uuid_t));
    on->classes = ngx_palloc(pool, n * sizeof(pupil_uuid_t));
    on->from = ngx_palloc(pool, n * sizeof(int32_t));
    on->to = ngx_palloc(pool, n * sizeof(int32_t));
    on->sources = ngx_palloc(pool, n * sizeof(pupil_str_t));
    on->macs = ngx_palloc(pool, n * sizeof(pupil_str_t));

    if (known == NULL || on->ids == NULL || on->classes == NULL
        || on->from == NULL || on->to == NULL || on->sources == NULL
        || on->macs == NULL)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < data->nsent; i++) {
        places[i] = 0;
        k = data->sent[i].enrolment;

        if (k == 0) {
            continue;
        }

        if (known[k - 1] == 0) {
            row = &data->enrolments[k - 1];

            on->ids[on->n] = row->enrolment;
            on->classes[on->n] = row->class_id;
            on->from[on->n] = row->valid_from;
            on->to[on->n] = row->valid_to;
            on->sources[on->n] = row->source;
            on->macs[on->n] = data->macs[k - 1];
            known[k - 1] = (int32_t) ++on->n;
        }

        places[i] = known[k - 1];
    }

    return NGX_OK;
}


/* One record for each kind of outcome, which the statement chooses. */
static void
ngx_http_pupil_progress_record(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t id)
{
    ngx_http_pupil_writing_t    what;
    ngx_http_pupil_progress_t  *data;

    data = ctx->data;

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = pupil_progress_choices;
    what.numbers = ngx_min(data->nsent, PUPIL_PROGRESS_KINDS);
    what.n = data->nsent == 1 ? PUPIL_PROGRESS_KINDS : PUPIL_PROGRESS_CHOICES;

    ngx_http_pupil_audit_write(ctx, ex, data->at,
                               ngx_http_pupil_stmt(ctx, id), &what);
}
