/*
 * Copyright (C) the Pupil authors
 */

#include "http/request/ngx_http_pupil.h"


static ngx_int_t ngx_http_pupil_holes_room(ngx_http_pupil_holes_t *holes,
    ngx_uint_t count);


ngx_int_t
ngx_http_pupil_holes_read(ngx_http_pupil_holes_t *holes, const PGresult *res)
{
    pupil_str_t  tenants;

    if (ngx_http_pupil_get_bytea(res, 0, PUPIL_KM_TENANTS, &tenants) != NGX_OK
        || tenants.len % PUPIL_UUID_LEN != 0
        || ngx_libpq_get_int8(res, 0, PUPIL_KM_HOLES, &holes->open) != NGX_OK)
    {
        return NGX_ERROR;
    }

    holes->count = 0;
    holes->untold = 0;

    if (tenants.len != 0
        && ngx_http_pupil_holes_room(holes, tenants.len / PUPIL_UUID_LEN)
           == NGX_OK)
    {
        holes->count = tenants.len / PUPIL_UUID_LEN;
        ngx_memcpy(holes->tenants, tenants.data, tenants.len);
    }

    return NGX_OK;
}


void
ngx_http_pupil_holes_met(ngx_http_pupil_holes_t *holes,
    const pupil_uuid_t *tenant)
{
    if (!ngx_http_pupil_holes_of(holes, tenant)
        && ngx_http_pupil_holes_room(holes, holes->count + 1) == NGX_OK)
    {
        holes->tenants[holes->count++] = *tenant;
    }
}


/* What is there stays. */
static ngx_int_t
ngx_http_pupil_holes_room(ngx_http_pupil_holes_t *holes, ngx_uint_t count)
{
    ngx_uint_t     size;
    pupil_uuid_t  *tenants;

    if (count <= holes->size) {
        return NGX_OK;
    }

    size = ngx_max(2 * holes->size, count);

    tenants = ngx_alloc(size * sizeof(pupil_uuid_t), ngx_cycle->log);
    if (tenants == NULL) {
        holes->untold = 1;
        return NGX_ERROR;
    }

    if (holes->tenants != NULL) {
        ngx_memcpy(tenants, holes->tenants,
                   holes->count * sizeof(pupil_uuid_t));
        ngx_free(holes->tenants);
    }

    holes->tenants = tenants;
    holes->size = size;

    return NGX_OK;
}


ngx_uint_t
ngx_http_pupil_holes_of(const ngx_http_pupil_holes_t *holes,
    const pupil_uuid_t *tenant)
{
    ngx_uint_t  i;

    for (i = 0; i < holes->count; i++) {
        if (pupil_uuid_compare(&holes->tenants[i], tenant) == 0) {
            return 1;
        }
    }

    return holes->untold;
}


void
ngx_http_pupil_holes_exit_process(ngx_http_pupil_holes_t *holes)
{
    if (holes->tenants != NULL) {
        ngx_free(holes->tenants);
        holes->tenants = NULL;
    }
}
