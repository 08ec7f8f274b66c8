/*
 * Copyright (C) the Pupil authors
 *
 * /v1/homework/{id}/assessment and .../pupils/{id}/assessment: what a teacher
 * says of a pupil's homework, as that pupil is shown it once it is returned,
 * and a teacher of the class at any time.  Each row is shown only when the
 * enrolments that relate the two are authentic, and it is what was stored
 * (invariant I18).
 */

#include "http/homework/ngx_http_pupil_assessment.h"


static const ngx_http_pupil_stmt_t *ngx_http_pupil_worth_stmt(
    ngx_http_pupil_ctx_t *ctx);
static void ngx_http_pupil_worth_ask(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex);
static ngx_int_t ngx_http_pupil_worth(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_item_t *item);
static void ngx_http_pupil_assessment_shown(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_assessment_t *assessment);
static void ngx_http_pupil_assessment_value(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t want, const char *name);
static ngx_int_t ngx_http_pupil_assessed_pupil(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_assessed_t *assessed);


/* Of the pupil's own, in the exchange. */
#define NGX_HTTP_PUPIL_ASSESSMENT_OWN  1


ngx_int_t
ngx_http_pupil_assessment_own_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "own assessment: start");

    if (!ngx_http_pupil_is(ctx, "pupil")) {
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_HOMEWORK_OWN_ASSESSMENT,
                                          NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_homework_evidence(ctx, ex, NULL);

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_HOMEWORK_OWN_ASSESSMENT);
    ngx_libpq_param_uuid(ex, ctx->path_id.b);

    ngx_http_pupil_worth_ask(ctx, ex);

    return ngx_http_pupil_submit(ctx, ex, 0);
}


ngx_int_t
ngx_http_pupil_assessment_own_render(ngx_http_pupil_ctx_t *ctx)
{
    PGresult                     **results;
    ngx_int_t                      rc;
    ngx_http_pupil_item_t          item;
    ngx_http_pupil_owner_t         owner;
    ngx_http_pupil_assessment_t    own;

    ngx_http_pupil_debug(ctx, "own assessment: render");

    results = ctx->exchange->results;

    rc = ngx_http_pupil_homework_classes(ctx, results[0]);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_worth(ctx, &item);
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_HOMEWORK_OWN_ASSESSMENT,
                                          NGX_HTTP_PUPIL_NOT_FOUND);
    }

    if (rc != NGX_OK
        || ngx_http_pupil_owner(ctx, results[NGX_HTTP_PUPIL_ASSESSMENT_OWN], 0,
                                PUPIL_HN_OWNER, &ctx->session.subject, &owner)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    own.row.stmt = ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_OWN_ASSESSMENT);
    own.row.res = results[NGX_HTTP_PUPIL_ASSESSMENT_OWN];
    own.row.n = 0;
    own.row.owner = &owner;

    if (ngx_http_pupil_assessment_read(ctx, PUPIL_HN_RECORD, &item, &own)
        == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    /* whatever the database takes for returned */
    if (own.returned_at == PUPIL_TIME_NONE || own.returned_at > ctx->now) {
        own.exists = 0;
    }

    ngx_http_pupil_assessment_shown(ctx, &own);

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "homework_id");
    pupil_writer_uuid(&ctx->out, &item.record);
    ngx_http_pupil_assessment_write(ctx, &own, &item.definition.exercises, 0);
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_assessment_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "assessment: start");

    if (!ngx_http_pupil_is(ctx, "teacher")) {
        return ngx_http_pupil_homework_refuse_pupil(ctx,
                                                    PUPIL_HOMEWORK_ASSESSMENT);
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_homework_evidence(ctx, ex, NULL);
    ngx_http_pupil_assessment_ask(ctx, ex);

    return ngx_http_pupil_submit(ctx, ex, 0);
}


ngx_int_t
ngx_http_pupil_assessment_render(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_http_pupil_assessed_t   assessed;

    ngx_http_pupil_debug(ctx, "assessment: render");

    rc = ngx_http_pupil_homework_classes(ctx, ctx->exchange->results[0]);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_assessed(ctx, PUPIL_HOMEWORK_ASSESSMENT,
                                     &assessed);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_pupil_hidden(ctx, &assessed.owner, PUPIL_PURPOSE_TEACHING)) {
        return ngx_http_pupil_refuse(ctx, assessed.assessment.row.stmt,
                                     &ctx->path_about,
                                     NGX_HTTP_PUPIL_RESTRICTED);
    }

    return ngx_http_pupil_assessed_show(ctx, &assessed);
}


