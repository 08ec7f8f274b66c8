/*
 * Copyright (C) the Pupil authors
 *
 * /v1/data/: whether the actor relates to the subject, and whether a record is
 * one that is shown through that relation.  Rows that prove it are authentic
 * (invariant I18), and they and the record are about what was asked for
 * (invariant I20); the statement's own conditions only narrow.
 */

#include "http/data/ngx_http_pupil_data.h"


/* Bytes of the longest text below, of an id. */
#define NGX_HTTP_PUPIL_PROOF_TEXT  PUPIL_UUID_TEXT_LEN


static ngx_int_t ngx_http_pupil_data_granted(ngx_http_pupil_ctx_t *ctx);
static ngx_uint_t ngx_http_pupil_data_stored(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, const pupil_uuid_t *record);
static int32_t ngx_http_pupil_data_class(ngx_http_pupil_data_t *data);
static ngx_uint_t ngx_http_pupil_data_made_of(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, const pupil_uuid_t *record);
static ngx_uint_t ngx_http_pupil_data_says(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, const pupil_enrolment_row_t *enrolment);
static pupil_str_t ngx_http_pupil_data_text(
    const pupil_enrolment_row_t *enrolment, ngx_uint_t field,
    u_char text[NGX_HTTP_PUPIL_PROOF_TEXT]);


/* Fields of a record that is made of an enrolment: its columns. */
static const char *const  ngx_http_pupil_proof_fields[] = {
    "class_id", "school_id", "role", "from", "to"
};


void
ngx_http_pupil_data_evidence(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex)
{
    ngx_http_pupil_data_t  *data;

    data = ctx->data;
    data->evidence = data->generic->evidence.granted;

    if (data->evidence) {
        (void) ngx_http_pupil_add(ctx, ex, &data->generic->evidence);
        ngx_libpq_param_uuid(ex, data->subject.b);
    }
}


/* One proof at least. */
ngx_int_t
ngx_http_pupil_data_proved(ngx_http_pupil_ctx_t *ctx)
{
    PGresult               *res;
    ngx_uint_t              row, n, proofs;
    pupil_uuid_t            class_id;
    const pupil_relates_t  *relates;
    ngx_http_pupil_data_t  *data;

    data = ctx->data;
    data->nclasses = 0;

    if (!data->evidence) {
        return NGX_OK;
    }

    if (data->relation == PUPIL_RELATION_SUPPORT_GRANT) {
        return ngx_http_pupil_data_granted(ctx);
    }

    relates = pupil_relates_find(data->relation,
                                 data->category->plugin->owner);
    if (relates == NULL) {
        return NGX_ERROR;
    }

    res = ctx->exchange->results[0];
    n = PQntuples(res);
    proofs = 0;

    data->classes = ngx_palloc(ctx->request->pool,
                               (n + 1) * sizeof(pupil_uuid_t));
    if (data->classes == NULL) {
        return NGX_ERROR;
    }

    for (row = 0; row < n; row++) {
        if (ngx_http_pupil_proof(ctx, res, row, relates, &data->subject,
                                 &class_id) != NGX_OK)
        {
            continue;
        }

        proofs++;

        if (!pupil_uuid_is_zero(&class_id)) {
            data->classes[data->nclasses++] = class_id;
        }
    }

    return proofs ? NGX_OK : NGX_DECLINED;
}


/* What is shown is on record with the grant that it is shown by. */
static ngx_int_t
ngx_http_pupil_data_granted(ngx_http_pupil_ctx_t *ctx)
{
    u_char                    *p;
    ngx_http_pupil_support_t  *support;

    support = &ctx->support;

    if (support->n == 0) {
        return NGX_DECLINED;
    }

    p = ngx_cpymem(support->note, PUPIL_SUPPORT_NOTE,
                   sizeof(PUPIL_SUPPORT_NOTE) - 1);
    pupil_uuid_format(&support->list[0].grant, p);
    p[PUPIL_UUID_TEXT_LEN] = '\0';
    ctx->audit.note = support->note;

    return NGX_OK;
}


