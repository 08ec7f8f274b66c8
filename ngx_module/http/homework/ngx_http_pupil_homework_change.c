/*
 * Copyright (C) the Pupil authors
 *
 * /v1/homework: a teacher assigns and changes.  A first exchange reads the
 * evidence; the second writes, together with its audit record (invariant I2)
 * and only while that very evidence is still there, and reads back what it
 * wrote.
 */

#include "http/homework/ngx_http_pupil_homework.h"


/* What a class owns of a new one, sealed; data NULL: there is none. */
typedef struct {
    pupil_str_t  title, description, exercises, keys;
} ngx_http_pupil_homework_texts_t;


static ngx_int_t ngx_http_pupil_homework_target(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t stmt, const ngx_http_pupil_class_t *target);
static ngx_int_t ngx_http_pupil_homework_fits(ngx_http_pupil_ctx_t *ctx,
    const pupil_input_exercise_t *exercises, uint32_t n);
static ngx_int_t ngx_http_pupil_homework_create_write(
    ngx_http_pupil_ctx_t *ctx, const pupil_uuid_t *ids);
static ngx_int_t ngx_http_pupil_homework_texts(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *ids, ngx_http_pupil_homework_texts_t *texts);
static ngx_int_t ngx_http_pupil_homework_bind(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *ids, const ngx_http_pupil_homework_texts_t *texts,
    pupil_str_t *facts);


ngx_int_t
ngx_http_pupil_homework_create_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    pupil_rc_t                  parsed;
    pupil_fault_t               fault;
    ngx_http_pupil_homework_t  *data;

    ngx_http_pupil_debug(ctx, "create: parse");

    rc = ngx_http_pupil_homework_parse_one(ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    data = ctx->data;

    parsed = pupil_input_homework(&ctx->alloc, &ctx->body, ctx->now,
                                  &data->create, &fault);

    data->record = data->create.id;

    if (pupil_uuid_is_zero(&data->record)) {
        pupil_uuid_random(&data->record);
    }

    rc = ngx_http_pupil_parsed(ctx, parsed, &fault);

    return rc == NGX_OK && pupil_uuid_is_zero(&data->create.copy_of)
           ? ngx_http_pupil_homework_fits(ctx, data->create.exercises,
                                          data->create.exercise_count)
           : rc;
}


/* The exercises are one value, which no plugin may make longer. */
static ngx_int_t
ngx_http_pupil_homework_fits(ngx_http_pupil_ctx_t *ctx,
    const pupil_input_exercise_t *exercises, uint32_t n)
{
    pupil_rc_t      rc;
    pupil_str_t     text;
    pupil_uuid_t   *ids;
    pupil_fault_t   fault;

    ids = ngx_pcalloc(ctx->request->pool, n * sizeof(pupil_uuid_t));
    if (ids == NULL) {
        return NGX_ERROR;
    }

    rc = pupil_exercises_text(&ctx->alloc, exercises, n, ids, &text);

    if (rc == PUPIL_OK && text.len > PUPIL_EXERCISES_MAX) {
        rc = pupil_fault_set(&fault, 422, "/exercises", "maxLength");
    }

    return ngx_http_pupil_parsed(ctx, rc, &fault);
}


ngx_int_t
ngx_http_pupil_homework_patch_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    pupil_rc_t                  parsed;
    pupil_fault_t               fault;
    ngx_http_pupil_homework_t  *data;

    ngx_http_pupil_debug(ctx, "patch: parse");

    rc = ngx_http_pupil_homework_parse_one(ctx);
    if (rc != NGX_OK) {
        return rc;
    }

    data = ctx->data;

    parsed = pupil_input_homework_patch(&ctx->alloc, &ctx->body, ctx->now,
                                        &data->patch, &fault);

    rc = ngx_http_pupil_parsed(ctx, parsed, &fault);

    return rc == NGX_OK && (data->patch.set & PUPIL_INPUT_SET_EXERCISES)
           ? ngx_http_pupil_homework_fits(ctx, data->patch.exercises,
                                          data->patch.exercise_count)
           : rc;
}


