/*
 * Copyright (C) the Pupil authors
 *
 * The numbers of a worker, as tables over the structures that count them.
 * Endpoints add their own.
 */

#include "http/request/ngx_http_pupil_endpoints.h"
#include "http/status/ngx_http_pupil_metrics.h"


#define NGX_HTTP_PUPIL_PARTITIONS_WARN  35     /* days */
#define NGX_HTTP_PUPIL_CAP_WARN         80     /* percent */


static void ngx_http_pupil_metrics_requests(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics);
static void ngx_http_pupil_metrics_event_loop(
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_metrics_t *metrics);
static void ngx_http_pupil_metrics_keys(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics);
static void ngx_http_pupil_metrics_sessions(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics);
static void ngx_http_pupil_metrics_rosters(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics);
static void ngx_http_pupil_metrics_audit(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics);


static const ngx_http_pupil_metric_row_t  ngx_http_pupil_refused[] = {
    ngx_http_pupil_counter("bad_request", ngx_http_pupil_stats_t,
                           bad_request),
    ngx_http_pupil_counter("unauthorized", ngx_http_pupil_stats_t,
                           unauthorized),
    ngx_http_pupil_counter("csrf", ngx_http_pupil_stats_t, csrf),
    ngx_http_pupil_counter("throttled", ngx_http_pupil_stats_t, throttled),
    ngx_http_pupil_counter("aborted", ngx_http_pupil_stats_t, aborted),
    ngx_http_pupil_counter("late", ngx_http_pupil_stats_t, late),
    { NULL, 0, 0, 0 }
};

static const ngx_http_pupil_metric_row_t  ngx_http_pupil_unsent_metrics[] = {
    ngx_http_pupil_gauge("answers", ngx_http_pupil_unsent_conf_t, waiting),
    ngx_http_pupil_gauge("bytes", ngx_http_pupil_unsent_conf_t, bytes),
    ngx_http_pupil_counter("ended", ngx_http_pupil_unsent_conf_t, ended),
    { NULL, 0, 0, 0 }
};

static const ngx_http_pupil_metric_row_t  ngx_http_pupil_pool_metrics[] = {
    ngx_http_pupil_gauge("connections", ngx_libpq_stats_t, up),
    ngx_http_pupil_gauge("in_flight", ngx_libpq_stats_t, inflight),
    ngx_http_pupil_gauge("queued", ngx_libpq_stats_t, queued),
    ngx_http_pupil_counter("done", ngx_libpq_stats_t, done),
    ngx_http_pupil_counter("failed", ngx_libpq_stats_t, failed),
    ngx_http_pupil_counter("refused", ngx_libpq_stats_t, refused),
    ngx_http_pupil_counter("retried", ngx_libpq_stats_t, retried),
    ngx_http_pupil_counter("locked", ngx_libpq_stats_t, locked),
    ngx_http_pupil_counter("reconnects", ngx_libpq_stats_t, reconnects),
    ngx_http_pupil_counter("mismatches", ngx_libpq_stats_t, mismatches),
    ngx_http_pupil_counter("stalls", ngx_libpq_stats_t, stalls),
    { NULL, 0, 0, 0 }
};

static const ngx_http_pupil_metric_row_t  ngx_http_pupil_zone_metrics[] = {
    ngx_http_pupil_counter("zone_hits", ngx_http_pupil_zone_conf_t, hits),
    ngx_http_pupil_counter("zone_misses", ngx_http_pupil_zone_conf_t, misses),
    ngx_http_pupil_counter("zone_stale", ngx_http_pupil_zone_conf_t, stale),
    { NULL, 0, 0, 0 }
};

static const ngx_http_pupil_metric_row_t  ngx_http_pupil_stranger_metrics[] = {
    ngx_http_pupil_counter("strangers", ngx_http_pupil_strangers_t, all),
    ngx_http_pupil_counter("strangers_refused", ngx_http_pupil_strangers_t,
                           refused),
    ngx_http_pupil_gauge("strangers_served", ngx_http_pupil_strangers_t,
                         served),
    ngx_http_pupil_gauge("strangers_waiting", ngx_http_pupil_strangers_t,
                         waiting),
    { NULL, 0, 0, 0 }
};

static const ngx_http_pupil_metric_row_t  ngx_http_pupil_keyring_metrics[] = {
    ngx_http_pupil_counter("hits", pupil_keyring_stats_t, hits),
    ngx_http_pupil_counter("misses", pupil_keyring_stats_t, misses),
    ngx_http_pupil_counter("evictions", pupil_keyring_stats_t, evictions),
    { NULL, 0, 0, 0 }
};


