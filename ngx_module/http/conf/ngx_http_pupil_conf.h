/*
 * Copyright (C) the Pupil authors
 *
 * What the files of the configuration share.
 */

#ifndef _NGX_HTTP_PUPIL_CONF_H_INCLUDED_
#define _NGX_HTTP_PUPIL_CONF_H_INCLUDED_

#include "core/endpoints/directive.h"
#include "core/plugin/accepted.h"
#include "http/request/ngx_http_pupil.h"
#include "http/request/ngx_http_pupil_endpoints.h"


/* A shape or a policy, which a fresh connection stores. */
typedef struct {
    const char          *sql;               /* the statement of its table */
    u_char               hash[2 + 2 * PUPIL_HASH_LEN + 1];  /* \x, digits */
    u_char              *document;
} ngx_http_pupil_stored_t;


/*
 * What the check of a fresh connection needs and finds.  The atomics are all
 * that the helper threads write.
 */
typedef struct {
    pupil_database_id_t  database;
    ngx_array_t          stored;            /* ngx_http_pupil_stored_t */
    ngx_uint_t           durable;           /* PUPIL_DURABLE_* */
    pupil_epoch_t        epochs[PUPIL_KEYRING_EPOCHS];
    uint32_t             epochs_count;      /* of the key file */
    const char          *told;              /* these, by commas */
    unsigned             same_cluster:1;
    ngx_atomic_t        *own_system;        /* identifier of the cluster */
    ngx_atomic_t        *other_system;
    ngx_http_pupil_restored_t
                        *restored;          /* what is known of the marks */
    ngx_atomic_t        *partitions_until;  /* of the audit, in seconds */
    ngx_atomic_t         accepted;          /* 1: all that plugins grant was,
                                               when this worker began */
    const pupil_policy_t
                        *policy;
} ngx_http_pupil_check_t;


/* pmcf->conf: what the configuration is made with. */
struct ngx_http_pupil_conf_s {
    ngx_array_t             shapes;        /* pupil_statement_t *, all */
    ngx_array_t             locations;     /* pupil_location_t *, all */
    ngx_array_t             shared;        /* statements by their text */
    ngx_http_pupil_check_t  data_check, keys_check;
    ngx_atomic_t            data_system, keys_system;
    pupil_str_t             accepted;      /* of the file; none: no data */
    unsigned                same_cluster:1;
    unsigned                database:1;    /* directives that were there */
    unsigned                keystore:1;
    unsigned                key_cache:1;
    unsigned                unsent:1;
    unsigned                pools:2;       /* pupil_pool, a bit for each
                                              pupil_database_id_t */
};


/* All endpoints, by ngx_http_pupil_endpoint_e. */
extern const ngx_http_pupil_endpoint_t
    *const ngx_http_pupil_endpoints[NGX_HTTP_PUPIL_ENDPOINT_COUNT];


/* $pupil_subject and the like; before the configuration is read. */
ngx_int_t ngx_http_pupil_variables(ngx_conf_t *cf);

/*
 * Setters of directives.  _value is of those with one word, whose number goes
 * to an ngx_uint_t: post points to the pupil_directive_id_t.
 */
char *ngx_http_pupil_set_value(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_plugin(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_accepted(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_ledger(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_database(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_keystore(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_pool(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_pupil_set_master_key(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_unsent(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_pupil_set_key_cache(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_homework_cache(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_session_zone(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_password_hash(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_login_pace(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_password_new(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_session_timeout(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_complex(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_mail(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_pupil_set_sign_up(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_by_role(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_deny(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_pupil_set_origin(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_provider(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_login_tenant(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_access(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
char *ngx_http_pupil_set_endpoint(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);


/* Can the tenants of pupil_login_tenant be at this location? */
ngx_int_t ngx_http_pupil_merge_tenants(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_loc_conf_t *conf);

/*
 * Reads the words of the directive by core's rules.  words: initialised.
 * NGX_ERROR is logged, or no memory.
 */
ngx_int_t ngx_http_pupil_conf_words(ngx_conf_t *cf,
    pupil_directive_id_t directive, pupil_words_t *words);

/* They, as core has texts; NULL: no memory. */
pupil_str_t *ngx_http_pupil_conf_given(ngx_conf_t *cf);

/* Core's memory from a configuration's pool. */
void ngx_http_pupil_conf_alloc(ngx_conf_t *cf, pupil_alloc_t *alloc);

/* The pools, made when a directive first asks for them; NULL: no memory. */
ngx_libpq_pool_t *ngx_http_pupil_conf_data(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf);
ngx_libpq_pool_t *ngx_http_pupil_conf_keys(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf);

/* A location's policy and statements; NGX_ERROR is logged. */
ngx_int_t ngx_http_pupil_compose_location(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_loc_conf_t *plcf);

/* The statements that no policy shapes: pupil_fixed. */
ngx_int_t ngx_http_pupil_compose_fixed(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf);

/* What fresh connections are checked for; after all locations. */
ngx_int_t ngx_http_pupil_check_init(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf);

/* Of the module: ngx_http_pupil_worker.c. */
ngx_int_t ngx_http_pupil_init_module(ngx_cycle_t *cycle);
ngx_int_t ngx_http_pupil_init_process(ngx_cycle_t *cycle);
void ngx_http_pupil_exit_process(ngx_cycle_t *cycle);

/* Of the module: ngx_http_pupil_conf_merge.c. */
void *ngx_http_pupil_create_loc_conf(ngx_conf_t *cf);
char *ngx_http_pupil_merge_loc_conf(ngx_conf_t *cf, void *parent, void *child);

/* What is denied around a location is denied in it. */
ngx_int_t ngx_http_pupil_merge_denies(ngx_conf_t *cf,
    ngx_http_pupil_loc_conf_t *prev, ngx_http_pupil_loc_conf_t *conf);

#endif /* _NGX_HTTP_PUPIL_CONF_H_INCLUDED_ */
