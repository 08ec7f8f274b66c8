/*
 * Copyright (C) the Pupil authors
 *
 * /v1/me/: who looked at what is the actor's.  That somebody reads this is on
 * record as every access is, and stands in what they read next.
 */

#include "core/endpoints/support.h"
#include "http/request/ngx_http_pupil_endpoints.h"
#include "http/rights/ngx_http_pupil_rights.h"


/* What is older, and not sealed, is not looked for: sql/data/044. */
#define NGX_HTTP_PUPIL_UNSEALED  (60 * PUPIL_TIME_SECOND)


static ngx_int_t ngx_http_pupil_rights_page_parse(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_rights_audit_start(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_rights_audit_render(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_rights_events(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t n, pupil_cursor_t *cursor);
static ngx_int_t ngx_http_pupil_rights_unlisted(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);
static ngx_int_t ngx_http_pupil_seen_text(ngx_http_pupil_seen_t *seen,
    PGresult *res, ngx_uint_t row, ngx_uint_t col);
static ngx_int_t ngx_http_pupil_seen_number(PGresult *res, ngx_uint_t row,
    ngx_uint_t col, int64_t *value);


static const ngx_http_pupil_route_t  ngx_http_pupil_rights_routes[] = {

    { .method = NGX_HTTP_GET, .path = "/audit",
      .parse = ngx_http_pupil_rights_page_parse,
      .start = ngx_http_pupil_rights_audit_start,
      .render = ngx_http_pupil_rights_audit_render },

    { .method = NGX_HTTP_GET, .path = "/audit/{id}/proof",
      .parse = ngx_http_pupil_no_arguments,
      .start = ngx_http_pupil_rights_proof_start,
      .render = ngx_http_pupil_rights_proof_render },

    { .method = NGX_HTTP_GET, .path = "/sessions",
      .parse = ngx_http_pupil_no_arguments,
      .start = ngx_http_pupil_rights_sessions_start,
      .render = ngx_http_pupil_rights_sessions_render },

    { .method = NGX_HTTP_DELETE, .path = "/sessions",
      .parse = ngx_http_pupil_no_arguments,
      .start = ngx_http_pupil_rights_sessions_start,
      .render = ngx_http_pupil_rights_others_end },

    { .method = NGX_HTTP_DELETE, .path = "/sessions/{id}",
      .parse = ngx_http_pupil_no_arguments,
      .start = ngx_http_pupil_rights_sessions_start,
      .render = ngx_http_pupil_rights_session_end },

    { .method = NGX_HTTP_GET, .path = "/support-grants",
      .parse = ngx_http_pupil_no_arguments,
      .start = ngx_http_pupil_rights_supports_start,
      .render = ngx_http_pupil_rights_supports_render },

    { .method = NGX_HTTP_POST, .path = "/support-grants",
      .flags = NGX_HTTP_PUPIL_BODY,
      .parse = ngx_http_pupil_rights_support_parse,
      .start = ngx_http_pupil_rights_support_make,
      .render = ngx_http_pupil_rights_support_made },

    { .method = NGX_HTTP_DELETE, .path = "/support-grants/{id}",
      .parse = ngx_http_pupil_no_arguments,
      .start = ngx_http_pupil_rights_support_end,
      .render = ngx_http_pupil_rights_support_gone },

    { .method = NGX_HTTP_GET, .path = "/notices",
      .parse = ngx_http_pupil_rights_page_parse,
      .start = ngx_http_pupil_rights_notices_start,
      .render = ngx_http_pupil_rights_notices_render },

    { .method = NGX_HTTP_POST, .path = "/notices/{id}/seen",
      .parse = ngx_http_pupil_no_arguments,
      .start = ngx_http_pupil_rights_seen_start,
      .render = ngx_http_pupil_rights_seen_render },

    { .method = NGX_HTTP_GET, .path = "/requests",
      .parse = ngx_http_pupil_rights_page_parse,
      .start = ngx_http_pupil_rights_requests_start,
      .render = ngx_http_pupil_rights_requests_render },

    { .method = NGX_HTTP_POST, .path = "/requests",
      .flags = NGX_HTTP_PUPIL_BODY,
      .parse = ngx_http_pupil_rights_request_parse,
      .start = ngx_http_pupil_rights_request_start,
      .render = ngx_http_pupil_rights_request_made },

    { .path = NULL }
};


const ngx_http_pupil_endpoint_t  ngx_http_pupil_rights_endpoint = {
    .id = NGX_HTTP_PUPIL_ENDPOINT_RIGHTS,
    .name = "rights",
    .core = &pupil_rights_endpoint,
    .routes = ngx_http_pupil_rights_routes,
    .body_max = NGX_HTTP_PUPIL_BODY_MAX
};


static ngx_int_t
ngx_http_pupil_rights_page_parse(ngx_http_pupil_ctx_t *ctx)
{
    pupil_rights_query_t  *query;

    ngx_http_pupil_debug(ctx, "page: parse");

    query = ngx_http_pupil_ctx_data(ctx, sizeof(pupil_rights_query_t));
    if (query == NULL) {
        return NGX_ERROR;
    }

    query->page = pupil_page_first;

    return ngx_http_pupil_arguments(ctx, pupil_rights_arguments, query);
}


static ngx_int_t
ngx_http_pupil_rights_audit_start(ngx_http_pupil_ctx_t *ctx)
{
    uint64_t               writer, number;
    pupil_page_t          *page;
    pupil_time_t           before;
    ngx_libpq_exchange_t  *ex;

    ngx_http_pupil_debug(ctx, "audit: start");

    page = &((pupil_rights_query_t *) ctx->data)->page;
    before = pupil_uuid_is_zero(&page->cursor.id) ? PUPIL_TIME_MAX
                                                  : page->cursor.time;
    pupil_rights_id_read(&page->cursor.id, &writer, &number);

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_RIGHTS_AUDIT);
    ngx_libpq_param_timestamptz(ex, before);
    ngx_libpq_param_int8(ex, (int64_t) writer);
    ngx_libpq_param_int8(ex, (int64_t) number);
    ngx_libpq_param_int4(ex, (int32_t) page->limit + 1);

    return ngx_http_pupil_submit(ctx, ex, 0);
}


static ngx_int_t
ngx_http_pupil_rights_audit_render(ngx_http_pupil_ctx_t *ctx)
{
    PGresult        *res;
    ngx_uint_t       n, limit;
    pupil_cursor_t   cursor;

    ngx_http_pupil_debug(ctx, "audit: render");

    res = ctx->exchange->results[0];
    limit = ((pupil_rights_query_t *) ctx->data)->page.limit;
    n = (ngx_uint_t) PQntuples(res);

    ngx_http_pupil_shown(ctx, ngx_http_pupil_stmt(ctx, PUPIL_RIGHTS_AUDIT));

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "events");
    pupil_writer_array_begin(&ctx->out);

    if (ngx_http_pupil_rights_events(ctx, res, ngx_min(n, limit), &cursor)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    pupil_writer_array_end(&ctx->out);
    ngx_http_pupil_next_write(ctx, n > limit ? &cursor : NULL);

    if (ngx_http_pupil_rights_unlisted(ctx, res) != NGX_OK) {
        return NGX_ERROR;
    }

    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_rights_events(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t n, pupil_cursor_t *cursor)
{
    ngx_int_t              rc;
    ngx_uint_t             row;
    ngx_http_pupil_seen_t  seen;

    for (row = 0, rc = NGX_OK; row < n && rc != NGX_ERROR; row++) {

        rc = ngx_http_pupil_seen(ctx, res, row, PUPIL_RA_RECORD, &seen);

        if (rc == NGX_OK
            && pupil_seen_write(&seen.seen, &seen.id, &ctx->alloc, &ctx->out)
               != PUPIL_OK)
        {
            rc = NGX_ERROR;
        }

        if (rc != NGX_DECLINED) {
            cursor->time = seen.seen.record.at;
            cursor->id = seen.id;
        }
    }

    pupil_stack_wipe();

    return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


/* The time of which something may be on record that is not found yet. */
static ngx_int_t
ngx_http_pupil_rights_unlisted(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    ngx_int_t     rc;
    pupil_time_t  sealed;

    sealed = PUPIL_TIME_NONE;

    rc = ngx_libpq_get_timestamptz(res, 0, PUPIL_RA_SEALED, &sealed);
    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    pupil_writer_key(&ctx->out, "unlisted");

    if (rc == NGX_OK && sealed >= ctx->now - NGX_HTTP_PUPIL_UNSEALED) {
        pupil_writer_null(&ctx->out);
        return NGX_OK;
    }

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "from");
    pupil_writer_time(&ctx->out, sealed);
    pupil_writer_key(&ctx->out, "to");
    pupil_writer_time(&ctx->out, ctx->now - NGX_HTTP_PUPIL_UNSEALED);
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_seen(ngx_http_pupil_ctx_t *ctx, PGresult *res, ngx_uint_t row,
    ngx_uint_t col, ngx_http_pupil_seen_t *seen)
{
    ngx_int_t              rc;
    int64_t                writer, number;
    const pupil_key_t     *key;
    pupil_audit_record_t  *record;

    ngx_memzero(seen, sizeof(ngx_http_pupil_seen_t));

    record = &seen->seen.record;
    record->tenant = ctx->tenant;
    seen->seen.subject = ctx->session.subject;

    rc = ngx_libpq_get_timestamptz(res, row, col + PUPIL_CA_AT, &record->at);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_libpq_get_int8(res, row, col + PUPIL_CA_WRITER, &writer) != NGX_OK
        || ngx_libpq_get_int8(res, row, col + PUPIL_CA_NUMBER, &number)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    record->writer = (uint64_t) writer;
    record->number = (uint64_t) number;
    pupil_rights_id(record->writer, record->number, &seen->id);

    rc = ngx_http_pupil_seen_text(seen, res, row, col);
    if (rc != NGX_OK) {
        return rc;
    }

    key = ngx_http_pupil_audit_key(ctx->main, &ctx->tenant);
    if (key == NULL) {
        return NGX_ERROR;
    }

    if (pupil_seen_check(key, &seen->seen) != PUPIL_OK) {
        ngx_http_pupil_tampered(ctx, "pupil.audit_record", &record->request,
                                &seen->seen.subject, "not authentic");
        return NGX_DONE;
    }

    return NGX_OK;
}


/* NGX_DONE: the record is not there. */
static ngx_int_t
ngx_http_pupil_seen_text(ngx_http_pupil_seen_t *seen, PGresult *res,
    ngx_uint_t row, ngx_uint_t col)
{
    ngx_int_t              rc;
    ngx_uint_t             i;
    pupil_audit_record_t  *record;

    record = &seen->seen.record;

    /* NULL but for the first: empty, as a MAC has it */
    const struct {
        ngx_uint_t    col;
        ngx_int_t   (*get)(const PGresult *res, ngx_uint_t row, ngx_uint_t col,
                        pupil_str_t *value);
        pupil_str_t  *value;
    } texts[] = {
        { PUPIL_CA_ROLE, ngx_http_pupil_get_text, &record->role },
        { PUPIL_CA_SHAPE, ngx_http_pupil_get_bytea, &record->shape },
        { PUPIL_CA_POLICY, ngx_http_pupil_get_bytea, &record->policy },
        { PUPIL_CA_OUTCOME, ngx_http_pupil_get_text, &record->outcome },
        { PUPIL_CA_NETWORK, ngx_http_pupil_get_text, &record->network },
        { PUPIL_CA_SUBJECTS, ngx_http_pupil_get_text, &record->subjects },
        { PUPIL_CA_NOTE, ngx_http_pupil_get_text, &record->note },
        { PUPIL_CA_MAC, ngx_http_pupil_get_bytea, &seen->seen.mac },
        { PUPIL_CA_ACCESSES, ngx_http_pupil_get_text, &seen->seen.accesses }
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        rc = texts[i].get(res, row, col + texts[i].col, texts[i].value);

        if (rc == NGX_ERROR) {
            return rc;
        }

        if (rc == NGX_DECLINED && i == 0) {
            return NGX_DONE;
        }
    }

    if (ngx_libpq_get_uuid(res, row, col + PUPIL_CA_REQUEST, record->request.b)
        != NGX_OK
        || ngx_libpq_get_uuid(res, row, col + PUPIL_CA_ACTOR, record->actor.b)
           == NGX_ERROR
        || ngx_libpq_get_uuid(res, row, col + PUPIL_CA_INSTITUTION,
                              record->institution.b) == NGX_ERROR
        || ngx_http_pupil_seen_number(res, row, col + PUPIL_CA_EVENT,
                                      &seen->seen.event) == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    return ngx_http_pupil_seen_number(res, row, col + PUPIL_CA_LEAF,
                                      &seen->seen.leaf);
}


/* -1 for NULL. */
static ngx_int_t
ngx_http_pupil_seen_number(PGresult *res, ngx_uint_t row, ngx_uint_t col,
    int64_t *value)
{
    *value = -1;

    return ngx_libpq_get_int8(res, row, col, value) == NGX_ERROR ? NGX_ERROR
                                                                 : NGX_OK;
}


ngx_int_t
ngx_http_pupil_rights_newest(ngx_http_pupil_ctx_t *ctx, ngx_uint_t stmt)
{
    pupil_page_t          *page;
    pupil_time_t           before;
    ngx_libpq_exchange_t  *ex;

    page = &((pupil_rights_query_t *) ctx->data)->page;
    before = pupil_uuid_is_zero(&page->cursor.id) ? PUPIL_TIME_MAX
                                                  : page->cursor.time;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, stmt);
    ngx_libpq_param_timestamptz(ex, before);
    ngx_libpq_param_uuid(ex, page->cursor.id.b);
    ngx_libpq_param_int4(ex, (int32_t) page->limit + 1);

    return ngx_http_pupil_submit(ctx, ex, 0);
}


void
ngx_http_pupil_rights_record(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t at, ngx_uint_t stmt,
    const pupil_audit_choice_t *choices)
{
    ngx_http_pupil_writing_t  what;

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = choices;
    what.n = PUPIL_SUPPORT_CHOICES;
    what.numbers = 1;
    ngx_http_pupil_audit_write(ctx, ex, at, ngx_http_pupil_stmt(ctx, stmt),
                               &what);
}
