/*
 * Copyright (C) the Pupil authors
 *
 * A tenant of which the data database takes no record any more, as it has a row
 * in pupil.audit_end.  A command writes that with the tenant's entry in the
 * ledger, and soon after there is no key: its requests are answered 404.  A row
 * without an entry is a hand's: the tenant is shut as long as it stands, which
 * /status/ready says.  It is asked for, and no record is tried: each try would
 * be a number more to be declared.
 */

#include "http/request/ngx_http_pupil.h"


static void ngx_http_pupil_ended_answered(ngx_libpq_exchange_t *ex);
static void ngx_http_pupil_ended_set(ngx_http_pupil_writer_t *writer,
    ngx_uint_t unfounded);


void
ngx_http_pupil_ended_ask(ngx_http_pupil_main_conf_t *pmcf,
    ngx_http_pupil_writer_t *writer)
{
    const pupil_uuid_t    *tenant;
    ngx_libpq_exchange_t  *ex;

    tenant = &writer->stream->tenant;

    /* without its keys it is not served, and not asked for */
    if (writer->asking || ngx_exiting || ngx_terminate
        || ngx_http_pupil_audit_key(pmcf, tenant) == NULL)
    {
        return;
    }

    ex = ngx_libpq_exchange_create(pmcf->data, ngx_http_pupil_ended_answered,
                                   writer);
    if (ex == NULL) {
        return;
    }

    ngx_http_pupil_exchange_day(ex, tenant, 0);
    (void) ngx_libpq_exchange_add(ex, pmcf->fixed[PUPIL_FIXED_AUDIT_END]);
    ngx_libpq_param_uuid(ex, tenant->b);
    ex->background = 1;

    if (ngx_libpq_exchange_submit(ex) != NGX_OK) {
        ngx_libpq_exchange_destroy(ex);
        return;
    }

    writer->asking = 1;
}


static void
ngx_http_pupil_ended_answered(ngx_libpq_exchange_t *ex)
{
    ngx_int_t                 rc;
    ngx_uint_t                closed, entered;
    ngx_http_pupil_writer_t  *writer;

    writer = ex->data;
    writer->asking = 0;

    if (ex->status == NGX_LIBPQ_OK
        && ngx_libpq_get_bool(ex->results[0], 0, PUPIL_AE_ENTERED, &entered)
           == NGX_OK)
    {
        rc = ngx_libpq_get_bool(ex->results[0], 0, PUPIL_AE_CLOSED, &closed);

        if (rc != NGX_ERROR) {
            writer->ended = rc == NGX_OK;
            writer->closed = rc == NGX_OK && closed;
            ngx_http_pupil_ended_set(writer, rc == NGX_OK && !entered);
        }
    }

    ngx_libpq_exchange_destroy(ex);
}


static void
ngx_http_pupil_ended_set(ngx_http_pupil_writer_t *writer, ngx_uint_t unfounded)
{
    u_char  text[PUPIL_UUID_TEXT_LEN + 1];

    if (writer->unfounded == unfounded) {
        return;
    }

    writer->unfounded = unfounded;

    pupil_uuid_format(&writer->stream->tenant, text);
    text[PUPIL_UUID_TEXT_LEN] = '\0';

    if (!unfounded) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "pupil: pupil.audit_end has no row of the tenant %s any "
                      "more, or one of its end", text);
        return;
    }

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "pupil: pupil.audit_end has a row of the tenant %s, and the "
                  "ledger no entry: somebody has written the data database; "
                  "its requests are answered 503 until a superuser DELETEs "
                  "that row", text);
}


const char *
ngx_http_pupil_ended_trouble(ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_queue_t              *q;
    ngx_http_pupil_writer_t  *writer;

    for (q = ngx_queue_head(&pmcf->audit.numbers.writers);
         q != ngx_queue_sentinel(&pmcf->audit.numbers.writers);
         q = ngx_queue_next(q))
    {
        writer = ngx_queue_data(q, ngx_http_pupil_writer_t, queue);

        if (writer->unfounded
            && ngx_http_pupil_audit_key(pmcf, &writer->stream->tenant) != NULL)
        {
            return "the audit of a tenant has ended, and no command has ended "
                   "it: error.log says whose";
        }
    }

    return NULL;
}
