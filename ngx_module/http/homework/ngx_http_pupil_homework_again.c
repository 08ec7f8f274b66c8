/*
 * Copyright (C) the Pupil authors
 *
 * Homework that is sent again (invariant I15).  The ids of its exercises are
 * made of all that was sent, with a key: they tell whether the same was sent,
 * without another column, as long as one of these exercises is there.  Those of
 * exercises that come later are made of these alone.
 */

#include "core/vault/keyed.h"
#include "http/homework/ngx_http_pupil_homework.h"


static void ngx_http_pupil_homework_content(ngx_http_pupil_ctx_t *ctx,
    const pupil_key_t *key, uint8_t content[PUPIL_HASH_LEN]);
static void ngx_http_pupil_homework_exercise(pupil_keyed_t *hash,
    const pupil_input_exercise_t *exercise, ngx_uint_t kinds);
static ngx_uint_t ngx_http_pupil_homework_same(ngx_http_pupil_ctx_t *ctx,
    const pupil_bound_row_t *stored, const pupil_uuid_t *ids);


/* Of a copy, what it is a copy of may be gone by then, or another. */
static uint32_t
ngx_http_pupil_homework_count(const ngx_http_pupil_homework_t *data)
{
    return pupil_uuid_is_zero(&data->create.copy_of)
           ? data->create.exercise_count : PUPIL_INPUT_EXERCISES_MAX;
}


pupil_uuid_t *
ngx_http_pupil_homework_ids(ngx_http_pupil_ctx_t *ctx)
{
    uint8_t                     content[PUPIL_HASH_LEN], id[PUPIL_HASH_LEN];
    uint32_t                    i, n;
    pupil_uuid_t               *ids;
    pupil_keyed_t               hash;
    const pupil_key_t          *key;

    n = ngx_http_pupil_homework_count(ctx->data);
    key = ngx_http_pupil_key(ctx, "fingerprint");

    ids = ngx_palloc(ctx->request->pool, n * sizeof(pupil_uuid_t));
    if (ids == NULL || key == NULL) {
        return NULL;
    }

    ngx_http_pupil_homework_content(ctx, key, content);

    for (i = 0; i < n; i++) {
        pupil_keyed_begin(&hash, key, "pupil exercise v1", PUPIL_HASH_LEN);
        pupil_keyed_bytes(&hash, content, PUPIL_HASH_LEN);
        pupil_keyed_u32(&hash, i);
        pupil_keyed_end(&hash, id);
        pupil_uuid_of(id, &ids[i]);
    }

    pupil_stack_wipe();

    return ids;
}


/*
 * All that was sent, by whom, in a fixed order; a date that was not is 0.  Of
 * exercises without a kind it is what it was before there were kinds.
 */
static void
ngx_http_pupil_homework_content(ngx_http_pupil_ctx_t *ctx,
    const pupil_key_t *key, uint8_t content[PUPIL_HASH_LEN])
{
    uint32_t                    i;
    ngx_uint_t                  kinds, copied;
    pupil_keyed_t               hash;
    pupil_time_t                assigned_at;
    pupil_input_homework_t     *in;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    in = &data->create;
    assigned_at = in->set & PUPIL_INPUT_SET_ASSIGNED_AT ? in->assigned_at : 0;

    for (i = 0, kinds = 0; i < in->exercise_count; i++) {
        kinds |= in->exercises[i].question.kind;
    }

    copied = !pupil_uuid_is_zero(&in->copy_of);

    pupil_keyed_begin(&hash, key, copied ? "pupil homework copy v1"
                                  : kinds ? "pupil homework v2"
                                          : "pupil homework v1",
                      PUPIL_HASH_LEN);
    pupil_keyed_uuid(&hash, &ctx->session.subject);
    pupil_keyed_uuid(&hash, &data->record);
    pupil_keyed_uuid(&hash, &in->class_id);
    pupil_keyed_str(&hash, in->title);
    pupil_keyed_u32(&hash, in->description.data != NULL);
    pupil_keyed_str(&hash, in->description);
    pupil_keyed_u64(&hash, (uint64_t) assigned_at);
    pupil_keyed_u64(&hash, (uint64_t) in->due_at);
    pupil_keyed_u32(&hash, in->exercise_count);

    if (copied) {
        pupil_keyed_uuid(&hash, &in->copy_of);
        pupil_keyed_u32(&hash, in->title.data != NULL);
        pupil_keyed_u32(&hash, in->set & PUPIL_INPUT_SET_DESCRIBED);
    }

    for (i = 0; i < in->exercise_count; i++) {
        ngx_http_pupil_homework_exercise(&hash, &in->exercises[i], kinds);
    }

    pupil_keyed_end(&hash, content);
}


