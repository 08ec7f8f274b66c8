/*
 * Copyright (C) the Pupil authors
 *
 * The pupils of a homework's class, and what each has handed in, as teachers
 * are shown them: only of whom the enrolment is authentic, and only what is of
 * that homework and that class (invariants I18, I20).
 */

#include "http/homework/ngx_http_pupil_homework.h"


static ngx_int_t ngx_http_pupil_homework_result_of(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_item_t *item,
    const ngx_http_pupil_row_t *submission);


void
ngx_http_pupil_homework_expect_pupil(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_item_t *item, pupil_expected_t *expected)
{
    static const pupil_str_t  role = pupil_str("pupil");

    ngx_memzero(expected, sizeof(pupil_expected_t));
    expected->class_id = &item->class->owner.id;
    expected->role = role;
    expected->day = ctx->today;
}


ngx_int_t
ngx_http_pupil_homework_learner(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_item_t *item, const ngx_http_pupil_stmt_t *stmt,
    PGresult *res, ngx_uint_t row, const pupil_uuid_t *asked,
    ngx_http_pupil_owner_t *owner)
{
    pupil_expected_t       expected;
    ngx_http_pupil_row_t   pupil;
    pupil_enrolment_row_t  enrolment;

    ngx_http_pupil_homework_expect_pupil(ctx, item, &expected);

    if (!pupil_uuid_is_zero(asked)) {
        expected.subject = asked;
    }

    if (ngx_http_pupil_enrolment(ctx, res, row, PUPIL_HO_ENROLMENT, &expected,
                                 &enrolment) != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (ngx_http_pupil_owner(ctx, res, row, PUPIL_HO_OWNER, &enrolment.subject,
                             owner) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_pupil_about(ctx, &owner->id);

    if (ngx_http_pupil_hidden(ctx, owner, PUPIL_PURPOSE_TEACHING)) {
        return pupil_uuid_is_zero(asked)
               ? NGX_DECLINED
               : ngx_http_pupil_refuse(ctx, stmt, asked,
                                       NGX_HTTP_PUPIL_RESTRICTED);
    }

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "id");
    pupil_writer_uuid(&ctx->out, &owner->id);

    pupil.stmt = stmt;
    pupil.res = res;
    pupil.n = row;
    pupil.owner = owner;

    ngx_http_pupil_display_name(ctx, &pupil, PUPIL_HO_WANT_GIVEN_NAME,
                                PUPIL_HO_WANT_FAMILY_NAME);

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_homework_row_of(PGresult *res, int *next, ngx_uint_t column,
    const pupil_uuid_t *subject)
{
    int           order;
    ngx_int_t     rc;
    pupil_uuid_t  whose;

    for ( /* void */ ; *next < PQntuples(res); (*next)++) {

        rc = ngx_libpq_get_uuid(res, *next, column, whose.b);
        if (rc != NGX_OK) {
            return rc;
        }

        order = pupil_uuid_compare(&whose, subject);

        if (order >= 0) {
            return order == 0 ? NGX_OK : NGX_DECLINED;
        }
    }

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_pupil_homework_result(int *next, ngx_http_pupil_row_t *submission,
    pupil_uuid_t *record)
{
    ngx_int_t  rc;

    rc = ngx_http_pupil_homework_row_of(submission->res, next,
                                        PUPIL_HR_SUBJECT,
                                        &submission->owner->id);
    if (rc != NGX_OK) {
        return rc;
    }

    submission->n = (*next)++;

    return ngx_libpq_get_uuid(submission->res, submission->n, PUPIL_HR_RECORD,
                              record->b) == NGX_OK ? NGX_OK : NGX_ERROR;
}


ngx_int_t
ngx_http_pupil_homework_scored(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_item_t *item, const ngx_http_pupil_row_t *submission,
    const pupil_exercises_t *exercises, pupil_time_t *updated_at,
    pupil_score_t *score)
{
    ngx_int_t  rc;

    rc = ngx_http_pupil_homework_result_of(ctx, item, submission);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_stored_at(ctx, submission, PUPIL_HR_UPDATED_AT,
                                      updated_at);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_homework_score(ctx, submission, *updated_at,
                                           exercises, score);
    }

    return rc;
}


static ngx_int_t
ngx_http_pupil_homework_result_of(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_item_t *item, const ngx_http_pupil_row_t *submission)
{
    ngx_int_t     rc;
    pupil_uuid_t  homework;

    rc = ngx_http_pupil_facts(ctx, submission);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_pupil_facts_uuid(submission, "homework_id", &homework)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_pupil_homework_row_is(ctx, item, submission, "progress",
                                          &homework);
}


ngx_int_t
ngx_http_pupil_homework_row_is(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_item_t *item, const ngx_http_pupil_row_t *row,
    const char *category, const pupil_uuid_t *homework)
{
    const char    *why;
    pupil_uuid_t   class_id;

    if (ngx_http_pupil_facts_uuid(row, "class_id", &class_id) != NGX_OK) {
        return NGX_ERROR;
    }

    if (pupil_uuid_compare(homework, &item->record) != 0) {
        why = "another homework";

    } else if (pupil_uuid_compare(&class_id, &item->class->owner.id) != 0) {
        why = "another class";

    } else {
        return NGX_OK;
    }

    ngx_http_pupil_tampered_record(ctx, category, row->record,
                                   &row->owner->id, why);

    return NGX_DECLINED;
}
