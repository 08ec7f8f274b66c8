/*
 * Copyright (C) the Pupil authors
 *
 * /v1/me/requests: what people ask for of their data.  A first exchange looks
 * whether it is there already, as whoever sends it again is told that it is
 * (invariant I15); the second writes it with its audit record (I2).  What they
 * say, and are told, is sealed under their key, restricted or not.
 */

#include "core/base/text.h"
#include "core/endpoints/requests.h"
#include "core/endpoints/support.h"
#include "core/vault/authentic.h"
#include "http/rights/ngx_http_pupil_rights.h"


/* ctx->data of one that is made. */
typedef struct {
    pupil_input_request_t   in;
    ngx_http_pupil_owner_t  owner;
    pupil_request_row_t     row;
    unsigned                again:1;    /* somebody was quicker */
} ngx_http_pupil_rights_request_t;


static ngx_int_t ngx_http_pupil_rights_request_look(
    ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_rights_request_looked(
    ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_rights_request_replay(
    ngx_http_pupil_ctx_t *ctx, const pupil_request_row_t *row);
static ngx_int_t ngx_http_pupil_rights_request_send(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_rights_request_seal(ngx_http_pupil_ctx_t *ctx,
    const char *field, pupil_str_t value, pupil_str_t *sealed);
static ngx_int_t ngx_http_pupil_rights_request_make(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t categories, pupil_str_t text);
static pupil_str_t ngx_http_pupil_rights_str(const char *text);
static ngx_uint_t ngx_http_pupil_rights_same(const pupil_str_t *one,
    const pupil_str_t *other);


ngx_int_t
ngx_http_pupil_rights_request_parse(ngx_http_pupil_ctx_t *ctx)
{
    pupil_rc_t                        rc;
    pupil_fault_t                     fault;
    ngx_http_pupil_rights_request_t  *data;

    ngx_http_pupil_debug(ctx, "request: parse");

    if (ngx_http_pupil_no_arguments(ctx) != NGX_OK) {
        return NGX_DONE;
    }

    data = ngx_http_pupil_ctx_data(ctx,
                                   sizeof(ngx_http_pupil_rights_request_t));
    if (data == NULL) {
        return NGX_ERROR;
    }

    rc = pupil_input_request(&ctx->alloc, &ctx->body, &data->in, &fault);

    return ngx_http_pupil_parsed(ctx, rc, &fault);
}


ngx_int_t
ngx_http_pupil_rights_request_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "request: start");

    return ngx_http_pupil_rights_request_look(ctx);
}


static ngx_int_t
ngx_http_pupil_rights_request_look(ngx_http_pupil_ctx_t *ctx)
{
    ngx_libpq_exchange_t             *ex;
    ngx_http_pupil_rights_request_t  *data;

    data = ctx->data;

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    (void) ngx_http_pupil_add_stmt(ctx, ex, PUPIL_RIGHTS_REQUEST_LOOK);
    ngx_libpq_param_uuid(ex, data->in.id.b);

    ctx->resume = ngx_http_pupil_rights_request_looked;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


static ngx_int_t
ngx_http_pupil_rights_request_looked(ngx_http_pupil_ctx_t *ctx)
{
    PGresult                         *res;
    ngx_int_t                         rc;
    pupil_request_row_t               row;
    ngx_http_pupil_rights_request_t  *data;

    ngx_http_pupil_debug(ctx, "request: looked for");

    data = ctx->data;
    res = ctx->exchange->results[0];

    if (ngx_http_pupil_owner(ctx, res, 0, PUPIL_RQ_OWNER,
                             &ctx->session.subject, &data->owner)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    rc = ngx_http_pupil_rights_request_row(ctx, res, 0, &row);

    /* an authentic row of another request is none of this one (I20) */
    if (rc == NGX_OK && pupil_uuid_compare(&row.request, &data->in.id) != 0) {
        ngx_http_pupil_tampered_record(ctx, PUPIL_REQUEST_CATEGORY,
                                       &row.request, &ctx->session.subject,
                                       "another record");
        ctx->integrity = 1;
        return NGX_ERROR;
    }

    switch (rc) {

    case NGX_OK:
        return ngx_http_pupil_rights_request_replay(ctx, &row);

    case NGX_DONE:
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_RIGHTS_REQUEST_MAKE,
                                          NGX_HTTP_PUPIL_ID_CONFLICT);

    case NGX_DECLINED:
        return data->again
               ? ngx_http_pupil_refuse_stmt(ctx, PUPIL_RIGHTS_REQUEST_MAKE,
                                            NGX_HTTP_PUPIL_ID_CONFLICT)
               : ngx_http_pupil_rights_request_send(ctx);

    default:
        return NGX_ERROR;
    }
}


/* Whoever sends it again sees what became of it since. */
static ngx_int_t
ngx_http_pupil_rights_request_replay(ngx_http_pupil_ctx_t *ctx,
    const pupil_request_row_t *row)
{
    ngx_int_t                         rc;
    const char                       *kind;
    pupil_input_request_t            *in;
    ngx_http_pupil_rights_said_t      said;

    in = &((ngx_http_pupil_rights_request_t *) ctx->data)->in;
    kind = pupil_request_kind_name(in->kind);

    rc = ngx_http_pupil_rights_request_said(ctx, ctx->exchange->results[0], 0,
                                            row, &said);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    if (!pupil_str_is(row->kind, kind)
        || !ngx_http_pupil_rights_same(&in->categories, &said.categories)
        || !ngx_http_pupil_rights_same(&in->text, &said.text))
    {
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_RIGHTS_REQUEST_MAKE,
                                          NGX_HTTP_PUPIL_ID_CONFLICT);
    }

    ngx_http_pupil_shown(ctx, ngx_http_pupil_stmt(ctx,
                                                  PUPIL_RIGHTS_REQUEST_LOOK));
    ngx_http_pupil_rights_request_write(&ctx->out, row, &said);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_rights_request_send(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                         rc;
    pupil_str_t                       categories, text;
    ngx_http_pupil_rights_request_t  *data;

    data = ctx->data;

    rc = ngx_http_pupil_rights_request_seal(ctx, "categories",
                                            data->in.categories, &categories);
    if (rc == NGX_OK) {
        rc = ngx_http_pupil_rights_request_seal(ctx, "text", data->in.text,
                                                &text);
    }

    switch (rc) {

    case NGX_OK:
        return ngx_http_pupil_rights_request_make(ctx, categories, text);

    case NGX_DECLINED:
        return NGX_OK;

    case NGX_DONE:
        return ngx_http_pupil_refuse_stmt(ctx, PUPIL_RIGHTS_REQUEST_MAKE,
                                          NGX_HTTP_PUPIL_RESTRICTED);

    default:
        return NGX_ERROR;
    }
}


/* NGX_DECLINED: the key is being asked for; NGX_DONE: there is none. */
static ngx_int_t
ngx_http_pupil_rights_request_seal(ngx_http_pupil_ctx_t *ctx,
    const char *field, pupil_str_t value, pupil_str_t *sealed)
{
    ngx_http_pupil_place_t            at;
    ngx_http_pupil_rights_request_t  *data;

    data = ctx->data;

    ngx_memzero(sealed, sizeof(pupil_str_t));

    if (value.len == 0) {
        return NGX_OK;
    }

    at.category = PUPIL_REQUEST_CATEGORY;
    at.field = field;
    at.owner = &data->owner;
    at.record = &data->in.id;

    switch (ngx_http_pupil_seal_open(ctx, &at, value, sealed)) {

    case PUPIL_OK:
        return NGX_OK;

    case PUPIL_NO_KEY:
        return NGX_DECLINED;

    case PUPIL_RESTRICTED:
    case PUPIL_ERASED:
        return NGX_DONE;

    default:
        return NGX_ERROR;
    }
}


static ngx_int_t
ngx_http_pupil_rights_request_make(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t categories, pupil_str_t text)
{
    uint8_t                           mac[PUPIL_MAC_LEN];
    ngx_uint_t                        at;
    const pupil_key_t                *key;
    pupil_request_row_t              *row;
    ngx_libpq_exchange_t             *ex;
    ngx_http_pupil_rights_request_t  *data;

    data = ctx->data;
    row = &data->row;
    key = ngx_http_pupil_key(ctx, "mac");
    ex = ngx_http_pupil_exchange(ctx);

    if (key == NULL || ex == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(row, sizeof(pupil_request_row_t));
    row->tenant = ctx->tenant;
    row->request = data->in.id;
    row->subject = ctx->session.subject;
    row->kind = ngx_http_pupil_rights_str(
                    pupil_request_kind_name(data->in.kind));
    row->state = ngx_http_pupil_rights_str(
                     pupil_request_state_name(PUPIL_REQUEST_RECEIVED));
    row->received_on = ctx->today;
    row->due_on = pupil_request_due(ctx->today, 0);
    row->created_at = ctx->now;
    row->changed_at = ctx->now;

    pupil_mac_request(key, row, mac);

    at = ngx_http_pupil_add_stmt(ctx, ex, PUPIL_RIGHTS_REQUEST_MAKE);
    ngx_libpq_param_uuid(ex, row->request.b);
    ngx_libpq_param_text(ex, row->kind.data, row->kind.len);
    ngx_libpq_param_int4(ex, row->received_on);
    ngx_libpq_param_int4(ex, row->due_on);
    ngx_libpq_param_timestamptz(ex, row->created_at);
    ngx_libpq_param_bytea(ex, mac, pupil_mac_len(mac));
    ngx_http_pupil_param_bytea(ex, &categories);
    ngx_http_pupil_param_bytea(ex, &text);

    ngx_http_pupil_rights_record(ctx, ex, at, PUPIL_RIGHTS_REQUEST_MAKE,
                                 pupil_support_makes);

    ctx->resume = ctx->route->render;

    return ngx_http_pupil_submit(ctx, ex, 1);
}


ngx_int_t
ngx_http_pupil_rights_request_made(ngx_http_pupil_ctx_t *ctx)
{
    int32_t                           slot;
    ngx_int_t                         rc;
    ngx_http_pupil_rights_said_t      said;
    ngx_http_pupil_rights_request_t  *data;

    ngx_http_pupil_debug(ctx, "request: written");

    data = ctx->data;
    slot = 0;

    rc = ngx_libpq_get_int4(ctx->exchange->results[0], 0, PUPIL_RN_SLOT,
                            &slot);
    if (rc == NGX_ERROR) {
        return NGX_ERROR;
    }

    if (rc == NGX_DECLINED) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_CONFLICT);
    }

    if (slot == 0) {
        data->again = 1;
        return ngx_http_pupil_rights_request_look(ctx);
    }

    ngx_memzero(&said, sizeof(ngx_http_pupil_rights_said_t));
    said.categories = data->in.categories;
    said.text = data->in.text;

    ctx->response.status = NGX_HTTP_CREATED;
    ngx_http_pupil_rights_request_write(&ctx->out, &data->row, &said);

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_rights_requests_start(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "requests: start");

    return ngx_http_pupil_rights_newest(ctx, PUPIL_RIGHTS_REQUESTS);
}


/* What does not count is left out, and noted; the page ends behind it. */
ngx_int_t
ngx_http_pupil_rights_requests_render(ngx_http_pupil_ctx_t *ctx)
{
    PGresult                      *res;
    ngx_int_t                      rc;
    ngx_uint_t                     n, rows, limit;
    pupil_cursor_t                 cursor;
    pupil_request_row_t            row;
    ngx_http_pupil_rights_said_t   said;

    ngx_http_pupil_debug(ctx, "requests: render");

    res = ctx->exchange->results[0];
    limit = ((pupil_rights_query_t *) ctx->data)->page.limit;
    rows = (ngx_uint_t) PQntuples(res);

    ngx_http_pupil_shown(ctx, ngx_http_pupil_stmt(ctx, PUPIL_RIGHTS_REQUESTS));
    ngx_memzero(&cursor, sizeof(pupil_cursor_t));

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "requests");
    pupil_writer_array_begin(&ctx->out);

    for (n = 0; n < rows && n < limit; n++) {
        rc = ngx_http_pupil_rights_request_row(ctx, res, n, &row);
        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (rc == NGX_DECLINED) {
            continue;
        }

        cursor.id = row.request;
        cursor.time = row.created_at;

        if (rc == NGX_OK) {
            rc = ngx_http_pupil_rights_request_said(ctx, res, n, &row, &said);
            if (rc == NGX_ERROR) {
                return NGX_ERROR;
            }

            ngx_http_pupil_rights_request_write(&ctx->out, &row, &said);
        }
    }

    pupil_writer_array_end(&ctx->out);
    ngx_http_pupil_next_write(ctx, rows > limit ? &cursor : NULL);
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


static pupil_str_t
ngx_http_pupil_rights_str(const char *text)
{
    pupil_str_t  str;

    str.data = (const uint8_t *) text;
    str.len = ngx_strlen(text);

    return str;
}


static ngx_uint_t
ngx_http_pupil_rights_same(const pupil_str_t *one, const pupil_str_t *other)
{
    return one->len == other->len
           && (one->len == 0
               || ngx_memcmp(one->data, other->data, one->len) == 0);
}
