/*
 * Copyright (C) the Pupil authors
 *
 * What goes out: our answers, the headers that all answers of our locations
 * carry, and problem documents in place of the pages that nginx makes for the
 * errors it finds itself (413, 404, 502 ...).
 */

#include "http/request/ngx_http_pupil.h"


static void ngx_http_pupil_answered(ngx_http_pupil_ctx_t *ctx);
static ngx_chain_t *ngx_http_pupil_chain(ngx_http_pupil_ctx_t *ctx,
    pupil_writer_t *out);
static ngx_chain_t *ngx_http_pupil_text(ngx_http_pupil_ctx_t *ctx);
static void ngx_http_pupil_content_type(ngx_http_request_t *r,
    ngx_uint_t problem);
static ngx_int_t ngx_http_pupil_headers(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_allow(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_rewrite(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem);
static ngx_int_t ngx_http_pupil_found(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_refused(ngx_http_pupil_ctx_t *ctx);
static void ngx_http_pupil_count(ngx_http_pupil_ctx_t *ctx,
    ngx_uint_t status);
static ngx_int_t ngx_http_pupil_header_filter(ngx_http_request_t *r);
static ngx_int_t ngx_http_pupil_body_filter(ngx_http_request_t *r,
    ngx_chain_t *in);


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;
static ngx_http_output_body_filter_pt    ngx_http_next_body_filter;

static ngx_str_t  ngx_http_pupil_json =
    ngx_string("application/json; charset=utf-8");
static ngx_str_t  ngx_http_pupil_problem_json =
    ngx_string("application/problem+json");


/*
 * Called after all modules have made their filters, whether this module is
 * dynamic, and configured last, or static, and configured before them.
 */
void
ngx_http_pupil_filter_init(void)
{
    if (ngx_http_top_header_filter == ngx_http_pupil_header_filter
        || ngx_http_top_header_filter == NULL)
    {
        return;
    }

    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_pupil_header_filter;

    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_pupil_body_filter;
}


/* The answer as it stands in ctx; the end of the engine's work. */
void
ngx_http_pupil_send(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t            rc;
    ngx_chain_t         *chain;
    ngx_http_request_t  *r;

    r = ctx->request;
    chain = NULL;

    if (ctx->response.done) {
        ngx_log_error(NGX_LOG_ALERT, ngx_cycle->log, 0,
                      "pupil: a second answer to one request");
        return;
    }

    if (ctx->failed != NULL && ctx->response.problem
        && ctx->response.status >= NGX_HTTP_INTERNAL_SERVER_ERROR)
    {
        (void) ctx->failed(ctx);
    }

    if (ctx->decided != NULL) {
        ctx->response.done = 1;
        ngx_http_pupil_answered(ctx);
        ctx->decided(ctx);
        return;
    }

    if (ctx->response.status != NGX_HTTP_NO_CONTENT) {
        chain = ctx->response.text.len != 0 ? ngx_http_pupil_text(ctx)
                                   : ngx_http_pupil_chain(ctx, &ctx->out);

        if (chain == NULL) {
            ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                          "pupil: an answer could not be written");
            ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
            return;
        }

        if (ctx->response.text.len == 0) {
            r->headers_out.content_length_n = ctx->out.length;
            ngx_http_pupil_content_type(r, ctx->response.problem);
        }
    }

    ctx->response.done = 1;
    r->headers_out.status = ctx->response.status;

    ngx_http_pupil_answered(ctx);

    ngx_http_pupil_debug(ctx, "sent with status %ui", ctx->response.status);

    if (ctx->response.location.len != 0
        && ngx_http_pupil_header(r, "Location", &ctx->response.location)
           != NGX_OK)
    {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    rc = ngx_http_send_header(r);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only || chain == NULL) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    rc = ngx_http_output_filter(r, chain);

    ngx_http_pupil_unsent(ctx, rc);
    ngx_http_finalize_request(r, rc);
}


/*
 * The client may take its time to read: what the answer was made of goes now,
 * results, what was opened of them, and own keys.
 */
static void
ngx_http_pupil_answered(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_abandon(ctx);
    ngx_http_pupil_keys_forget(ctx);
    ngx_http_pupil_memory_answered(ctx);

    ctx->exchange = NULL;
}


/* A finished text as nginx's chain, its bytes where they are; NULL. */
static ngx_chain_t *
ngx_http_pupil_chain(ngx_http_pupil_ctx_t *ctx, pupil_writer_t *out)
{
    ngx_buf_t      *b;
    ngx_pool_t     *pool;
    ngx_chain_t    *first, **last, *cl;
    pupil_chunk_t  *chunk;

    pool = ctx->request->pool;
    first = NULL;
    last = &first;
    b = NULL;

    if (pupil_writer_finish(out) != PUPIL_OK) {
        return NULL;
    }

    for (chunk = out->first; chunk && chunk->used; chunk = chunk->next) {
        cl = ngx_alloc_chain_link(pool);
        b = ngx_calloc_buf(pool);

        if (cl == NULL || b == NULL) {
            return NULL;
        }

        b->pos = chunk->data;
        b->last = chunk->data + chunk->used;
        b->start = b->pos;
        b->end = b->last;
        b->memory = 1;

        cl->buf = b;
        cl->next = NULL;
        *last = cl;
        last = &cl->next;
    }

    if (b != NULL) {
        b->last_buf = 1;
        b->last_in_chain = 1;
    }

    return first;
}


/* An answer that is no JSON, with its type. */
static ngx_chain_t *
ngx_http_pupil_text(ngx_http_pupil_ctx_t *ctx)
{
    ngx_buf_t           *b;
    ngx_chain_t         *cl;
    ngx_http_request_t  *r;

    r = ctx->request;
    cl = ngx_alloc_chain_link(r->pool);
    b = ngx_calloc_buf(r->pool);

    if (cl == NULL || b == NULL) {
        return NULL;
    }

    b->pos = ctx->response.text.data;
    b->last = ctx->response.text.data + ctx->response.text.len;
    b->memory = 1;
    b->last_buf = 1;
    b->last_in_chain = 1;

    cl->buf = b;
    cl->next = NULL;

    r->headers_out.content_length_n = ctx->response.text.len;
    r->headers_out.content_type = ctx->response.text_type;
    r->headers_out.content_type_len = ctx->response.text_type.len;

    return cl;
}


static void
ngx_http_pupil_content_type(ngx_http_request_t *r, ngx_uint_t problem)
{
    if (problem) {
        r->headers_out.content_type = ngx_http_pupil_problem_json;
        r->headers_out.content_type_len = ngx_http_pupil_problem_json.len;

    } else {
        r->headers_out.content_type = ngx_http_pupil_json;
        r->headers_out.content_type_len = sizeof("application/json") - 1;
    }

    r->headers_out.content_type_lowcase = NULL;
    ngx_str_null(&r->headers_out.charset);
}


/* Adds a header; name is static, the value's bytes stay. */
ngx_int_t
ngx_http_pupil_header(ngx_http_request_t *r, const char *name,
    ngx_str_t *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));
    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value = *value;

    return NGX_OK;
}