void
ngx_http_pupil_assessment_ask(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex)
{
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    data->assessment = ngx_http_pupil_add_stmt(ctx, ex,
                                               PUPIL_HOMEWORK_ASSESSMENT);
    ngx_libpq_param_uuid(ex, ctx->path_id.b);
    ngx_libpq_param_uuid(ex, ctx->path_about.b);

    ngx_http_pupil_worth_ask(ctx, ex);
}


static const ngx_http_pupil_stmt_t *
ngx_http_pupil_worth_stmt(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_stmt(ctx, ngx_http_pupil_is(ctx, "teacher")
                                    ? PUPIL_HOMEWORK_TEACHER_WORTH
                                    : PUPIL_HOMEWORK_PUPIL_WORTH);
}


static void
ngx_http_pupil_worth_ask(ngx_http_pupil_ctx_t *ctx, ngx_libpq_exchange_t *ex)
{
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    data->at = ngx_http_pupil_add(ctx, ex, ngx_http_pupil_worth_stmt(ctx));
    ngx_libpq_param_uuid(ex, ctx->path_id.b);
    ngx_libpq_param_timestamptz(ex, ctx->now);
}


/*
 * The homework of the path: whose it is, and its exercises.  NGX_DECLINED: it
 * is not the actor's, or not what was stored.
 */
static ngx_int_t
ngx_http_pupil_worth(ngx_http_pupil_ctx_t *ctx, ngx_http_pupil_item_t *item)
{
    ngx_int_t                   rc;
    PGresult                   *res;
    pupil_uuid_t                class_id;
    ngx_http_pupil_row_t        row;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    res = ctx->exchange->results[data->at];
    ngx_memzero(item, sizeof(ngx_http_pupil_item_t));

    rc = ngx_libpq_get_uuid(res, 0, PUPIL_HQ_RECORD, item->record.b);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_libpq_get_uuid(res, 0, PUPIL_HQ_CLASS, class_id.b) != NGX_OK) {
        return NGX_ERROR;
    }

    if (pupil_uuid_compare(&ctx->path_id, &item->record) != 0) {
        ngx_http_pupil_tampered_record(ctx, "homework", &item->record,
                                       &class_id, "another record");
        return NGX_DECLINED;
    }

    /* none: its enrolment is not authentic */
    item->class = ngx_http_pupil_homework_class(data, &class_id);

    if (item->class == NULL) {
        return NGX_DECLINED;
    }

    row.stmt = ngx_http_pupil_worth_stmt(ctx);
    row.res = res;
    row.n = 0;
    row.owner = &item->class->owner;
    row.record = &item->record;

    rc = ngx_http_pupil_facts(ctx, &row);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_there(ctx, &row);
    }

    return rc == NGX_OK
           ? ngx_http_pupil_define_exercises(ctx, &row, PUPIL_HQ_WANT_EXERCISES,
                                             &item->definition)
           : rc;
}


/* Of the homework something is shown only beside an assessment. */
static void
ngx_http_pupil_assessment_shown(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_assessment_t *assessment)
{
    if (assessment->exists) {
        ngx_http_pupil_shown(ctx, ngx_http_pupil_worth_stmt(ctx));
    }

    ngx_http_pupil_shown(ctx, assessment->row.stmt);
}


ngx_int_t
ngx_http_pupil_assessed(ngx_http_pupil_ctx_t *ctx, ngx_uint_t stmt,
    ngx_http_pupil_assessed_t *assessed)
{
    ngx_int_t                     rc;
    PGresult                    **results;
    ngx_http_pupil_homework_t    *data;
    ngx_http_pupil_assessment_t  *assessment;

    data = ctx->data;
    results = ctx->exchange->results;

    assessment = &assessed->assessment;
    assessment->row.stmt = ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_ASSESSMENT);
    assessment->row.res = results[data->assessment];
    assessment->row.n = 0;
    assessment->row.owner = &assessed->owner;

    rc = ngx_http_pupil_worth(ctx, &assessed->item);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_assessed_pupil(ctx, assessed);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_assessment_read(ctx, PUPIL_HA_RECORD,
                                            &assessed->item, assessment);
    }

    return rc == NGX_DECLINED
           ? ngx_http_pupil_refuse(ctx, ngx_http_pupil_stmt(ctx, stmt),
                                   &ctx->path_about, NGX_HTTP_PUPIL_NOT_FOUND)
           : rc;
}


