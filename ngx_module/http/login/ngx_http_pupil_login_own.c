/*
 * Copyright (C) the Pupil authors
 *
 * What the log-in has for itself.
 */

#include "http/login/ngx_http_pupil_login.h"


/* Defaults of pupil_password_hash: OWASP's, 19 MiB in two passes. */
#define NGX_HTTP_PUPIL_LOGIN_QUEUE       32
#define NGX_HTTP_PUPIL_LOGIN_MEMORY      19456    /* KiB */
#define NGX_HTTP_PUPIL_LOGIN_ITERATIONS  2


void *
ngx_http_pupil_login_create(ngx_conf_t *cf)
{
    ngx_http_pupil_login_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_pupil_login_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    pupil_seats_init(&conf->seats);
    ngx_http_pupil_pace_init(&conf->pace);

    conf->queue = NGX_HTTP_PUPIL_LOGIN_QUEUE;
    conf->parallel = ngx_min(ngx_max(ngx_ncpu, 2) - 1,
                             NGX_HTTP_PUPIL_GATE_MAX);
    conf->cost.memory = NGX_HTTP_PUPIL_LOGIN_MEMORY;
    conf->cost.iterations = NGX_HTTP_PUPIL_LOGIN_ITERATIONS;

    ngx_queue_init(&conf->under_way);
    ngx_queue_init(&conf->gone);

    return conf;
}


/* Hashing has a thread pool of its own, or file I/O would wait behind it. */
ngx_int_t
ngx_http_pupil_login_init(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_http_pupil_login_conf_t  *conf;

    conf = ngx_http_pupil_login_conf(pmcf);

    if (conf->pool_name.len == 0) {
        ngx_str_set(&conf->pool_name, "pupil");
    }

    if (ngx_thread_pool_get(cf->cycle, &conf->pool_name) == NULL) {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                           "pupil_login hashes passwords in the thread pool "
                           "\"%V\", which is not there: write \"thread_pool "
                           "%V threads=1 max_queue=%ui;\" before http {}",
                           &conf->pool_name, &conf->pool_name, conf->queue);
        return NGX_ERROR;
    }

    conf->pool = ngx_thread_pool_add(cf, &conf->pool_name);

    return conf->pool == NULL ? NGX_ERROR
                              : ngx_http_pupil_gate_create(cf, &conf->gate);
}


void
ngx_http_pupil_login_metrics(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics)
{
    ngx_http_pupil_login_conf_t  *conf;

    static const ngx_http_pupil_metric_row_t  rows[] = {
        ngx_http_pupil_counter("attempts", ngx_http_pupil_login_conf_t,
                               attempts),
        ngx_http_pupil_counter("failures", ngx_http_pupil_login_conf_t,
                               failures),
        ngx_http_pupil_counter("busy", ngx_http_pupil_login_conf_t, busy),
        ngx_http_pupil_counter("made_room", ngx_http_pupil_login_conf_t,
                               made_room),
        ngx_http_pupil_gauge("in_progress", ngx_http_pupil_login_conf_t,
                             seats.n),
        ngx_http_pupil_counter("hashes", ngx_http_pupil_login_conf_t, hashes),
        ngx_http_pupil_counter("hash_kib", ngx_http_pupil_login_conf_t,
                               hash_kib),
        ngx_http_pupil_gauge("queue_max", ngx_http_pupil_login_conf_t, queue),
        ngx_http_pupil_gauge("parallel_max", ngx_http_pupil_login_conf_t,
                             parallel),
        ngx_http_pupil_gauge("provider_waiting", ngx_http_pupil_login_conf_t,
                             pace.seats.n),
        ngx_http_pupil_counter("provider_busy", ngx_http_pupil_login_conf_t,
                               pace.busy),
        ngx_http_pupil_gauge("provider_rate_max", ngx_http_pupil_login_conf_t,
                             pace.rate),
        { NULL, 0, 0, 0 }
    };

    conf = ngx_http_pupil_login_conf(pmcf);

    ngx_http_pupil_metric_table(metrics, "login", rows, conf);
    ngx_http_pupil_metric(metrics, "login", "parallel_most",
                          NGX_HTTP_PUPIL_GAUGE,
                          conf->gate == NULL ? 0
                          : (int64_t) ngx_http_pupil_gate_most(conf->gate));
}