/*
 * A record of the subject that was asked for.  Through a class only the
 * records of that very class are shown; one of a class that has no evidence is
 * left out and is no finding, as it can be new since the evidence was read.
 */
ngx_uint_t
ngx_http_pupil_data_shown(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, const pupil_uuid_t *record)
{
    int32_t                 column;
    ngx_int_t               rc;
    ngx_uint_t              i;
    pupil_uuid_t            owner, class_id;
    ngx_http_pupil_data_t  *data;

    data = ctx->data;

    if (ngx_libpq_get_uuid(res, row, PUPIL_DR_OWNER, owner.b) != NGX_OK
        || pupil_uuid_compare(&owner, &data->subject) != 0)
    {
        ngx_http_pupil_tampered_record(ctx, data->category->plugin->name,
                                       record, &data->subject,
                                       "another owner");
        return 0;
    }

    if ((data->generic->generic->proof != 0
         && !ngx_http_pupil_data_made_of(ctx, res, row, record))
        || !ngx_http_pupil_data_stored(ctx, res, row, record))
    {
        return 0;
    }

    if ((data->relation != PUPIL_RELATION_TEACHES
         && data->relation != PUPIL_RELATION_TAUGHT_BY)
        || !data->generic->generic->of_class)
    {
        return 1;
    }

    column = ngx_http_pupil_data_class(data);
    rc = ngx_libpq_get_uuid(res, row, column, class_id.b);

    for (i = 0; rc == NGX_OK && i < data->nclasses; i++) {
        if (pupil_uuid_compare(&data->classes[i], &class_id) == 0) {
            return 1;
        }
    }

    return 0;
}


/* The facts of a record that has some are its own. */
static ngx_uint_t
ngx_http_pupil_data_stored(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, const pupil_uuid_t *record)
{
    ngx_http_pupil_row_t     stored;
    ngx_http_pupil_data_t   *data;
    ngx_http_pupil_owner_t   owner;

    data = ctx->data;

    if (data->generic->stmt.statement.bound == NULL) {
        return 1;
    }

    if (ngx_http_pupil_data_sealer(ctx, res, row, 0, &owner) != NGX_OK) {
        return 0;
    }

    stored.stmt = &data->generic->stmt;
    stored.res = res;
    stored.n = row;
    stored.owner = &owner;
    stored.record = record;

    /* what is withdrawn is not read (core/endpoints/data.h) */

    return ngx_http_pupil_facts(ctx, &stored) == NGX_OK
           && (!pupil_generic_withdraws(data->category)
               || ngx_http_pupil_there(ctx, &stored) == NGX_OK);
}


/* Where the class of a record is: of two columns, the one that is bound. */
static int32_t
ngx_http_pupil_data_class(ngx_http_pupil_data_t *data)
{
    int32_t                   column;
    const pupil_statement_t  *st;

    st = &data->generic->stmt.statement;
    column = st->bound != NULL ? pupil_statement_cell(st, "class_id") : -1;

    return column >= 0 ? column : PUPIL_DR_CLASS;
}


/* The enrolment that the record is made of is this very one, and says so. */
static ngx_uint_t
ngx_http_pupil_data_made_of(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, const pupil_uuid_t *record)
{
    pupil_uuid_t            class_id;
    pupil_expected_t        expected;
    pupil_enrolment_row_t   enrolment;
    ngx_http_pupil_data_t  *data;

    data = ctx->data;

    ngx_memzero(&expected, sizeof(pupil_expected_t));
    expected.record = record;
    expected.subject = &data->subject;

    if (data->relation == PUPIL_RELATION_SCHOOL_ADMIN) {
        expected.institution = &ctx->session.institution;
    }

    if (ngx_libpq_get_uuid(res, row, PUPIL_DR_CLASS, class_id.b) == NGX_OK) {
        expected.class_id = &class_id;
    }

    switch (ngx_http_pupil_enrolment(ctx, res, row,
                                     data->generic->generic->proof, &expected,
                                     &enrolment))
    {
    case NGX_OK:
        return ngx_http_pupil_data_says(ctx, res, row, &enrolment);

    case NGX_DECLINED:
        ngx_http_pupil_tampered_record(ctx, data->category->plugin->name,
                                       record, &data->subject,
                                       "made of no enrolment");
        return 0;

    default:
        return 0;
    }
}


