/*
 * Copyright (C) the Pupil authors
 *
 * Whether the key store answers: that its connections are up does not say so
 * (pitfall 42).
 */

#ifndef _NGX_HTTP_PUPIL_KEYSTORE_HEALTH_H_INCLUDED_
#define _NGX_HTTP_PUPIL_KEYSTORE_HEALTH_H_INCLUDED_

#include "http/request/ngx_http_pupil_types.h"


/* pmcf->keystore_health, a worker's own. */
typedef struct {
    ngx_msec_t  asked_at;       /* the last probe */
    unsigned    probing:1;
    unsigned    failing:1;      /* the last one did */
} ngx_http_pupil_keystore_health_t;


/* Asks, unless that was done so many seconds ago. */
void ngx_http_pupil_keystore_probe(ngx_http_pupil_main_conf_t *pmcf,
    time_t age);

/* Why nothing is answered that needs it; NULL: it answers. */
const char *ngx_http_pupil_keystore_trouble(
    const ngx_http_pupil_main_conf_t *pmcf);

#endif /* _NGX_HTTP_PUPIL_KEYSTORE_HEALTH_H_INCLUDED_ */
