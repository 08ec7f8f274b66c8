/*
 * Copyright (C) the Pupil authors
 *
 * Whether a record is what was stored.  Restriction does not matter here:
 * nothing is shown of what is checked.
 */

#include "http/request/ngx_http_pupil.h"


ngx_int_t
ngx_http_pupil_facts(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row)
{
    pupil_rc_t               rc;
    const char              *why;
    pupil_place_t            place;
    pupil_bound_row_t        bound;
    const pupil_subkey_t    *key;
    const pupil_category_t  *category;
    ngx_http_pupil_place_t   at;

    category = row->stmt->statement.bound;

    at.category = category->plugin->name;
    at.field = "";
    at.owner = row->owner;
    at.record = row->record;

    rc = ngx_http_pupil_place_key(ctx, &at, 1, &place, &key);

    switch (rc) {

    case PUPIL_OK:
        break;

    case PUPIL_NO_KEY:
        return NGX_OK;

    case PUPIL_NO_MEMORY:
        return NGX_ERROR;

    default:
        return NGX_DECLINED;
    }

    ngx_http_pupil_facts_row(row, &bound);

    if (pupil_bound_check(category, key, &place, &bound, &why) == PUPIL_OK) {
        return NGX_OK;
    }

    ngx_http_pupil_tampered_record(ctx, at.category, row->record,
                                   &row->owner->id, why);

    return NGX_DECLINED;
}


void
ngx_http_pupil_facts_row(const ngx_http_pupil_row_t *row,
    pupil_bound_row_t *bound)
{
    int                       column;
    uint32_t                  i;
    pupil_str_t              *cell;
    const pupil_statement_t  *st;

    st = &row->stmt->statement;

    for (i = 0; i <= st->bound->plugin->fields_count; i++) {

        if (i == st->bound->plugin->fields_count) {
            column = st->facts;
            cell = &bound->facts;

        } else {
            column = st->cells[i];
            cell = &bound->cells[i];
            bound->has[i] = column >= 0;
        }

        cell->data = NULL;
        cell->len = 0;

        if (column >= 0 && !PQgetisnull(row->res, (int) row->n, column)) {
            cell->data = (uint8_t *) PQgetvalue(row->res, (int) row->n,
                                                column);
            cell->len = PQgetlength(row->res, (int) row->n, column);
        }
    }
}


void
ngx_http_pupil_facts_version(const ngx_http_pupil_row_t *row,
    pupil_uuid_t *version)
{
    int  len, column;

    ngx_memzero(version, sizeof(pupil_uuid_t));

    column = row->stmt->statement.facts;
    len = column >= 0 ? PQgetlength(row->res, (int) row->n, column) : 0;

    if (len >= PUPIL_FACTS_HASH_LEN) {
        pupil_uuid_of((uint8_t *) PQgetvalue(row->res, (int) row->n, column)
                      + len - PUPIL_UUID_LEN, version);
    }
}


ngx_int_t
ngx_http_pupil_facts_uuid(const ngx_http_pupil_row_t *row, const char *field,
    pupil_uuid_t *uuid)
{
    return ngx_libpq_get_uuid(row->res, row->n,
                              pupil_statement_cell(&row->stmt->statement,
                                                   field),
                              uuid->b);
}


ngx_int_t
ngx_http_pupil_facts_time(const ngx_http_pupil_row_t *row, const char *field,
    pupil_time_t *time)
{
    return ngx_libpq_get_timestamptz(row->res, row->n,
                                     pupil_statement_cell(
                                         &row->stmt->statement, field),
                                     time);
}


ngx_int_t
ngx_http_pupil_there(ngx_http_pupil_ctx_t *ctx, const ngx_http_pupil_row_t *row)
{
    ngx_int_t     rc;
    pupil_time_t  at;

    rc = ngx_http_pupil_facts_time(row, "deleted_at", &at);

    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    ngx_http_pupil_tampered_record(ctx,
                                   row->stmt->statement.bound->plugin->name,
                                   row->record, &row->owner->id, "withdrawn");
    return NGX_DECLINED;
}


ngx_int_t
ngx_http_pupil_stored_at(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t column, pupil_time_t *time)
{
    const pupil_category_t  *category;

    if (ngx_libpq_get_timestamptz(row->res, row->n, column, time) != NGX_OK) {
        return NGX_ERROR;
    }

    if (*time >= 0 && *time <= PUPIL_TIME_MAX) {
        return NGX_OK;
    }

    category = row->stmt->statement.bound;

    ngx_http_pupil_tampered_record(ctx, category->plugin->name, row->record,
                                   &row->owner->id,
                                   "its time is out of range");

    return NGX_DECLINED;
}


ngx_int_t
ngx_http_pupil_facts_make(ngx_http_pupil_ctx_t *ctx,
    const pupil_category_t *category, const ngx_http_pupil_place_t *at,
    const pupil_bound_row_t *bound, pupil_str_t *facts)
{
    uint8_t               *out;
    pupil_place_t          place;
    const pupil_subkey_t  *key;

    facts->len = pupil_bound_size(category);
    facts->data = out = ngx_pnalloc(ctx->request->pool, facts->len);

    if (out == NULL
        || ngx_http_pupil_place_key(ctx, at, 0, &place, &key) != PUPIL_OK
        || pupil_bound_make(category, key, &place, bound, out) != PUPIL_OK)
    {
        return NGX_ERROR;
    }

    facts->len = pupil_bound_trim(out, facts->len);

    return NGX_OK;
}


void
ngx_http_pupil_facts_sealed(const pupil_category_t *category,
    const char *field, pupil_str_t sealed, pupil_bound_row_t *bound)
{
    int32_t  i;

    i = ngx_http_pupil_facts_field(category, field);
    bound->cells[i] = sealed;
    bound->has[i] = 1;
}


int32_t
ngx_http_pupil_facts_field(const pupil_category_t *category,
    const char *field)
{
    pupil_str_t  name;

    name.data = (const uint8_t *) field;
    name.len = ngx_strlen(field);

    return pupil_category_field(category, name);
}
