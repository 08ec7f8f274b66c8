/*
 * Copyright (C) the Pupil authors
 *
 * A row of what somebody asked for: checked, opened, and as it is answered.
 */

#include "core/base/time.h"
#include "http/rights/ngx_http_pupil_rights.h"


static ngx_int_t ngx_http_pupil_rights_request_read(PGresult *res,
    ngx_uint_t n, pupil_request_row_t *row, pupil_str_t *mac);
static void ngx_http_pupil_rights_request_names(pupil_writer_t *out,
    pupil_str_t categories);
static void ngx_http_pupil_rights_text(pupil_writer_t *out, const char *name,
    const pupil_str_t *value);
static void ngx_http_pupil_rights_day(pupil_writer_t *out, const char *name,
    int32_t day);


ngx_int_t
ngx_http_pupil_rights_request_row(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t n, pupil_request_row_t *row)
{
    uint8_t             mac[PUPIL_MAC_LEN];
    ngx_int_t           rc;
    const char         *why;
    pupil_str_t         stored;
    const pupil_key_t  *key;

    rc = ngx_libpq_get_uuid(res, n, PUPIL_RQ_REQUEST + PUPIL_CQ_REQUEST,
                            row->request.b);
    if (rc != NGX_OK) {
        return rc;
    }

    key = ngx_http_pupil_key(ctx, "mac");

    if (key == NULL
        || ngx_http_pupil_rights_request_read(res, n, row, &stored) != NGX_OK)
    {
        return NGX_ERROR;
    }

    row->tenant = ctx->tenant;
    pupil_mac_request(key, row, mac);

    why = pupil_mac_check(mac, stored) != PUPIL_OK ? "its MAC does not fit"
          : pupil_uuid_compare(&row->subject, &ctx->session.subject) != 0
            || pupil_request_kind(row->kind) == PUPIL_REQUEST_KINDS
          ? "it is another's" : NULL;

    if (why == NULL) {
        return NGX_OK;
    }

    ngx_http_pupil_tampered(ctx, "pupil.request", &row->request,
                            &row->subject, why);

    return NGX_DONE;
}


static ngx_int_t
ngx_http_pupil_rights_request_read(PGresult *res, ngx_uint_t n,
    pupil_request_row_t *row, pupil_str_t *mac)
{
    int64_t     erasure;
    ngx_uint_t  i, at;

    at = PUPIL_RQ_REQUEST;

    const struct {
        ngx_uint_t    col;
        pupil_str_t  *value;
    } texts[] = {
        { PUPIL_CQ_KIND, &row->kind },
        { PUPIL_CQ_STATE, &row->state },
        { PUPIL_CQ_CONDITION, &row->condition },
        { PUPIL_CQ_REFERENCE, &row->reference }
    };

    for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        if (ngx_http_pupil_get_text(res, n, at + texts[i].col, texts[i].value)
            != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    if (ngx_libpq_get_uuid(res, n, at + PUPIL_CQ_SUBJECT, row->subject.b)
        != NGX_OK
        || ngx_libpq_get_int4(res, n, at + PUPIL_CQ_RECEIVED_ON,
                              &row->received_on) != NGX_OK
        || ngx_libpq_get_int4(res, n, at + PUPIL_CQ_DUE_ON, &row->due_on)
           != NGX_OK
        || ngx_libpq_get_timestamptz(res, n, at + PUPIL_CQ_CREATED_AT,
                                     &row->created_at) != NGX_OK
        || ngx_libpq_get_timestamptz(res, n, at + PUPIL_CQ_CHANGED_AT,
                                     &row->changed_at) != NGX_OK
        || ngx_libpq_get_int8(res, n, at + PUPIL_CQ_ERASURE, &erasure)
           != NGX_OK
        || ngx_http_pupil_get_bytea(res, n, at + PUPIL_CQ_MAC, mac) != NGX_OK)
    {
        return NGX_ERROR;
    }

    row->erasure = (uint64_t) erasure;

    return NGX_OK;
}


ngx_int_t
ngx_http_pupil_rights_request_said(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t n, const pupil_request_row_t *row,
    ngx_http_pupil_rights_said_t *said)
{
    ngx_int_t               rc, got;
    ngx_uint_t              i;
    pupil_str_t             sealed;
    ngx_http_pupil_place_t  at;
    ngx_http_pupil_owner_t  owner;

    const struct {
        ngx_uint_t    col;
        const char   *field;
        pupil_str_t  *value;
    } parts[] = {
        { PUPIL_RQ_CATEGORIES, "categories", &said->categories },
        { PUPIL_RQ_TEXT, "text", &said->text },
        { PUPIL_RQ_EXTENSION, "extension", &said->extension },
        { PUPIL_RQ_REASON, "reason", &said->reason },
        { PUPIL_RQ_BEHALF, "behalf", &said->behalf }
    };

    ngx_memzero(said, sizeof(ngx_http_pupil_rights_said_t));

    if (ngx_http_pupil_owner(ctx, res, n, PUPIL_RQ_OWNER,
                             &ctx->session.subject, &owner) != NGX_OK)
    {
        return NGX_ERROR;
    }

    at.category = PUPIL_REQUEST_CATEGORY;
    at.owner = &owner;
    at.record = &row->request;
    rc = NGX_OK;

    for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        got = ngx_http_pupil_get_bytea(res, n, parts[i].col, &sealed);

        if (got == NGX_ERROR) {
            return NGX_ERROR;
        }

        if (got == NGX_DECLINED) {
            continue;
        }

        at.field = parts[i].field;

        switch (ngx_http_pupil_unseal_open(ctx, &at, sealed, parts[i].value)) {

        case PUPIL_OK:
            break;

        case PUPIL_NO_KEY:
            rc = NGX_DECLINED;
            break;

        case PUPIL_NO_MEMORY:
        case PUPIL_FAILED:
            return NGX_ERROR;

        default:
            ngx_memzero(parts[i].value, sizeof(pupil_str_t));
        }
    }

    return rc;
}


