/*
 * Copyright (C) the Pupil authors
 *
 * What a worker says of itself in the key store.
 */

#ifndef _NGX_HTTP_PUPIL_FLEET_H_INCLUDED_
#define _NGX_HTTP_PUPIL_FLEET_H_INCLUDED_

#include "core/vault/kek.h"
#include "http/request/ngx_http_pupil_types.h"


/* Bytes of the epochs of a key file, by commas, and a NUL. */
#define NGX_HTTP_PUPIL_EPOCHS_LEN                                             \
    (PUPIL_KEYRING_EPOCHS * (NGX_INT32_LEN + 1) + 1)

/* pmcf->fleet.  epochs: set when the configuration is read. */
typedef struct {
    u_char                       epochs[NGX_HTTP_PUPIL_EPOCHS_LEN];
    ngx_str_t                    host;
    pupil_time_t                 started;
    ngx_http_pupil_main_conf_t  *main;
    ngx_event_t                  again;
    unsigned                     said:1;    /* once */
} ngx_http_pupil_fleet_t;


/* Says that this worker is there, from now on. */
ngx_int_t ngx_http_pupil_fleet_init_process(ngx_http_pupil_main_conf_t *pmcf,
    ngx_cycle_t *cycle);

#endif /* _NGX_HTTP_PUPIL_FLEET_H_INCLUDED_ */
