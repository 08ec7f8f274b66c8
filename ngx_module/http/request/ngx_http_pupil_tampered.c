/*
 * Copyright (C) the Pupil authors
 *
 * What a request found tampered with.  A step that runs again, as keys were
 * missing, finds the same again: each is noted once.
 */

#include "http/request/ngx_http_pupil.h"


#define NGX_HTTP_PUPIL_MORE  ", and more"

/* Bytes of a note, behind the table. */
#define NGX_HTTP_PUPIL_NOTE                                                   \
    (sizeof("  of : ") + 2 * PUPIL_UUID_TEXT_LEN                              \
     + sizeof(NGX_HTTP_PUPIL_MORE))


static const char *ngx_http_pupil_tampered_note(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_found_t *found, ngx_uint_t more);


void
ngx_http_pupil_tampered(ngx_http_pupil_ctx_t *ctx, const char *table,
    const pupil_uuid_t *record, const pupil_uuid_t *subject, const char *why)
{
    ngx_uint_t                  i;
    ngx_http_pupil_found_t      new, *found;
    ngx_http_pupil_tampered_t  *tampered;

    tampered = &ctx->audit.tampered;

    ngx_memzero(&new, sizeof(ngx_http_pupil_found_t));
    new.table = table;
    new.why = why;
    new.subject = *subject;

    if (record != NULL) {
        new.record = *record;
    }

    for (i = 0; i < tampered->count; i++) {
        found = &tampered->found[i];

        if (pupil_uuid_compare(&found->record, &new.record) == 0
            && pupil_uuid_compare(&found->subject, &new.subject) == 0
            && ngx_strcmp(found->table, table) == 0
            && ngx_strcmp(found->why, why) == 0)
        {
            return;
        }
    }

    if (tampered->count == NGX_HTTP_PUPIL_TAMPERED) {
        tampered->more = 1;
        return;
    }

    tampered->found[tampered->count++] = new;
}


void
ngx_http_pupil_tampered_record(ngx_http_pupil_ctx_t *ctx,
    const char *category, const pupil_uuid_t *record,
    const pupil_uuid_t *subject, const char *why)
{
    u_char  *table;

    table = ngx_pnalloc(ctx->request->pool,
                        sizeof("data.") + ngx_strlen(category));

    if (table != NULL) {
        (void) ngx_sprintf(table, "data.%s%Z", category);
    }

    ngx_http_pupil_tampered(ctx, table != NULL ? (char *) table : category,
                            record, subject, why);
}


void
ngx_http_pupil_tampered_forget(ngx_http_pupil_ctx_t *ctx)
{
    ctx->audit.tampered.count = 0;
    ctx->audit.tampered.more = 0;
}


ngx_int_t
ngx_http_pupil_audit_tampered(ngx_http_pupil_ctx_t *ctx)
{
    ngx_uint_t                  i;
    const char                 *note;
    ngx_http_pupil_tampered_t  *tampered;

    tampered = &ctx->audit.tampered;

    /* no address, which the record's pseudonym would be read beside (I14) */
    ngx_log_error(NGX_LOG_CRIT, ngx_cycle->log, 0,
                  "pupil: %s is not authentic (%s; rows of this kind: %ui): "
                  "somebody changed the database behind Pupil; see the audit "
                  "records of request %*s", tampered->found[0].table,
                  tampered->found[0].why, tampered->count,
                  (size_t) PUPIL_UUID_TEXT_LEN, ngx_http_pupil_id_text(ctx));

    for (i = 0; i < tampered->count; i++) {
        note = ngx_http_pupil_tampered_note(ctx, &tampered->found[i],
                                            tampered->more
                                            && i + 1 == tampered->count);
        if (note == NULL
            || ngx_http_pupil_audit(ctx, &ctx->audit.asked->refusal,
                                    PUPIL_OUTCOME_TAMPERED, NULL, 0, note)
               != NGX_OK)
        {
            return NGX_ERROR;
        }

        ctx->main->audit.tampered++;
    }

    ngx_http_pupil_tampered_forget(ctx);

    return NGX_OK;
}


/* NULL: no memory. */
static const char *
ngx_http_pupil_tampered_note(ngx_http_pupil_ctx_t *ctx,
    const ngx_http_pupil_found_t *found, ngx_uint_t more)
{
    u_char  *note, *p;

    note = ngx_pnalloc(ctx->request->pool,
                       ngx_strlen(found->table) + ngx_strlen(found->why)
                       + NGX_HTTP_PUPIL_NOTE);
    if (note == NULL) {
        return NULL;
    }

    p = ngx_sprintf(note, "%s ", found->table);

    if (!pupil_uuid_is_zero(&found->record)) {
        pupil_uuid_format(&found->record, p);
        p += PUPIL_UUID_TEXT_LEN;
        *p++ = ' ';
    }

    p = ngx_cpymem(p, "of ", 3);
    pupil_uuid_format(&found->subject, p);
    p += PUPIL_UUID_TEXT_LEN;

    (void) ngx_sprintf(p, ": %s%s%Z", found->why,
                       more ? NGX_HTTP_PUPIL_MORE : "");

    return (const char *) note;
}
