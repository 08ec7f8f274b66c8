/*
 * Copyright (C) the Pupil authors
 *
 * The audit records of submissions: one for each kind of outcome that their
 * items can have, which the statement chooses.
 */

#include "http/progress/ngx_http_pupil_progress.h"


void
ngx_http_pupil_progress_record(ngx_http_pupil_ctx_t *ctx,
    ngx_libpq_exchange_t *ex)
{
    ngx_http_pupil_writing_t    what;
    ngx_http_pupil_progress_t  *data;

    data = ctx->data;

    ngx_memzero(&what, sizeof(ngx_http_pupil_writing_t));
    what.choices = pupil_progress_choices;
    what.numbers = ngx_min(data->nsent, PUPIL_PROGRESS_KINDS);
    what.n = data->nsent == 1 ? PUPIL_PROGRESS_KINDS : PUPIL_PROGRESS_CHOICES;

    ngx_http_pupil_audit_write(ctx, ex, data->at,
                               ngx_http_pupil_stmt(ctx, PUPIL_PROGRESS_SUBMIT),
                               &what);
}
