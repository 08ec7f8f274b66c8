/*
 * Copyright (C) the Pupil authors
 *
 * What core composes for a location is registered with the pools here, so that
 * connections prepare it.  Locations with equal SQL share one prepared
 * statement.
 */

#include "http/conf/ngx_http_pupil_conf.h"


typedef struct {
    ngx_conf_t                  *cf;
    ngx_http_pupil_main_conf_t  *pmcf;
} ngx_http_pupil_compose_t;


static pupil_rc_t ngx_http_pupil_compose_register(void *data,
    pupil_composed_t *composed);
static ngx_int_t ngx_http_pupil_compose_shape(
    ngx_http_pupil_main_conf_t *pmcf, pupil_statement_t *statement);
static ngx_libpq_stmt_t *ngx_http_pupil_compose_share(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, const pupil_statement_t *statement);


ngx_int_t
ngx_http_pupil_compose_location(ngx_conf_t *cf,
    ngx_http_pupil_main_conf_t *pmcf, ngx_http_pupil_loc_conf_t *plcf)
{
    pupil_alloc_t              alloc;
    pupil_error_t              error;
    pupil_policy_t             policy;
    pupil_location_t         **place;
    const pupil_endpoint_t    *core;
    ngx_http_pupil_compose_t   compose;

    ngx_http_pupil_conf_alloc(cf, &alloc);

    policy = pmcf->policy;

    if (plcf->denies != NULL) {
        policy.denies = plcf->denies->elts;
        policy.denies_count = (uint32_t) plcf->denies->nelts;
    }

    core = plcf->access != NULL ? &plcf->access->endpoint
                                : plcf->endpoint->core;

    if ((plcf->access != NULL
         && pupil_access_compose(plcf->access, &policy, &alloc, &error)
            != PUPIL_OK)
        || pupil_location_compose(core, &policy, &alloc, &plcf->serves, &error)
           != PUPIL_OK)
    {
        ngx_conf_log_error(NGX_LOG_EMERG, cf, 0, "location \"%V\": %s",
                           &plcf->prefix, error.text);
        return NGX_ERROR;
    }

    place = ngx_array_push(&pmcf->conf->locations);
    if (place == NULL) {
        return NGX_ERROR;
    }

    *place = &plcf->serves;

    compose.cf = cf;
    compose.pmcf = pmcf;

    return pupil_location_each(&plcf->serves, ngx_http_pupil_compose_register,
                               &compose) == PUPIL_OK ? NGX_OK : NGX_ERROR;
}


static pupil_rc_t
ngx_http_pupil_compose_register(void *data, pupil_composed_t *composed)
{
    ngx_http_pupil_compose_t *compose = data;

    if (ngx_http_pupil_compose_shape(compose->pmcf, &composed->refusal)
        != NGX_OK)
    {
        return PUPIL_NO_MEMORY;
    }

    if (!composed->granted) {
        return PUPIL_OK;
    }

    composed->registered = ngx_http_pupil_compose_share(compose->cf,
                                                        compose->pmcf,
                                                        &composed->statement);

    return composed->registered != NULL
           && ngx_http_pupil_compose_shape(compose->pmcf, &composed->statement)
              == NGX_OK
           ? PUPIL_OK : PUPIL_NO_MEMORY;
}


/* Audit records refer to it: the database is told it by each connection. */
static ngx_int_t
ngx_http_pupil_compose_shape(ngx_http_pupil_main_conf_t *pmcf,
    pupil_statement_t *statement)
{
    pupil_statement_t  **shape;

    shape = ngx_array_push(&pmcf->conf->shapes);
    if (shape == NULL) {
        return NGX_ERROR;
    }

    *shape = statement;

    return NGX_OK;
}


static ngx_libpq_stmt_t *
ngx_http_pupil_compose_share(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf,
    const pupil_statement_t *statement)
{
    uint32_t            n;
    uint32_t            oids[PUPIL_STATEMENT_ALL];
    ngx_uint_t          i;
    ngx_libpq_stmt_t  **shared;

    shared = pmcf->conf->shared.elts;

    for (i = 0; i < pmcf->conf->shared.nelts; i++) {
        if (shared[i]->sql.len == statement->sql.len
            && ngx_memcmp(shared[i]->sql.data, statement->sql.data,
                          statement->sql.len) == 0)
        {
            return shared[i];
        }
    }

    n = pupil_statement_oids(statement, oids);

    shared = ngx_array_push(&pmcf->conf->shared);
    if (shared == NULL) {
        return NULL;
    }

    *shared = ngx_libpq_stmt_add(cf, pmcf->data,
                                 (const char *) statement->sql.data, n, oids);
    if (*shared == NULL) {
        pmcf->conf->shared.nelts--;
        return NULL;
    }

    (*shared)->columns = statement->columns;
    (*shared)->title = statement->from->name;

    return *shared;
}


ngx_int_t
ngx_http_pupil_compose_fixed(ngx_conf_t *cf, ngx_http_pupil_main_conf_t *pmcf)
{
    uint32_t              n, oids[PUPIL_STATEMENT_PARAMS];
    ngx_uint_t            i;
    ngx_libpq_stmt_t     *stmt;
    const pupil_fixed_t  *fixed;

    for (i = 0; i < PUPIL_FIXED_COUNT; i++) {
        fixed = &pupil_fixed[i];
        n = pupil_fixed_oids(fixed, oids);

        stmt = ngx_libpq_stmt_add(cf, fixed->database == PUPIL_DATABASE_DATA
                                      ? pmcf->data : pmcf->keystore,
                                  fixed->sql, n, oids);
        if (stmt == NULL) {
            return NGX_ERROR;
        }

        stmt->columns = fixed->columns;
        stmt->title = fixed->name;
        pmcf->fixed[i] = stmt;
    }

    return NGX_OK;
}
