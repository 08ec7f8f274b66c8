/*
 * Copyright (C) the Pupil authors
 *
 * What comes in: bodies, which stay in memory, request headers, and the two
 * defences against requests that another site makes the browser send.
 */

#include <sodium.h>

#include "http/request/ngx_http_pupil.h"


static ngx_int_t ngx_http_pupil_media_type(ngx_http_request_t *r);
static ngx_int_t ngx_http_pupil_form_type(ngx_http_request_t *r);
static ngx_uint_t ngx_http_pupil_same_host(ngx_http_request_t *r,
    ngx_str_t *origin);


/* Before the body is read: NGX_OK, or a problem. */
ngx_int_t
ngx_http_pupil_body_check(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    if (!(ctx->route->flags & (NGX_HTTP_PUPIL_BODY|NGX_HTTP_PUPIL_FORM))) {

        if (r->headers_in.content_length_n > 0 || r->headers_in.chunked) {
            return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_UNEXPECTED_BODY);
        }

        return NGX_OK;
    }

    if (r->headers_in.content_length_n > (off_t) ctx->conf->body_max) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_TOO_LARGE);
    }

    if ((ctx->route->flags & NGX_HTTP_PUPIL_FORM ? ngx_http_pupil_form_type(r)
                                      : ngx_http_pupil_media_type(r)) != NGX_OK)
    {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_MEDIA_TYPE);
    }

    return NGX_OK;
}


/* application/json, and no other charset than UTF-8 (RFC 8259 section 8.1). */
static ngx_int_t
ngx_http_pupil_media_type(ngx_http_request_t *r)
{
    u_char           *p, *last;
    ngx_table_elt_t  *h;

    h = r->headers_in.content_type;

    if (h == NULL || h->value.len < sizeof("application/json") - 1
        || ngx_strncasecmp(h->value.data, (u_char *) "application/json",
                           sizeof("application/json") - 1) != 0)
    {
        return NGX_DECLINED;
    }

    p = h->value.data + sizeof("application/json") - 1;
    last = h->value.data + h->value.len;

    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    if (p == last) {
        return NGX_OK;
    }

    if (*p++ != ';') {
        return NGX_DECLINED;
    }

    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    while (last > p && (last[-1] == ' ' || last[-1] == '\t')) {
        last--;
    }

    if ((last - p == sizeof("charset=utf-8") - 1
         && ngx_strncasecmp(p, (u_char *) "charset=utf-8", last - p) == 0)
        || (last - p == sizeof("charset=\"utf-8\"") - 1
            && ngx_strncasecmp(p, (u_char *) "charset=\"utf-8\"", last - p)
               == 0))
    {
        return NGX_OK;
    }

    return NGX_DECLINED;
}


/* As browsers send a form; what charset it says does not matter to ASCII. */
static ngx_int_t
ngx_http_pupil_form_type(ngx_http_request_t *r)
{
    size_t           len;
    ngx_table_elt_t  *h;

    h = r->headers_in.content_type;
    len = sizeof("application/x-www-form-urlencoded") - 1;

    return h != NULL && h->value.len >= len
           && ngx_strncasecmp(h->value.data,
                              (u_char *) "application/x-www-form-urlencoded",
                              len) == 0
           && (h->value.len == len || h->value.data[len] == ';')
           ? NGX_OK : NGX_DECLINED;
}


/*
 * After it was read: one piece of memory in ctx->body.  The buffers that
 * nginx read into are wiped when they are not that piece.
 */
