/*
 * Copyright (C) the Pupil authors
 *
 * What a PATCH writes: values sealed or plain, the rows of the blind index, and
 * the facts that bind them.
 */

#include "http/data/ngx_http_pupil_data.h"


static ngx_int_t ngx_http_pupil_data_index(ngx_http_pupil_ctx_t *ctx,
    uint32_t want, ngx_http_pupil_patch_t *patch);


ngx_int_t
ngx_http_pupil_data_values(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_patch_t *patch)
{
    uint32_t                 i;
    const pupil_field_t     *field;
    ngx_http_pupil_data_t   *data;
    ngx_http_pupil_place_t   place;

    data = ctx->data;

    place.category = data->category->plugin->name;
    place.owner = &data->owner;
    place.record = &data->record;

    for (i = 0; i < data->generic->generic->template.wants_count; i++) {

        if (!data->set[i]) {
            continue;
        }

        patch->set[i] = 1;
        field = ngx_http_pupil_data_field(data, i);

        if ((field->flags & PUPIL_FIELD_INDEXED)
            && ngx_http_pupil_data_index(ctx, i, patch) != NGX_OK)
        {
            return NGX_ERROR;
        }

        if (data->values[i].data == NULL) {
            continue;
        }

        if (!(field->flags & PUPIL_FIELD_SEALED)) {
            patch->plain[i] = data->values[i];
            continue;
        }

        place.field = field->name;

        if (ngx_http_pupil_seal(ctx, &place, data->values[i],
                                &patch->sealed[i])
            != PUPIL_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* The facts of the record as it will be: what is not set stays. */
ngx_int_t
ngx_http_pupil_data_facts(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_patch_t *patch)
{
    uint32_t                 i, number;
    pupil_bound_row_t        bound;
    const pupil_field_t     *field;
    ngx_http_pupil_data_t   *data;
    ngx_http_pupil_place_t   at;

    data = ctx->data;

    if (!data->category->bound) {
        return NGX_OK;
    }

    bound = data->bound;

    for (i = 0; i < data->generic->generic->template.wants_count; i++) {

        if (!data->set[i]) {
            continue;
        }

        field = ngx_http_pupil_data_field(data, i);
        number = ngx_http_pupil_data_number(data, i);

        if (pupil_bound_sealed(field)) {
            bound.cells[number] = patch->sealed[i];
            bound.has[number] = 1;

        } else if (pupil_bound_plain(field)
                   && pupil_bound_value(&bound, data->category,
                                        (int32_t) number, data->values[i],
                                        &ctx->alloc)
                      != PUPIL_OK)
        {
            return NGX_ERROR;
        }
    }

    at.category = data->category->plugin->name;
    at.field = "";
    at.owner = &data->owner;
    at.record = &data->record;

    return ngx_http_pupil_facts_make(ctx, data->category, &at, &bound,
                                     &patch->facts);
}


/* The row of the blind index that goes with a value, or its end. */
static ngx_int_t
ngx_http_pupil_data_index(ngx_http_pupil_ctx_t *ctx, uint32_t want,
    ngx_http_pupil_patch_t *patch)
{
    char                    name[sizeof("index:.") + 2 * PUPIL_MAX_NAME];
    uint8_t                *out;
    uint32_t                field;
    ngx_uint_t              n;
    pupil_str_t             term;
    pupil_index_row_t       row;
    const pupil_key_t      *key, *mac;
    ngx_http_pupil_data_t  *data;

    data = ctx->data;
    n = patch->indexed++;
    field = ngx_http_pupil_data_number(data, want);
    patch->names[n] = data->category->field_names[field];

    if (data->values[want].data == NULL) {
        return NGX_OK;
    }

    ngx_snprintf((u_char *) name, sizeof(name), "index:%s.%s%Z",
                 data->category->plugin->name,
                 ngx_http_pupil_data_field(data, want)->name);

    key = ngx_http_pupil_key(ctx, name);
    mac = ngx_http_pupil_key(ctx, "mac");
    out = ngx_palloc(ctx->request->pool, PUPIL_TERM_LEN + PUPIL_MAC_LEN);

    if (key == NULL || mac == NULL || out == NULL
        || pupil_value_term(data->category, field, data->values[want],
                            &ctx->alloc, &term)
           != PUPIL_OK)
    {
        return NGX_ERROR;
    }

    pupil_blind_term(key, term, out);
    patch->terms[n].data = out;
    patch->terms[n].len = PUPIL_TERM_LEN;

    row.tenant = ctx->tenant;
    row.category = data->category->name;
    row.field = patch->names[n];
    row.term = patch->terms[n];
    row.owner = data->owner.id;
    row.record = data->record;

    pupil_mac_index(mac, &row, out + PUPIL_TERM_LEN);
    patch->macs[n].data = out + PUPIL_TERM_LEN;
    patch->macs[n].len = pupil_mac_len(patch->macs[n].data);

    pupil_stack_wipe();

    return NGX_OK;
}
