/*
 * Copyright (C) the Pupil authors
 *
 * A request is an exchange.  Arguments: p1, p2, ... are the parameters of all
 * statements, NULL where there is none; t1, t2, ... the types of the setters,
 * if not the declared ones; n how many are set; more=1 one NULL more at the
 * end; setting, settings=2 to say it twice, late=1 to say it behind a
 * statement; key; writes=1; part=1 with an empty part before them all; detach=1
 * as if the client had gone; as=TYPE the reader of all columns.
 */

#include "pg/probe.h"

#include "ngx_http_libpq_test.h"


#define NGX_HTTP_LIBPQ_TEST_PROBE  NGX_LIBPQ_PROBE_USER


typedef struct {
    ngx_http_request_t    *request;
    ngx_libpq_exchange_t  *exchange;    /* NULL: not ours any more */
} ngx_http_libpq_test_ctx_t;


static void ngx_http_libpq_test_done(ngx_libpq_exchange_t *ex);


/* NGX_DECLINED: there is none. */

static ngx_int_t
ngx_http_libpq_test_arg(ngx_http_request_t *r, const char *name,
    ngx_uint_t number, ngx_str_t *value)
{
    u_char     *src, *dst, *p, key[NGX_INT_T_LEN + 16];
    ngx_str_t   raw;

    p = number ? ngx_sprintf(key, "%s%ui", name, number)
               : ngx_sprintf(key, "%s", name);

    if (ngx_http_arg(r, key, (size_t) (p - key), &raw) != NGX_OK) {
        return NGX_DECLINED;
    }

    /* one more, so that an empty value is not NULL */
    value->data = ngx_pnalloc(r->pool, raw.len + 1);
    if (value->data == NULL) {
        return NGX_ERROR;
    }

    src = raw.data;
    dst = value->data;
    ngx_unescape_uri(&dst, &src, raw.len, 0);
    value->len = (size_t) (dst - value->data);

    return NGX_OK;
}


