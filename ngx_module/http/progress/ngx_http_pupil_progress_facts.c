/*
 * Copyright (C) the Pupil authors
 *
 * What binds a submission: homework, class, exercise, whether it counts as
 * done, and what is sealed.  Whose class has given the homework only the
 * statement finds out, so that there are facts for each class that it can be.
 */

#include "http/progress/ngx_http_pupil_progress.h"


static ngx_int_t ngx_http_pupil_progress_facts_of(ngx_http_pupil_ctx_t *ctx,
    const pupil_category_t *category, const pupil_input_submission_t *item,
    const pupil_uuid_t *classes, pupil_bound_row_t *bound,
    pupil_str_t *facts);


ngx_int_t
ngx_http_pupil_progress_facts(ngx_http_pupil_ctx_t *ctx,
    const pupil_str_t *answers, const pupil_str_t *results)
{
    uint32_t                         i, n;
    pupil_uuid_t                    *classes;
    pupil_bound_row_t                bound;
    const pupil_category_t          *category;
    ngx_http_pupil_progress_t       *data;
    const pupil_input_submission_t  *item;

    data = ctx->data;
    n = data->nenrolments;
    category =
        ngx_http_pupil_stmt(ctx, PUPIL_PROGRESS_SUBMIT)->statement.bound;

    data->facts = ngx_pcalloc(ctx->request->pool,
                              data->nsent * n * sizeof(pupil_str_t));
    classes = ngx_palloc(ctx->request->pool, n * sizeof(pupil_uuid_t));

    if (data->facts == NULL || classes == NULL) {
        return NGX_ERROR;
    }

    if (category == NULL) {
        return NGX_OK;          /* it is not granted: nothing will be sent */
    }

    for (i = 0; i < n; i++) {
        classes[i] = data->enrolments[i].class_id;
    }

    ngx_memzero(&bound, sizeof(pupil_bound_row_t));

    for (i = 0; i < data->nsent; i++) {
        item = &data->input.items[data->sent[i]];

        ngx_http_pupil_facts_sealed(category, "answer", answers[i], &bound);
        ngx_http_pupil_facts_sealed(category, "result", results[i], &bound);

        if (ngx_http_pupil_progress_facts_of(ctx, category, item, classes,
                                             &bound, &data->facts[i * n])
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Of one item, for each enrolment. */
static ngx_int_t
ngx_http_pupil_progress_facts_of(ngx_http_pupil_ctx_t *ctx,
    const pupil_category_t *category, const pupil_input_submission_t *item,
    const pupil_uuid_t *classes, pupil_bound_row_t *bound, pupil_str_t *facts)
{
    ngx_http_pupil_place_t      at;
    ngx_http_pupil_progress_t  *data;

    data = ctx->data;

    at.category = "progress";
    at.field = "";
    at.owner = &data->owner;
    at.record = &item->id;

    pupil_bound_uuid(bound, ngx_http_pupil_facts_field(category,
                                                       "homework_id"),
                     &item->homework_id);
    pupil_bound_uuid(bound, ngx_http_pupil_facts_field(category,
                                                       "exercise_id"),
                     &item->exercise_id);
    pupil_bound_bool(bound, ngx_http_pupil_facts_field(category, "done"),
                     item->completion != PUPIL_INPUT_FALSE);

    return ngx_http_pupil_facts_make_each(ctx, category, &at, bound,
                                          ngx_http_pupil_facts_field(
                                              category, "class_id"),
                                          classes, data->nenrolments, facts);
}