/* What is shown of it in plain is what that row says. */
static ngx_uint_t
ngx_http_pupil_data_says(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, const pupil_enrolment_row_t *enrolment)
{
    u_char                    text[NGX_HTTP_PUPIL_PROOF_TEXT];
    uint32_t                  want;
    ngx_uint_t                i;
    pupil_rc_t                rc;
    pupil_str_t               value, says;
    const char               *field;
    ngx_http_pupil_row_t      cells;
    ngx_http_pupil_data_t    *data;
    const pupil_statement_t  *st;

    data = ctx->data;
    st = &data->generic->stmt.statement;

    cells.stmt = &data->generic->stmt;
    cells.res = res;
    cells.n = row;
    cells.owner = NULL;
    cells.record = NULL;

    for (want = 0; want < st->from->wants_count; want++) {
        field = st->from->wants[want].field;

        for (i = 0; i < PUPIL_COUNT(ngx_http_pupil_proof_fields); i++) {

            if (ngx_strcmp(field, ngx_http_pupil_proof_fields[i]) != 0
                || st->projected[want])
            {
                continue;
            }

            rc = ngx_http_pupil_value(ctx, &cells, want, &value);
            says = ngx_http_pupil_data_text(enrolment, i, text);

            if (rc == PUPIL_NOT_FOUND) {
                value.len = 0;
            }

            if ((rc != PUPIL_OK && rc != PUPIL_NOT_FOUND)
                || value.len != says.len
                || ngx_memcmp(value.data, says.data, says.len) != 0)
            {
                ngx_http_pupil_tampered_record(ctx,
                                               data->category->plugin->name,
                                               &enrolment->enrolment,
                                               &data->subject, field);
                return 0;
            }
        }
    }

    return 1;
}


/* A column of an enrolment as the text of the field; empty: none. */
static pupil_str_t
ngx_http_pupil_data_text(const pupil_enrolment_row_t *enrolment,
    ngx_uint_t field, u_char text[NGX_HTTP_PUPIL_PROOF_TEXT])
{
    int32_t      day;
    pupil_str_t  says;

    says.data = text;

    switch (field) {

    case 0:
    case 1:
        pupil_uuid_format(field == 0 ? &enrolment->class_id
                                     : &enrolment->institution, text);
        says.len = PUPIL_UUID_TEXT_LEN;
        return says;

    case 2:
        return enrolment->role;

    default:
        day = field == 3 ? enrolment->valid_from : enrolment->valid_to;
        says.len = day == PUPIL_DATE_NONE ? 0 : pupil_date_format(day, text);
        return says;
    }
}


ngx_int_t
ngx_http_pupil_data_sealer(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, uint32_t group, ngx_http_pupil_owner_t *owner)
{
    int32_t                 column;
    uint32_t                want;
    ngx_int_t               rc;
    pupil_uuid_t            whose;
    ngx_http_pupil_data_t  *data;

    data = ctx->data;
    whose = data->subject;

    if (group != 0) {
        want = data->generic->generic->names[group];
        column = data->generic->stmt.statement.column[want];

        rc = ngx_libpq_get_uuid(res, row, column, whose.b);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return ngx_http_pupil_owner(ctx, res, row,
                                PUPIL_DR_SEALERS + group * PUPIL_OWNER_COLUMNS,
                                &whose, owner);
}
