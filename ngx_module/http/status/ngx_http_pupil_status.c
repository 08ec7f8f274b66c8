/*
 * Copyright (C) the Pupil authors
 *
 * /status: counters of the worker that answers, as JSON, as Prometheus' text
 * format or as a page; /status/live and /status/ready for probes.  Numbers
 * only: nothing here tells of a person.
 */

#include "http/homework/ngx_http_pupil_definitions.h"


#define NGX_HTTP_PUPIL_PARTITIONS_WARN  35        /* days */
#define NGX_HTTP_PUPIL_METRICS       160
#define NGX_HTTP_PUPIL_LINE          160       /* bytes, at most */

typedef enum {
    NGX_HTTP_PUPIL_JSON = 0,
    NGX_HTTP_PUPIL_PROMETHEUS,
    NGX_HTTP_PUPIL_HTML
} ngx_http_pupil_format_e;


/* One number.  Those of a group follow each other. */
typedef struct {
    const char  *group;
    const char  *name;
    const char  *detail;        /* a class of status, or NULL */
    int64_t      value;
    ngx_uint_t   gauge;         /* else it only grows */
} ngx_http_pupil_metric_t;

typedef struct {
    ngx_http_pupil_metric_t  list[NGX_HTTP_PUPIL_METRICS];
    ngx_uint_t               n;
} ngx_http_pupil_metrics_t;


