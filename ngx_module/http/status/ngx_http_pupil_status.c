/*
 * Copyright (C) the Pupil authors
 *
 * /status: counters of the worker that answers, as JSON, as Prometheus' text
 * format or as a page; /status/live and /status/ready for probes.  Numbers
 * only: nothing here tells of a person.
 */

#include "http/request/ngx_http_pupil_endpoints.h"
#include "http/status/ngx_http_pupil_metrics.h"


#define NGX_HTTP_PUPIL_LINE          160       /* bytes, at most */

/* How old the last probes may be, in seconds. */
#define NGX_HTTP_PUPIL_READY_PROBE   5
#define NGX_HTTP_PUPIL_STATUS_PROBE  60

typedef enum {
    NGX_HTTP_PUPIL_JSON = 0,
    NGX_HTTP_PUPIL_PROMETHEUS,
    NGX_HTTP_PUPIL_HTML
} ngx_http_pupil_format_e;


static ngx_int_t ngx_http_pupil_status_start(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_status_live(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_status_ready(ngx_http_pupil_ctx_t *ctx);
static ngx_http_pupil_format_e ngx_http_pupil_status_format(
    ngx_http_request_t *r);
static const char *ngx_http_pupil_status_trouble(
    ngx_http_pupil_main_conf_t *pmcf);
static void ngx_http_pupil_status_json(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_metrics_t *m, const char *trouble);
static ngx_int_t ngx_http_pupil_status_text(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_metrics_t *m, const char *trouble,
    ngx_http_pupil_format_e format);
static u_char *ngx_http_pupil_status_line(u_char *p,
    const ngx_http_pupil_metric_t *metric, ngx_uint_t typed);
static u_char *ngx_http_pupil_status_row(u_char *p,
    const ngx_http_pupil_metric_t *metric);


static const ngx_http_pupil_route_t  ngx_http_pupil_status_routes[] = {
    { .method = NGX_HTTP_GET, .path = "", .flags = NGX_HTTP_PUPIL_PUBLIC,
      .start = ngx_http_pupil_status_start },
    { .method = NGX_HTTP_GET, .path = "/live", .flags = NGX_HTTP_PUPIL_PUBLIC,
      .start = ngx_http_pupil_status_live },
    { .method = NGX_HTTP_GET, .path = "/ready", .flags = NGX_HTTP_PUPIL_PUBLIC,
      .start = ngx_http_pupil_status_ready },
    { .path = NULL }
};


const ngx_http_pupil_endpoint_t  ngx_http_pupil_status_endpoint = {
    .id = NGX_HTTP_PUPIL_ENDPOINT_STATUS,
    .name = "status",
    .routes = ngx_http_pupil_status_routes,
    .body_max = NGX_HTTP_PUPIL_BODY_MAX
};


static ngx_int_t
ngx_http_pupil_status_start(ngx_http_pupil_ctx_t *ctx)
{
    const char                *trouble;
    ngx_http_pupil_format_e    format;
    ngx_http_pupil_metrics_t  *m;

    ngx_http_pupil_debug(ctx, "start");

    m = ngx_pcalloc(ctx->request->pool, sizeof(ngx_http_pupil_metrics_t));
    if (m == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_health_probe(ctx->main, NGX_HTTP_PUPIL_STATUS_PROBE);
    ngx_http_pupil_keystore_probe(ctx->main, NGX_HTTP_PUPIL_STATUS_PROBE);
    ngx_http_pupil_metrics_collect(ctx->main, m);

    trouble = ngx_http_pupil_status_trouble(ctx->main);
    format = ngx_http_pupil_status_format(ctx->request);

    if (format != NGX_HTTP_PUPIL_JSON) {
        return ngx_http_pupil_status_text(ctx, m, trouble, format);
    }

    ngx_http_pupil_status_json(ctx, m, trouble);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_status_live(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_debug(ctx, "live");

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "status");
    pupil_writer_cstr(&ctx->out, "live");
    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


static ngx_int_t
ngx_http_pupil_status_ready(ngx_http_pupil_ctx_t *ctx)
{
    const char  *trouble;

    ngx_http_pupil_debug(ctx, "ready");

    ngx_http_pupil_health_probe(ctx->main, NGX_HTTP_PUPIL_READY_PROBE);
    ngx_http_pupil_keystore_probe(ctx->main, NGX_HTTP_PUPIL_READY_PROBE);
    trouble = ngx_http_pupil_status_trouble(ctx->main);

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "status");
    pupil_writer_cstr(&ctx->out, trouble ? "unavailable" : "ready");

    if (trouble != NULL) {
        ctx->response.status = NGX_HTTP_SERVICE_UNAVAILABLE;
        pupil_writer_key(&ctx->out, "why");
        pupil_writer_cstr(&ctx->out, trouble);
    }

    pupil_writer_object_end(&ctx->out);

    return NGX_OK;
}


/* Why this worker cannot serve; NULL: it can. */
static const char *
ngx_http_pupil_status_trouble(ngx_http_pupil_main_conf_t *pmcf)
{
    const char  *trouble;

    if (!pmcf->used) {
        return NULL;
    }

    if (pmcf->vault.ring == NULL) {
        return "no locked memory for keys";
    }

    trouble = ngx_http_pupil_restored(pmcf);
    if (trouble != NULL) {
        return trouble;
    }

    if (pmcf->data->stats.up == 0) {
        return "no connection to the database";
    }

    if (pmcf->keystore->stats.up == 0) {
        return "no connection to the key store";
    }

    trouble = ngx_http_pupil_keystore_trouble(pmcf);

    if (trouble == NULL) {
        trouble = ngx_http_pupil_health_trouble(pmcf);
    }

    if (trouble == NULL) {
        trouble = ngx_http_pupil_ended_trouble(pmcf);
    }

    return trouble != NULL ? trouble : ngx_http_pupil_tenants_trouble(pmcf);
}


static ngx_http_pupil_format_e
ngx_http_pupil_status_format(ngx_http_request_t *r)
{
    ngx_str_t   value, *accept;
    ngx_uint_t  count;

    if (ngx_http_arg(r, (u_char *) "format", 6, &value) == NGX_OK) {
        if (value.len == 10
            && ngx_strncmp(value.data, "prometheus", 10) == 0)
        {
            return NGX_HTTP_PUPIL_PROMETHEUS;
        }

        return value.len == 4 && ngx_strncmp(value.data, "html", 4) == 0
               ? NGX_HTTP_PUPIL_HTML : NGX_HTTP_PUPIL_JSON;
    }

    accept = ngx_http_pupil_request_header(r, "accept", &count);

    if (accept == NULL) {
        return NGX_HTTP_PUPIL_JSON;
    }

    if (ngx_strlcasestrn(accept->data, accept->data + accept->len,
                         (u_char *) "text/html", 9 - 1) != NULL)
    {
        return NGX_HTTP_PUPIL_HTML;
    }

    if (ngx_strlcasestrn(accept->data, accept->data + accept->len,
                         (u_char *) "text/plain", 10 - 1) != NULL
        || ngx_strlcasestrn(accept->data, accept->data + accept->len,
                            (u_char *) "application/openmetrics-text",
                            28 - 1) != NULL)
    {
        return NGX_HTTP_PUPIL_PROMETHEUS;
    }

    return NGX_HTTP_PUPIL_JSON;
}


static void
ngx_http_pupil_status_json(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_metrics_t *m, const char *trouble)
{
    ngx_uint_t                i;
    const char               *group, *open;
    pupil_writer_t           *out;
    ngx_http_pupil_metric_t  *l;

    out = &ctx->out;
    group = NULL;
    open = NULL;

    pupil_writer_object_begin(out);
    pupil_writer_key(out, "status");
    pupil_writer_cstr(out, trouble ? "unavailable" : "ok");

    if (trouble != NULL) {
        pupil_writer_key(out, "why");
        pupil_writer_cstr(out, trouble);
    }

    pupil_writer_key(out, "version");
    pupil_writer_cstr(out, PUPIL_VERSION);

    for (i = 0; i < m->n; i++) {
        l = &m->list[i];

        if (open != NULL && (l->detail == NULL || l->name != open)) {
            pupil_writer_object_end(out);
            open = NULL;
        }

        if (l->group != group) {
            if (group != NULL) {
                pupil_writer_object_end(out);
            }

            group = l->group;
            pupil_writer_key(out, group);
            pupil_writer_object_begin(out);
        }

        if (l->detail != NULL && open == NULL) {
            open = l->name;
            pupil_writer_key(out, open);
            pupil_writer_object_begin(out);
        }

        pupil_writer_key(out, l->detail ? l->detail : l->name);
        pupil_writer_int64(out, l->value);
    }

    if (open != NULL) {
        pupil_writer_object_end(out);
    }

    if (group != NULL) {
        pupil_writer_object_end(out);
    }

    pupil_writer_object_end(out);
}


static ngx_int_t
ngx_http_pupil_status_text(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_metrics_t *m, const char *trouble,
    ngx_http_pupil_format_e format)
{
    u_char      *p;
    ngx_str_t    type;
    ngx_uint_t   i, typed;

    static ngx_str_t  prometheus =
        ngx_string("text/plain; version=0.0.4; charset=utf-8");
    static ngx_str_t  html = ngx_string("text/html; charset=utf-8");

    p = ngx_pnalloc(ctx->request->pool, (m->n + 8) * NGX_HTTP_PUPIL_LINE * 2);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ctx->response.text.data = p;

    if (format == NGX_HTTP_PUPIL_PROMETHEUS) {
        type = prometheus;
        p = ngx_sprintf(p, "# TYPE pupil_ready gauge\n"
                        "pupil_ready{worker=\"%ui\"} %d\n", ngx_worker,
                        trouble == NULL);

        for (i = 0; i < m->n; i++) {
            typed = i == 0 || m->list[i].detail == NULL
                    || m->list[i - 1].group != m->list[i].group;
            p = ngx_http_pupil_status_line(p, &m->list[i], typed);
        }

    } else {
        type = html;
        p = ngx_sprintf(p, "<!DOCTYPE html>\n<html lang=\"en\"><head>"
                        "<meta charset=\"utf-8\"><title>Pupil</title></head>"
                        "<body><h1>Pupil " PUPIL_VERSION "</h1>"
                        "<p>%s</p><table>\n",
                        trouble ? trouble : "This worker serves.");

        for (i = 0; i < m->n; i++) {
            p = ngx_http_pupil_status_row(p, &m->list[i]);
        }

        p = ngx_sprintf(p, "</table></body></html>\n");
    }

    ctx->response.text.len = p - ctx->response.text.data;
    ctx->response.text_type = type;

    return NGX_OK;
}


static u_char *
ngx_http_pupil_status_line(u_char *p, const ngx_http_pupil_metric_t *metric,
    ngx_uint_t typed)
{
    const char  *total;

    total = metric->kind == NGX_HTTP_PUPIL_GAUGE ? "" : "_total";

    if (metric->detail != NULL) {
        if (typed) {
            p = ngx_sprintf(p, "# TYPE pupil_%s_total counter\n",
                            metric->group);
        }

        return ngx_sprintf(p, "pupil_%s_total{worker=\"%ui\",endpoint=\"%s\","
                           "class=\"%s\"} %L\n", metric->group, ngx_worker,
                           metric->name, metric->detail, metric->value);
    }

    return ngx_sprintf(p, "# TYPE pupil_%s_%s%s %s\n"
                       "pupil_%s_%s%s{worker=\"%ui\"} %L\n", metric->group,
                       metric->name, total,
                       metric->kind == NGX_HTTP_PUPIL_GAUGE
                       ? "gauge" : "counter", metric->group,
                       metric->name, total, ngx_worker, metric->value);
}


static u_char *
ngx_http_pupil_status_row(u_char *p, const ngx_http_pupil_metric_t *metric)
{
    return ngx_sprintf(p, "<tr><th>%s</th><td>%s%s%s</td><td>%L</td></tr>\n",
                       metric->group, metric->name,
                       metric->detail ? " " : "",
                       metric->detail ? metric->detail : "", metric->value);
}
