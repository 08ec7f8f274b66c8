/*
 * Copyright (C) the Pupil authors
 *
 * The columns of what is stored: items as they came, what is personal in them
 * sealed, and what tells a replay from a conflict.
 */

#include "core/endpoints/score.h"
#include "core/vault/keyed.h"
#include "http/progress/ngx_http_pupil_progress.h"


static ngx_int_t ngx_http_pupil_progress_seal(ngx_http_pupil_ctx_t *ctx,
    const pupil_input_submission_t *item, ngx_http_pupil_batch_t *batch,
    uint32_t i);
static ngx_int_t ngx_http_pupil_progress_fingerprint(
    ngx_http_pupil_ctx_t *ctx, const pupil_input_submission_t *item,
    pupil_str_t *out);


ngx_int_t
ngx_http_pupil_progress_batch(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_batch_t *batch)
{
    uint32_t                         i, n;
    ngx_pool_t                      *pool;
    ngx_http_pupil_progress_t       *data;
    const pupil_input_submission_t  *item;

    data = ctx->data;
    pool = ctx->request->pool;
    n = data->nsent;

    batch->ids = ngx_palloc(pool, n * sizeof(pupil_uuid_t));
    batch->homework = ngx_palloc(pool, n * sizeof(pupil_uuid_t));
    batch->exercises = ngx_palloc(pool, n * sizeof(pupil_uuid_t));
    batch->answers = ngx_palloc(pool, n * sizeof(pupil_str_t));
    batch->results = ngx_palloc(pool, n * sizeof(pupil_str_t));
    batch->fingerprints = ngx_palloc(pool, n * sizeof(pupil_str_t));
    batch->done = ngx_palloc(pool, n * sizeof(int32_t));

    if (batch->ids == NULL || batch->homework == NULL
        || batch->exercises == NULL || batch->answers == NULL
        || batch->results == NULL || batch->fingerprints == NULL
        || batch->done == NULL)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < n; i++) {
        item = data->sent[i].item;

        batch->ids[i] = item->id;
        batch->homework[i] = item->homework_id;
        batch->exercises[i] = item->exercise_id;
        batch->done[i] = item->completion != PUPIL_INPUT_FALSE;

        if (ngx_http_pupil_progress_seal(ctx, item, batch, i) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_progress_seal(ngx_http_pupil_ctx_t *ctx,
    const pupil_input_submission_t *item, ngx_http_pupil_batch_t *batch,
    uint32_t i)
{
    pupil_str_t                 result;
    ngx_http_pupil_stmt_t      *stmt;
    ngx_http_pupil_place_t      place;
    ngx_http_pupil_progress_t  *data;

    data = ctx->data;
    stmt = ngx_http_pupil_stmt(ctx, PUPIL_PROGRESS_SUBMIT);
    ngx_memzero(&batch->results[i], sizeof(pupil_str_t));

    place.category = "progress";
    place.field = "answer";
    place.owner = &data->owner;
    place.record = &item->id;

    if (ngx_http_pupil_seal(ctx, &place, item->answer, &batch->answers[i])
        != PUPIL_OK)
    {
        return NGX_ERROR;
    }

    place.field = "result";

    if (stmt->statement.granted[PUPIL_PS_WANT_RESULT]
        && (pupil_result_text(&ctx->alloc, item, &result) != PUPIL_OK
            || ngx_http_pupil_seal(ctx, &place, result, &batch->results[i])
               != PUPIL_OK))
    {
        return NGX_ERROR;
    }

    return ngx_http_pupil_progress_fingerprint(ctx, item,
                                               &batch->fingerprints[i]);
}


/*
 * What tells a replay from a conflict: all members in a fixed order, keyed, so
 * that a dump does not tell a guessed answer.
 */
static ngx_int_t
ngx_http_pupil_progress_fingerprint(ngx_http_pupil_ctx_t *ctx,
    const pupil_input_submission_t *item, pupil_str_t *out)
{
    uint8_t            *sum;
    pupil_keyed_t       hash;
    const pupil_key_t  *key;

    key = ngx_http_pupil_key(ctx, "fingerprint");
    sum = ngx_palloc(ctx->request->pool, 32);

    if (key == NULL || sum == NULL) {
        return NGX_ERROR;
    }

    pupil_keyed_begin(&hash, key, "pupil submission v1", 32);
    pupil_keyed_uuid(&hash, &ctx->session.subject);
    pupil_keyed_uuid(&hash, &item->id);
    pupil_keyed_uuid(&hash, &item->homework_id);
    pupil_keyed_uuid(&hash, &item->exercise_id);
    pupil_keyed_str(&hash, item->answer);
    pupil_keyed_str(&hash, item->score_raw.raw);
    pupil_keyed_str(&hash, item->score_max.raw);
    pupil_keyed_u32(&hash, item->success);
    pupil_keyed_u32(&hash, item->completion);
    pupil_keyed_str(&hash, item->duration);
    pupil_keyed_u64(&hash, (uint64_t) item->timestamp);
    pupil_keyed_end(&hash, sum);

    out->data = sum;
    out->len = 32;

    pupil_stack_wipe();

    return NGX_OK;
}
