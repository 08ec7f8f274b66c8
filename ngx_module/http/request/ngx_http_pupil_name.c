/*
 * Copyright (C) the Pupil authors
 *
 * How a person is called: the given and the family name of what is granted and
 * opens.
 */

#include "http/request/ngx_http_pupil.h"


static ngx_int_t ngx_http_pupil_name(ngx_http_pupil_ctx_t *ctx,
    const pupil_str_t *first, const pupil_str_t *second, pupil_str_t *name);


void
ngx_http_pupil_display_name(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t given, ngx_uint_t family)
{
    pupil_str_t     name;
    const uint8_t  *granted;

    granted = row->stmt->statement.granted;

    if (!granted[given] && !granted[family]) {
        return;
    }

    if (ngx_http_pupil_display_name_get(ctx, row, given, family, &name)
        != NGX_OK)
    {
        ctx->out.rc = PUPIL_NO_MEMORY;
        return;
    }

    ngx_http_pupil_display_name_write(ctx, &name);
}


ngx_int_t
ngx_http_pupil_display_name_get(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t given, ngx_uint_t family,
    pupil_str_t *name)
{
    ngx_uint_t            i, wants[2];
    pupil_str_t           parts[2];
    ngx_http_pupil_row_t  person;

    wants[0] = given;
    wants[1] = family;

    /* a person's one record of identity has the person's id */
    person = *row;
    person.record = row->owner ? &row->owner->id : NULL;

    for (i = 0; i < 2; i++) {
        if (person.owner == NULL
            || ngx_http_pupil_value(ctx, &person, wants[i], &parts[i])
               != PUPIL_OK)
        {
            ngx_memzero(&parts[i], sizeof(pupil_str_t));
        }
    }

    return ngx_http_pupil_name(ctx, &parts[0], &parts[1], name);
}


/* Both names with a space between them, or the one that there is. */
static ngx_int_t
ngx_http_pupil_name(ngx_http_pupil_ctx_t *ctx, const pupil_str_t *first,
    const pupil_str_t *second, pupil_str_t *name)
{
    u_char  *p;

    if (first->len == 0 || second->len == 0) {
        *name = first->len != 0 ? *first : *second;
        return NGX_OK;
    }

    p = ngx_http_pupil_alloc(ctx, first->len + 1 + second->len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    name->data = p;
    name->len = first->len + 1 + second->len;

    p = ngx_cpymem(p, first->data, first->len);
    *p++ = ' ';
    ngx_memcpy(p, second->data, second->len);

    return NGX_OK;
}


void
ngx_http_pupil_display_name_write(ngx_http_pupil_ctx_t *ctx,
    const pupil_str_t *name)
{
    pupil_writer_key(&ctx->out, "display_name");

    if (name->len != 0) {
        pupil_writer_str(&ctx->out, name);

    } else {
        pupil_writer_null(&ctx->out);
    }
}
