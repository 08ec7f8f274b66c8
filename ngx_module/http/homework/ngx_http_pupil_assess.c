/*
 * Copyright (C) the Pupil authors
 *
 * /v1/homework/{id}/pupils/{id}: a teacher of the class assesses, and returns.
 * A first exchange reads the evidence and what is stored; the second writes,
 * together with its audit record (invariant I2) and only while all that is
 * still so, and reads back what it wrote.
 */

#include "http/homework/ngx_http_pupil_assessment.h"


/* What is to be stored; data NULL: there is none. */
typedef struct {
    pupil_str_t         points, comment;      /* sealed */
    pupil_uuid_t        assessed_by;
    pupil_time_t        returned_at;
    pupil_bound_row_t   bound;
} ngx_http_pupil_assess_t;


static ngx_uint_t ngx_http_pupil_assess_stmt(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_assess_begun(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_assessed_t *assessed);
static ngx_int_t ngx_http_pupil_assess_fits(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_assessed_t *assessed, const char **rule);
static ngx_uint_t ngx_http_pupil_assess_from(
    const pupil_input_assessment_t *in,
    const ngx_http_pupil_assessment_t *assessment);
static ngx_uint_t ngx_http_pupil_assess_same(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_assessment_t *assessment);
static ngx_int_t ngx_http_pupil_assess_seal(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_assessed_t *assessed, const char *field,
    pupil_str_t value, ngx_http_pupil_assess_t *write, pupil_str_t *sealed);
static void ngx_http_pupil_assess_bind(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_assessed_t *assessed,
    ngx_http_pupil_assess_t *write);
static ngx_int_t ngx_http_pupil_assess_send(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_assessed_t *assessed,
    ngx_http_pupil_assess_t *write);
static void ngx_http_pupil_assess_record(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t stmt);
static ngx_int_t ngx_http_pupil_assess_written(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_assess_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    pupil_rc_t                  parsed;
    pupil_fault_t               fault;
    ngx_http_pupil_homework_t  *data;

    ngx_http_pupil_debug(ctx, "assess: parse");

    rc = ngx_http_pupil_homework_parse_one(ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    data = ctx->data;

    parsed = pupil_input_assessment(&ctx->alloc, &ctx->body, &data->assess,
                                    &fault);

    return ngx_http_pupil_parsed(ctx, parsed, &fault);
}


static ngx_uint_t
ngx_http_pupil_assess_stmt(ngx_http_pupil_ctx_t *ctx)
{
    return ctx->route->method == NGX_HTTP_PUT ? PUPIL_HOMEWORK_ASSESS
                                              : PUPIL_HOMEWORK_RETURN;
}


ngx_int_t
ngx_http_pupil_assess_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t             stmt;
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "assess: start");

    stmt = ngx_http_pupil_assess_stmt(ctx);

    if (!ngx_http_pupil_is(ctx, "teacher")) {
        return ngx_http_pupil_homework_refuse_pupil(ctx, stmt);
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_homework_evidence(ctx, ex, NULL);
    ngx_http_pupil_assessment_ask(ctx, ex);

    /* what the audit tells when that evidence is not authentic */
    ctx->audit.asked = ngx_http_pupil_stmt(ctx, stmt);
    ctx->resume = ctx->route->render;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


/*
 * What is stored, with the pupil's key.  NGX_OK; NGX_DECLINED: keys are being
 * asked for; or how the request ends.
 */
static ngx_int_t
ngx_http_pupil_assess_begun(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_assessed_t *assessed)
{
    ngx_int_t   rc;
    ngx_uint_t  stmt;

    stmt = ngx_http_pupil_assess_stmt(ctx);

    rc = ngx_http_pupil_homework_classes(ctx, ctx->exchange->results[0]);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_assessed(ctx, stmt, assessed);
    }

    if (rc != NGX_OK) {
        return rc;
    }

    switch (ngx_http_pupil_need(ctx, &assessed->owner)) {

    case PUPIL_OK:
        return ctx->keys.missing_count == 0 ? NGX_OK : NGX_DECLINED;

    case PUPIL_NO_KEY:
        return NGX_DECLINED;

    case PUPIL_RESTRICTED:
    case PUPIL_ERASED:
        return ngx_http_pupil_refuse(ctx, ngx_http_pupil_stmt(ctx, stmt),
                                     &ctx->path_about,
                                     NGX_HTTP_PUPIL_RESTRICTED);

    default:
        return NGX_ERROR;
    }
}


ngx_int_t
ngx_http_pupil_assess_step(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                     rc;
    const char                   *rule;
    pupil_input_assessment_t     *in;
    ngx_http_pupil_assess_t       write;
    ngx_http_pupil_assessed_t     assessed;
    const ngx_http_pupil_stmt_t  *stmt;

    ngx_http_pupil_debug(ctx, "assess: evidence read");

    in = &((ngx_http_pupil_homework_t *) ctx->data)->assess;
    stmt = ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_ASSESS);

    rc = ngx_http_pupil_assess_begun(ctx, &assessed);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    if (ngx_http_pupil_assess_fits(ctx, &assessed, &rule) != NGX_OK) {
        return ngx_http_pupil_refuse_at(ctx, stmt, &ctx->path_about, "/points",
                                        rule);
    }

    if (ngx_http_pupil_assess_same(ctx, &assessed.assessment)) {
        return ngx_http_pupil_assessed_show(ctx, &assessed);   /* sent again */
    }

    if (!ngx_http_pupil_assess_from(in, &assessed.assessment)) {
        return ngx_http_pupil_refuse(ctx, stmt, &ctx->path_about,
                                     NGX_HTTP_PUPIL_CONFLICT);
    }

    ngx_http_pupil_assess_bind(ctx, &assessed, &write);
    write.assessed_by = ctx->session.subject;

    if (ngx_http_pupil_assess_seal(ctx, &assessed, "points", in->points.raw,
                                   &write, &write.points)
        != NGX_OK
        || ngx_http_pupil_assess_seal(ctx, &assessed, "comment", in->comment,
                                      &write, &write.comment)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_pupil_assess_send(ctx, &assessed, &write);
}


/* NGX_DECLINED: points that the homework cannot have, by that rule. */
static ngx_int_t
ngx_http_pupil_assess_fits(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_assessed_t *assessed, const char **rule)
{
    pupil_input_assessment_t           *in;
    const ngx_http_pupil_definition_t  *definition;

    in = &((ngx_http_pupil_homework_t *) ctx->data)->assess;
    definition = &assessed->item.definition;

    if (in->points.raw.data == NULL) {
        return NGX_OK;
    }

    if (!definition->has_exercises || definition->exercises.scored == 0) {
        *rule = "not-accepted";
        return NGX_DECLINED;
    }

    *rule = "maximum";

    return pupil_decimal_compare(in->points.value, definition->exercises.max)
           > 0 ? NGX_DECLINED : NGX_OK;
}


/* Is it what this says that it was made from? */
static ngx_uint_t
ngx_http_pupil_assess_from(const pupil_input_assessment_t *in,
    const ngx_http_pupil_assessment_t *assessment)
{
    if (in->first) {
        return !assessment->exists;
    }

    return pupil_uuid_is_zero(&in->version)
           || (assessment->exists
               && pupil_uuid_compare(&in->version, &assessment->version)
                  == 0);
}


/* Is this what is stored?  Whoever sends it again is told that it is. */
static ngx_uint_t
ngx_http_pupil_assess_same(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_assessment_t *assessment)
{
    ngx_uint_t                 i;
    pupil_str_t                stored;
    pupil_input_assessment_t  *in;

    if (!assessment->exists) {
        return 0;
    }

    in = &((ngx_http_pupil_homework_t *) ctx->data)->assess;

    const struct {
        ngx_uint_t           want;
        const pupil_str_t   *sent;
    } fields[] = {
        { PUPIL_HA_WANT_POINTS, &in->points.raw },
        { PUPIL_HA_WANT_COMMENT, &in->comment }
    };

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {

        switch (ngx_http_pupil_value(ctx, &assessment->row, fields[i].want,
                                     &stored))
        {
        case PUPIL_OK:
            if (fields[i].sent->data == NULL
                || fields[i].sent->len != stored.len
                || ngx_memcmp(fields[i].sent->data, stored.data, stored.len)
                   != 0)
            {
                return 0;
            }

            break;

        case PUPIL_NOT_FOUND:
            if (fields[i].sent->data != NULL
                || !assessment->row.stmt->statement.granted[fields[i].want])
            {
                return 0;
            }

            break;

        default:
            return 0;
        }
    }

    return 1;
}


ngx_int_t
ngx_http_pupil_return_step(ngx_http_pupil_ctx_t *ctx)
{
    uint8_t                       returned_at[8];
    int32_t                       points, comment;
    ngx_int_t                     rc;
    const pupil_category_t       *category;
    ngx_http_pupil_assess_t       write;
    ngx_http_pupil_assessed_t     assessed;
    const ngx_http_pupil_stmt_t  *stmt;

    ngx_http_pupil_debug(ctx, "return: evidence read");

    stmt = ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_RETURN);
    category = stmt->statement.bound;

    rc = ngx_http_pupil_assess_begun(ctx, &assessed);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    if (!assessed.assessment.exists) {
        return ngx_http_pupil_refuse(ctx, stmt, &ctx->path_about,
                                     NGX_HTTP_PUPIL_NOT_FOUND);
    }

    if (assessed.assessment.returned_at != PUPIL_TIME_NONE) {
        return ngx_http_pupil_assessed_show(ctx, &assessed);   /* once */
    }

    ngx_http_pupil_assess_bind(ctx, &assessed, &write);

    points = ngx_http_pupil_facts_field(category, "points");
    comment = ngx_http_pupil_facts_field(category, "comment");

    write.points = write.bound.cells[points];
    write.comment = write.bound.cells[comment];
    write.returned_at = ctx->now;

    if (ngx_http_pupil_facts_uuid(&assessed.assessment.row, "assessed_by",
                                  &write.assessed_by)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    pupil_bound_time(&write.bound,
                     ngx_http_pupil_facts_field(category, "returned_at"),
                     ctx->now, returned_at);

    return ngx_http_pupil_assess_send(ctx, &assessed, &write);
}


/* The row as it is stored, or a new one. */
static void
ngx_http_pupil_assess_bind(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_assessed_t *assessed,
    ngx_http_pupil_assess_t *write)
{
    const pupil_category_t  *category;

    ngx_memzero(write, sizeof(ngx_http_pupil_assess_t));
    write->returned_at = assessed->assessment.returned_at;

    if (assessed->assessment.exists) {
        ngx_http_pupil_facts_row(&assessed->assessment.row, &write->bound);
        return;
    }

    category = ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_ASSESS)->statement.bound;

    pupil_bound_uuid(&write->bound,
                     ngx_http_pupil_facts_field(category, "homework_id"),
                     &assessed->item.record);
    pupil_bound_uuid(&write->bound,
                     ngx_http_pupil_facts_field(category, "class_id"),
                     &assessed->item.class->owner.id);
}


