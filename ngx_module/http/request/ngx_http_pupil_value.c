/*
 * Copyright (C) the Pupil authors
 *
 * From a column of a row to a clear value and back: the only place of the
 * nginx side where something sealed is opened.
 */

#include "http/request/ngx_http_pupil.h"


static pupil_rc_t ngx_http_pupil_subkey(ngx_http_pupil_ctx_t *ctx,
    const pupil_place_t *place, pupil_owner_state_t state,
    ngx_uint_t allow_restricted, const pupil_subkey_t **key);
static pupil_rc_t ngx_http_pupil_sealed(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_place_t *at, ngx_uint_t allow_restricted,
    pupil_str_t value, pupil_str_t *sealed);
static pupil_rc_t ngx_http_pupil_open(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_place_t *at, ngx_uint_t allow_restricted,
    pupil_str_t sealed, uint8_t *out, pupil_str_t *value);
static pupil_rc_t ngx_http_pupil_plain(ngx_http_pupil_ctx_t *ctx,
    uint32_t type, PGresult *res, ngx_uint_t row, ngx_uint_t col,
    pupil_str_t *value);
static pupil_rc_t ngx_http_pupil_uuid_list(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, ngx_uint_t col, pupil_str_t *value);
static pupil_rc_t ngx_http_pupil_copy(ngx_http_pupil_ctx_t *ctx,
    const u_char *data, size_t len, pupil_str_t *value);


ngx_int_t
ngx_http_pupil_owner(ngx_http_pupil_ctx_t *ctx, PGresult *res, ngx_uint_t row,
    ngx_uint_t col, const pupil_uuid_t *expected,
    ngx_http_pupil_owner_t *owner)
{
    int32_t      version;
    ngx_int_t    rc;
    pupil_str_t  state;

    rc = ngx_libpq_get_uuid(res, row, col + PUPIL_CO_OWNER, owner->id.b);
    if (rc != NGX_OK) {
        return rc;
    }

    if (pupil_uuid_compare(&owner->id, expected) != 0) {
        ngx_http_pupil_tampered(ctx, "pupil.owner", &owner->id, expected,
                                "another owner");
        ctx->integrity = 1;
        return NGX_ERROR;
    }

    rc = ngx_http_pupil_get_text(res, row, col + PUPIL_CO_STATE, &state);
    if (rc != NGX_OK) {
        return rc;
    }

    rc = ngx_libpq_get_int4(res, row, col + PUPIL_CO_KEY_VERSION,
                            &version);
    if (rc != NGX_OK) {
        return rc;
    }

    owner->state = pupil_owner_state(state);
    owner->version = (uint32_t) version;

    return NGX_OK;
}


pupil_rc_t
ngx_http_pupil_value(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t want, pupil_str_t *value)
{
    int32_t                   col;
    ngx_int_t                 rc;
    pupil_rc_t                prc;
    pupil_str_t               sealed;
    const pupil_want_t       *w;
    const pupil_field_t      *field;
    const pupil_category_t   *category;
    ngx_http_pupil_place_t    at;
    const pupil_statement_t  *st;

    st = &row->stmt->statement;
    col = st->column[want];

    if (!st->granted[want] || col < 0) {
        return PUPIL_NOT_FOUND;
    }

    if (PQgetisnull(row->res, (int) row->n, (int) col)) {
        return PUPIL_NOT_FOUND;
    }

    w = &st->from->wants[want];
    category = st->category[want];
    field = &category->plugin->fields[st->field[want]];

    if (field->flags & PUPIL_FIELD_SEALED) {
        rc = ngx_http_pupil_get_bytea(row->res, row->n, (ngx_uint_t) col,
                                      &sealed);
        if (rc != NGX_OK) {
            return PUPIL_FAILED;
        }

        if (row->owner == NULL) {
            return PUPIL_NOT_FOUND;
        }

        at.category = w->category;
        at.field = w->field;
        at.owner = row->owner;
        at.record = row->record;

        prc = ngx_http_pupil_open(ctx, &at,
                                  pupil_restriction_opens(w->purpose),
                                  sealed, NULL, value);

    } else {
        prc = ngx_http_pupil_plain(ctx, field->type, row->res, row->n,
                                   (ngx_uint_t) col, value);
    }

    if (prc == PUPIL_OK && st->projected[want]) {
        prc = pupil_value_project(category, (uint32_t) st->field[want],
                                  w->purpose, *value, &ctx->alloc, value);
    }

    if (row->owner != NULL
        && (prc == PUPIL_RESTRICTED || ctx->audit.withheld_count != 0
            || row->owner->state == PUPIL_OWNER_STATE_RESTRICTED))
    {
        ngx_http_pupil_shown_value(ctx, row->owner, prc);
    }

    return prc;
}


