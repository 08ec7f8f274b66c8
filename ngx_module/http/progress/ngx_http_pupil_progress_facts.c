/*
 * Copyright (C) the Pupil authors
 *
 * What binds a submission: homework, the class that was given it, exercise,
 * whether it counts as done, and what is sealed.
 */

#include "http/progress/ngx_http_pupil_progress.h"


static ngx_int_t ngx_http_pupil_progress_facts_of(ngx_http_pupil_ctx_t *ctx,
    const pupil_category_t *category, pupil_bound_row_t *bound,
    ngx_http_pupil_submission_t *sent);


ngx_int_t
ngx_http_pupil_progress_facts(ngx_http_pupil_ctx_t *ctx,
    const pupil_str_t *answers, const pupil_str_t *results)
{
    uint32_t                      i;
    pupil_bound_row_t             bound;
    ngx_http_pupil_submission_t  *sent;
    const pupil_category_t       *category;
    ngx_http_pupil_progress_t    *data;

    data = ctx->data;
    category =
        ngx_http_pupil_stmt(ctx, PUPIL_PROGRESS_SUBMIT)->statement.bound;

    ngx_memzero(&bound, sizeof(pupil_bound_row_t));

    for (i = 0; i < data->nsent; i++) {
        sent = &data->sent[i];
        sent->facts.data = NULL;
        sent->facts.len = 0;

        /* what is not granted will not be sent */
        if (sent->enrolment == 0 || category == NULL) {
            continue;
        }

        ngx_http_pupil_facts_sealed(category, "answer", answers[i], &bound);
        ngx_http_pupil_facts_sealed(category, "result", results[i], &bound);

        if (ngx_http_pupil_progress_facts_of(ctx, category, &bound, sent)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_progress_facts_of(ngx_http_pupil_ctx_t *ctx,
    const pupil_category_t *category, pupil_bound_row_t *bound,
    ngx_http_pupil_submission_t *sent)
{
    ngx_uint_t                       i;
    ngx_http_pupil_place_t           at;
    ngx_http_pupil_progress_t       *data;
    const pupil_input_submission_t  *item;

    data = ctx->data;
    item = sent->item;

    const struct {
        const char          *field;
        const pupil_uuid_t  *id;
    } ids[] = {
        { "homework_id", &item->homework_id },
        { "class_id", &sent->assigned.class_id },
        { "exercise_id", &item->exercise_id }
    };

    at.category = "progress";
    at.field = "";
    at.owner = &data->owner;
    at.record = &item->id;

    for (i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
        pupil_bound_uuid(bound,
                         ngx_http_pupil_facts_field(category, ids[i].field),
                         ids[i].id);
    }

    pupil_bound_bool(bound, ngx_http_pupil_facts_field(category, "done"),
                     item->completion != PUPIL_INPUT_FALSE);

    return ngx_http_pupil_facts_make(ctx, category, &at, bound, &sent->facts);
}
