/*
 * Copyright (C) the Pupil authors
 *
 * /v1/admin/imports: what imports would do and have done, in counts, for who
 * administers the tenant; and what they decide, which pupilctl work carries
 * out: nothing heavy runs here.
 */

#include "core/endpoints/imports.h"
#include "core/vault/authentic.h"
#include "http/request/ngx_http_pupil.h"
#include "http/request/ngx_http_pupil_endpoints.h"


#define NGX_HTTP_PUPIL_IMPORTS_NOTE  64     /* bytes, of a record's */


static ngx_int_t ngx_http_pupil_imports_parse(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_imports_list(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_imports_listed(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_imports_one(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, pupil_cursor_t *cursor);
static ngx_int_t ngx_http_pupil_imports_read(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, pupil_plan_row_t *plan);
static ngx_int_t ngx_http_pupil_imports_decided(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row);
static ngx_int_t ngx_http_pupil_imports_accept(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_imports_undo(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_imports_decide(ngx_http_pupil_ctx_t *ctx,
    const char *what, const char *kind);
static ngx_int_t ngx_http_pupil_imports_put(ngx_http_pupil_ctx_t *ctx);


static const ngx_http_pupil_route_t  ngx_http_pupil_imports_routes[] = {

    { .method = NGX_HTTP_GET, .path = "",
      .parse = ngx_http_pupil_imports_parse,
      .start = ngx_http_pupil_imports_list,
      .render = ngx_http_pupil_imports_listed },

    { .method = NGX_HTTP_POST, .path = "/{id}/accept",
      .parse = ngx_http_pupil_no_arguments,
      .start = ngx_http_pupil_imports_accept,
      .render = ngx_http_pupil_imports_put },

    { .method = NGX_HTTP_POST, .path = "/{id}/undo",
      .parse = ngx_http_pupil_no_arguments,
      .start = ngx_http_pupil_imports_undo,
      .render = ngx_http_pupil_imports_put },

    { .path = NULL }
};


const ngx_http_pupil_endpoint_t  ngx_http_pupil_imports_endpoint = {
    .id = NGX_HTTP_PUPIL_ENDPOINT_IMPORTS,
    .name = "imports",
    .core = &pupil_imports_endpoint,
    .routes = ngx_http_pupil_imports_routes,
    .body_max = NGX_HTTP_PUPIL_BODY_MAX
};


static ngx_int_t
ngx_http_pupil_imports_parse(ngx_http_pupil_ctx_t *ctx)
{
    pupil_imports_query_t  *query;

    ngx_http_pupil_debug(ctx, "imports: parse");

    query = ngx_http_pupil_ctx_data(ctx, sizeof(pupil_imports_query_t));
    if (query == NULL) {
        return NGX_ERROR;
    }

    query->page = pupil_page_first;

    return ngx_http_pupil_arguments(ctx, pupil_imports_arguments, query);
}


static ngx_int_t
ngx_http_pupil_imports_list(ngx_http_pupil_ctx_t *ctx)
{
    pupil_page_t          *page;
    pupil_time_t           before;
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "imports: start");

    if (!ngx_http_pupil_is(ctx, "tenant_admin")) {
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_IMPORTS_LIST,
                                          NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    page = &((pupil_imports_query_t *) ctx->data)->page;
    before = pupil_uuid_is_zero(&page->cursor.id) ? PUPIL_TIME_MAX
                                                  : page->cursor.time;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_IMPORTS_LIST);
    ngx_libpq_param_timestamptz(ex, before);
    ngx_libpq_param_uuid(ex, page->cursor.id.b);
    ngx_libpq_param_int4(ex, (int32_t) page->limit + 1);

    return ngx_http_pupil_submit(ctx, ex, 0);
}


static ngx_int_t
ngx_http_pupil_imports_listed(ngx_http_pupil_ctx_t *ctx)
{
    PGresult        *res;
    ngx_uint_t       row, n, limit;
    pupil_cursor_t   cursor;

    ngx_http_pupil_debug(ctx, "imports: render");

    res = ctx->exchange->results[0];
    limit = ((pupil_imports_query_t *) ctx->data)->page.limit;
    n = (ngx_uint_t) PQntuples(res);

    ngx_http_pupil_shown(ctx, ngx_http_pupil_stmt(ctx, PUPIL_IMPORTS_LIST));
    ngx_memzero(&cursor, sizeof(pupil_cursor_t));

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "imports");
    pupil_writer_array_begin(&ctx->out);

    for (row = 0; row < n && row < limit; row++) {
        if (ngx_http_pupil_imports_one(ctx, res, row, &cursor) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    pupil_writer_array_end(&ctx->out);
    ngx_http_pupil_next_write(ctx, n > limit ? &cursor : NULL);

    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_imports_one(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, pupil_cursor_t *cursor)
{
    int64_t            at;
    ngx_int_t          rc;
    pupil_str_t        state;
    pupil_writer_t    *out;
    pupil_plan_row_t   plan;

    rc = ngx_libpq_get_uuid(res, row, PUPIL_IL_ID, plan.id.b);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    if (ngx_libpq_get_timestamptz(res, row, PUPIL_IL_MADE_AT, &at) != NGX_OK
        || ngx_http_pupil_get_text(res, row, PUPIL_IL_STATE, &state)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    cursor->id = plan.id;
    cursor->time = at;

    rc = ngx_http_pupil_imports_read(ctx, res, row, &plan);
    if (rc != NGX_OK) {
        return rc == NGX_DONE ? NGX_OK : rc;
    }

    out = &ctx->out;

    pupil_writer_object_begin(out);
    pupil_writer_key(out, "id");
    pupil_writer_uuid(out, &plan.id);
    pupil_writer_key(out, "plan");

    if (plan.plan.len != 0) {
        pupil_writer_str(out, &plan.plan);
    } else {
        pupil_writer_null(out);
    }

    pupil_writer_key(out, "at");
    pupil_writer_time(out, at);
    pupil_writer_key(out, "state");
    pupil_writer_str(out, &state);
    pupil_imports_note(out, plan.note);

    if (ngx_http_pupil_imports_decided(ctx, res, row) != NGX_OK) {
        return NGX_ERROR;
    }

    pupil_writer_object_end(out);

    return NGX_OK;
}


/* NGX_DONE: nobody with the keys has written it, which is noted. */
static ngx_int_t
ngx_http_pupil_imports_read(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, pupil_plan_row_t *plan)
{
    uint8_t             mac[PUPIL_MAC_LEN];
    pupil_str_t         stored;
    const pupil_key_t  *key;

    key = ngx_http_pupil_key(ctx, "mac");

    if (key == NULL
        || ngx_http_pupil_get_text(res, row, PUPIL_IL_PLAN, &plan->plan)
           != NGX_OK
        || ngx_http_pupil_get_text(res, row, PUPIL_IL_NOTE, &plan->note)
           != NGX_OK
        || ngx_http_pupil_get_bytea(res, row, PUPIL_IL_MAC, &stored) != NGX_OK)
    {
        return NGX_ERROR;
    }

    plan->tenant = ctx->tenant;
    pupil_mac_plan(key, plan, mac);

    if (pupil_mac_check(mac, stored) == PUPIL_OK) {
        return NGX_OK;
    }

    ngx_http_pupil_tampered(ctx, "pupil.import_plan", &plan->id,
                            &ctx->session.subject, "its MAC does not fit");

    return NGX_DONE;
}


static ngx_int_t
ngx_http_pupil_imports_decided(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row)
{
    int64_t          at;
    ngx_int_t        rc;
    pupil_str_t      what, state;
    pupil_writer_t  *out;

    out = &ctx->out;
    pupil_writer_key(out, "decision");

    rc = ngx_http_pupil_get_text(res, row, PUPIL_IL_WHAT, &what);

    if (rc == NGX_DECLINED) {
        pupil_writer_null(out);
        return NGX_OK;
    }

    if (rc != NGX_OK
        || ngx_libpq_get_timestamptz(res, row, PUPIL_IL_DECIDED_AT, &at)
           != NGX_OK
        || ngx_http_pupil_get_text(res, row, PUPIL_IL_DECIDED_STATE, &state)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    pupil_writer_object_begin(out);
    pupil_writer_key(out, "what");
    pupil_writer_str(out, &what);
    pupil_writer_key(out, "at");
    pupil_writer_time(out, at);
    pupil_writer_key(out, "state");
    pupil_writer_str(out, &state);
    pupil_writer_object_end(out);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_imports_accept(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_imports_decide(ctx, PUPIL_IMPORTS_ACCEPT, "plan");
}


static ngx_int_t
ngx_http_pupil_imports_undo(ngx_http_pupil_ctx_t *ctx)
{
    return ngx_http_pupil_imports_decide(ctx, PUPIL_IMPORTS_UNDO, "run");
}


/* Signed, as whoever carries it out believes no row that is not (I20). */
static ngx_int_t
ngx_http_pupil_imports_decide(ngx_http_pupil_ctx_t *ctx, const char *what,
    const char *kind)
{
    u_char                    *p, *note;
    uint8_t                    mac[PUPIL_MAC_LEN];
    ngx_uint_t                 at;
    const pupil_key_t         *key;
    pupil_decision_row_t       row;
    ngx_libpq_exchange_t      *ex;
    ngx_http_pupil_writing_t   writing;

    ngx_http_pupil_debug(ctx, "imports: decide");

    if (!ngx_http_pupil_is(ctx, "tenant_admin")) {
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_IMPORTS_DECIDE,
                                          NGX_HTTP_PUPIL_NOT_GRANTED);
    }

    key = ngx_http_pupil_key(ctx, "mac");
    note = ngx_http_pupil_alloc(ctx, NGX_HTTP_PUPIL_IMPORTS_NOTE);
    ex = ngx_http_pupil_exchange(ctx);

    if (key == NULL || note == NULL || ex == NULL) {
        return NGX_ERROR;
    }

    row.tenant = ctx->tenant;
    row.id = ctx->path_id;
    row.request = ctx->id;
    row.what.data = (const uint8_t *) what;
    row.what.len = ngx_strlen(what);
    row.at = ctx->now;
    pupil_mac_decision(key, &row, mac);

    at = ngx_http_pupil_add_stmt(ctx, ex, PUPIL_IMPORTS_DECIDE);
    ngx_libpq_param_uuid(ex, ctx->path_id.b);
    ngx_libpq_param_text(ex, what, ngx_strlen(what));
    ngx_libpq_param_timestamptz(ex, ctx->now);
    ngx_libpq_param_bytea(ex, mac, pupil_mac_len(mac));
    ngx_libpq_param_text(ex, kind, ngx_strlen(kind));

    p = ngx_snprintf(note, NGX_HTTP_PUPIL_IMPORTS_NOTE, "import %s ", what);
    pupil_uuid_format(&ctx->path_id, p);

    ngx_memzero(&writing, sizeof(ngx_http_pupil_writing_t));
    writing.choices = pupil_imports_makes;
    writing.n = PUPIL_IMPORTS_CHOICES;
    writing.numbers = 1;
    writing.note.data = note;
    writing.note.len = (size_t) (p - note) + PUPIL_UUID_TEXT_LEN;
    ngx_http_pupil_audit_write(ctx, ex, at,
        ngx_http_pupil_stmt(ctx, PUPIL_IMPORTS_DECIDE), &writing);

    return ngx_http_pupil_submit(ctx, ex, 1);
}


static ngx_int_t
ngx_http_pupil_imports_put(ngx_http_pupil_ctx_t *ctx)
{
    int64_t  found;

    ngx_http_pupil_debug(ctx, "imports: decided");

    if (ngx_libpq_get_int8(ctx->exchange->results[0], 0, PUPIL_ID_FOUND,
                           &found)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (found != 1) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_NOT_FOUND);
    }

    ctx->response.status = NGX_HTTP_ACCEPTED;
    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "state");
    pupil_writer_cstr(&ctx->out, "waiting");
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}