static ngx_int_t
ngx_http_libpq_test_send(ngx_http_request_t *r, ngx_uint_t status,
    u_char *data, size_t len)
{
    ngx_int_t     rc;
    ngx_buf_t    *b;
    ngx_chain_t   out;

    b = ngx_create_temp_buf(r->pool, len);
    if (b == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    b->last = ngx_cpymem(b->last, data, len);
    b->last_buf = 1;

    r->headers_out.status = status;
    r->headers_out.content_length_n = (off_t) len;
    ngx_str_set(&r->headers_out.content_type, "text/plain");

    rc = ngx_http_send_header(r);
    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    out.buf = b;
    out.next = NULL;

    return ngx_http_output_filter(r, &out);
}


static ngx_int_t
ngx_http_libpq_test_say(ngx_http_request_t *r, ngx_uint_t status,
    const char *text)
{
    return ngx_http_libpq_test_send(r, status, (u_char *) text,
                                    ngx_strlen(text));
}


static void
ngx_http_libpq_test_gone(void *data)
{
    ngx_http_libpq_test_ctx_t *ctx = data;

    if (ctx->exchange) {
        ngx_libpq_exchange_destroy(ctx->exchange);
        ctx->exchange = NULL;
    }
}


static void
ngx_http_libpq_test_setting(ngx_http_request_t *r, ngx_libpq_exchange_t *ex)
{
    ngx_str_t  value, more;

    if (ngx_http_libpq_test_arg(r, "setting", 0, &value) != NGX_OK) {
        return;
    }

    ngx_libpq_exchange_setting(ex, value.data, value.len);

    if (ngx_http_libpq_test_arg(r, "settings", 0, &more) == NGX_OK) {
        ngx_libpq_exchange_setting(ex, value.data, value.len);
    }
}


static void
ngx_http_libpq_test_params(ngx_http_request_t *r, ngx_libpq_exchange_t *ex,
    ngx_array_t *queries)
{
    ngx_str_t                          arg, value;
    ngx_uint_t                         i, k, n, max;
    ngx_http_libpq_test_query_t       *query;
    const ngx_http_libpq_test_type_t  *type;

    n = 0;
    max = NGX_LIBPQ_MAX_PARAMS;

    if (ngx_http_libpq_test_arg(r, "n", 0, &arg) == NGX_OK) {
        max = (ngx_uint_t) ngx_atoi(arg.data, arg.len);
    }

    if (ngx_http_libpq_test_arg(r, "part", 0, &arg) == NGX_OK) {
        ngx_libpq_exchange_part(ex);
    }

    query = queries->elts;

    for (i = 0; i < queries->nelts; i++) {
        (void) ngx_libpq_exchange_add(ex, query[i].stmt);

        for (k = 1; k < query[i].nparams && n < max; k++) {
            n++;

            if (ngx_http_libpq_test_arg(r, "p", n, &value) != NGX_OK) {
                ngx_libpq_param_null(ex);
                continue;
            }

            type = ngx_http_libpq_test_arg(r, "t", n, &arg) == NGX_OK
                   ? ngx_http_libpq_test_type(&arg, 0)
                   : ngx_http_libpq_test_type(NULL, query[i].types[k]);

            type->set(ex, &value);
        }

        if (query[i].part) {
            ngx_libpq_exchange_part(ex);
        }
    }
}


ngx_int_t
ngx_http_libpq_test_handler(ngx_http_request_t *r)
{
    ngx_int_t                         rc;
    ngx_str_t                         value;
    ngx_uint_t                        late;
    ngx_pool_cleanup_t               *cln;
    ngx_libpq_exchange_t             *ex;
    ngx_http_libpq_test_ctx_t        *ctx;
    ngx_http_libpq_test_loc_conf_t   *lcf;
    ngx_http_libpq_test_main_conf_t  *mcf;
    ngx_libpq_probe(NGX_HTTP_LIBPQ_TEST_PROBE);

    mcf = ngx_http_get_module_main_conf(r, ngx_http_libpq_test_module);
    lcf = ngx_http_get_module_loc_conf(r, ngx_http_libpq_test_module);

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_libpq_test_ctx_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx = cln->data;
    ctx->request = r;
    ctx->exchange = NULL;
    cln->handler = ngx_http_libpq_test_gone;

    ex = ngx_libpq_exchange_create(lcf->bare ? mcf->bare : mcf->set,
                                   ngx_http_libpq_test_done, ctx);
    if (ex == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ex->writes = ngx_http_libpq_test_arg(r, "writes", 0, &value) == NGX_OK;

    if (ngx_http_libpq_test_arg(r, "key", 0, &value) == NGX_OK) {
        ngx_libpq_exchange_key(ex, value.data, value.len);
    }

    late = ngx_http_libpq_test_arg(r, "late", 0, &value) == NGX_OK;

    if (!late) {
        ngx_http_libpq_test_setting(r, ex);
    }

    ngx_http_libpq_test_params(r, ex, lcf->queries);

    if (late) {
        ngx_http_libpq_test_setting(r, ex);
    }

    if (ngx_http_libpq_test_arg(r, "more", 0, &value) == NGX_OK) {
        ngx_libpq_param_null(ex);
    }

    rc = ngx_libpq_exchange_submit(ex);

    if (rc != NGX_OK) {
        ngx_libpq_exchange_destroy(ex);

        return ngx_http_libpq_test_say(r, NGX_HTTP_SERVICE_UNAVAILABLE,
                                       rc == NGX_BUSY ? "busy\n"
                                       : rc == NGX_DECLINED ? "down\n"
                                                            : "refused\n");
    }

    if (ngx_http_libpq_test_arg(r, "detach", 0, &value) == NGX_OK) {
        ngx_libpq_exchange_destroy(ex);
        return ngx_http_libpq_test_say(r, NGX_HTTP_OK, "detached\n");
    }

    ctx->exchange = ex;
    r->main->count++;

    return NGX_DONE;
}


/* A line for each row, with '|' between columns; the nonce is left out. */

static u_char *
ngx_http_libpq_test_rows(u_char *p, const PGresult *res,
    const ngx_http_libpq_test_type_t *as)
{
    ngx_int_t                          rc;
    ngx_uint_t                         row, col;
    const ngx_http_libpq_test_type_t  *type;

    for (row = 0; row < (ngx_uint_t) PQntuples(res); row++) {

        for (col = 1; col < (ngx_uint_t) PQnfields(res); col++) {
            type = as ? as
                      : ngx_http_libpq_test_type(NULL, PQftype(res, (int) col));

            rc = (type && type->get) ? type->get(res, row, col, &p)
                                     : NGX_ERROR;

            if (rc != NGX_OK) {
                p = ngx_sprintf(p, "%s", rc == NGX_DECLINED ? "NULL"
                                                            : "unreadable");
            }

            *p++ = '|';
        }

        p[-1] = '\n';
    }

    return p;
}


static void
ngx_http_libpq_test_done(ngx_libpq_exchange_t *ex)
{
    u_char                            *p, text[4096];
    ngx_str_t                          name;
    ngx_uint_t                         i;
    ngx_connection_t                  *c;
    ngx_http_request_t                *r;
    ngx_http_libpq_test_ctx_t         *ctx;
    const ngx_http_libpq_test_type_t  *as;

    ctx = ex->data;
    r = ctx->request;
    c = r->connection;
    as = NULL;

    if (ngx_http_libpq_test_arg(r, "as", 0, &name) == NGX_OK) {
        as = ngx_http_libpq_test_type(&name, 0);
    }

    switch (ex->status) {

    case NGX_LIBPQ_OK:
        p = ngx_sprintf(text, "ok\n");

        for (i = 0; i < ex->nresults; i++) {
            p = ngx_http_libpq_test_rows(p, ex->results[i], as);
        }

        break;

    case NGX_LIBPQ_ERROR:
        p = ngx_sprintf(text, "error %s\n", ex->sqlstate);
        break;

    default:
        p = ngx_sprintf(text, "unavailable\n");
    }

    ctx->exchange = NULL;
    ngx_libpq_exchange_destroy(ex);

    ngx_http_finalize_request(r, ngx_http_libpq_test_send(r, NGX_HTTP_OK, text,
                                                     (size_t) (p - text)));
    ngx_http_run_posted_requests(c);
}


ngx_int_t
ngx_http_libpq_test_stats(ngx_http_request_t *r)
{
    u_char                           *p, text[1024];
    ngx_libpq_stats_t                *s;
    ngx_libpq_probes_t               *probes;
    ngx_http_libpq_test_loc_conf_t   *lcf;
    ngx_http_libpq_test_main_conf_t  *mcf;

    mcf = ngx_http_get_module_main_conf(r, ngx_http_libpq_test_module);
    lcf = ngx_http_get_module_loc_conf(r, ngx_http_libpq_test_module);

    probes = &ngx_libpq_probes;
    s = lcf->bare ? &mcf->bare->stats : &mcf->set->stats;

    p = ngx_sprintf(text, "up=%ui inflight=%ui queued=%ui done=%ui failed=%ui "
                    "refused=%ui retried=%ui locked=%ui connects=%ui "
                    "reconnects=%ui mismatches=%ui\n",
                    s->up, s->inflight, s->queued, s->done, s->failed,
                    s->refused, s->retried, s->locked, s->connects,
                    s->reconnects, s->mismatches);

    p = ngx_sprintf(p, "callbacks=%ui requests_us=%uL\n", probes->callbacks,
                    probes->kinds[NGX_HTTP_LIBPQ_TEST_PROBE].longest / 1000);

    if (mcf->listen) {
        p = ngx_sprintf(p, "listening=%ui notified=%ui heartbeats=%ui "
                        "gaps=%ui payload=%s\n",
                        ngx_libpq_listen_up(mcf->listen), mcf->notified,
                        mcf->heartbeats, mcf->gaps, mcf->payload);
    }

    return ngx_http_libpq_test_send(r, NGX_HTTP_OK, text, (size_t) (p - text));
}