void
ngx_http_pupil_metrics_collect(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics)
{
    ngx_uint_t  i;

    ngx_http_pupil_metric(metrics, "worker", "pid", NGX_HTTP_PUPIL_GAUGE,
                          ngx_pid);
    ngx_http_pupil_metric(metrics, "worker", "uptime_seconds",
                          NGX_HTTP_PUPIL_GAUGE, ngx_time() - pmcf->started);

    ngx_http_pupil_metrics_requests(pmcf, metrics);
    ngx_http_pupil_metrics_event_loop(pmcf, metrics);

    if (!pmcf->used) {
        return;
    }

    ngx_http_pupil_metric_table(metrics, "refused", ngx_http_pupil_refused,
                                &pmcf->stats);
    ngx_http_pupil_metric(metrics, "refused", "tampered",
                          NGX_HTTP_PUPIL_COUNTER,
                          (int64_t) pmcf->audit.tampered);

    ngx_http_pupil_metric_table(metrics, "database_data",
                                ngx_http_pupil_pool_metrics,
                                &pmcf->data->stats);
    ngx_http_pupil_metric_table(metrics, "database_keys",
                                ngx_http_pupil_pool_metrics,
                                &pmcf->keystore->stats);

    ngx_http_pupil_metric_table(metrics, "unsent",
                                ngx_http_pupil_unsent_metrics, &pmcf->unsent);

    ngx_http_pupil_metrics_keys(pmcf, metrics);
    ngx_http_pupil_metrics_sessions(pmcf, metrics);

    for (i = 0; i < NGX_HTTP_PUPIL_ENDPOINT_COUNT; i++) {
        if (pmcf->endpoints[i]->metrics != NULL) {
            pmcf->endpoints[i]->metrics(pmcf, metrics);
        }
    }

    ngx_http_pupil_metrics_audit(pmcf, metrics);
    ngx_http_pupil_metrics_rosters(pmcf, metrics);
}


static void
ngx_http_pupil_metrics_requests(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics)
{
    ngx_uint_t          i, k;
    const char         *endpoint;
    ngx_atomic_uint_t   count;

    static const struct {
        const char  *name;
        ngx_uint_t   class;
    } classes[] = {
        { "2xx", 2 }, { "4xx", 4 }, { "5xx", 5 }
    };

    for (i = 0; i < NGX_HTTP_PUPIL_ENDPOINT_COUNT; i++) {
        endpoint = pmcf->endpoints[i]->name;

        for (k = 0; k < sizeof(classes) / sizeof(classes[0]); k++) {
            count = pmcf->stats.requests[i][classes[k].class];

            ngx_http_pupil_metric(metrics, "requests", endpoint,
                                  NGX_HTTP_PUPIL_COUNTER, (int64_t) count);
            metrics->list[metrics->n - 1].detail = classes[k].name;
        }
    }
}


/* Thread CPU time of callbacks; names are <kind>_<number>. */
static void
ngx_http_pupil_metrics_event_loop(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics)
{
    ngx_uint_t                     i;
    const char *const             *name;
    const ngx_libpq_probes_t      *all;
    const ngx_libpq_probe_kind_t  *kind;

    static const struct {
        ngx_uint_t   kind;
        const char  *name[3];
    } rows[] = {
        { NGX_HTTP_PUPIL_PROBE_REQUEST,
          { "request_longest_us", "request_over_1ms", "request_over_5ms" } },
        { NGX_HTTP_PUPIL_PROBE_BODY,
          { "body_longest_us", "body_over_1ms", "body_over_5ms" } },
        { NGX_HTTP_PUPIL_PROBE_RESUME,
          { "resume_longest_us", "resume_over_1ms", "resume_over_5ms" } },
        { NGX_HTTP_PUPIL_PROBE_CLEANUP,
          { "cleanup_longest_us", "cleanup_over_1ms", "cleanup_over_5ms" } },
        { NGX_LIBPQ_PROBE_DATABASE,
          { "database_longest_us", "database_over_1ms",
            "database_over_5ms" } },
        { NGX_HTTP_PUPIL_PROBE_AUDIT,
          { "audit_longest_us", "audit_over_1ms", "audit_over_5ms" } },
        { NGX_LIBPQ_PROBE_TIMER,
          { "timer_longest_us", "timer_over_1ms", "timer_over_5ms" } },
        { NGX_LIBPQ_PROBE_THREAD,
          { "thread_longest_us", "thread_over_1ms", "thread_over_5ms" } },
        { NGX_LIBPQ_PROBE_MAX,
          { "longest_us", "over_1ms", "over_5ms" } }
    };

    all = &ngx_libpq_probes;
    ngx_http_pupil_metric(metrics, "event_loop", "probe",
                          NGX_HTTP_PUPIL_GAUGE, pmcf->probe);

    if (!all->on) {
        return;
    }

    ngx_http_pupil_metric(metrics, "event_loop", "callbacks",
                          NGX_HTTP_PUPIL_COUNTER, (int64_t) all->callbacks);
    ngx_http_pupil_metric(metrics, "event_loop", "busy_us",
                          NGX_HTTP_PUPIL_COUNTER,
                          (int64_t) (all->busy / 1000));

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        kind = rows[i].kind < NGX_LIBPQ_PROBE_MAX ? &all->kinds[rows[i].kind]
                                                  : &all->all;
        name = rows[i].name;

        ngx_http_pupil_metric(metrics, "event_loop", name[0],
                              NGX_HTTP_PUPIL_GAUGE,
                              (int64_t) (kind->longest / 1000));
        ngx_http_pupil_metric(metrics, "event_loop", name[1],
                              NGX_HTTP_PUPIL_COUNTER,
                              (int64_t) kind->over_1ms);
        ngx_http_pupil_metric(metrics, "event_loop", name[2],
                              NGX_HTTP_PUPIL_COUNTER,
                              (int64_t) kind->over_5ms);
    }
}


