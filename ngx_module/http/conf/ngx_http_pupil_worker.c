/*
 * Copyright (C) the Pupil authors
 *
 * Start and end of workers: locked memory, keys, connections.
 */

#include <sys/prctl.h>
#include <sys/resource.h>

#include <sodium.h>

#include "core/vault/keyed.h"
#include "http/conf/ngx_http_pupil_conf.h"


#define NGX_HTTP_PUPIL_ARENA_SLACK  65536    /* bytes */
#define NGX_HTTP_PUPIL_MEMO         8192     /* hashes that a worker keeps */


static void ngx_http_pupil_init_keys(ngx_cycle_t *cycle,
    ngx_http_pupil_main_conf_t *pmcf);
static void ngx_http_pupil_init_memo(ngx_cycle_t *cycle,
    ngx_http_pupil_main_conf_t *pmcf);
static void ngx_http_pupil_no_dumps(ngx_cycle_t *cycle);


/* Still as root: what the workers will lock must be allowed to them. */
ngx_int_t
ngx_http_pupil_init_module(ngx_cycle_t *cycle)
{
    size_t                       need;
    struct rlimit                limit;
    ngx_http_pupil_main_conf_t  *pmcf;

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_pupil_module);

    if (pmcf == NULL) {
        return NGX_OK;
    }

    ngx_http_pupil_filter_init();

    if (!pmcf->used || ngx_test_config) {
        return NGX_OK;
    }

    need = pupil_keyring_size((uint32_t) pmcf->vault.owners,
                              (uint32_t) pmcf->vault.tenants)
           + 4 * NGX_HTTP_PUPIL_ARENA_SLACK;

    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur < need) {
        limit.rlim_cur = need;
        limit.rlim_max = ngx_max(limit.rlim_max, (rlim_t) need);

        if (setrlimit(RLIMIT_MEMLOCK, &limit) == -1) {
            ngx_log_error(NGX_LOG_WARN, cycle->log, ngx_errno,
                          "pupil: workers need to lock %uz bytes for keys, "
                          "over their limit, which cannot be raised from "
                          "here: set LimitMEMLOCK in nginx's systemd unit, "
                          "or a smaller pupil_key_cache", need);
        }
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_init_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                        i;
    ngx_http_pupil_main_conf_t       *pmcf;
    const ngx_http_pupil_endpoint_t  *endpoint;

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_pupil_module);

    if (pmcf == NULL) {
        return NGX_OK;
    }

    /* A reload that failed late may have made the chains anew. */
    ngx_http_pupil_filter_init();

    pmcf->started = ngx_time();
    ngx_libpq_probe_init((ngx_uint_t) pmcf->probe);
    ngx_http_pupil_unsent_init_process(pmcf);
    ngx_http_pupil_strangers_init_process(pmcf);
    ngx_queue_init(&pmcf->audit.groups);
    ngx_queue_init(&pmcf->audit.numbers.writers);

    if (!pmcf->used) {
        return NGX_OK;
    }

    if (ngx_process != NGX_PROCESS_WORKER && ngx_process != NGX_PROCESS_SINGLE)
    {
        sodium_memzero(pmcf->vault.keks,
                       sizeof(pupil_kek_t) * PUPIL_KEYRING_EPOCHS);
        return NGX_OK;
    }

    ngx_http_pupil_no_dumps(cycle);
    ngx_http_pupil_init_keys(cycle, pmcf);
    ngx_http_pupil_init_memo(cycle, pmcf);

    for (i = 0; i < NGX_HTTP_PUPIL_ENDPOINT_COUNT; i++) {
        endpoint = pmcf->endpoints[i];

        if ((pmcf->served & (1u << i)) && endpoint->init_process != NULL
            && endpoint->init_process(pmcf, cycle->log) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    ngx_http_pupil_restored_init_process(pmcf, cycle->log);

    if (ngx_libpq_pool_init_process(cycle, pmcf->data) != NGX_OK
        || ngx_libpq_pool_init_process(cycle, pmcf->keystore) != NGX_OK)
    {
        return NGX_ERROR;
    }

    ngx_http_pupil_keys_sweep(pmcf, cycle->log);
    ngx_http_pupil_tenants_init_process(pmcf, cycle->log);
    ngx_http_pupil_numbers_init_process(pmcf, cycle->log);

    if (ngx_http_pupil_fleet_init_process(pmcf, cycle) != NGX_OK) {
        return NGX_ERROR;
    }

    if (ngx_libpq_listen_init_process(cycle, pmcf->zone.keystore.listen)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (pmcf->zone.data.listen != NULL
        && ngx_libpq_listen_init_process(cycle, pmcf->zone.data.listen)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* No core file, no reading by another process of the same user (I14). */
static void
ngx_http_pupil_no_dumps(ngx_cycle_t *cycle)
{
    struct rlimit  none;

    none.rlim_cur = 0;
    none.rlim_max = 0;

    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == -1
        || setrlimit(RLIMIT_CORE, &none) == -1)
    {
        ngx_log_error(NGX_LOG_CRIT, cycle->log, ngx_errno,
                      "pupil: core dumps of this worker cannot be switched "
                      "off");
    }
}


/*
 * The worker's own locked memory: a lock is not inherited.  The copy that
 * came over the fork is wiped.  Without it the worker answers 503.
 */
static void
ngx_http_pupil_init_keys(ngx_cycle_t *cycle, ngx_http_pupil_main_conf_t *pmcf)
{
    size_t         size;
    uint32_t       i, owners, tenants;
    pupil_time_t   lifetime;
    pupil_error_t  error;

    owners = (uint32_t) pmcf->vault.owners;
    tenants = (uint32_t) pmcf->vault.tenants;
    lifetime = (pupil_time_t) pmcf->vault.lifetime * 1000;
    size = pupil_keyring_size(owners, tenants) + NGX_HTTP_PUPIL_ARENA_SLACK;

    pmcf->vault.arena = pupil_arena_create(size, &error);

    if (pmcf->vault.arena != NULL) {
        pmcf->vault.ring = pupil_keyring_create(pmcf->vault.arena, owners,
                                                tenants, lifetime);

        if (pmcf->vault.ring == NULL) {
            ngx_cpystrn((u_char *) error.text,
                        (u_char *) "the key cache does not fit its memory",
                        sizeof(error.text));
        }
    }

    if (pmcf->vault.ring == NULL) {
        pmcf->vault.unavailable = 1;
        ngx_log_error(NGX_LOG_CRIT, cycle->log, 0,
                      "pupil: %s; this worker answers 503, and says so once",
                      error.text);
    }

    for (i = 0; pmcf->vault.ring != NULL && i < pmcf->vault.keks_count; i++) {
        pupil_keyring_add_kek(pmcf->vault.ring, &pmcf->vault.keks[i]);
    }

    sodium_memzero(pmcf->vault.keks,
                   sizeof(pupil_kek_t) * PUPIL_KEYRING_EPOCHS);
}


/* Without it, hashes are made each time. */
static void
ngx_http_pupil_init_memo(ngx_cycle_t *cycle, ngx_http_pupil_main_conf_t *pmcf)
{
    pmcf->vault.memo = ngx_calloc(pupil_memo_size(NGX_HTTP_PUPIL_MEMO),
                                  cycle->log);

    if (pmcf->vault.memo != NULL) {
        pupil_keyed_remember(pupil_memo_init(pmcf->vault.memo,
                                             NGX_HTTP_PUPIL_MEMO));
    }
}


void
ngx_http_pupil_exit_process(ngx_cycle_t *cycle)
{
    ngx_uint_t                        i;
    ngx_http_pupil_main_conf_t       *pmcf;
    const ngx_http_pupil_endpoint_t  *endpoint;

    pmcf = ngx_http_cycle_get_module_main_conf(cycle, ngx_http_pupil_module);

    if (pmcf == NULL || !pmcf->used
        || (ngx_process != NGX_PROCESS_WORKER
            && ngx_process != NGX_PROCESS_SINGLE))
    {
        return;
    }

    /* first, as what was sent is known while there are connections */

    for (i = 0; i < NGX_HTTP_PUPIL_ENDPOINT_COUNT; i++) {
        endpoint = pmcf->endpoints[i];

        if ((pmcf->served & (1u << i)) && endpoint->exit_process != NULL) {
            endpoint->exit_process(pmcf);
        }
    }

    if (pmcf->zone.data.listen != NULL) {
        ngx_libpq_listen_exit_process(cycle, pmcf->zone.data.listen);
    }

    ngx_libpq_listen_exit_process(cycle, pmcf->zone.keystore.listen);

    ngx_libpq_pool_exit_process(cycle, pmcf->data);
    ngx_http_pupil_numbers_exit_process(pmcf);
    ngx_libpq_pool_exit_process(cycle, pmcf->keystore);

    ngx_http_pupil_restored_exit_process(pmcf);
    ngx_http_pupil_holes_exit_process(&pmcf->holes);

    if (pmcf->vault.sweep.timer_set) {
        ngx_del_timer(&pmcf->vault.sweep);
    }

    if (pmcf->tenants.again.timer_set) {
        ngx_del_timer(&pmcf->tenants.again);
    }

    pupil_keyed_remember(NULL);

    if (pmcf->vault.memo != NULL) {
        ngx_free(pmcf->vault.memo);
        pmcf->vault.memo = NULL;
    }

    pmcf->vault.ring = NULL;
    pupil_arena_destroy(pmcf->vault.arena);
    pmcf->vault.arena = NULL;
}
