/*
 * Copyright (C) the Pupil authors
 *
 * Numbers for /status: each tells of a worker, none of a person.
 */

#ifndef _NGX_HTTP_PUPIL_METRIC_H_INCLUDED_
#define _NGX_HTTP_PUPIL_METRIC_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


#define NGX_HTTP_PUPIL_METRICS  160


typedef enum {
    NGX_HTTP_PUPIL_COUNTER = 0,                /* it only grows */
    NGX_HTTP_PUPIL_GAUGE
} ngx_http_pupil_metric_kind_e;


/* One number.  Those of a group follow each other. */
typedef struct {
    const char                    *group;      /* all three static */
    const char                    *name;
    const char                    *detail;     /* a class of status, or NULL */
    int64_t                        value;
    ngx_http_pupil_metric_kind_e   kind;
} ngx_http_pupil_metric_t;

typedef struct {
    ngx_http_pupil_metric_t        list[NGX_HTTP_PUPIL_METRICS];
    ngx_uint_t                     n;
} ngx_http_pupil_metrics_t;


/* A member of a structure of counters; tables end with name NULL. */
typedef struct {
    const char                    *name;
    ngx_http_pupil_metric_kind_e   kind;
    size_t                         offset;     /* of an unsigned number */
    size_t                         size;
} ngx_http_pupil_metric_row_t;

#define ngx_http_pupil_counter(name, type, member)                            \
    { name, NGX_HTTP_PUPIL_COUNTER, offsetof(type, member),                   \
      sizeof(((type *) 0)->member) }
#define ngx_http_pupil_gauge(name, type, member)                              \
    { name, NGX_HTTP_PUPIL_GAUGE, offsetof(type, member),                     \
      sizeof(((type *) 0)->member) }


/* Adds one number; past the end of the list it is left out. */
void ngx_http_pupil_metric(ngx_http_pupil_metrics_t *metrics,
    const char *group, const char *name, ngx_http_pupil_metric_kind_e kind,
    int64_t value);

/* Adds a table of them; base: the structure. */
void ngx_http_pupil_metric_table(ngx_http_pupil_metrics_t *metrics,
    const char *group, const ngx_http_pupil_metric_row_t *rows,
    const void *base);

#endif /* _NGX_HTTP_PUPIL_METRIC_H_INCLUDED_ */
