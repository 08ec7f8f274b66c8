/*
 * Copyright (C) the Pupil authors
 *
 * The life of the cache of definitions: its size from the configuration, its
 * memory from each worker, its numbers for /status.
 */

#include "http/homework/ngx_http_pupil_homework_cache.h"


#define NGX_HTTP_PUPIL_HOMEWORK_CACHE  (8 * 1024 * 1024)    /* bytes */


void *
ngx_http_pupil_homework_create(ngx_conf_t *cf)
{
    ngx_http_pupil_homework_conf_t  *conf;

    conf = ngx_pcalloc(cf->pool, sizeof(ngx_http_pupil_homework_conf_t));
    if (conf == NULL) {
        return NULL;
    }

    conf->size = NGX_CONF_UNSET_SIZE;

    return conf;
}


ngx_int_t
ngx_http_pupil_homework_init(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_http_pupil_homework_conf_t  *conf;

    conf = ngx_http_pupil_homework_conf(pmcf);
    ngx_conf_init_size_value(conf->size, NGX_HTTP_PUPIL_HOMEWORK_CACHE);

    return NGX_OK;
}


/* Without the memory, the database is asked for all. */
ngx_int_t
ngx_http_pupil_homework_init_process(ngx_http_pupil_main_conf_t *pmcf,
    ngx_log_t *log)
{
    ngx_http_pupil_homework_conf_t  *conf;

    conf = ngx_http_pupil_homework_conf(pmcf);

    if (conf->size != 0) {
        conf->definitions = ngx_http_pupil_definitions_create(conf->size, log);
    }

    return NGX_OK;
}


void
ngx_http_pupil_homework_exit_process(ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_http_pupil_homework_conf_t  *conf;

    conf = ngx_http_pupil_homework_conf(pmcf);

    ngx_http_pupil_definitions_destroy(conf->definitions);
    conf->definitions = NULL;
}


void
ngx_http_pupil_homework_metrics(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_metrics_t *metrics)
{
    ngx_http_pupil_homework_conf_t      *conf;
    ngx_http_pupil_definitions_stats_t   stats;

    static const ngx_http_pupil_metric_row_t  rows[] = {
        ngx_http_pupil_gauge("classes", ngx_http_pupil_definitions_stats_t,
                             entries),
        ngx_http_pupil_gauge("bytes", ngx_http_pupil_definitions_stats_t,
                             bytes),
        ngx_http_pupil_gauge("bytes_max", ngx_http_pupil_definitions_stats_t,
                             bytes_max),
        ngx_http_pupil_counter("hits", ngx_http_pupil_definitions_stats_t,
                               hits),
        ngx_http_pupil_counter("misses", ngx_http_pupil_definitions_stats_t,
                               misses),
        ngx_http_pupil_counter("evictions",
                               ngx_http_pupil_definitions_stats_t, evictions),
        { NULL, 0, 0, 0 }
    };

    conf = ngx_http_pupil_homework_conf(pmcf);
    ngx_memzero(&stats, sizeof(ngx_http_pupil_definitions_stats_t));

    if (conf->definitions != NULL) {
        ngx_http_pupil_definitions_stats(conf->definitions, &stats);
    }

    stats.bytes_max = conf->size;

    ngx_http_pupil_metric_table(metrics, "homework_cache", rows, &stats);
}