pupil_rc_t
ngx_http_pupil_member(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_row_t *row, ngx_uint_t want, const char *key)
{
    return ngx_http_pupil_member_to(ctx, &ctx->out, row, want, key);
}


pupil_rc_t
ngx_http_pupil_member_to(ngx_http_pupil_ctx_t *ctx, pupil_writer_t *out,
    const ngx_http_pupil_row_t *row, ngx_uint_t want, const char *key)
{
    pupil_rc_t                rc;
    pupil_str_t               value;
    const pupil_statement_t  *st;

    rc = ngx_http_pupil_value(ctx, row, want, &value);

    if (rc == PUPIL_OK) {
        st = &row->stmt->statement;

        pupil_writer_key(out, key);
        pupil_value_write(st->category[want], (uint32_t) st->field[want],
                          value, out);
    }

    return rc;
}


pupil_rc_t
ngx_http_pupil_unseal(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_place_t *at, pupil_str_t sealed, uint8_t *out,
    pupil_str_t *value)
{
    return ngx_http_pupil_open(ctx, at, 0, sealed, out, value);
}


pupil_rc_t
ngx_http_pupil_unseal_open(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_place_t *at, pupil_str_t sealed, pupil_str_t *value)
{
    return ngx_http_pupil_open(ctx, at, 1, sealed, NULL, value);
}


static pupil_rc_t
ngx_http_pupil_open(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_place_t *at, ngx_uint_t allow_restricted,
    pupil_str_t sealed, uint8_t *out, pupil_str_t *value)
{
    pupil_rc_t             rc;
    pupil_place_t          place;
    const pupil_subkey_t  *key;

    rc = ngx_http_pupil_place_key(ctx, at, allow_restricted, &place, &key);
    if (rc != PUPIL_OK) {
        return rc;
    }

    rc = PUPIL_TAMPERED;

    if (sealed.len > PUPIL_SEAL_OVERHEAD) {
        if (out == NULL) {
            out = ngx_http_pupil_alloc(ctx, sealed.len - PUPIL_SEAL_OVERHEAD);
        }

        if (out == NULL) {
            return PUPIL_NO_MEMORY;
        }

        rc = pupil_open(key, &place, sealed.data, sealed.len, out, value);
    }

    if (rc != PUPIL_OK) {
        ngx_http_pupil_tampered_record(ctx, at->category, at->record,
                                       &at->owner->id, at->field);
        ctx->integrity = 1;
        return PUPIL_TAMPERED;
    }

    return PUPIL_OK;
}


pupil_rc_t
ngx_http_pupil_place_key(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_place_t *at, ngx_uint_t allow_restricted,
    pupil_place_t *place, const pupil_subkey_t **key)
{
    place->tenant = ctx->tenant;
    place->owner = at->owner->id;
    place->category.data = (const uint8_t *) at->category;
    place->category.len = ngx_strlen(at->category);
    place->field.data = (const uint8_t *) at->field;
    place->field.len = ngx_strlen(at->field);
    place->record = *at->record;
    place->key_version = at->owner->version;

    return ngx_http_pupil_subkey(ctx, place, at->owner->state,
                                 allow_restricted, key);
}