static ngx_int_t
ngx_http_pupil_assess_seal(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_assessed_t *assessed, const char *field,
    pupil_str_t value, ngx_http_pupil_assess_t *write, pupil_str_t *sealed)
{
    ngx_http_pupil_place_t   place;
    const pupil_category_t  *category;

    category = ngx_http_pupil_stmt(ctx, PUPIL_HOMEWORK_ASSESS)->statement.bound;

    place.category = "assessment";
    place.field = field;
    place.owner = &assessed->owner;
    place.record = &assessed->item.record;

    if (value.data != NULL
        && ngx_http_pupil_seal(ctx, &place, value, sealed) != PUPIL_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_pupil_facts_sealed(category, field, *sealed, &write->bound);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_assess_send(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_assessed_t *assessed,
    ngx_http_pupil_assess_t *write)
{
    ngx_uint_t                     stmt;
    pupil_str_t                    facts;
    ngx_libpq_exchange_t          *ex;
    ngx_http_pupil_place_t         place;
    const pupil_category_t        *category;
    const ngx_http_pupil_class_t  *class;

    stmt = ngx_http_pupil_assess_stmt(ctx);
    category = ngx_http_pupil_stmt(ctx, stmt)->statement.bound;
    class = assessed->item.class;

    pupil_bound_uuid(&write->bound,
                     ngx_http_pupil_facts_field(category, "assessed_by"),
                     &write->assessed_by);

    place.category = "assessment";
    place.field = "";
    place.owner = &assessed->owner;
    place.record = &assessed->item.record;

    if (ngx_http_pupil_facts_make(ctx, category, &place, &write->bound, &facts)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, stmt);
    ngx_libpq_param_uuid(ex, class->enrolment.b);
    ngx_libpq_param_bytea(ex, class->mac, pupil_mac_len(class->mac));
    ngx_libpq_param_uuid(ex, assessed->item.record.b);
    ngx_libpq_param_uuid(ex, assessed->owner.id.b);
    ngx_libpq_param_int4(ex, (int32_t) assessed->owner.version);
    ngx_libpq_param_uuid(ex, assessed->enrolment.enrolment.b);
    ngx_http_pupil_param_bytea(ex, &assessed->mac);
    ngx_http_pupil_param_bytea(ex, &write->points);
    ngx_http_pupil_param_bytea(ex, &write->comment);
    ngx_libpq_param_uuid(ex, write->assessed_by.b);

    if (write->returned_at != PUPIL_TIME_NONE) {
        ngx_libpq_param_timestamptz(ex, write->returned_at);

    } else {
        ngx_libpq_param_null(ex);
    }

    ngx_http_pupil_param_bytea(ex, &facts);
    ngx_http_pupil_param_bytea(ex, &write->bound.facts);
    ngx_http_pupil_assess_record(ctx, ex, stmt);

    /* a read like any other, with a record of its own */
    ngx_http_pupil_assessment_ask(ctx, ex);
    ctx->resume = ngx_http_pupil_assess_written;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


/* The record of the write is in its own statement, the first. */
static void
ngx_http_pupil_assess_record(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t stmt)
{
    ngx_http_pupil_writing_t  what;

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = pupil_audit_allowed;
    what.n = 1;
    what.numbers = 1;
    what.subject = &ctx->path_about;

    ngx_http_pupil_audit_write(ctx, ex, 0, ngx_http_pupil_stmt(ctx, stmt),
                               &what);
}


/*
 * Nothing was written: a relation ended between the two exchanges, or somebody
 * else wrote it, and all begins anew, once.
 */
static ngx_int_t
ngx_http_pupil_assess_written(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    pupil_uuid_t                record;
    ngx_http_pupil_homework_t  *data;
    ngx_http_pupil_assessed_t   assessed;

    ngx_http_pupil_debug(ctx, "assess: written");

    data = ctx->data;

    rc = ngx_libpq_get_uuid(ctx->exchange->results[0], 0, PUPIL_HW_RECORD,
                            record.b);

    if (rc == NGX_DECLINED) {
        if (data->again) {
            return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_BUSY);
        }

        data->again = 1;

        /* if it is there by then: of this request there is no record (I1) */
        ctx->audit.due = 0;

        return ngx_http_pupil_assess_start(ctx);
    }

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_assessed(ctx, PUPIL_HOMEWORK_ASSESSMENT,
                                     &assessed);
    }

    return rc == NGX_OK ? ngx_http_pupil_assessed_show(ctx, &assessed) : rc;
}
