/*
 * Copyright (C) the Pupil authors
 *
 * PATCH of a record of any category.  A first exchange proves the relation and
 * looks at the record; the second writes it, its blind index rows and its
 * audit record at once (invariant I2).
 */

#include "http/data/ngx_http_pupil_data.h"


/* Bytes of a pointer to a member, with its NUL. */
#define NGX_HTTP_PUPIL_DATA_POINTER  (PUPIL_JSON_NAME_MAX + 2)


static ngx_int_t ngx_http_pupil_data_accept(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_data_member(ngx_http_pupil_ctx_t *ctx,
    const pupil_input_member_t *member);
static ngx_int_t ngx_http_pupil_data_want(ngx_http_pupil_ctx_t *ctx,
    const pupil_input_member_t *member, uint32_t *want);
static ngx_int_t ngx_http_pupil_data_fault(ngx_http_pupil_ctx_t *ctx,
    const pupil_str_t *name, const char *rule);
static void ngx_http_pupil_data_pointer(const pupil_str_t *name,
    char pointer[NGX_HTTP_PUPIL_DATA_POINTER]);
static ngx_int_t ngx_http_pupil_data_looked(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_data_stored(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);
static ngx_int_t ngx_http_pupil_data_complete(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_data_send(ngx_http_pupil_ctx_t *ctx);
static void ngx_http_pupil_data_record(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t at);
static ngx_int_t ngx_http_pupil_data_written(ngx_http_pupil_ctx_t *ctx);


ngx_int_t
ngx_http_pupil_data_write_parse(ngx_http_pupil_ctx_t *ctx)
{
    pupil_rc_t              rc;
    pupil_fault_t           fault;
    ngx_http_pupil_data_t  *data;

    ngx_http_pupil_debug(ctx, "write: parse");

    data = ngx_http_pupil_ctx_data(ctx, sizeof(ngx_http_pupil_data_t));
    if (data == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_pupil_no_arguments(ctx) != NGX_OK) {
        return NGX_DONE;
    }

    rc = pupil_input_patch(&ctx->alloc, &ctx->body, &data->patch, &fault);

    return ngx_http_pupil_parsed(ctx, rc, &fault);
}


ngx_int_t
ngx_http_pupil_data_write_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t               rc;
    ngx_libpq_exchange_t   *ex;
    ngx_http_pupil_data_t  *data;

    ngx_http_pupil_debug(ctx, "write: start");

    data = ctx->data;

    rc = ngx_http_pupil_data_find(ctx, 1);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_pupil_data_accept(ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_data_evidence(ctx, ex);

    data->main = ngx_http_pupil_add(ctx, ex, &data->generic->look);
    ngx_libpq_param_uuid(ex, data->subject.b);
    ngx_libpq_param_uuid(ex, data->record.b);

    return ngx_http_pupil_submit(ctx, ex, 0);
}


/* The rules of the plugin, before anything is looked up (invariant I16). */
static ngx_int_t
ngx_http_pupil_data_accept(ngx_http_pupil_ctx_t *ctx)
{
    uint32_t                i, n;
    ngx_int_t               rc;
    ngx_http_pupil_data_t  *data;

    static const pupil_str_t  id = pupil_str("id");

    data = ctx->data;
    n = data->generic->generic->template.wants_count;

    data->set = ngx_pcalloc(ctx->request->pool, n);
    data->values = ngx_pcalloc(ctx->request->pool, n * sizeof(pupil_str_t));
    if (data->set == NULL || data->values == NULL) {
        return NGX_ERROR;
    }

    data->record = data->patch.id;

    if (data->category->plugin->cardinality == PUPIL_CARDINALITY_ONE) {

        if (!pupil_uuid_is_zero(&data->record)
            && pupil_uuid_compare(&data->record, &data->subject) != 0)
        {
            return ngx_http_pupil_data_fault(ctx, &id, "const");
        }

        data->record = data->subject;

    } else if (pupil_uuid_is_zero(&data->record)) {
        pupil_uuid_random(&data->record);
    }

    for (i = 0; i < data->patch.count; i++) {
        rc = ngx_http_pupil_data_member(ctx, &data->patch.members[i]);
        if (rc != NGX_OK) {
            return rc;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_data_member(ngx_http_pupil_ctx_t *ctx,
    const pupil_input_member_t *member)
{
    uint32_t                want;
    ngx_int_t               rc;
    pupil_rc_t              accepted;
    pupil_json_t           *json;
    pupil_fault_t           fault;
    const pupil_field_t    *field;
    ngx_http_pupil_data_t  *data;

    data = ctx->data;
    json = &data->patch.json;

    want = 0;

    rc = ngx_http_pupil_data_want(ctx, member, &want);
    if (rc != NGX_OK) {
        return rc;
    }

    field = ngx_http_pupil_data_field(data, want);
    data->set[want] = 1;

    /* null takes a value away */
    if (pupil_json_type(json, member->node) == PUPIL_JSON_NULL
        && field->type != PUPIL_TYPE_JSON)
    {
        if (field->flags & PUPIL_FIELD_REQUIRED) {
            return ngx_http_pupil_data_fault(ctx, &member->name, "required");
        }

        return NGX_OK;
    }

    accepted = pupil_value_accept(data->category,
                                  ngx_http_pupil_data_number(data, want), json,
                                  member->node, &ctx->alloc,
                                  &data->values[want], &fault);

    return ngx_http_pupil_parsed(ctx, accepted, &fault);
}


/* Which want a member is.  An internal field does not exist for a client. */
static ngx_int_t
ngx_http_pupil_data_want(ngx_http_pupil_ctx_t *ctx,
    const pupil_input_member_t *member, uint32_t *want)
{
    int32_t                  field;
    uint32_t                 i;
    const pupil_plugin_t    *plugin;
    ngx_http_pupil_data_t   *data;
    const pupil_template_t  *template;

    data = ctx->data;
    plugin = data->category->plugin;
    template = &data->generic->generic->template;

    field = pupil_category_field(data->category, member->name);

    if (field < 0 || (plugin->fields[field].flags & PUPIL_FIELD_INTERNAL)) {
        return ngx_http_pupil_data_fault(ctx, &member->name,
                                         "additionalProperties");
    }

    for (i = 0; i < template->wants_count; i++) {
        if (pupil_str_is(member->name, template->wants[i].field)) {
            *want = i;
            return NGX_OK;
        }
    }

    return ngx_http_pupil_data_fault(ctx, &member->name, "not-granted");
}


static ngx_int_t
ngx_http_pupil_data_fault(ngx_http_pupil_ctx_t *ctx, const pupil_str_t *name,
    const char *rule)
{
    char  pointer[NGX_HTTP_PUPIL_DATA_POINTER];

    ngx_http_pupil_data_pointer(name, pointer);

    return ngx_http_pupil_problem_at(ctx, NGX_HTTP_PUPIL_INVALID, pointer,
                                     rule);
}


static void
ngx_http_pupil_data_pointer(const pupil_str_t *name,
    char pointer[NGX_HTTP_PUPIL_DATA_POINTER])
{
    pointer[0] = '/';
    (void) pupil_json_name(name->data, name->len, pointer + 1,
                           NGX_HTTP_PUPIL_DATA_POINTER - 1);
}


/* The field of a want, as the plugin counts them. */
uint32_t
ngx_http_pupil_data_number(ngx_http_pupil_data_t *data, uint32_t want)
{
    return (uint32_t) data->generic->stmt.statement.field[want];
}


const pupil_field_t *
ngx_http_pupil_data_field(ngx_http_pupil_data_t *data, uint32_t want)
{
    const pupil_plugin_t  *plugin;

    plugin = data->category->plugin;

    return &plugin->fields[ngx_http_pupil_data_number(data, want)];
}


ngx_int_t
ngx_http_pupil_data_write_step(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t               rc;
    ngx_http_pupil_data_t  *data;

    ngx_http_pupil_debug(ctx, "write: record looked at");

    data = ctx->data;

    rc = ngx_http_pupil_data_looked(ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    switch (ngx_http_pupil_need(ctx, &data->owner)) {

    case PUPIL_OK:
        return ngx_http_pupil_data_send(ctx);

    case PUPIL_NO_KEY:
        return NGX_OK;

    case PUPIL_RESTRICTED:
    case PUPIL_ERASED:
        return ngx_http_pupil_refuse(ctx, &data->generic->stmt, &data->subject,
                                     NGX_HTTP_PUPIL_RESTRICTED);

    default:
        return NGX_ERROR;
    }
}


static ngx_int_t
ngx_http_pupil_data_looked(ngx_http_pupil_ctx_t *ctx)
{
    PGresult               *res;
    ngx_int_t               rc;
    ngx_uint_t              related, existed;
    ngx_http_pupil_data_t  *data;

    data = ctx->data;
    res = ctx->exchange->results[data->main];

    related = 0;

    rc = ngx_http_pupil_data_proved(ctx);
    if (rc == NGX_ERROR) {
        return rc;
    }

    if (rc == NGX_OK
        && ngx_libpq_get_bool(res, 0, PUPIL_DL_RELATED, &related) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED || !related) {
        return ngx_http_pupil_data_unknown(ctx);
    }

    rc = ngx_http_pupil_owner(ctx, res, 0, PUPIL_DL_OWNER, &data->subject,
                              &data->owner);

    if (rc == NGX_DECLINED) {
        return ngx_http_pupil_data_unknown(ctx);
    }

    if (rc != NGX_OK
        || ngx_libpq_get_bool(res, 0, PUPIL_DL_EXISTED, &existed) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_memzero(&data->bound, sizeof(pupil_bound_row_t));

    return existed ? ngx_http_pupil_data_stored(ctx, res)
                   : ngx_http_pupil_data_complete(ctx);
}


/* The record as it is, unless somebody has changed it. */
static ngx_int_t
ngx_http_pupil_data_stored(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    ngx_int_t                rc;
    ngx_http_pupil_row_t     stored;
    ngx_http_pupil_data_t   *data;

    data = ctx->data;

    if (!data->category->bound) {
        return NGX_OK;
    }

    stored.stmt = &data->generic->look;
    stored.res = res;
    stored.n = 0;
    stored.owner = &data->owner;
    stored.record = &data->record;

    rc = ngx_http_pupil_facts(ctx, &stored);

    if (rc == NGX_DECLINED) {
        return ngx_http_pupil_data_unknown(ctx);
    }

    ngx_http_pupil_facts_row(&stored, &data->bound);

    return rc;
}


/* A new record has every required field; that it is new is stored data. */
static ngx_int_t
ngx_http_pupil_data_complete(ngx_http_pupil_ctx_t *ctx)
{
    char                    pointer[NGX_HTTP_PUPIL_DATA_POINTER];
    uint32_t                i, k, n;
    const pupil_field_t    *field;
    ngx_http_pupil_data_t  *data;

    data = ctx->data;
    n = data->generic->generic->template.wants_count;

    for (i = 0; i < data->category->plugin->fields_count; i++) {
        field = &data->category->plugin->fields[i];

        if (!(field->flags & PUPIL_FIELD_REQUIRED)) {
            continue;
        }

        for (k = 0; k < n; k++) {
            if (data->set[k] && ngx_http_pupil_data_field(data, k) == field) {
                break;
            }
        }

        if (k == n) {
            ngx_http_pupil_data_pointer(&data->category->field_names[i],
                                        pointer);

            return ngx_http_pupil_refuse_at(ctx, &data->generic->stmt,
                                            &data->subject, pointer,
                                            "required");
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_data_send(ngx_http_pupil_ctx_t *ctx)
{
    uint32_t                 n;
    ngx_uint_t               at;
    ngx_libpq_exchange_t    *ex;
    ngx_http_pupil_data_t   *data;
    ngx_http_pupil_patch_t  *patch;

    data = ctx->data;
    n = data->generic->generic->template.wants_count;

    patch = ngx_http_pupil_alloc(ctx, sizeof(ngx_http_pupil_patch_t));
    if (patch == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(patch, sizeof(ngx_http_pupil_patch_t));

    if (ngx_http_pupil_data_values(ctx, patch) != NGX_OK
        || ngx_http_pupil_data_facts(ctx, patch) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    at = ngx_http_pupil_add(ctx, ex, &data->generic->stmt);
    ngx_libpq_param_uuid(ex, data->subject.b);
    ngx_libpq_param_uuid(ex, data->record.b);
    ngx_libpq_param_int4(ex, (int32_t) data->owner.version);
    ngx_libpq_param_int4_array(ex, patch->set, n);
    ngx_http_pupil_param_bytea_array(ex, patch->sealed, n);
    ngx_http_pupil_param_text_array(ex, patch->plain, n);
    ngx_http_pupil_param_text_array(ex, patch->names, patch->indexed);
    ngx_http_pupil_param_bytea_array(ex, patch->terms, patch->indexed);
    ngx_http_pupil_param_bytea_array(ex, patch->macs, patch->indexed);
    ngx_libpq_param_uuid_array(ex, data->classes, data->nclasses);

    if (data->category->bound) {
        ngx_http_pupil_param_bytea(ex, &patch->facts);
        ngx_http_pupil_param_bytea(ex, &data->bound.facts);
    }

    ngx_http_pupil_data_record(ctx, ex, at);

    ctx->resume = ngx_http_pupil_data_written;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


static void
ngx_http_pupil_data_record(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t at)
{
    ngx_http_pupil_data_t     *data;
    ngx_http_pupil_writing_t   what;

    data = ctx->data;

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = pupil_generic_choices;
    what.n = PUPIL_GENERIC_CHOICES;
    what.numbers = 1;

    if (data->generic->generic->template.wants[0].about
        == PUPIL_ABOUT_SUBJECTS)
    {
        what.subject = &data->subject;
    }

    ngx_http_pupil_audit_write(ctx, ex, at, &data->generic->stmt, &what);
}


/* What the statement found is in its audit record already. */
static ngx_int_t
ngx_http_pupil_data_written(ngx_http_pupil_ctx_t *ctx)
{
    PGresult               *res;
    ngx_uint_t              related, taken, written;
    pupil_str_t             state;
    ngx_http_pupil_data_t  *data;

    ngx_http_pupil_debug(ctx, "write: written");

    data = ctx->data;
    res = ctx->exchange->results[0];

    if (ngx_libpq_get_bool(res, 0, PUPIL_DW_RELATED, &related) != NGX_OK
        || ngx_libpq_get_bool(res, 0, PUPIL_DW_TAKEN, &taken) != NGX_OK
        || ngx_libpq_get_bool(res, 0, PUPIL_DW_WRITTEN, &written) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!related) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    if (taken) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_CONFLICT);
    }

    if (!written) {

        if (ngx_http_pupil_get_text(res, 0, PUPIL_DW_STATE, &state) != NGX_OK
            || pupil_owner_state(state) != PUPIL_OWNER_STATE_ACTIVE)
        {
            return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_RESTRICTED);
        }

        /* the owner's key changed meanwhile */
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_BUSY);
    }

    pupil_writer_object_begin(&ctx->out);
    ngx_http_pupil_data_head(ctx);
    pupil_writer_key(&ctx->out, "id");
    pupil_writer_uuid(&ctx->out, &data->record);
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}