/* The key store may be the stricter: what it says comes with the key. */
ngx_uint_t
ngx_http_pupil_hidden(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *owner, pupil_purpose_t purpose)
{
    pupil_place_t            place;
    const pupil_subkey_t    *key;
    ngx_http_pupil_place_t   at;

    at.category = "identity";
    at.field = "given_name";
    at.owner = owner;
    at.record = &owner->id;

    if (ngx_http_pupil_place_key(ctx, &at, pupil_restriction_opens(purpose),
                                 &place, &key) != PUPIL_RESTRICTED)
    {
        return 0;
    }

    ngx_http_pupil_shown_value(ctx, owner, PUPIL_RESTRICTED);

    return 1;
}


/* The owner's subkey, or a note of what is missing. */
static pupil_rc_t
ngx_http_pupil_subkey(ngx_http_pupil_ctx_t *ctx, const pupil_place_t *place,
    pupil_owner_state_t state, ngx_uint_t allow_restricted,
    const pupil_subkey_t **key)
{
    ngx_uint_t  i;
    pupil_rc_t  rc;

    rc = pupil_keyring_subkey(ctx->main->vault.ring, place, state,
                              (int) allow_restricted, ngx_http_pupil_time(),
                              key);
    if (rc == PUPIL_OK) {
        ngx_http_pupil_opens(ctx, &place->owner);
    }

    if (rc != PUPIL_NO_KEY) {
        return rc;
    }

    /* The key store has none, or not this one: somebody was erased between
     * the read of the row and now. */
    for (i = 0; i < ctx->keys.keyless_count; i++) {
        if (pupil_uuid_compare(&ctx->keys.keyless[i], &place->owner) == 0) {
            return PUPIL_ERASED;
        }
    }

    /* what this request has fetched is not what the data row names */
    if (pupil_keyring_put_since(ctx->main->vault.ring, &place->tenant,
                                &place->owner, ctx->now))
    {
        ngx_http_pupil_tampered(ctx, "pupil.owner", &place->owner,
                                &place->owner, "a version without a key");
        return PUPIL_ERASED;
    }

    return ngx_http_pupil_keys_missing(ctx, &place->owner) == NGX_OK
           ? PUPIL_NO_KEY : PUPIL_NO_MEMORY;
}


pupil_rc_t
ngx_http_pupil_need(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_owner_t *owner)
{
    pupil_place_t            place;
    const pupil_subkey_t    *key;
    ngx_http_pupil_place_t   at;

    /* any category does: what is fetched is the owner's key */
    at.category = "identity";
    at.field = "";
    at.owner = owner;
    at.record = &owner->id;

    return ngx_http_pupil_place_key(ctx, &at, 0, &place, &key);
}


pupil_rc_t
ngx_http_pupil_seal(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_place_t *at, pupil_str_t value, pupil_str_t *sealed)
{
    return ngx_http_pupil_sealed(ctx, at, 0, value, sealed);
}


pupil_rc_t
ngx_http_pupil_seal_open(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_place_t *at, pupil_str_t value, pupil_str_t *sealed)
{
    return ngx_http_pupil_sealed(ctx, at, 1, value, sealed);
}


static pupil_rc_t
ngx_http_pupil_sealed(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_place_t *at, ngx_uint_t allow_restricted,
    pupil_str_t value, pupil_str_t *sealed)
{
    size_t                 size;
    uint8_t               *out;
    pupil_rc_t             rc;
    pupil_place_t          place;
    const pupil_subkey_t  *key;

    rc = ngx_http_pupil_place_key(ctx, at, allow_restricted, &place, &key);
    if (rc != PUPIL_OK) {
        return rc;
    }

    size = pupil_seal_size(value.len);
    if (size == 0) {
        return PUPIL_INVALID;
    }

    out = ngx_pnalloc(ctx->request->pool, size);
    if (out == NULL) {
        return PUPIL_NO_MEMORY;
    }

    rc = pupil_seal(key, &place, value.data, value.len, out);
    if (rc != PUPIL_OK) {
        return rc;
    }

    sealed->data = out;
    sealed->len = size;

    return PUPIL_OK;
}


