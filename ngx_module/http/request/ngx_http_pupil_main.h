/*
 * Copyright (C) the Pupil authors
 *
 * The configuration, and what a worker has of its own beside it.  Each room
 * keeps its part in a structure of its own header.
 */

#ifndef _NGX_HTTP_PUPIL_MAIN_H_INCLUDED_
#define _NGX_HTTP_PUPIL_MAIN_H_INCLUDED_

#include "core/endpoints/access.h"
#include "core/endpoints/compose.h"
#include "core/endpoints/database.h"
#include "core/policy/policy.h"
#include "http/request/ngx_http_pupil_audit.h"
#include "http/request/ngx_http_pupil_endpoint.h"
#include "http/request/ngx_http_pupil_fleet.h"
#include "http/request/ngx_http_pupil_keys.h"
#include "http/request/ngx_http_pupil_keystore_health.h"
#include "http/request/ngx_http_pupil_holes.h"
#include "http/request/ngx_http_pupil_lag.h"
#include "http/request/ngx_http_pupil_restored.h"
#include "http/request/ngx_http_pupil_strangers.h"
#include "http/request/ngx_http_pupil_tenants.h"
#include "http/request/ngx_http_pupil_unsent.h"
#include "http/request/ngx_http_pupil_told.h"
#include "http/request/ngx_http_pupil_zone.h"


/* What only http/conf knows of. */
typedef struct ngx_http_pupil_conf_s  ngx_http_pupil_conf_t;


/* Counters of one worker, requests by class of status.  No personal data. */
typedef struct {
    ngx_atomic_uint_t  requests[NGX_HTTP_PUPIL_ENDPOINT_MOST][6];
    ngx_atomic_uint_t  bad_request, unauthorized, csrf, throttled;
    ngx_atomic_uint_t  aborted;                /* the client went */
    ngx_atomic_uint_t  late;                   /* past their deadline */
} ngx_http_pupil_stats_t;


struct ngx_http_pupil_main_conf_s {
    pupil_policy_t                    policy;    /* all plugins, no denies */
    ngx_libpq_pool_t                 *data;      /* pupil_database */
    ngx_libpq_pool_t                 *keystore;  /* pupil_keystore */
    ngx_libpq_stmt_t                 *fixed[PUPIL_FIXED_COUNT];
    ngx_http_pupil_vault_t            vault;
    ngx_http_pupil_zone_conf_t        zone;
    ngx_http_pupil_told_t             told;
    ngx_http_pupil_audit_conf_t       audit;
    ngx_http_pupil_keystore_health_t  keystore_health;
    ngx_http_pupil_tenants_t          tenants;
    ngx_http_pupil_restored_t         restored;
    ngx_http_pupil_holes_t            holes;
    ngx_http_pupil_lag_t              lag;
    ngx_http_pupil_fleet_t            fleet;
    ngx_http_pupil_unsent_conf_t      unsent;
    ngx_http_pupil_strangers_t        strangers;
    ngx_http_pupil_conf_t            *conf;
    ngx_flag_t                        probe;     /* pupil_probe */

    /* by ngx_http_pupil_endpoint_e */
    const ngx_http_pupil_endpoint_t  *const *endpoints;
    void                             *own[NGX_HTTP_PUPIL_ENDPOINT_MOST];
    ngx_uint_t                        served;    /* a bit for each */
    unsigned                          used:1;    /* one that core knows is */

    /* a worker's own; random bytes are used once */
    uint8_t                           random[32][PUPIL_UUID_LEN];
    ngx_uint_t                        random_left;
    time_t                            started;
    ngx_msec_t                        timeout;   /* of a request */
    ngx_http_pupil_stats_t            stats;
};


/* One category of /v1/data/ for one relation. */
typedef pupil_composed_generic_t  ngx_http_pupil_generic_t;


/* pupil_mail. */
typedef struct {
    ngx_uint_t                        language;  /* PUPIL_MAIL_OFF, ... */
    pupil_str_t                       forgotten; /* a page; or empty */
    unsigned                          codes:1;   /* of a second factor */
} ngx_http_pupil_mail_t;


/* pupil_sign_up. */
typedef struct {
    pupil_uuid_t                      tenant, institution;
    pupil_str_t                       page;
    int32_t                           trial;     /* days; 0: off */
} ngx_http_pupil_sign_up_t;


struct ngx_http_pupil_loc_conf_s {
    const ngx_http_pupil_endpoint_t  *endpoint;  /* NULL: none of ours */
    pupil_access_t                   *access;    /* pupil_access; NULL: none */
    ngx_http_complex_value_t         *tenant;    /* pupil_tenant */
    ngx_http_complex_value_t         *login_network;  /* NULL: none */
    ngx_array_t                      *denies;    /* pupil_deny_t */
    pupil_location_t                  serves;    /* policy and statements */
    ngx_uint_t                        login_password;
    const ngx_http_pupil_mail_t      *mail;      /* NULL: none */
    const ngx_http_pupil_sign_up_t   *sign_up;   /* NULL: none */
    ngx_uint_t                        session_limit; /* of somebody */
    const int64_t                    *step_up;   /* seconds by role; 0: any */
    ngx_uint_t                        support_time;  /* seconds at most */
    const int64_t                    *factor;    /* pupil_factor_policy_t, by
                                                    pupil_role_t; NULL: off */
    ngx_uint_t                        behind_proxy;
    ngx_uint_t                        audit_holes;
    ngx_uint_t                        score_claims;  /* PUPIL_CLAIMS_* */
    size_t                            body_max;  /* bytes */
    time_t                            idle;      /* seconds, default 7200 */
    time_t                            absolute;  /* seconds, default 43200 */
    ngx_array_t                      *origins;   /* ngx_str_t, allowed */
    ngx_array_t                      *providers; /* of the log-in's own */
    ngx_array_t                      *tenants;   /* pupil_login_tenant_t;
                                                    NULL: none but that */
    ngx_str_t                         prefix;    /* of the location, without a
                                                    slash at its end */
    unsigned                          slash:1;   /* that was there */
    unsigned                          unguarded:1;  /* pupil_access off */
};

#endif /* _NGX_HTTP_PUPIL_MAIN_H_INCLUDED_ */
