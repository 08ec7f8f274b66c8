/*
 * Copyright (C) the Pupil authors
 *
 * What is not kept of the open list: asked for, shown, and kept for the next
 * who asks.
 */

#include "http/homework/ngx_http_pupil_homework_feed.h"


#define NGX_HTTP_PUPIL_FOREVER  INT64_MAX


static ngx_int_t ngx_http_pupil_feed_fill(ngx_http_pupil_ctx_t *ctx);
static ngx_int_t ngx_http_pupil_feed_definitions(ngx_http_pupil_ctx_t *ctx,
    PGresult *res);
static ngx_int_t ngx_http_pupil_feed_read(ngx_http_pupil_ctx_t *ctx,
    PGresult *res, ngx_uint_t row, ngx_http_pupil_class_t *class);
static ngx_int_t ngx_http_pupil_feed_plain(const ngx_http_pupil_row_t *row,
    ngx_http_pupil_definition_t *d);
static ngx_int_t ngx_http_pupil_feed_keep(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_class_t *class);
static ngx_int_t ngx_http_pupil_feed_seal(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_class_t *class,
    ngx_http_pupil_definitions_entry_t *entry);


ngx_int_t
ngx_http_pupil_feed_ask(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                  i;
    ngx_libpq_exchange_t       *ex;
    ngx_http_pupil_homework_t  *data;

    data = ctx->data;

    /* their keys are noted again when all is here */
    ctx->keys.missing_count = 0;

    data->asked = ngx_palloc(ctx->request->pool,
                             data->nclasses * sizeof(pupil_uuid_t));
    if (data->asked == NULL) {
        return NGX_ERROR;
    }

    for (i = 0; i < data->nclasses; i++) {
        if (!data->classes[i].ready) {
            data->asked[data->nasked++] = data->classes[i].owner.id;
        }
    }

    ex = ngx_http_pupil_exchange(ctx);
    if (ex == NULL) {
        return NGX_ERROR;
    }

    ngx_http_pupil_feed_add(ctx, ex);

    data->at = ngx_http_pupil_add_stmt(ctx, ex, data->role->definitions);
    ngx_libpq_param_uuid_array(ex, data->asked, data->nasked);
    ngx_libpq_param_timestamptz(ex, ngx_http_pupil_feed_since(ctx));
    ngx_libpq_param_int4(ex, NGX_HTTP_PUPIL_DEFINITIONS_MAX + 1);

    ctx->audit.asked = data->list;
    ctx->resume = ngx_http_pupil_feed_fill;

    return ngx_http_pupil_submit(ctx, ex, 0);
}