static void
ngx_http_pupil_homework_exercise(pupil_keyed_t *hash,
    const pupil_input_exercise_t *exercise, ngx_uint_t kinds)
{
    uint32_t  i;

    pupil_keyed_str(hash, exercise->title);
    pupil_keyed_str(hash, exercise->max_score.raw);

    if (!kinds) {
        return;
    }

    pupil_keyed_u32(hash, exercise->question.kind);
    pupil_keyed_u32(hash, exercise->multiple);
    pupil_keyed_u32(hash, exercise->text.data != NULL);
    pupil_keyed_str(hash, exercise->text);
    pupil_keyed_str(hash, exercise->unit);
    pupil_keyed_str(hash, exercise->key);
    pupil_keyed_u32(hash, exercise->question.options);

    for (i = 0; i < exercise->question.options; i++) {
        pupil_keyed_str(hash, exercise->options[i]);
    }
}


/*
 * Whoever sends the same change again makes the same.  No two are of one id,
 * also of exercises that are alike.
 */
pupil_uuid_t *
ngx_http_pupil_homework_edit_ids(ngx_http_pupil_ctx_t *ctx)
{
    uint8_t                        id[PUPIL_HASH_LEN];
    uint32_t                       i, k, n, turn;
    pupil_uuid_t                  *ids;
    pupil_keyed_t                  hash;
    const pupil_key_t             *key;
    ngx_http_pupil_homework_t     *data;
    const pupil_input_exercise_t  *exercises;

    data = ctx->data;
    exercises = data->patch.exercises;
    n = data->patch.exercise_count;
    key = ngx_http_pupil_key(ctx, "fingerprint");

    ids = ngx_palloc(ctx->request->pool, n * sizeof(pupil_uuid_t));
    if (ids == NULL || key == NULL) {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        ids[i] = exercises[i].id;
    }

    for (i = 0; i < n; i++) {
        for (turn = 0; pupil_uuid_is_zero(&ids[i]); turn++) {
            pupil_keyed_begin(&hash, key, "pupil new exercise v1",
                              PUPIL_HASH_LEN);
            pupil_keyed_uuid(&hash, &data->record);
            pupil_keyed_u32(&hash, turn);
            ngx_http_pupil_homework_exercise(&hash, &exercises[i], 1);
            pupil_keyed_end(&hash, id);
            pupil_uuid_of(id, &ids[i]);

            for (k = 0; k < n; k++) {
                if (k != i && pupil_uuid_compare(&ids[k], &ids[i]) == 0) {
                    ngx_memzero(&ids[i], sizeof(pupil_uuid_t));
                    break;
                }
            }
        }
    }

    pupil_stack_wipe();

    return ids;
}


ngx_int_t
ngx_http_pupil_homework_again(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_class_t *stored, const pupil_uuid_t *ids)
{
    ngx_int_t                   rc;
    ngx_uint_t                  stmt;
    pupil_time_t                assigned_at, withdrawn_at;
    pupil_bound_row_t           bound;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    stmt = ngx_http_pupil_homework_create_stmt(data);

    if (stored != data->target) {
        return ngx_http_pupil_refuse_stmt(ctx, stmt,
                                          NGX_HTTP_PUPIL_ID_CONFLICT);
    }

    rc = ngx_http_pupil_homework_bound(ctx, &bound, &assigned_at,
                                       &withdrawn_at);

    if (rc == NGX_ERROR || ctx->keys.missing_count != 0) {
        return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
    }

    if (rc != NGX_OK || !ngx_http_pupil_homework_same(ctx, &bound, ids)) {
        return ngx_http_pupil_refuse_stmt(ctx, stmt,
                                          NGX_HTTP_PUPIL_ID_CONFLICT);
    }

    /* another has written it: of this request there is no record (I1) */
    ctx->audit.due = 0;

    return ngx_http_pupil_homework_ask_one(ctx, &data->record,
                                           ngx_http_pupil_homework_replayed);
}


/*
 * Facts bind the ids of the exercises to the record.  Each is made of all that
 * was sent: one that is left tells, whatever became of the others.
 */
static ngx_uint_t
ngx_http_pupil_homework_same(ngx_http_pupil_ctx_t *ctx,
    const pupil_bound_row_t *stored, const pupil_uuid_t *ids)
{
    uint32_t                    i;
    int32_t                     field;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    field = ngx_http_pupil_homework_field(ctx, "exercise_ids");

    if (!stored->has[field]) {
        return 0;
    }

    for (i = 0; i < ngx_http_pupil_homework_count(data); i++) {
        if (pupil_bound_uuids_have(stored->cells[field], &ids[i])) {
            return 1;
        }
    }

    return 0;
}
