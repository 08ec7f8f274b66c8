/*
 * Copyright (C) the Pupil authors
 *
 * /v1/data/: any category by its plugin's grants, with no code of its own for
 * any of them.  The relation is a candidate (the subject is the actor, else
 * what the role can be); the database confirms it, and the host by the
 * rows which prove it: see ngx_http_pupil_data_proof.c.
 */

#include "http/data/ngx_http_pupil_data.h"
#include "http/request/ngx_http_pupil_endpoints.h"


static ngx_int_t ngx_http_pupil_data_index_start(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_data_parse(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_data_start(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_data_supported(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_data_render(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_data_records(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);
static ngx_int_t ngx_http_pupil_data_record(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, const pupil_uuid_t *record);
static ngx_uint_t ngx_http_pupil_data_hidden(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *owner);
static void ngx_http_pupil_data_grants(ngx_http_pupil_ctx_t *ctx,
    uint32_t relation);
static void ngx_http_pupil_data_declared(ngx_http_pupil_ctx_t *ctx,
    const pupil_plugin_t *plugin);
static void ngx_http_pupil_data_fields(ngx_http_pupil_ctx_t *ctx,
    const char *name, const pupil_generic_t *generic);
static ngx_http_pupil_generic_t *ngx_http_pupil_data_place(
    ngx_http_pupil_ctx_t *ctx, ngx_uint_t write, uint32_t category,
    uint32_t relation);
static ngx_http_pupil_generic_t *ngx_http_pupil_data_generic(
    ngx_http_pupil_ctx_t *ctx, ngx_uint_t write, uint32_t category,
    uint32_t relation);


static const ngx_http_pupil_route_t  ngx_http_pupil_data_routes[] = {

    { .method = NGX_HTTP_GET, .path = "", .flags = NGX_HTTP_PUPIL_NOTHING,
      .parse = ngx_http_pupil_data_parse,
      .start = ngx_http_pupil_data_index_start },

    { .method = NGX_HTTP_GET, .path = "/{name}",
      .parse = ngx_http_pupil_data_parse,
      .start = ngx_http_pupil_data_start,
      .render = ngx_http_pupil_data_render },

    { .method = NGX_HTTP_GET, .path = "/{name}/{id}",
      .parse = ngx_http_pupil_data_parse,
      .start = ngx_http_pupil_data_start,
      .render = ngx_http_pupil_data_render },

    { .method = NGX_HTTP_PATCH, .path = "/{name}", .flags = NGX_HTTP_PUPIL_BODY,
      .parse = ngx_http_pupil_data_write_parse,
      .start = ngx_http_pupil_data_write_start,
      .render = ngx_http_pupil_data_write_step },

    { .method = NGX_HTTP_PATCH, .path = "/{name}/{id}",
      .flags = NGX_HTTP_PUPIL_BODY,
      .parse = ngx_http_pupil_data_write_parse,
      .start = ngx_http_pupil_data_write_start,
      .render = ngx_http_pupil_data_write_step },

    { .path = NULL }
};


const ngx_http_pupil_endpoint_t  ngx_http_pupil_data_endpoint = {
    .id = NGX_HTTP_PUPIL_ENDPOINT_DATA,
    .name = "data",
    .core = &pupil_data_endpoint,
    .routes = ngx_http_pupil_data_routes,
    .body_max = NGX_HTTP_PUPIL_BODY_MAX
};


static ngx_int_t
ngx_http_pupil_data_parse(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_data_t  *data;

    ngx_http_pupil_debug(ctx, "read: parse");

    data = ngx_http_pupil_ctx_data(ctx, sizeof(ngx_http_pupil_data_t));
    if (data == NULL) {
        return NGX_ERROR;
    }

    if (ctx->path_name.len == 0) {
        return ngx_http_pupil_no_arguments(ctx);
    }

    data->query.page = pupil_page_first;

    return ngx_http_pupil_arguments(ctx, pupil_data_arguments, &data->query);
}


/* What the session may do: no data, so nothing is read and nothing audited. */
static ngx_int_t
ngx_http_pupil_data_index_start(ngx_http_pupil_ctx_t *ctx)
{
    uint32_t  relation;

    ngx_http_pupil_debug(ctx, "index: start");

    relation = pupil_role_relation(pupil_role_find(ctx->session.role));

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "categories");
    pupil_writer_array_begin(&ctx->out);

    ngx_http_pupil_data_grants(ctx, PUPIL_RELATION_SELF);

    if (relation != PUPIL_RELATION_NONE) {
        ngx_http_pupil_data_grants(ctx, relation);
    }

    pupil_writer_array_end(&ctx->out);
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


static void
ngx_http_pupil_data_grants(ngx_http_pupil_ctx_t *ctx, uint32_t relation)
{
    uint32_t                         i, purpose;
    pupil_writer_t                  *out;
    const pupil_policy_t            *policy;
    const pupil_category_t          *category;
    const ngx_http_pupil_generic_t  *read, *write;

    out = &ctx->out;
    policy = &ctx->conf->serves.policy;
    purpose = pupil_generic_purpose(relation);

    for (i = 0; i < policy->count; i++) {

        category = policy->categories[i];
        read = ngx_http_pupil_data_generic(ctx, 0, i, relation);
        write = ngx_http_pupil_data_generic(ctx, 1, i, relation);

        if (read == NULL && write == NULL) {
            continue;
        }

        pupil_writer_object_begin(out);
        pupil_writer_key(out, "category");
        pupil_writer_str(out, &category->name);
        pupil_writer_key(out, "summary");
        pupil_writer_cstr(out, category->plugin->summary);
        pupil_writer_key(out, "relation");
        pupil_writer_cstr(out, pupil_relation_name(relation));
        pupil_writer_key(out, "purpose");
        pupil_writer_cstr(out, pupil_purpose_name(purpose));

        ngx_http_pupil_data_declared(ctx, category->plugin);
        ngx_http_pupil_data_fields(ctx, "read", read ? read->generic : NULL);
        ngx_http_pupil_data_fields(ctx, "write",
                                   write ? write->generic : NULL);
        pupil_writer_object_end(out);
    }
}


/* What the plugin says of its data, beside the fields (GDPR article 15(1)). */
static void
ngx_http_pupil_data_declared(ngx_http_pupil_ctx_t *ctx,
    const pupil_plugin_t *plugin)
{
    pupil_writer_t  *out;

    out = &ctx->out;

    pupil_writer_key(out, "source");
    pupil_writer_cstr(out, plugin->source);
    pupil_writer_key(out, "recipients");
    pupil_writer_cstr(out, plugin->recipients);
    pupil_writer_key(out, "kept");
    pupil_writer_object_begin(out);
    pupil_writer_key(out, "from");
    pupil_writer_cstr(out, pupil_event_name(plugin->retention->from));
    pupil_writer_key(out, "days");
    pupil_writer_int64(out, plugin->retention->days);
    pupil_writer_key(out, "then");
    pupil_writer_cstr(out, pupil_expiry_name(plugin->retention->then));
    pupil_writer_object_end(out);
}


static void
ngx_http_pupil_data_fields(ngx_http_pupil_ctx_t *ctx, const char *name,
    const pupil_generic_t *generic)
{
    uint32_t  i;

    pupil_writer_key(&ctx->out, name);
    pupil_writer_array_begin(&ctx->out);

    for (i = 0; generic != NULL && i < generic->template.wants_count; i++) {
        pupil_writer_cstr(&ctx->out, generic->template.wants[i].field);
    }

    pupil_writer_array_end(&ctx->out);
}


static ngx_http_pupil_generic_t *
ngx_http_pupil_data_place(ngx_http_pupil_ctx_t *ctx, ngx_uint_t write,
    uint32_t category, uint32_t relation)
{
    ngx_http_pupil_generic_t  *generic;

    generic = write ? ctx->conf->serves.writes : ctx->conf->serves.reads;

    return generic + category * PUPIL_RELATION_COUNT + relation;
}


/* NULL when nothing is granted. */
static ngx_http_pupil_generic_t *
ngx_http_pupil_data_generic(ngx_http_pupil_ctx_t *ctx, ngx_uint_t write,
    uint32_t category, uint32_t relation)
{
    ngx_http_pupil_generic_t  *generic;

    generic = ngx_http_pupil_data_place(ctx, write, category, relation);

    return generic->generic != NULL && generic->stmt.granted ? generic : NULL;
}


ngx_int_t
ngx_http_pupil_data_find(ngx_http_pupil_ctx_t *ctx, ngx_uint_t write)
{
    int32_t                 category;
    ngx_http_pupil_data_t  *data;

    data = ctx->data;

    category = pupil_policy_category(&ctx->conf->serves.policy, ctx->path_name);
    if (category < 0) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    data->category = ctx->conf->serves.policy.categories[category];
    data->subject = ctx->path_id;

    if (pupil_uuid_is_zero(&data->subject)) {
        data->subject = ctx->session.subject;
    }

    data->relation = PUPIL_RELATION_SELF;

    if (pupil_uuid_compare(&data->subject, &ctx->session.subject) != 0) {
        data->relation =
            pupil_role_relation(pupil_role_find(ctx->session.role));
    }

    if (data->relation == PUPIL_RELATION_NONE) {
        return NGX_ERROR;                 /* a role that the table lacks */
    }

    data->generic = ngx_http_pupil_data_generic(ctx, write,
                                                (uint32_t) category,
                                                data->relation);
    if (data->generic != NULL) {
        return NGX_OK;
    }

    data->generic = ngx_http_pupil_data_place(ctx, write, (uint32_t) category,
                                              data->relation);

    return ngx_http_pupil_refuse(ctx, &data->generic->stmt, &data->subject,
                                 NGX_HTTP_PUPIL_NOT_GRANTED);
}


static ngx_int_t
ngx_http_pupil_data_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t               rc;
    pupil_page_t           *page;
    ngx_libpq_exchange_t   *ex;
    ngx_http_pupil_data_t  *data;

    ngx_http_pupil_debug(ctx, "read: start");

    data = ctx->data;
    page = &data->query.page;

    rc = ngx_http_pupil_data_find(ctx, 0);
    if (rc != NGX_OK) {
        return rc;
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_data_evidence(ctx, ex);

    data->main = ngx_http_pupil_add(ctx, ex, &data->generic->stmt);
    ngx_libpq_param_uuid(ex, data->subject.b);
    ngx_http_pupil_param_id(ex, &page->cursor.id);

    /* one more, to know if there is another page */
    ngx_libpq_param_int4(ex, (int32_t) page->limit + 1);

    if (data->relation == PUPIL_RELATION_SUPPORT_GRANT) {
        ctx->resume = ngx_http_pupil_data_supported;
    }

    return ngx_http_pupil_submit(ctx, ex, 0);
}


/* A grant proves itself, and no key of the subject's is asked for before. */
static ngx_int_t
ngx_http_pupil_data_supported(ngx_http_pupil_ctx_t *ctx)
{
    pupil_expected_t        expected;
    ngx_http_pupil_data_t  *data;

    ngx_http_pupil_debug(ctx, "read: by which grant");

    data = ctx->data;

    ngx_memzero(&expected, sizeof(pupil_expected_t));
    expected.subject = &data->subject;
    expected.actor = &ctx->session.subject;
    expected.session.data = ctx->session.hash;
    expected.session.len = sizeof(ctx->session.hash);
    expected.now = ctx->now;

    return ngx_http_pupil_supports(ctx, ctx->exchange->results[0],
                                   PUPIL_DE_SUPPORT, &expected,
                                   ctx->route->render);
}


ngx_int_t
ngx_http_pupil_data_unknown(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_data_t  *data;

    data = ctx->data;

    /* who lets nobody in looks as if they were not there to support, too */
    return ngx_http_pupil_refuse(ctx, &data->generic->stmt, &data->subject,
                                 data->relation == PUPIL_RELATION_SUPPORT_GRANT
                                 ? NGX_HTTP_PUPIL_NOT_GRANTED
                                 : NGX_HTTP_PUPIL_NOT_FOUND);
}


static ngx_int_t
ngx_http_pupil_data_render(ngx_http_pupil_ctx_t *ctx)
{
    PGresult               *res;
    ngx_int_t               rc;
    ngx_uint_t              related;
    ngx_http_pupil_data_t  *data;

    ngx_http_pupil_debug(ctx, "read: render");

    data = ctx->data;
    res = ctx->exchange->results[data->main];
    related = 0;

    rc = ngx_http_pupil_data_proved(ctx);

    if (rc == NGX_ERROR
        || ngx_libpq_get_bool(res, 0, PUPIL_DR_RELATED, &related) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (!related || rc == NGX_DECLINED) {
        return ngx_http_pupil_data_unknown(ctx);
    }

    ngx_http_pupil_shown(ctx, &data->generic->stmt);

    if (data->generic->stmt.statement.from->wants[0].about
        == PUPIL_ABOUT_SUBJECTS)
    {
        ngx_http_pupil_about(ctx, &data->subject);
    }

    pupil_writer_object_begin(&ctx->out);
    ngx_http_pupil_data_head(ctx);

    rc = ngx_http_pupil_data_records(ctx, res);
    if (rc != NGX_OK) {
        return rc;
    }

    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


/* "records", and "next": the cursor behind the last of them, or null. */
static ngx_int_t
ngx_http_pupil_data_records(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    ngx_int_t               rc;
    ngx_uint_t              row, n;
    pupil_cursor_t          cursor;
    ngx_http_pupil_data_t  *data;

    data = ctx->data;
    n = PQntuples(res);
    ngx_memzero(&cursor, sizeof(pupil_cursor_t));

    pupil_writer_key(&ctx->out, "records");
    pupil_writer_array_begin(&ctx->out);

    for (row = 0; row < n && row < data->query.page.limit; row++) {
        rc = ngx_libpq_get_uuid(res, row, PUPIL_DR_RECORD, cursor.id.b);

        if (rc == NGX_OK
            && ngx_http_pupil_data_shown(ctx, res, row, &cursor.id))
        {
            rc = ngx_http_pupil_data_record(ctx, res, row, &cursor.id);
        }

        if (rc == NGX_ERROR || rc == NGX_AGAIN) {
            return rc;
        }
    }

    pupil_writer_array_end(&ctx->out);
    ngx_http_pupil_next_write(ctx, n > data->query.page.limit ? &cursor : NULL);

    return NGX_OK;
}


void
ngx_http_pupil_data_head(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_data_t  *data;

    data = ctx->data;

    pupil_writer_key(&ctx->out, "category");
    pupil_writer_str(&ctx->out, &data->category->name);
    pupil_writer_key(&ctx->out, "subject");
    pupil_writer_uuid(&ctx->out, &data->subject);
    pupil_writer_key(&ctx->out, "purpose");
    pupil_writer_cstr(&ctx->out,
                      pupil_purpose_name(data->generic->generic->purpose));
    pupil_writer_key(&ctx->out, "relation");
    pupil_writer_cstr(&ctx->out, pupil_relation_name(data->relation));
}


static ngx_int_t
ngx_http_pupil_data_record(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, const pupil_uuid_t *record)
{
    uint32_t                 i, g;
    ngx_int_t                rc;
    ngx_uint_t               has[PUPIL_STATEMENT_WANTS];
    ngx_http_pupil_row_t     cells;
    const pupil_generic_t   *generic;
    ngx_http_pupil_data_t   *data;
    ngx_http_pupil_owner_t   owners[PUPIL_STATEMENT_WANTS];

    data = ctx->data;
    generic = data->generic->generic;
    ngx_memzero(has, sizeof(has));

    for (g = 0; g < generic->sealers; g++) {
        rc = ngx_http_pupil_data_sealer(ctx, res, row, g, &owners[g]);
        if (rc == NGX_ERROR) {
            return rc;
        }

        has[g] = rc == NGX_OK;
    }

    if (has[0] && ngx_http_pupil_data_hidden(ctx, &owners[0])) {
        return ngx_http_pupil_refuse(ctx, &data->generic->stmt, &data->subject,
                                     NGX_HTTP_PUPIL_RESTRICTED);
    }

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "id");
    pupil_writer_uuid(&ctx->out, record);

    if (!PQgetisnull(res, (int) row, PUPIL_DR_SOURCE)) {
        pupil_writer_key(&ctx->out, "source");
        pupil_writer_cstr(&ctx->out, PQgetvalue(res, (int) row,
                                                PUPIL_DR_SOURCE));
    }

    cells.stmt = &data->generic->stmt;
    cells.res = res;
    cells.n = row;

    for (i = 0; i < generic->template.wants_count; i++) {
        g = generic->sealer[i];

        cells.owner = has[g] ? &owners[g] : NULL;
        cells.record = g == 0 ? record : &owners[g].id;

        (void) ngx_http_pupil_member(ctx, &cells, i,
                                     generic->template.wants[i].field);
    }

    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


/* What is plain of a restricted subject is theirs, too. */
static ngx_uint_t
ngx_http_pupil_data_hidden(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *owner)
{
    const ngx_http_pupil_data_t  *data;

    data = ctx->data;

    return data->relation != PUPIL_RELATION_SELF
           && data->category->plugin->owner == PUPIL_OWNER_SUBJECT
           && ngx_http_pupil_hidden(ctx, owner,
                                    data->generic->generic->purpose);
}