/* NGX_DECLINED: the pupil does not learn in the homework's class. */
static ngx_int_t
ngx_http_pupil_assessed_pupil(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_assessed_t *assessed)
{
    PGresult          *res;
    pupil_expected_t   expected;

    res = assessed->assessment.row.res;

    ngx_http_pupil_homework_expect_pupil(ctx, &assessed->item, &expected);
    expected.subject = &ctx->path_about;

    if (ngx_http_pupil_enrolment(ctx, res, 0, PUPIL_HA_ENROLMENT, &expected,
                                 &assessed->enrolment)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    if (ngx_http_pupil_get_bytea(res, 0, PUPIL_HA_ENROLMENT + PUPIL_CE_MAC,
                                 &assessed->mac)
        != NGX_OK
        || ngx_http_pupil_owner(ctx, res, 0, PUPIL_HA_OWNER,
                                &assessed->enrolment.subject,
                                &assessed->owner) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_assessment_read(ngx_http_pupil_ctx_t *ctx, ngx_uint_t record,
    const ngx_http_pupil_item_t *item,
    ngx_http_pupil_assessment_t *assessment)
{
    ngx_int_t              rc;
    ngx_http_pupil_row_t  *row;

    row = &assessment->row;
    row->record = &assessment->record;
    assessment->exists = 0;
    assessment->returned_at = PUPIL_TIME_NONE;

    rc = ngx_libpq_get_uuid(row->res, row->n, record, assessment->record.b);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    rc = ngx_http_pupil_facts(ctx, row);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_homework_row_is(ctx, item, row, "assessment",
                                            row->record);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_pupil_facts_time(row, "returned_at",
                                  &assessment->returned_at)
        == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    ngx_http_pupil_facts_version(row, &assessment->version);
    assessment->exists = 1;

    return NGX_OK;
}


void
ngx_http_pupil_assessment_write(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_assessment_t *assessment,
    const pupil_exercises_t *exercises, ngx_uint_t with_version)
{
    pupil_writer_t              *out;
    const ngx_http_pupil_row_t  *row;

    out = &ctx->out;
    row = &assessment->row;

    pupil_writer_key(out, "assessment");

    if (!assessment->exists) {
        pupil_writer_null(out);
        return;
    }

    pupil_writer_object_begin(out);
    ngx_http_pupil_assessment_value(ctx, row, PUPIL_HA_WANT_POINTS, "points");
    pupil_exercises_max_write(out, exercises);
    pupil_writer_key(out, "by");
    pupil_writer_cstr(out, "teacher");
    ngx_http_pupil_assessment_value(ctx, row, PUPIL_HA_WANT_COMMENT,
                                    "comment");
    pupil_writer_key(out, "returned_at");
    pupil_writer_time(out, assessment->returned_at);

    if (with_version) {
        pupil_writer_key(out, "version");
        pupil_writer_uuid(out, &assessment->version);
    }

    pupil_writer_object_end(out);
}


/* null where it is granted and there is none. */
static void
ngx_http_pupil_assessment_value(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t want, const char *name)
{
    if (ngx_http_pupil_member(ctx, row, want, name) == PUPIL_NOT_FOUND
        && row->stmt->statement.granted[want])
    {
        pupil_writer_key(&ctx->out, name);
        pupil_writer_null(&ctx->out);
    }
}


ngx_int_t
ngx_http_pupil_assessed_show(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_assessed_t *assessed)
{
    ngx_http_pupil_assessment_shown(ctx, &assessed->assessment);
    ngx_http_pupil_about(ctx, &assessed->owner.id);

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "homework_id");
    pupil_writer_uuid(&ctx->out, &assessed->item.record);
    pupil_writer_key(&ctx->out, "pupil_id");
    pupil_writer_uuid(&ctx->out, &assessed->owner.id);
    ngx_http_pupil_assessment_write(ctx, &assessed->assessment,
                                    &assessed->item.definition.exercises, 1);
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}
