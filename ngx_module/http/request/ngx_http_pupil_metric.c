/*
 * Copyright (C) the Pupil authors
 *
 * Numbers for /status, added by whoever has them.
 */

#include "http/request/ngx_http_pupil_metric.h"


void
ngx_http_pupil_metric(ngx_http_pupil_metrics_t *metrics, const char *group,
    const char *name, ngx_http_pupil_metric_kind_e kind, int64_t value)
{
    ngx_http_pupil_metric_t  *metric;

    if (metrics->n == NGX_HTTP_PUPIL_METRICS) {
        return;
    }

    metric = &metrics->list[metrics->n++];
    metric->group = group;
    metric->name = name;
    metric->detail = NULL;
    metric->kind = kind;
    metric->value = value;
}


void
ngx_http_pupil_metric_table(ngx_http_pupil_metrics_t *metrics,
    const char *group, const ngx_http_pupil_metric_row_t *rows,
    const void *base)
{
    uint32_t       narrow;
    uint64_t       wide;
    const u_char  *member;

    for ( /* void */ ; rows->name != NULL; rows++) {
        member = (const u_char *) base + rows->offset;

        if (rows->size == sizeof(narrow)) {
            ngx_memcpy(&narrow, member, sizeof(narrow));
            wide = narrow;

        } else {
            ngx_memcpy(&wide, member, sizeof(wide));
        }

        ngx_http_pupil_metric(metrics, group, rows->name, rows->kind,
                              (int64_t) wide);
    }
}