/* The request's id as text, in r->pool. */
u_char *
ngx_http_pupil_id_text(ngx_http_pupil_ctx_t *ctx)
{
    u_char  *p;

    p = ngx_pnalloc(ctx->request->pool, PUPIL_UUID_TEXT_LEN);
    if (p == NULL) {
        return (u_char *) "00000000-0000-0000-0000-000000000000";
    }

    pupil_uuid_format(&ctx->id, p);

    return p;
}


static ngx_int_t
ngx_http_pupil_headers(ngx_http_pupil_ctx_t *ctx)
{
    u_char              *p;
    ngx_str_t            value;
    ngx_uint_t           status, seconds;
    ngx_http_request_t  *r;

    static ngx_str_t  no_store = ngx_string("no-store");
    static ngx_str_t  a_while = ngx_string("private, max-age=300");
    static ngx_str_t  nosniff = ngx_string("nosniff");

    if (ctx->response.headers) {
        return NGX_OK;
    }

    ctx->response.headers = 1;
    r = ctx->request;
    status = r->headers_out.status;

    value.data = ngx_http_pupil_id_text(ctx);
    value.len = PUPIL_UUID_TEXT_LEN;

    if (ngx_http_pupil_header(r, "X-Request-Id", &value) != NGX_OK
        || ngx_http_pupil_header(r, "Cache-Control",
                                 ctx->response.keeps && status == NGX_HTTP_OK
                                 ? &a_while : &no_store) != NGX_OK
        || ngx_http_pupil_header(r, "X-Content-Type-Options", &nosniff)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (status == NGX_HTTP_NOT_ALLOWED) {
        return ngx_http_pupil_allow(ctx);
    }

    if (status == NGX_HTTP_TOO_MANY_REQUESTS
        || status == NGX_HTTP_SERVICE_UNAVAILABLE
        || (status == NGX_HTTP_CONFLICT && ctx->response.retry_after != 0))
    {
        p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        value.data = p;
        seconds = ctx->response.retry_after;
        value.len = ngx_sprintf(p, "%ui", seconds != 0 ? seconds : 2) - p;

        return ngx_http_pupil_header(r, "Retry-After", &value);
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_allow(ngx_http_pupil_ctx_t *ctx)
{
    u_char      *p;
    ngx_str_t    value;
    ngx_uint_t   i;

    static const struct {
        ngx_uint_t   method;
        const char  *name;
    } methods[] = {
        { NGX_HTTP_GET, "GET, HEAD" },
        { NGX_HTTP_POST, "POST" },
        { NGX_HTTP_PUT, "PUT" },
        { NGX_HTTP_PATCH, "PATCH" },
        { NGX_HTTP_DELETE, "DELETE" }
    };

    p = ngx_pnalloc(ctx->request->pool, 64);
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;

    for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        if (ctx->response.allow & methods[i].method) {
            p = ngx_sprintf(p, "%s%s", p == value.data ? "" : ", ",
                            methods[i].name);
        }
    }

    value.len = p - value.data;

    return ngx_http_pupil_header(ctx->request, "Allow", &value);
}


/* An error page of nginx's becomes a problem document. */
static ngx_int_t
ngx_http_pupil_rewrite(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_problem_e problem)
{
    ngx_uint_t           status;
    pupil_writer_t       out;
    ngx_http_request_t  *r;

    r = ctx->request;
    status = r->headers_out.status;

    pupil_writer_init(&out, &ctx->alloc, 1024);
    ngx_http_pupil_problem_write(ctx, &out, problem, status, NULL, NULL);

    ctx->response.replaced = ngx_http_pupil_chain(ctx, &out);
    if (ctx->response.replaced == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_debug(ctx, "nginx's page is replaced, status %ui", status);

    ctx->response.done = 1;

    ngx_http_clear_content_length(r);
    ngx_http_clear_accept_ranges(r);
    ngx_http_clear_last_modified(r);
    ngx_http_clear_etag(r);

    r->headers_out.content_length_n = out.length;
    ngx_http_pupil_content_type(r, 1);

    return NGX_OK;
}


/* What nginx found itself; the 500 of a step has its line. */
static ngx_int_t
ngx_http_pupil_found(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t  status;

    status = ctx->request->headers_out.status;

    if (status == NGX_HTTP_INTERNAL_SERVER_ERROR) {
        ngx_http_pupil_internal(ctx);
    }

    ngx_http_pupil_count(ctx, status);

    return ngx_http_pupil_rewrite(ctx, ngx_http_pupil_problem_of(status));
}


/* By the guard; a browser is sent to log in, where the location says so. */
static ngx_int_t
ngx_http_pupil_refused(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_request_t      *r;
    ngx_http_pupil_guard_t  *guard;

    r = ctx->request;
    guard = ctx->guard;

    if (ngx_http_pupil_rewrite(ctx, guard->problem) != NGX_OK) {
        return NGX_ERROR;
    }

    if (guard->login.len == 0) {
        return NGX_OK;
    }

    r->headers_out.status = NGX_HTTP_MOVED_TEMPORARILY;
    ngx_str_null(&r->headers_out.status_line);

    return ngx_http_pupil_header(r, "Location", &guard->login);
}


static ngx_int_t
ngx_http_pupil_header_filter(ngx_http_request_t *r)
{
    ngx_http_pupil_ctx_t       *ctx;
    ngx_http_pupil_loc_conf_t  *conf;

    conf = ngx_http_get_module_loc_conf(r, ngx_http_pupil_module);

    if (conf->endpoint == NULL || r != r->main
        || (conf->access != NULL && !ngx_http_pupil_guard_ends(r)))
    {
        return ngx_http_next_header_filter(r);
    }

    ctx = ngx_http_pupil_ctx(r);
    if (ctx == NULL) {
        return NGX_ERROR;
    }

    /* nginx may have refused the request before its handler saw it */
    ctx->conf = conf;

    if (conf->access != NULL) {
        if (ngx_http_pupil_refused(ctx) != NGX_OK) {
            return NGX_ERROR;
        }

    } else if (ctx->response.done) {
        if (!ctx->response.headers) {
            ngx_http_pupil_count(ctx, r->headers_out.status);
        }

    } else if (r->headers_out.status >= NGX_HTTP_BAD_REQUEST
               && ngx_http_pupil_found(ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ngx_http_pupil_headers(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_next_header_filter(r);
}


static ngx_int_t
ngx_http_pupil_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_chain_t           *cl;
    ngx_http_pupil_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_pupil_module);

    if (ctx == NULL || in == NULL
        || (ctx->response.replaced == NULL && !ctx->response.rewritten))
    {
        return ngx_http_next_body_filter(r, in);
    }

    for (cl = in; cl; cl = cl->next) {
        cl->buf->pos = cl->buf->last;
        cl->buf->file_pos = cl->buf->file_last;
    }

    if (ctx->response.rewritten) {
        return NGX_OK;
    }

    cl = ctx->response.replaced;
    ctx->response.replaced = NULL;
    ctx->response.rewritten = 1;

    return ngx_http_next_body_filter(r, cl);
}


static void
ngx_http_pupil_count(ngx_http_pupil_ctx_t *ctx, ngx_uint_t status)
{
    ngx_http_pupil_stats_t  *stats;

    stats = &ctx->main->stats;

    if (status / 100 < 6) {
        stats->requests[ctx->conf->endpoint->id][status / 100]++;
    }

    switch (status) {

    case NGX_HTTP_BAD_REQUEST:
    case NGX_HTTP_REQUEST_ENTITY_TOO_LARGE:
    case NGX_HTTP_UNSUPPORTED_MEDIA_TYPE:
    case 422:
        stats->bad_request++;
        break;

    case NGX_HTTP_UNAUTHORIZED:
        stats->unauthorized++;
        break;

    case NGX_HTTP_TOO_MANY_REQUESTS:
        stats->throttled++;
        break;

    default:
        break;
    }
}


void
ngx_http_pupil_next_write(ngx_http_pupil_ctx_t *ctx,
    const pupil_cursor_t *cursor)
{
    uint8_t  text[PUPIL_CURSOR_TEXT_LEN];

    pupil_writer_key(&ctx->out, "next");

    if (cursor == NULL) {
        pupil_writer_null(&ctx->out);
        return;
    }

    pupil_cursor_encode(cursor, text);
    pupil_writer_string(&ctx->out, text, PUPIL_CURSOR_TEXT_LEN);
}