/* The clear value, as include/pupil_plugin.h defines it, of a plain column. */
static pupil_rc_t
ngx_http_pupil_plain(ngx_http_pupil_ctx_t *ctx, uint32_t type, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, pupil_str_t *value)
{
    u_char        buf[64];
    int32_t       days;
    int64_t       number;
    ngx_uint_t    flag;
    pupil_uuid_t  uuid;
    pupil_time_t  time;

    switch (type) {

    case PUPIL_TYPE_TEXT:
        return ngx_http_pupil_get_text(res, row, col, value) == NGX_OK
               ? PUPIL_OK : PUPIL_FAILED;

    case PUPIL_TYPE_INTEGER:
        if (ngx_libpq_get_int8(res, row, col, &number) != NGX_OK) {
            return PUPIL_FAILED;
        }

        return ngx_http_pupil_copy(ctx, buf,
                                   ngx_sprintf(buf, "%L", number) - buf,
                                   value);

    case PUPIL_TYPE_BOOLEAN:
        if (ngx_libpq_get_bool(res, row, col, &flag) != NGX_OK) {
            return PUPIL_FAILED;
        }

        return flag ? ngx_http_pupil_copy(ctx, (u_char *) "true", 4, value)
                    : ngx_http_pupil_copy(ctx, (u_char *) "false", 5, value);

    case PUPIL_TYPE_UUID:
        if (ngx_libpq_get_uuid(res, row, col, uuid.b) != NGX_OK) {
            return PUPIL_FAILED;
        }

        pupil_uuid_format(&uuid, buf);
        return ngx_http_pupil_copy(ctx, buf, PUPIL_UUID_TEXT_LEN, value);

    case PUPIL_TYPE_DATE:
        if (ngx_libpq_get_date(res, row, col, &days) != NGX_OK) {
            return PUPIL_FAILED;
        }

        return ngx_http_pupil_copy(ctx, buf, pupil_date_format(days, buf),
                                   value);

    case PUPIL_TYPE_TIMESTAMP:
        if (ngx_libpq_get_timestamptz(res, row, col, &time) != NGX_OK) {
            return PUPIL_FAILED;
        }

        return ngx_http_pupil_copy(ctx, buf, pupil_time_format(time, buf),
                                   value);

    case PUPIL_TYPE_UUID_LIST:
        return ngx_http_pupil_uuid_list(ctx, res, row, col, value);

    default:
        return PUPIL_FAILED;
    }
}


static pupil_rc_t
ngx_http_pupil_uuid_list(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_uint_t col, pupil_str_t *value)
{
    u_char             *p, *out;
    pupil_uuid_t        uuid;
    ngx_libpq_array_t   array;

    if (ngx_libpq_get_uuid_array(res, row, col, &array) != NGX_OK) {
        return PUPIL_FAILED;
    }

    /* ids with single spaces between them, as a plugin has it */
    out = ngx_http_pupil_alloc(ctx, array.n * (PUPIL_UUID_TEXT_LEN + 1) + 1);
    if (out == NULL) {
        return PUPIL_NO_MEMORY;
    }

    p = out;

    while (ngx_libpq_array_next_uuid(&array, uuid.b) == NGX_OK) {
        if (p != out) {
            *p++ = ' ';
        }

        pupil_uuid_format(&uuid, p);
        p += PUPIL_UUID_TEXT_LEN;
    }

    value->data = out;
    value->len = p - out;

    return PUPIL_OK;
}


static pupil_rc_t
ngx_http_pupil_copy(ngx_http_pupil_ctx_t *ctx, const u_char *data, size_t len,
    pupil_str_t *value)
{
    u_char  *p;

    if (len == 0) {
        return PUPIL_FAILED;
    }

    p = ngx_http_pupil_alloc(ctx, len);
    if (p == NULL) {
        return PUPIL_NO_MEMORY;
    }

    ngx_memcpy(p, data, len);
    value->data = p;
    value->len = len;

    return PUPIL_OK;
}