static ngx_int_t ngx_http_pupil_status_start(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_status_live(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_status_ready(ngx_http_pupil_ctx_t *ctx);
static ngx_http_pupil_format_e ngx_http_pupil_status_format(
    ngx_http_request_t *r);
static const char *ngx_http_pupil_status_trouble(
    ngx_http_pupil_main_conf_t *pmcf);
static void ngx_http_pupil_status_add(ngx_http_pupil_metrics_t *m,
    const char *group, const char *name, ngx_uint_t gauge, int64_t value);
static void ngx_http_pupil_status_collect(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *m);
static void ngx_http_pupil_status_requests(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *m);
static void ngx_http_pupil_status_keys(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *m);
static void ngx_http_pupil_status_probe(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *m);
static void ngx_http_pupil_status_homework(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *m);
static void ngx_http_pupil_status_pool(ngx_http_pupil_metrics_t *m,
    const char *group, ngx_libpq_pool_t *pool);
static void ngx_http_pupil_status_json(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_metrics_t *m, const char *trouble);
static ngx_int_t ngx_http_pupil_status_text(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_metrics_t *m, const char *trouble,
    ngx_http_pupil_format_e format);
static u_char *ngx_http_pupil_status_line(u_char *p,
    const ngx_http_pupil_metric_t *metric, ngx_uint_t typed);
static u_char *ngx_http_pupil_status_row(u_char *p,
    const ngx_http_pupil_metric_t *metric);
static int64_t ngx_http_pupil_status_days(ngx_http_pupil_main_conf_t *pmcf);


const ngx_http_pupil_route_t  ngx_http_pupil_status_routes[] = {
    { NGX_HTTP_GET, "", NGX_HTTP_PUPIL_PUBLIC, NULL,
      ngx_http_pupil_status_start, NULL },
    { NGX_HTTP_GET, "/live", NGX_HTTP_PUPIL_PUBLIC, NULL,
      ngx_http_pupil_status_live, NULL },
    { NGX_HTTP_GET, "/ready", NGX_HTTP_PUPIL_PUBLIC, NULL,
      ngx_http_pupil_status_ready, NULL },
    { 0, NULL, 0, NULL, NULL, NULL }
};


static ngx_int_t
ngx_http_pupil_status_start(ngx_http_pupil_ctx_t *ctx)
{
    const char                *trouble;
    ngx_http_pupil_format_e    format;
    ngx_http_pupil_metrics_t  *m;

    m = ngx_pcalloc(ctx->request->pool, sizeof(ngx_http_pupil_metrics_t));
    if (m == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_partitions(ctx->main);
    ngx_http_pupil_status_collect(ctx->main, m);

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

    trouble = ngx_http_pupil_status_trouble(ctx->main);

    pupil_writer_object_begin(&ctx->out);
    pupil_writer_key(&ctx->out, "status");
    pupil_writer_cstr(&ctx->out, trouble ? "unavailable" : "ready");

    if (trouble != NULL) {
        ctx->status = NGX_HTTP_SERVICE_UNAVAILABLE;
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
    if (!pmcf->used) {
        return NULL;
    }

    if (pmcf->ring == NULL) {
        return "no locked memory for keys";
    }

    if (pmcf->data->stats.up == 0) {
        return "no connection to the database";
    }

    if (pmcf->keys->stats.up == 0) {
        return "no connection to the key store";
    }

    if (pmcf->partitions_until != 0
        && (time_t) pmcf->partitions_until <= ngx_time())
    {
        return "the audit log has no partition for today";
    }

    return NULL;
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
ngx_http_pupil_status_add(ngx_http_pupil_metrics_t *m, const char *group,
    const char *name, ngx_uint_t gauge, int64_t value)
{
    if (m->n < NGX_HTTP_PUPIL_METRICS) {
        m->list[m->n].group = group;
        m->list[m->n].name = name;
        m->list[m->n].gauge = gauge;
        m->list[m->n].value = value;
        m->n++;
    }
}


static void
ngx_http_pupil_status_collect(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *m)
{
    int64_t                  days;
    ngx_http_pupil_stats_t  *stats;

    stats = &pmcf->stats;

    ngx_http_pupil_status_add(m, "worker", "pid", 1, ngx_pid);
    ngx_http_pupil_status_add(m, "worker", "uptime_seconds", 1,
                              ngx_time() - pmcf->started);

    ngx_http_pupil_status_requests(pmcf, m);
    ngx_http_pupil_status_probe(pmcf, m);

    if (!pmcf->used) {
        return;
    }

    ngx_http_pupil_status_add(m, "refused", "bad_request", 0,
                              stats->bad_request);
    ngx_http_pupil_status_add(m, "refused", "unauthorized", 0,
                              stats->unauthorized);
    ngx_http_pupil_status_add(m, "refused", "csrf", 0, stats->csrf);
    ngx_http_pupil_status_add(m, "refused", "throttled", 0, stats->throttled);
    ngx_http_pupil_status_add(m, "refused", "aborted", 0, stats->aborted);
    ngx_http_pupil_status_add(m, "refused", "tampered", 0, stats->tampered);

    ngx_http_pupil_status_pool(m, "database_data", pmcf->data);
    ngx_http_pupil_status_pool(m, "database_keys", pmcf->keys);
    ngx_http_pupil_status_keys(pmcf, m);
    ngx_http_pupil_status_homework(pmcf, m);

    ngx_http_pupil_status_add(m, "evidence", "hits", 0,
                              stats->evidence_hits);
    ngx_http_pupil_status_add(m, "evidence", "misses", 0,
                              stats->evidence_misses);
    ngx_http_pupil_status_add(m, "evidence", "stale", 0,
                              stats->evidence_stale);

    ngx_http_pupil_status_add(m, "sessions", "zone_entries_max", 1,
                              ngx_http_pupil_zone_size(pmcf));
    ngx_http_pupil_status_add(m, "sessions", "zone_hits", 0,
                              stats->zone_hits);
    ngx_http_pupil_status_add(m, "sessions", "zone_misses", 0,
                              stats->zone_misses);
    ngx_http_pupil_status_add(m, "sessions", "zone_stale", 0,
                              stats->zone_stale);
    ngx_http_pupil_status_add(m, "sessions", "listening", 1,
                              pmcf->listen != NULL
                              && ngx_libpq_listen_up(pmcf->listen));

    ngx_http_pupil_status_add(m, "login", "attempts", 0, stats->logins);
    ngx_http_pupil_status_add(m, "login", "failures", 0,
                              stats->login_failures);
    ngx_http_pupil_status_add(m, "login", "busy", 0, stats->login_busy);
    ngx_http_pupil_status_add(m, "login", "in_progress", 1, pmcf->hashing);
    ngx_http_pupil_status_add(m, "login", "hashes", 0, stats->hashes);
    ngx_http_pupil_status_add(m, "login", "hash_kib", 0, stats->hash_kib);
    ngx_http_pupil_status_add(m, "login", "queue_max", 1, pmcf->hash_queue);
    ngx_http_pupil_status_add(m, "login", "parallel_max", 1,
                              pmcf->hash_parallel);
    ngx_http_pupil_status_add(m, "login", "parallel_most", 1,
                              pmcf->gate == NULL ? 0
                              : ngx_http_pupil_gate_most(pmcf->gate));

    days = ngx_http_pupil_status_days(pmcf);

    if (pmcf->partitions_until != 0) {
        ngx_http_pupil_status_add(m, "audit", "partition_days_left", 1, days);
        ngx_http_pupil_status_add(m, "audit", "partition_warning", 1,
                                  days < NGX_HTTP_PUPIL_PARTITIONS_WARN);
    }
}


static void
ngx_http_pupil_status_requests(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *m)
{
    ngx_uint_t   e, c;
    const char  *name;

    static const char *const  classes[] =
        { NULL, NULL, "2xx", "3xx", "4xx", "5xx" };

    for (e = 0; e <= NGX_HTTP_PUPIL_STATUS; e++) {
        name = e == NGX_HTTP_PUPIL_STATUS ? "status"
                                          : pupil_endpoints[e].name;

        for (c = 2; c <= 5; c++) {
            if (c == 3) {
                continue;
            }

            ngx_http_pupil_status_add(m, "requests", name, 0,
                                      pmcf->stats.requests[e][c]);
            m->list[m->n - 1].detail = classes[c];
        }
    }
}


static void
ngx_http_pupil_status_pool(ngx_http_pupil_metrics_t *m, const char *group,
    ngx_libpq_pool_t *pool)
{
    ngx_libpq_stats_t  *s;

    s = &pool->stats;

    ngx_http_pupil_status_add(m, group, "connections", 1, s->up);
    ngx_http_pupil_status_add(m, group, "in_flight", 1, s->inflight);
    ngx_http_pupil_status_add(m, group, "queued", 1, s->queued);
    ngx_http_pupil_status_add(m, group, "done", 0, s->done);
    ngx_http_pupil_status_add(m, group, "failed", 0, s->failed);
    ngx_http_pupil_status_add(m, group, "refused", 0, s->refused);
    ngx_http_pupil_status_add(m, group, "retried", 0, s->retried);
    ngx_http_pupil_status_add(m, group, "reconnects", 0, s->reconnects);
    ngx_http_pupil_status_add(m, group, "mismatches", 0, s->mismatches);
    ngx_http_pupil_status_add(m, group, "stalls", 0, s->stalls);
}


static void
ngx_http_pupil_status_keys(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *m)
{
    pupil_keyring_stats_t  s;

    ngx_memzero(&s, sizeof(pupil_keyring_stats_t));

    if (pmcf->ring != NULL) {
        pupil_keyring_stats(pmcf->ring, &s);
    }

    ngx_http_pupil_status_add(m, "key_cache", "owners", 1, s.owners);
    ngx_http_pupil_status_add(m, "key_cache", "owners_max", 1,
                              pmcf->cache_owners);
    ngx_http_pupil_status_add(m, "key_cache", "hits", 0, s.hits);
    ngx_http_pupil_status_add(m, "key_cache", "misses", 0, s.misses);
    ngx_http_pupil_status_add(m, "key_cache", "evictions", 0, s.evictions);
    ngx_http_pupil_status_add(m, "key_cache", "fetches", 0,
                              pmcf->stats.key_fetches);
}


/* Thread CPU time of callbacks; names are <kind>_<number>. */
static void
ngx_http_pupil_status_probe(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *m)
{
    ngx_uint_t                     i;
    const char *const             *name;
    const ngx_libpq_probes_t      *all;
    const ngx_libpq_probe_kind_t  *kind;

    static const char *const  names[NGX_LIBPQ_PROBE_COUNT + 1][3] = {
        { "request_longest_us", "request_over_1ms", "request_over_5ms" },
        { "body_longest_us", "body_over_1ms", "body_over_5ms" },
        { "resume_longest_us", "resume_over_1ms", "resume_over_5ms" },
        { "cleanup_longest_us", "cleanup_over_1ms", "cleanup_over_5ms" },
        { "database_longest_us", "database_over_1ms", "database_over_5ms" },
        { "audit_longest_us", "audit_over_1ms", "audit_over_5ms" },
        { "timer_longest_us", "timer_over_1ms", "timer_over_5ms" },
        { "thread_longest_us", "thread_over_1ms", "thread_over_5ms" },
        { "longest_us", "over_1ms", "over_5ms" }
    };

    all = &ngx_libpq_probes;
    ngx_http_pupil_status_add(m, "event_loop", "probe", 1, pmcf->probe);

    if (!all->on) {
        return;
    }

    ngx_http_pupil_status_add(m, "event_loop", "callbacks", 0,
                              all->callbacks);
    ngx_http_pupil_status_add(m, "event_loop", "busy_us", 0,
                              all->busy / 1000);

    for (i = 0; i <= NGX_LIBPQ_PROBE_COUNT; i++) {
        kind = i < NGX_LIBPQ_PROBE_COUNT ? &all->kinds[i] : &all->all;
        name = names[i];

        ngx_http_pupil_status_add(m, "event_loop", name[0], 1,
                                  kind->longest / 1000);
        ngx_http_pupil_status_add(m, "event_loop", name[1], 0,
                                  kind->over_1ms);
        ngx_http_pupil_status_add(m, "event_loop", name[2], 0,
                                  kind->over_5ms);
    }
}


static void
ngx_http_pupil_status_homework(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *m)
{
    ngx_http_pupil_definitions_stats_t  s;

    ngx_memzero(&s, sizeof(ngx_http_pupil_definitions_stats_t));

    if (pmcf->definitions != NULL) {
        ngx_http_pupil_definitions_stats(pmcf->definitions, &s);
    }

    ngx_http_pupil_status_add(m, "homework_cache", "classes", 1, s.entries);
    ngx_http_pupil_status_add(m, "homework_cache", "bytes", 1, s.bytes);
    ngx_http_pupil_status_add(m, "homework_cache", "bytes_max", 1,
                              pmcf->definitions_size);
    ngx_http_pupil_status_add(m, "homework_cache", "hits", 0, s.hits);
    ngx_http_pupil_status_add(m, "homework_cache", "misses", 0, s.misses);
    ngx_http_pupil_status_add(m, "homework_cache", "evictions", 0,
                              s.evictions);
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
    u_char       *p;
    ngx_uint_t    i, typed;
    ngx_str_t     type;

    static ngx_str_t  prometheus =
        ngx_string("text/plain; version=0.0.4; charset=utf-8");
    static ngx_str_t  html = ngx_string("text/html; charset=utf-8");

    p = ngx_pnalloc(ctx->request->pool, (m->n + 8) * NGX_HTTP_PUPIL_LINE * 2);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ctx->text.data = p;

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

    ctx->text.len = p - ctx->text.data;
    ctx->text_type = type;

    return NGX_OK;
}


static u_char *
ngx_http_pupil_status_line(u_char *p, const ngx_http_pupil_metric_t *metric,
    ngx_uint_t typed)
{
    const char  *total;

    total = metric->gauge ? "" : "_total";

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
                       metric->gauge ? "gauge" : "counter", metric->group,
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


static int64_t
ngx_http_pupil_status_days(ngx_http_pupil_main_conf_t *pmcf)
{
    return ((int64_t) pmcf->partitions_until - ngx_time()) / 86400;
}