void
ngx_http_pupil_rights_request_write(pupil_writer_t *out,
    const pupil_request_row_t *row, const ngx_http_pupil_rights_said_t *said)
{
    pupil_writer_object_begin(out);
    pupil_writer_key(out, "id");
    pupil_writer_uuid(out, &row->request);
    pupil_writer_key(out, "kind");
    pupil_writer_str(out, &row->kind);
    pupil_writer_key(out, "article");
    pupil_writer_cstr(out, pupil_request_article(
                               pupil_request_kind(row->kind)));
    pupil_writer_key(out, "state");
    pupil_writer_str(out, &row->state);
    pupil_writer_key(out, "categories");
    ngx_http_pupil_rights_request_names(out, said->categories);
    ngx_http_pupil_rights_text(out, "text", &said->text);
    ngx_http_pupil_rights_text(out, "behalf", &said->behalf);
    ngx_http_pupil_rights_day(out, "received_on", row->received_on);
    ngx_http_pupil_rights_day(out, "due_on", row->due_on);
    ngx_http_pupil_rights_text(out, "extension", &said->extension);
    ngx_http_pupil_rights_text(out, "condition", &row->condition);
    ngx_http_pupil_rights_text(out, "reason", &said->reason);
    pupil_writer_key(out, "created_at");
    pupil_writer_time(out, row->created_at);
    pupil_writer_key(out, "changed_at");
    pupil_writer_time(out, row->changed_at);
    pupil_writer_object_end(out);
}


/* Separated by single spaces. */
static void
ngx_http_pupil_rights_request_names(pupil_writer_t *out,
    pupil_str_t categories)
{
    size_t       len;
    pupil_str_t  name;

    pupil_writer_array_begin(out);

    while (categories.len != 0) {
        for (len = 0; len < categories.len && categories.data[len] != ' ';
             len++) { /* void */ }

        name.data = categories.data;
        name.len = len;
        pupil_writer_str(out, &name);

        len += len < categories.len;
        categories.data += len;
        categories.len -= len;
    }

    pupil_writer_array_end(out);
}


static void
ngx_http_pupil_rights_text(pupil_writer_t *out, const char *name,
    const pupil_str_t *value)
{
    pupil_writer_key(out, name);

    if (value->len == 0) {
        pupil_writer_null(out);

    } else {
        pupil_writer_str(out, value);
    }
}


static void
ngx_http_pupil_rights_day(pupil_writer_t *out, const char *name, int32_t day)
{
    uint8_t  text[PUPIL_DATE_TEXT_LEN];

    pupil_writer_key(out, name);
    pupil_writer_string(out, text, pupil_date_format(day, text));
}