ngx_int_t
ngx_http_pupil_body_take(ngx_http_pupil_ctx_t *ctx)
{
    u_char              *p;
    size_t               len;
    ngx_buf_t           *b;
    ngx_chain_t         *cl;
    ngx_http_request_t  *r;

    r = ctx->request;

    if (r->request_body == NULL || r->request_body->bufs == NULL) {
        return NGX_OK;                          /* empty: parsers refuse it */
    }

    len = 0;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        if (cl->buf->in_file || r->request_body->temp_file != NULL) {
            return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_TOO_LARGE);
        }

        len += cl->buf->last - cl->buf->pos;
    }

    if (len > ctx->conf->body_max) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_TOO_LARGE);
    }

    p = ngx_http_pupil_alloc(ctx, len);
    if (p == NULL) {
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_INTERNAL);
    }

    ctx->body.data = p;
    ctx->body.len = len;

    for (cl = r->request_body->bufs; cl; cl = cl->next) {
        b = cl->buf;

        if (b->pos == b->last) {
            continue;                            /* an end, without memory */
        }

        p = ngx_cpymem(p, b->pos, b->last - b->pos);
        sodium_memzero(b->pos, b->last - b->pos);
        b->pos = b->last;
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_arguments(ngx_http_pupil_ctx_t *ctx,
    const pupil_argument_t *allowed, void *query)
{
    pupil_str_t    args;
    pupil_fault_t  fault;

    args.data = ctx->request->args.data;
    args.len = ctx->request->args.len;

    if (pupil_input_query(&args, allowed, query, &fault) == PUPIL_OK) {
        return NGX_OK;
    }

    return ngx_http_pupil_fault(ctx, &fault);
}


ngx_int_t
ngx_http_pupil_no_arguments(ngx_http_pupil_ctx_t *ctx)
{
    static const pupil_argument_t  none = { .name = NULL };

    ngx_http_pupil_debug(ctx, "no arguments");

    return ngx_http_pupil_arguments(ctx, &none, NULL);
}


/*
 * A header of the request by its lower-case name; *count says how many there
 * are, the first is returned.
 */
ngx_str_t *
ngx_http_pupil_request_header(ngx_http_request_t *r, const char *lowcase,
    ngx_uint_t *count)
{
    size_t            len;
    ngx_str_t        *found;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    len = ngx_strlen(lowcase);
    found = NULL;
    *count = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len == len
                && ngx_strncmp(h[i].lowcase_key, lowcase, len) == 0)
            {
                if ((*count)++ == 0) {
                    found = &h[i].value;
                }
            }
        }
    }

    return found;
}


/* Unsafe methods: 403 before any access, counted only. */
ngx_int_t
ngx_http_pupil_csrf(ngx_http_pupil_ctx_t *ctx)
{
    ngx_str_t          *header;
    ngx_uint_t          count;
    pupil_str_t         text;
    const pupil_key_t  *key;

    if ((ctx->route->method & (NGX_HTTP_GET|NGX_HTTP_HEAD))
        || (ctx->route->flags & NGX_HTTP_PUPIL_FORM))
    {
        return NGX_OK;
    }

    if (ngx_http_pupil_origin(ctx) != NGX_OK) {
        ctx->main->stats.csrf++;
        return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_ORIGIN);
    }

    if (ctx->route->flags & NGX_HTTP_PUPIL_PUBLIC) {
        return NGX_OK;
    }

    key = ngx_http_pupil_key(ctx, "token");
    header = ngx_http_pupil_request_header(ctx->request, "x-pupil-csrf",
                                           &count);

    if (key == NULL) {
        return NGX_ERROR;
    }

    if (count == 1) {
        text.data = header->data;
        text.len = header->len;

        if (pupil_csrf_check(key, ctx->session.token, text) == PUPIL_OK) {
            return NGX_OK;
        }
    }

    ctx->main->stats.csrf++;

    return ngx_http_pupil_problem(ctx, NGX_HTTP_PUPIL_CSRF);
}


ngx_int_t
ngx_http_pupil_origin(ngx_http_pupil_ctx_t *ctx)
{
    ngx_str_t   *origin, *allowed;
    ngx_uint_t   i, count;

    origin = ngx_http_pupil_request_header(ctx->request, "origin", &count);

    if (count == 0) {
        return NGX_OK;
    }

    if (count > 1) {
        return NGX_DECLINED;
    }

    if (ngx_http_pupil_same_host(ctx->request, origin)) {
        return NGX_OK;
    }

    if (ctx->conf->origins == NULL) {
        return NGX_DECLINED;
    }

    allowed = ctx->conf->origins->elts;

    for (i = 0; i < ctx->conf->origins->nelts; i++) {
        if (allowed[i].len == origin->len
            && ngx_strncasecmp(allowed[i].data, origin->data, origin->len)
               == 0)
        {
            return NGX_OK;
        }
    }

    return NGX_DECLINED;
}


static ngx_uint_t
ngx_http_pupil_same_host(ngx_http_request_t *r, ngx_str_t *origin)
{
    size_t      len;
    ngx_str_t  *host;

    if (r->headers_in.host == NULL) {
        return 0;
    }

    host = &r->headers_in.host->value;
    len = sizeof("https://") - 1;

    return origin->len == len + host->len
           && ngx_strncasecmp(origin->data, (u_char *) "https://", len) == 0
           && ngx_strncasecmp(origin->data + len, host->data, host->len) == 0;
}