ngx_int_t
ngx_http_pupil_homework_write_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                  stmt;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    stmt = ctx->route->method == NGX_HTTP_POST
           ? ngx_http_pupil_homework_create_stmt(data)
           : ctx->route->method == NGX_HTTP_PATCH ? PUPIL_HOMEWORK_PATCH
                                                  : PUPIL_HOMEWORK_DELETE;

    data->target_by = PUPIL_HOMEWORK_TARGET;

    if (data->patch.set & PUPIL_INPUT_SET_EXERCISES) {
        stmt = PUPIL_HOMEWORK_EDIT;
        data->target_by = PUPIL_HOMEWORK_EDIT_TARGET;
    }

    return ngx_http_pupil_homework_write_begin(ctx, stmt,
                                               PUPIL_HOMEWORK_EVIDENCE);
}


ngx_int_t
ngx_http_pupil_homework_write_begin(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t stmt, ngx_uint_t evidence)
{
    ngx_uint_t                  creates;
    const pupil_uuid_t         *record;
    ngx_libpq_exchange_t       *ex;
    ngx_http_pupil_homework_t  *data;

    ngx_http_pupil_debug(ctx, "write: start");

    creates = stmt == PUPIL_HOMEWORK_CREATE || stmt == PUPIL_HOMEWORK_COPY;

    if (!ngx_http_pupil_is(ctx, "teacher")) {
        return creates
               ? ngx_http_pupil_refuse_stmt(ctx, stmt,
                                            NGX_HTTP_PUPIL_NOT_GRANTED)
               : ngx_http_pupil_homework_refuse_pupil(ctx, stmt);
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    data = ctx->data;
    record = creates ? &data->record : &ctx->path_id;
    ngx_http_pupil_homework_evidence_by(ctx, ex, evidence, record);

    data->target_at = ngx_http_pupil_add_stmt(ctx, ex, data->target_by);
    ngx_libpq_param_uuid(ex, record->b);

    if (stmt == PUPIL_HOMEWORK_COPY) {
        data->source_at = ngx_http_pupil_add_stmt(ctx, ex,
                                                  PUPIL_HOMEWORK_SOURCE);
        ngx_libpq_param_uuid(ex, data->create.copy_of.b);
    }

    /* what the audit tells when that evidence is not authentic */
    ctx->audit.asked = ngx_http_pupil_stmt(ctx, stmt);

    return ngx_http_pupil_submit(ctx, ex, 0);
}


/*
 * What a write needs: a class with evidence, and its key.  NGX_OK;
 * NGX_DECLINED: the key is being asked for; or how the request ends.
 */
static ngx_int_t
ngx_http_pupil_homework_target(ngx_http_pupil_ctx_t *ctx, ngx_uint_t stmt,
    const ngx_http_pupil_class_t *target)
{
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    if (target == NULL) {
        return ngx_http_pupil_refuse_stmt(ctx, stmt, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    data->target = target;

    switch (ngx_http_pupil_need(ctx, &target->owner)) {

    case PUPIL_OK:
        return NGX_OK;

    case PUPIL_NO_KEY:
        return NGX_DECLINED;

    case PUPIL_RESTRICTED:
    case PUPIL_ERASED:
        return ngx_http_pupil_refuse_stmt(ctx, stmt,
                                          NGX_HTTP_PUPIL_RESTRICTED);

    default:
        return NGX_ERROR;
    }
}


ngx_int_t
ngx_http_pupil_homework_create_step(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                      rc;
    pupil_uuid_t                  *ids;
    ngx_http_pupil_homework_t     *data;
    const ngx_http_pupil_class_t  *class, *stored;

    ngx_http_pupil_debug(ctx, "create: evidence read");

    data = ctx->data;

    rc = ngx_http_pupil_homework_classes(ctx, ctx->exchange->results[0]);
    if (rc != NGX_OK) {
        return rc;
    }

    class = ngx_http_pupil_homework_class(data, &data->create.class_id);

    rc = ngx_http_pupil_homework_target(ctx,
                             ngx_http_pupil_homework_create_stmt(data), class);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    ids = ngx_http_pupil_homework_ids(ctx);
    if (ids == NULL) {
        return NGX_ERROR;
    }

    stored = ngx_http_pupil_homework_class_of(data, &data->record);

    if (stored != NULL) {
        return ngx_http_pupil_homework_again(ctx, stored, ids);
    }

    rc = ngx_http_pupil_homework_made(ctx);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    return ngx_http_pupil_homework_create_write(ctx, ids);
}


static ngx_int_t
ngx_http_pupil_homework_create_write(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *ids)
{
    ngx_uint_t                        stmt;
    pupil_str_t                       facts;
    ngx_libpq_exchange_t             *ex;
    pupil_input_homework_t           *in;
    ngx_http_pupil_homework_t        *data;
    ngx_http_pupil_homework_texts_t   texts;

    data = ctx->data;
    in = &data->made;
    stmt = ngx_http_pupil_homework_create_stmt(data);

    if (ngx_http_pupil_homework_texts(ctx, ids, &texts) != NGX_OK
        || ngx_http_pupil_homework_bind(ctx, ids, &texts, &facts) != NGX_OK)
    {
        return NGX_ERROR;
    }

    /* no way to keep a key: nothing is stored that will not be scored */
    if (texts.keys.data != NULL
        && !ngx_http_pupil_stmt(ctx, stmt)
                ->statement.granted[PUPIL_HW_WANT_KEYS])
    {
        return ngx_http_pupil_refuse_stmt(ctx, stmt,
                                          NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    ex = ngx_http_pupil_homework_write(ctx, stmt);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_libpq_param_int4(ex, (int32_t) data->target->owner.version);
    ngx_http_pupil_param_bytea(ex, &texts.title);
    ngx_http_pupil_param_bytea(ex, &texts.description);
    ngx_http_pupil_param_bytea(ex, &texts.exercises);
    ngx_libpq_param_uuid_array(ex, ids, in->exercise_count);
    ngx_libpq_param_timestamptz(ex, in->assigned_at);
    ngx_libpq_param_timestamptz(ex, in->due_at);
    ngx_http_pupil_param_bytea(ex, &facts);
    ngx_http_pupil_param_bytea(ex, &texts.keys);

    return ngx_http_pupil_homework_end(ctx, ex, stmt,
                                       ngx_http_pupil_homework_created);
}


/* Those of a new one, sealed. */
static ngx_int_t
ngx_http_pupil_homework_texts(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *ids, ngx_http_pupil_homework_texts_t *texts)
{
    ngx_uint_t               i;
    pupil_str_t              exercises, keys;
    pupil_input_homework_t  *in;

    in = &((ngx_http_pupil_homework_t *) ctx->data)->made;

    if (pupil_exercises_text(&ctx->alloc, in->exercises, in->exercise_count,
                             ids, &exercises)
        != PUPIL_OK
        || pupil_exercises_keys(&ctx->alloc, in->exercises,
                                in->exercise_count, ids, &keys)
           != PUPIL_OK)
    {
        return NGX_ERROR;
    }

    const struct {
        const char   *field;
        pupil_str_t  *value, *sealed;
    } fields[] = {
        { "title", &in->title, &texts->title },
        { "description", &in->description, &texts->description },
        { "exercises", &exercises, &texts->exercises },
        { "keys", &keys, &texts->keys }
    };

    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (ngx_http_pupil_homework_seal(ctx, fields[i].field,
                                         *fields[i].value, fields[i].sealed)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* The facts of a new one. */
static ngx_int_t
ngx_http_pupil_homework_bind(ngx_http_pupil_ctx_t *ctx,
    const pupil_uuid_t *ids, const ngx_http_pupil_homework_texts_t *texts,
    pupil_str_t *facts)
{
    uint8_t                     assigned_at[8], due_at[8];
    pupil_bound_row_t           bound;
    pupil_input_homework_t     *in;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    in = &data->made;

    if (ngx_http_pupil_homework_bind_new(ctx, &bound, ids, in->exercise_count)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_pupil_homework_bind_text(ctx, &bound, "title", texts->title);
    ngx_http_pupil_homework_bind_text(ctx, &bound, "description",
                                      texts->description);
    ngx_http_pupil_homework_bind_text(ctx, &bound, "exercises",
                                      texts->exercises);
    ngx_http_pupil_homework_bind_text(ctx, &bound, "keys", texts->keys);
    ngx_http_pupil_homework_bind_time(ctx, &bound, "assigned_at",
                                      in->assigned_at, assigned_at);
    ngx_http_pupil_homework_bind_time(ctx, &bound, "due_at", in->due_at,
                                      due_at);

    return ngx_http_pupil_homework_facts(ctx, &bound, facts);
}


ngx_int_t
ngx_http_pupil_homework_patch_step(ngx_http_pupil_ctx_t *ctx)
{
    uint8_t                     due_at[8];
    ngx_int_t                   rc;
    pupil_str_t                 title, description, facts;
    pupil_time_t                withdrawn_at;
    pupil_bound_row_t           bound;
    ngx_libpq_exchange_t       *ex;
    ngx_http_pupil_homework_t  *data;

    ngx_http_pupil_debug(ctx, "patch: evidence read");

    data = ctx->data;

    if (data->patch.set & PUPIL_INPUT_SET_EXERCISES) {
        return ngx_http_pupil_homework_edit_step(ctx);
    }

    rc = ngx_http_pupil_homework_begun(ctx, PUPIL_HOMEWORK_PATCH, &bound,
                                       &withdrawn_at);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    if (ngx_http_pupil_homework_patch_bind(ctx, &bound, &title, &description,
                                           due_at)
        != NGX_OK
        || ngx_http_pupil_homework_facts(ctx, &bound, &facts) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ex = ngx_http_pupil_homework_write(ctx, PUPIL_HOMEWORK_PATCH);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_homework_patch_params(ctx, ex, &title, &description,
                                         &facts, &bound.facts);

    return ngx_http_pupil_homework_end(ctx, ex, PUPIL_HOMEWORK_PATCH,
                                       ngx_http_pupil_homework_patched);
}


void
ngx_http_pupil_homework_patch_params(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const pupil_str_t *title,
    const pupil_str_t *description, const pupil_str_t *facts,
    const pupil_str_t *stored)
{
    ngx_http_pupil_homework_t     *data;
    pupil_input_homework_patch_t  *in;

    data = ctx->data;
    in = &data->patch;

    ngx_libpq_param_int4(ex, (int32_t) data->target->owner.version);
    ngx_http_pupil_param_bytea(ex, title);
    ngx_libpq_param_bool(ex, (in->set & PUPIL_INPUT_SET_DESCRIPTION) != 0);
    ngx_http_pupil_param_bytea(ex, description);

    if (in->set & PUPIL_INPUT_SET_DUE_AT) {
        ngx_libpq_param_timestamptz(ex, in->due_at);

    } else {
        ngx_libpq_param_null(ex);
    }

    ngx_http_pupil_param_bytea(ex, facts);
    ngx_http_pupil_param_bytea(ex, stored);
}


ngx_int_t
ngx_http_pupil_homework_begun(ngx_http_pupil_ctx_t *ctx, ngx_uint_t stmt,
    pupil_bound_row_t *bound, pupil_time_t *withdrawn_at)
{
    ngx_int_t                      rc;
    pupil_time_t                   assigned_at;
    pupil_uuid_t                   version;
    ngx_http_pupil_row_t           row;
    ngx_http_pupil_homework_t     *data;
    const ngx_http_pupil_class_t  *class;

    data = ctx->data;
    data->record = ctx->path_id;

    rc = ngx_http_pupil_homework_classes(ctx, ctx->exchange->results[0]);
    if (rc != NGX_OK) {
        return rc;
    }

    class = ngx_http_pupil_homework_class_of(data, &data->record);

    rc = ngx_http_pupil_homework_target(ctx, stmt, class);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_http_pupil_homework_bound(ctx, bound, &assigned_at,
                                       withdrawn_at);

    if (rc == NGX_DECLINED
        || (rc == NGX_OK && *withdrawn_at
            && !ngx_http_pupil_homework_of_late(ctx, *withdrawn_at)))
    {
        return ngx_http_pupil_refuse_stmt(ctx, stmt, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    if (rc == NGX_OK && (data->patch.set & PUPIL_INPUT_SET_VERSION)) {
        ngx_http_pupil_homework_stored_row(ctx, &row);
        ngx_http_pupil_facts_version(&row, &version);

        if (pupil_uuid_compare(&version, &data->patch.version) != 0) {
            return ngx_http_pupil_refuse_as(ctx,
                                            ngx_http_pupil_stmt(ctx, stmt),
                                            NGX_HTTP_PUPIL_CONFLICT,
                                            "/version", "stale");
        }
    }

    if (rc == NGX_OK && (data->patch.set & PUPIL_INPUT_SET_DUE_AT)
        && data->patch.due_at <= assigned_at)
    {
        return ngx_http_pupil_refuse_at(ctx, ngx_http_pupil_stmt(ctx, stmt),
                                        NULL, "/due_at", "after-assigned_at");
    }

    return rc;
}


ngx_int_t
ngx_http_pupil_homework_patch_bind(ngx_http_pupil_ctx_t *ctx,
    pupil_bound_row_t *bound, pupil_str_t *title, pupil_str_t *description,
    uint8_t due_at[8])
{
    ngx_http_pupil_homework_t     *data;
    pupil_input_homework_patch_t  *in;

    data = ctx->data;
    in = &data->patch;

    if (ngx_http_pupil_homework_seal(ctx, "title", in->title, title) != NGX_OK
        || ngx_http_pupil_homework_seal(ctx, "description", in->description,
                                        description)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (title->data != NULL) {
        ngx_http_pupil_homework_bind_text(ctx, bound, "title", *title);
    }

    if (in->set & PUPIL_INPUT_SET_DESCRIPTION) {
        ngx_http_pupil_homework_bind_text(ctx, bound, "description",
                                          *description);
    }

    if (in->set & PUPIL_INPUT_SET_DUE_AT) {
        ngx_http_pupil_homework_bind_time(ctx, bound, "due_at", in->due_at,
                                          due_at);
    }

    return NGX_OK;
}


ngx_libpq_exchange_t *
ngx_http_pupil_homework_write(ngx_http_pupil_ctx_t *ctx, ngx_uint_t stmt)
{
    int32_t                     turn[2];
    ngx_libpq_exchange_t       *ex;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NULL;
    }

    if (stmt == PUPIL_HOMEWORK_EDIT) {
        ngx_http_pupil_turn(ctx, &data->record, turn);
        (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_HOMEWORK_TURN);
        ngx_libpq_param_int4(ex, turn[0]);
        ngx_libpq_param_int4(ex, turn[1]);
    }

    data->write_at = ngx_http_pupil_add_stmt(ctx, ex, stmt);
    ngx_libpq_param_uuid(ex, data->target->enrolment.b);
    ngx_libpq_param_bytea(ex, data->target->mac,
                          pupil_mac_len(data->target->mac));
    ngx_libpq_param_uuid(ex, data->record.b);

    return ex;
}


void
ngx_http_pupil_homework_record(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t stmt)
{
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    ngx_http_pupil_audit_write_one(ctx, ex, data->write_at,
                                   ngx_http_pupil_stmt(ctx, stmt),
                                   pupil_audit_allowed);
}


ngx_int_t
ngx_http_pupil_homework_end(ngx_http_pupil_ctx_t *ctx, ngx_libpq_exchange_t *ex,
    ngx_uint_t stmt, ngx_http_pupil_step_pt step)
{
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;
    ngx_http_pupil_homework_record(ctx, ex, stmt);
    ngx_http_pupil_homework_ask(ctx, ex, &data->record, 1);
    ctx->resume = step;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


ngx_int_t
ngx_http_pupil_homework_seal(ngx_http_pupil_ctx_t *ctx, const char *field,
    pupil_str_t value, pupil_str_t *sealed)
{
    ngx_http_pupil_place_t      place;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    if (value.data == NULL) {
        ngx_memzero(sealed, sizeof(pupil_str_t));
        return NGX_OK;
    }

    place.category = "homework";
    place.field = field;
    place.owner = &data->target->owner;
    place.record = &data->record;

    return ngx_http_pupil_seal(ctx, &place, value, sealed) == PUPIL_OK
           ? NGX_OK : NGX_ERROR;
}