static void
ngx_http_pupil_metrics_keys(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics)
{
    int64_t                share;
    pupil_keyring_stats_t  stats;

    ngx_memzero(&stats, sizeof(pupil_keyring_stats_t));

    if (pmcf->vault.ring != NULL) {
        pupil_keyring_stats(pmcf->vault.ring, &stats);
    }

    ngx_http_pupil_metric(metrics, "key_cache", "owners",
                          NGX_HTTP_PUPIL_GAUGE, (int64_t) stats.owners);
    ngx_http_pupil_metric(metrics, "key_cache", "owners_max",
                          NGX_HTTP_PUPIL_GAUGE,
                          (int64_t) pmcf->vault.owners);
    ngx_http_pupil_metric_table(metrics, "key_cache",
                                ngx_http_pupil_keyring_metrics, &stats);
    ngx_http_pupil_metric(metrics, "key_cache", "fetches",
                          NGX_HTTP_PUPIL_COUNTER,
                          (int64_t) pmcf->vault.fetches);
    ngx_http_pupil_metric(metrics, "key_cache", "refused",
                          NGX_HTTP_PUPIL_COUNTER,
                          (int64_t) pmcf->vault.cap.refused);

    share = ngx_http_pupil_keys_share(&pmcf->vault.cap);

    ngx_http_pupil_metric(metrics, "key_cache", "cap_percent",
                          NGX_HTTP_PUPIL_GAUGE, share);
    ngx_http_pupil_metric(metrics, "key_cache", "cap_warning",
                          NGX_HTTP_PUPIL_GAUGE,
                          share >= NGX_HTTP_PUPIL_CAP_WARN);
}


static void
ngx_http_pupil_metrics_sessions(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics)
{
    ngx_http_pupil_metric(metrics, "sessions", "zone_entries_max",
                          NGX_HTTP_PUPIL_GAUGE,
                          (int64_t) ngx_http_pupil_zone_size(pmcf));
    ngx_http_pupil_metric_table(metrics, "sessions",
                                ngx_http_pupil_zone_metrics, &pmcf->zone);
    ngx_http_pupil_metric_table(metrics, "sessions",
                                ngx_http_pupil_stranger_metrics,
                                &pmcf->strangers);
    ngx_http_pupil_metric(metrics, "sessions", "listening",
                          NGX_HTTP_PUPIL_GAUGE,
                          pmcf->zone.data.listen != NULL
                          && ngx_libpq_listen_up(pmcf->zone.data.listen)
                          && ngx_libpq_listen_up(pmcf->zone.keystore.listen));
}


/* Of what timers import, of all tenants. */
static void
ngx_http_pupil_metrics_rosters(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics)
{
    if (pmcf->lag.synced == NGX_ERROR) {
        return;
    }

    ngx_http_pupil_metric(metrics, "rosters", "age_seconds",
                          NGX_HTTP_PUPIL_GAUGE, pmcf->lag.synced);
    ngx_http_pupil_metric(metrics, "rosters", "held", NGX_HTTP_PUPIL_GAUGE,
                          pmcf->lag.held);
}


/* Partitions: unknown until the database has said how far they go. */
static void
ngx_http_pupil_metrics_audit(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics)
{
    int64_t  days;

    ngx_http_pupil_metric(metrics, "audit", "holes", NGX_HTTP_PUPIL_GAUGE,
                          pmcf->holes.open);

    if (pmcf->lag.unsealed != NGX_ERROR) {
        ngx_http_pupil_metric(metrics, "audit", "unsealed_seconds",
                              NGX_HTTP_PUPIL_GAUGE, pmcf->lag.unsealed);
    }

    if (pmcf->lag.unshipped != NGX_ERROR) {
        ngx_http_pupil_metric(metrics, "audit", "unshipped_seconds",
                              NGX_HTTP_PUPIL_GAUGE, pmcf->lag.unshipped);
    }

    if (pmcf->audit.partitions_until == 0) {
        return;
    }

    days = ((int64_t) pmcf->audit.partitions_until - ngx_time()) / 86400;

    ngx_http_pupil_metric(metrics, "audit", "partition_days_left",
                          NGX_HTTP_PUPIL_GAUGE, days);
    ngx_http_pupil_metric(metrics, "audit", "partition_warning",
                          NGX_HTTP_PUPIL_GAUGE,
                          days < NGX_HTTP_PUPIL_PARTITIONS_WARN);
}
