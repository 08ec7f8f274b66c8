/*
 * Copyright (C) the Pupil authors
 *
 * Records that a write carries in its own statement (invariant I2): their
 * numbers and MACs are parameters.  Where SQL chooses what becomes of the
 * write, there is a MAC for each record that it can write.
 */

#include "core/audit/record.h"
#include "http/request/ngx_http_pupil.h"


static u_char *ngx_http_pupil_audit_macs(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const ngx_http_pupil_stmt_t *stmt,
    const ngx_http_pupil_writing_t *what, pupil_audit_record_t *record);


void
ngx_http_pupil_audit_write(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t at,
    const ngx_http_pupil_stmt_t *stmt, const ngx_http_pupil_writing_t *what)
{
    u_char                    *macs;
    pupil_audit_record_t       record;
    ngx_http_pupil_written_t  *written;

    if (!stmt->granted) {
        return;                                  /* submit() refuses */
    }

    written = ngx_palloc(ex->pool, sizeof(ngx_http_pupil_written_t));

    if (written == NULL
        || ngx_http_pupil_numbers_give(ctx->main, &ctx->tenant, what->numbers,
                                       PUPIL_NUMBERS_RESERVE, &written->given)
           != NGX_OK)
    {
        ex->nomem = 1;
        return;
    }

    written->at = at;
    written->choices = what->choices;
    written->n = what->n;
    ctx->audit.written = written;
    ctx->audit.due = 1;                              /* the usual choice */

    record.at = ngx_http_pupil_time();
    record.writer = written->given.writer->stream->id;
    record.number = written->given.first;

    macs = ngx_http_pupil_audit_macs(ctx, ex, stmt, what, &record);
    if (macs == NULL) {
        ex->nomem = 1;
        return;
    }

    ngx_libpq_param_timestamptz(ex, record.at);
    ngx_libpq_param_int8(ex, (int64_t) record.writer);
    ngx_libpq_param_int8(ex, (int64_t) written->given.first);
    ngx_libpq_param_bytea(ex, macs, what->n * PUPIL_AUDIT_MAC_LEN);
}


void
ngx_http_pupil_audit_write_one(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, ngx_uint_t at,
    const ngx_http_pupil_stmt_t *stmt, const pupil_audit_choice_t *choice)
{
    ngx_http_pupil_writing_t  what;

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = choice;
    what.n = 1;
    what.numbers = 1;

    ngx_http_pupil_audit_write(ctx, ex, at, stmt, &what);
}


/* As ngx_http_pupil_common() has it. */
static u_char *
ngx_http_pupil_audit_macs(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex, const ngx_http_pupil_stmt_t *stmt,
    const ngx_http_pupil_writing_t *what, pupil_audit_record_t *record)
{
    u_char             *macs, *p;
    uint32_t            i;
    uint64_t            first;
    const char         *outcome;
    pupil_str_t         none = pupil_str("none");
    const pupil_key_t  *key;

    key = ngx_http_pupil_audit_key(ctx->main, &ctx->tenant);
    macs = ngx_pnalloc(ex->pool, what->n * PUPIL_AUDIT_MAC_LEN
                                 + sizeof("{}") + PUPIL_UUID_TEXT_LEN);
    if (key == NULL || macs == NULL) {
        return NULL;
    }

    record->tenant = ctx->tenant;
    record->request = ctx->id;

    if (ctx->has_session) {
        record->actor = ctx->session.subject;
        record->institution = ctx->session.institution;
        record->role = ctx->session.role;

    } else {
        ngx_memzero(&record->actor, sizeof(pupil_uuid_t));
        ngx_memzero(&record->institution, sizeof(pupil_uuid_t));
        record->role = none;
    }

    record->network.data = (const uint8_t *) ctx->network;
    record->network.len = ngx_strlen(ctx->network);
    record->shape.data = stmt->statement.shape;
    record->shape.len = sizeof(stmt->statement.shape);
    record->policy.data = ctx->conf->serves.policy_hash;
    record->policy.len = sizeof(ctx->conf->serves.policy_hash);
    record->note = what->note;

    p = macs + what->n * PUPIL_AUDIT_MAC_LEN;
    record->subjects.data = p;
    *p++ = '{';

    if (what->subject != NULL) {
        pupil_uuid_format(what->subject, p);
        p += PUPIL_UUID_TEXT_LEN;
    }

    *p++ = '}';
    record->subjects.len = (size_t) (p - record->subjects.data);

    first = record->number;

    for (i = 0; i < what->n; i++) {
        outcome = pupil_outcome_name(what->choices[i].outcome);
        record->outcome.data = (const uint8_t *) outcome;
        record->outcome.len = ngx_strlen(outcome);
        record->number = first + what->choices[i].number;
        record->choice = what->choices[i].choice;

        pupil_audit_mac(key, record, macs + i * PUPIL_AUDIT_MAC_LEN);
    }

    pupil_stack_wipe();

    return macs;
}


ngx_http_pupil_written_t *
ngx_http_pupil_audit_take(ngx_http_pupil_ctx_t *ctx)
{
    ngx_http_pupil_written_t  *written;

    written = ctx->audit.written;
    ctx->audit.written = NULL;

    return written;
}


/* What the statement says that it wrote; all else is not known to be stored. */
uint32_t
ngx_http_pupil_audit_written(ngx_http_pupil_written_t *written,
    const ngx_libpq_exchange_t *ex)
{
    int32_t           stored;
    uint32_t          i, recorded;
    pupil_numbers_t  *numbers;

    if (written == NULL) {
        return 0;
    }

    recorded = 0;

    if (ex->status == NGX_LIBPQ_OK
        && ngx_libpq_get_int4(ex->results[written->at], 0, PUPIL_RECORDED,
                              &stored) == NGX_OK)
    {
        recorded = (uint32_t) stored;
        numbers = &written->given.writer->stream->numbers;

        for (i = 0; i < written->n; i++) {
            if (recorded & (1u << i)) {
                pupil_numbers_chosen(numbers, written->given.first
                                              + written->choices[i].number,
                                     written->choices[i].choice);
            }
        }
    }

    ngx_http_pupil_numbers_absent(&written->given, ex);

    return recorded;
}


void
ngx_http_pupil_audit_unsent(ngx_http_pupil_written_t *written)
{
    if (written != NULL) {
        ngx_http_pupil_numbers_unsent(&written->given);
    }
}


void
ngx_http_pupil_audit_left(ngx_libpq_exchange_t *ex)
{
    (void) ngx_http_pupil_audit_written(ex->data, ex);
    ngx_libpq_exchange_destroy(ex);
}
