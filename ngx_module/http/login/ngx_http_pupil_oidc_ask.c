/*
 * Copyright (C) the Pupil authors
 *
 * A request to a provider: a subrequest in the background whose answer stays in
 * memory.  It has header fields of its own: nothing of what the client sent,
 * cookies above all, leaves with it.
 */

#include "http/login/ngx_http_pupil_oidc.h"


static ngx_http_pupil_ask_t *ngx_http_pupil_oidc_ask_create(
    ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_oidc_ask_uri(ngx_http_pupil_ctx_t *ctx,
    pupil_str_t path, ngx_str_t *uri, ngx_str_t *args);
static ngx_int_t ngx_http_pupil_oidc_ask_post(ngx_pool_t *pool,
    ngx_http_pupil_ask_t *ask, const pupil_str_t *body);
static ngx_int_t ngx_http_pupil_oidc_ask_header(ngx_http_pupil_ask_t *ask,
    const char *name, const char *lowcase, const char *value);
static void ngx_http_pupil_oidc_ask_fill(ngx_http_request_t *sr,
    ngx_http_pupil_ask_t *ask);
static const char *ngx_http_pupil_oidc_ask_way(ngx_http_request_t *sr);
static ngx_int_t ngx_http_pupil_oidc_ask_done(ngx_http_request_t *sr,
    void *data, ngx_int_t rc);
static void ngx_http_pupil_oidc_ask_resume(ngx_event_t *ev);
static void ngx_http_pupil_oidc_ask_wipe(void *data);


static ngx_str_t  ngx_http_pupil_post = ngx_string("POST");


/* All that can fail does before nginx has the subrequest. */
ngx_int_t
ngx_http_pupil_oidc_ask(ngx_http_pupil_ctx_t *ctx, pupil_str_t path,
    const pupil_str_t *body, ngx_http_pupil_step_pt next)
{
    ngx_str_t              uri, args;
    ngx_http_request_t    *r, *sr;
    ngx_http_pupil_ask_t  *ask;

    r = ctx->request;

    ask = ngx_http_pupil_oidc_ask_create(ctx);

    if (ask == NULL
        || (body != NULL
            && ngx_http_pupil_oidc_ask_post(r->pool, ask, body) != NGX_OK)
        || ngx_http_pupil_oidc_ask_uri(ctx, path, &uri, &args) != NGX_OK
        || ngx_http_subrequest(r, &uri, &args, &sr, &ask->post,
                               NGX_HTTP_SUBREQUEST_IN_MEMORY
                               |NGX_HTTP_SUBREQUEST_BACKGROUND) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_pupil_oidc_ask_fill(sr, ask);

    ask->next = next;
    ((ngx_http_pupil_login_t *) ctx->data)->oidc->ask = ask;

    ngx_http_pupil_debug(ctx, "the provider is asked");

    return NGX_AGAIN;
}


/* Its memory outlives the answer to the client, as the subrequest may. */
static ngx_http_pupil_ask_t *
ngx_http_pupil_oidc_ask_create(ngx_http_pupil_ctx_t *ctx)
{
    ngx_pool_t            *pool;
    ngx_pool_cleanup_t    *cln;
    ngx_http_pupil_ask_t  *ask;

    pool = ctx->request->pool;

    ask = ngx_pcalloc(pool, sizeof(ngx_http_pupil_ask_t));
    cln = ngx_pool_cleanup_add(pool, 0);

    if (ask == NULL || cln == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_pupil_oidc_ask_wipe;
    cln->data = ask;

    ask->ctx = ctx;
    ask->post.handler = ngx_http_pupil_oidc_ask_done;
    ask->post.data = ask;
    ask->event.handler = ngx_http_pupil_oidc_ask_resume;
    ask->event.data = ask;
    ask->event.log = ngx_cycle->log;

    if (ngx_list_init(&ask->headers, pool, 2, sizeof(ngx_table_elt_t))
        != NGX_OK
        || ngx_http_pupil_oidc_ask_header(ask, "Accept", "accept",
                                          "application/json") != NGX_OK)
    {
        return NULL;
    }

    return ask;
}


/* The provider's location, and the path behind its first slash. */
static ngx_int_t
ngx_http_pupil_oidc_ask_uri(ngx_http_pupil_ctx_t *ctx, pupil_str_t path,
    ngx_str_t *uri, ngx_str_t *args)
{
    u_char      *p;
    ngx_str_t   *through;
    ngx_uint_t   flags;

    flags = NGX_HTTP_LOG_UNSAFE;
    through = &((ngx_http_pupil_login_t *) ctx->data)->oidc->provider->through;

    p = ngx_pnalloc(ctx->request->pool, through->len + path.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    uri->data = p;
    p = ngx_cpymem(p, through->data, through->len);
    p = ngx_cpymem(p, path.data + 1, path.len - 1);
    uri->len = p - uri->data;

    ngx_str_null(args);

    return ngx_http_parse_unsafe_uri(ctx->request, uri, args, &flags);
}


static ngx_int_t
ngx_http_pupil_oidc_ask_post(ngx_pool_t *pool, ngx_http_pupil_ask_t *ask,
    const pupil_str_t *body)
{
    ngx_buf_t    *b;
    ngx_chain_t  *cl;

    b = ngx_create_temp_buf(pool, body->len);
    cl = ngx_alloc_chain_link(pool);

    if (b == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    ask->sent.data = b->pos;
    ask->sent.len = body->len;

    b->last = ngx_cpymem(b->last, body->data, body->len);
    b->last_buf = 1;

    cl->buf = b;
    cl->next = NULL;
    ask->body.bufs = cl;
    ask->body.buf = b;

    return ngx_http_pupil_oidc_ask_header(ask, "Content-Type", "content-type",
                                          "application/x-www-form-urlencoded");
}


static ngx_int_t
ngx_http_pupil_oidc_ask_header(ngx_http_pupil_ask_t *ask, const char *name,
    const char *lowcase, const char *value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&ask->headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    ngx_memzero(h, sizeof(ngx_table_elt_t));
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->lowcase_key = (u_char *) lowcase;
    h->hash = ngx_hash_key(h->lowcase_key, h->key.len);
    h->value.data = (u_char *) value;
    h->value.len = ngx_strlen(value);

    return NGX_OK;
}


/* In place of what the client sent, of which it has a copy. */
static void
ngx_http_pupil_oidc_ask_fill(ngx_http_request_t *sr, ngx_http_pupil_ask_t *ask)
{
    ngx_str_t  server;

    server = sr->headers_in.server;

    ngx_memzero(&sr->headers_in, sizeof(ngx_http_headers_in_t));
    sr->headers_in.headers = ask->headers;
    sr->headers_in.server = server;
    sr->headers_in.content_length_n = -1;
    sr->headers_in.keep_alive_n = -1;

    /* of a copied list, the last part is the one within it */
    sr->headers_in.headers.last = &sr->headers_in.headers.part;
    sr->request_body = &ask->body;

    if (ask->sent.len != 0) {
        sr->method = NGX_HTTP_POST;
        sr->method_name = ngx_http_pupil_post;
        sr->headers_in.content_length_n = ask->sent.len;
    }
}


/*
 * The way that the operator has made is to lead to the provider and to nobody
 * else, and to keep what comes in memory; NULL: it does.
 */
static const char *
ngx_http_pupil_oidc_ask_way(ngx_http_request_t *sr)
{
    ngx_http_upstream_t  *u;

    u = sr->upstream;

    if (u == NULL) {
        return "through= names no location that passes requests on";
    }

    if (!u->ssl || !u->conf->ssl_verify) {
        return "its location must have https:// in proxy_pass, and "
               "\"proxy_ssl_verify on;\"";
    }

    if (u->conf->buffering) {
        return "its location must have \"proxy_buffering off;\"";
    }

    return NULL;
}


/*
 * The subrequest ends: NGX_OK always, so that nginx makes no page of an error.
 * The client's request goes on later, as it may end there, and with it the
 * subrequest that nginx has in its hands here.
 */
static ngx_int_t
ngx_http_pupil_oidc_ask_done(ngx_http_request_t *sr, void *data, ngx_int_t rc)
{
    ngx_http_pupil_ask_t *ask = data;

    ngx_buf_t  *b;

    if (ask->done) {
        return NGX_OK;
    }

    ask->done = 1;

    /* of an answer that is too large nginx says that the client is gone */
    if (rc == NGX_ERROR) {
        sr->connection->error = 0;
    }

    ask->why = ngx_http_pupil_oidc_ask_way(sr);

    if (rc == NGX_OK && sr->headers_out.status != 0) {
        ask->status = sr->headers_out.status;

    } else if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        ask->status = rc;
    }

    if (sr->out != NULL) {
        b = sr->out->buf;
        ask->answer.data = b->pos;
        ask->answer.len = b->last - b->pos;
    }

    if (ask->ctx != NULL) {
        ngx_post_event(&ask->event, &ngx_posted_events);
    }

    return NGX_OK;
}


static void
ngx_http_pupil_oidc_ask_resume(ngx_event_t *ev)
{
    ngx_http_pupil_ask_t *ask = ev->data;

    ngx_http_pupil_probe(RESUME);

    ngx_http_pupil_resume(ask->ctx, ask->next);
}


void
ngx_http_pupil_oidc_left(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_ask_t   *ask;
    ngx_http_pupil_oidc_t  *oidc;

    oidc = ((ngx_http_pupil_login_t *) ctx->data)->oidc;
    ask = oidc->ask;

    oidc->hung = oidc->waits || (ask != NULL && !ask->done);

    ngx_http_pupil_pace_leave(ctx, &oidc->turn);
    ngx_http_pupil_oidc_unlearn(oidc);

    if (ask == NULL) {
        return;
    }

    ask->ctx = NULL;

    if (ask->event.posted) {
        ngx_delete_posted_event(&ask->event);
    }
}


static void
ngx_http_pupil_oidc_ask_wipe(void *data)
{
    ngx_http_pupil_ask_t *ask = data;

    if (ask->sent.len != 0) {
        ngx_explicit_memzero(ask->sent.data, ask->sent.len);
    }

    if (ask->answer.len != 0) {
        ngx_explicit_memzero(ask->answer.data, ask->answer.len);
    }
}


ngx_int_t
ngx_http_pupil_oidc_answered(ngx_http_pupil_ctx_t *ctx, const char *what,
    pupil_str_t *text)
{
    u_char                 status[64];
    ngx_http_pupil_ask_t  *ask;

    ask = ((ngx_http_pupil_login_t *) ctx->data)->oidc->ask;

    text->data = ask->answer.data;
    text->len = ask->answer.len;

    if (ask->why == NULL && ask->status == NGX_HTTP_OK && text->len != 0) {
        return NGX_OK;
    }

    ngx_snprintf(status, sizeof(status), "the answer has status %ui%Z",
                 ask->status);
    ngx_http_pupil_oidc_doubt(ctx, what, ask->why != NULL ? ask->why
                                                          : (char *) status);

    return NGX_DECLINED;
}


void
ngx_http_pupil_oidc_doubt(ngx_http_pupil_ctx_t *ctx, const char *what,
    const char *why)
{
    ngx_str_t                   name;
    ngx_http_pupil_provider_t  *provider;

    provider = ((ngx_http_pupil_login_t *) ctx->data)->oidc->provider;

    name.data = (u_char *) provider->client.name.data;
    name.len = provider->client.name.len;

    ngx_log_error(NGX_LOG_WARN, ngx_cycle->log, 0,
                  "pupil: log-in provider \"%V\": %s: %s; request %*s", &name,
                  what, why, (size_t) PUPIL_UUID_TEXT_LEN,
                  ngx_http_pupil_id_text(ctx));
}