/* What was asked for is here; runs again when keys were missing. */
static ngx_int_t
ngx_http_pupil_feed_fill(ngx_http_pupil_ctx_t *ctx)
{
    ngx_int_t                   rc;
    ngx_uint_t                  i, missing;
    ngx_http_pupil_class_t     *class;
    ngx_http_pupil_homework_t  *data;

    ngx_http_pupil_debug(ctx, "feed: definitions read");

    data = ctx->data;

    rc = ngx_http_pupil_feed_classes(ctx, &missing);

    if (rc == NGX_ABORT || (rc == NGX_OK && missing != 0)) {
        return ngx_http_pupil_feed_whole(ctx);
    }

    if (rc != NGX_OK || ctx->keys.missing_count != 0) {
        return rc;
    }

    if (ngx_http_pupil_feed_definitions(ctx, data->feed->results[data->at])
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    for (i = 0; i < data->nclasses; i++) {
        class = &data->classes[i];

        if (class->asked && ngx_http_pupil_feed_keep(ctx, class) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < data->nclasses; i++) {
        if (data->classes[i].count > NGX_HTTP_PUPIL_DEFINITIONS_MAX) {
            return ngx_http_pupil_feed_whole(ctx);
        }
    }

    return ngx_http_pupil_feed_render(ctx);
}


/* The rows are sorted by class: each has its part of one array. */
static ngx_int_t
ngx_http_pupil_feed_definitions(ngx_http_pupil_ctx_t *ctx, PGresult *res)
{
    ngx_uint_t                    row, n;
    pupil_uuid_t                  id;
    ngx_http_pupil_class_t       *class, *last;
    ngx_http_pupil_definition_t  *definitions;

    n = PQntuples(res);
    last = NULL;

    definitions = ngx_http_pupil_alloc(ctx, n
                                       * sizeof(ngx_http_pupil_definition_t));
    if (definitions == NULL) {
        return NGX_ERROR;
    }

    for (row = 0; row < n; row++) {

        if (ngx_libpq_get_uuid(res, row, PUPIL_HD_OWNER, id.b) != NGX_OK) {
            continue;
        }

        class = ngx_http_pupil_homework_class(ctx->data, &id);

        if (class == NULL || !class->asked) {
            ngx_http_pupil_tampered(ctx, "pupil.owner", &id,
                                    &ctx->session.subject, "another class");
            continue;
        }

        if (class->definitions == NULL) {
            class->definitions = definitions + row;

        } else if (class != last) {
            return NGX_ERROR;
        }

        last = class;

        if (ngx_http_pupil_feed_read(ctx, res, row, class) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* A row of definitions.  Key, state and version are those of its snapshot. */
static ngx_int_t
ngx_http_pupil_feed_read(ngx_http_pupil_ctx_t *ctx, PGresult *res,
    ngx_uint_t row, ngx_http_pupil_class_t *class)
{
    ngx_int_t                     rc;
    ngx_http_pupil_row_t          defined;
    ngx_http_pupil_stmt_t        *stmt;
    ngx_http_pupil_owner_t        owner;
    ngx_http_pupil_homework_t    *data;
    ngx_http_pupil_definition_t  *d;

    data = ctx->data;
    stmt = ngx_http_pupil_stmt(ctx, data->role->definitions);

    rc = ngx_libpq_get_uuid(res, row, PUPIL_HD_VERSION, class->version.b);
    if (rc == NGX_ERROR
        || ngx_http_pupil_owner(ctx, res, row, PUPIL_HD_OWNER,
                                &class->owner.id, &owner) != NGX_OK)
    {
        return NGX_ERROR;
    }

    class->owner = owner;
    class->has_version = rc == NGX_OK;

    d = &class->definitions[class->count];
    ngx_memzero(d, sizeof(ngx_http_pupil_definition_t));

    rc = ngx_libpq_get_uuid(res, row, PUPIL_HD_RECORD, d->record.b);
    if (rc != NGX_OK) {
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    defined.stmt = stmt;
    defined.res = res;
    defined.n = row;
    defined.owner = &class->owner;
    defined.record = &d->record;

    rc = ngx_http_pupil_facts(ctx, &defined);

    if (rc == NGX_OK) {
        rc = ngx_http_pupil_there(ctx, &defined);
    }

    if (rc != NGX_OK) {
        class->damaged |= rc == NGX_DECLINED;
        return rc == NGX_DECLINED ? NGX_OK : rc;
    }

    if (ngx_http_pupil_feed_plain(&defined, d) != NGX_OK) {
        ngx_http_pupil_tampered_record(ctx, "homework", &d->record,
                                       &class->owner.id, "not whole");
        ctx->integrity = 1;
        return NGX_ERROR;
    }

    class->count++;

    /* one more than is kept: all is read in another way */
    if (class->count > NGX_HTTP_PUPIL_DEFINITIONS_MAX) {
        return NGX_OK;
    }

    return ngx_http_pupil_homework_define(ctx, &defined, d);
}


/* Dates, and who assigned it. */
static ngx_int_t
ngx_http_pupil_feed_plain(const ngx_http_pupil_row_t *row,
    ngx_http_pupil_definition_t *d)
{
    const int32_t  *column;

    column = row->stmt->statement.column;

    if (ngx_libpq_get_timestamptz(row->res, row->n,
                                  column[PUPIL_HL_WANT_ASSIGNED_AT],
                                  &d->assigned_at) != NGX_OK
        || ngx_libpq_get_timestamptz(row->res, row->n,
                                     column[PUPIL_HL_WANT_DUE_AT],
                                     &d->due_at) != NGX_OK
        || ngx_libpq_get_uuid(row->res, row->n,
                              column[PUPIL_HL_WANT_ASSIGNED_BY],
                              d->assigned_by.b) == NGX_ERROR)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* For the next who asks, unless not all of it is here. */
static ngx_int_t
ngx_http_pupil_feed_keep(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_class_t *class)
{
    ngx_int_t                            rc;
    pupil_time_t                         until;
    ngx_http_pupil_definitions_t        *kept;
    ngx_http_pupil_definitions_key_t     key;
    ngx_http_pupil_definitions_entry_t   entry;

    /* what was left out is found again by whoever asks next */
    if (class->damaged || !class->has_version
        || class->owner.state != PUPIL_OWNER_STATE_ACTIVE)
    {
        return NGX_OK;
    }

    ngx_memzero(&entry, sizeof(ngx_http_pupil_definitions_entry_t));

    if (class->count == 0) {
        entry.kind = NGX_HTTP_PUPIL_DEFINITIONS_NONE;
        until = NGX_HTTP_PUPIL_FOREVER;

    } else if (class->count > NGX_HTTP_PUPIL_DEFINITIONS_MAX) {
        entry.kind = NGX_HTTP_PUPIL_DEFINITIONS_LARGE;
        until = class->definitions[0].due_at;

    } else {
        rc = ngx_http_pupil_feed_seal(ctx, class, &entry);
        if (rc != NGX_OK) {
            return rc == NGX_DECLINED ? NGX_OK : rc;
        }

        /* when half of it is due, the rest is packed anew */
        until = class->definitions[class->count / 2].due_at;
    }

    ngx_http_pupil_feed_key(ctx, class, &key);

    /* of a day: it serves that day, of which nothing is over before it is */
    if (key.day != 0) {
        until = NGX_HTTP_PUPIL_FOREVER;
    }

    kept = ngx_http_pupil_homework_conf(ctx->main)->definitions;
    ngx_http_pupil_definitions_put(kept, &key, ctx->now, until, &entry);

    return NGX_OK;
}


/*
 * Sealed as one value under the class's key: whoever reads this process's
 * memory finds no text, and an erased class is unreadable here, too.
 * NGX_DECLINED: not all of it opened, or the key went meanwhile.
 */
static ngx_int_t
ngx_http_pupil_feed_seal(ngx_http_pupil_ctx_t *ctx,
    ngx_http_pupil_class_t *class, ngx_http_pupil_definitions_entry_t *entry)
{
    ngx_uint_t   i;
    pupil_str_t  text;

    for (i = 0; i < class->count; i++) {
        if (!class->definitions[i].whole) {
            return NGX_DECLINED;
        }
    }

    if (ngx_http_pupil_definitions_pack(class->definitions, class->count,
                                        &ctx->alloc, &text)
        != PUPIL_OK)
    {
        return NGX_ERROR;
    }

    if (text.len > NGX_HTTP_PUPIL_DEFINITIONS_BYTES) {
        entry->kind = NGX_HTTP_PUPIL_DEFINITIONS_LARGE;
        return NGX_OK;
    }

    entry->kind = NGX_HTTP_PUPIL_DEFINITIONS_SEALED;
    entry->text = text.len;

    return ngx_http_pupil_definitions_seal(ctx, &class->owner, text,
                                           &entry->sealed)
           == PUPIL_OK ? NGX_OK : NGX_DECLINED;
}
