/*
 * Copyright (C) the Pupil authors
 */

#include "http/request/ngx_http_pupil.h"


/* In seconds. */
#define NGX_HTTP_PUPIL_LAG_SEALED   10
#define NGX_HTTP_PUPIL_LAG_SHIPPED  60


static int64_t ngx_http_pupil_lag_get(const PGresult *res, int column);
static void ngx_http_pupil_lag_sealed_say(ngx_http_pupil_lag_t *lag);
static void ngx_http_pupil_lag_shipped_say(ngx_http_pupil_lag_t *lag,
    const PGresult *res);


void
ngx_http_pupil_lag_read(ngx_http_pupil_lag_t *lag, const PGresult *res)
{
    lag->unsealed = ngx_http_pupil_lag_get(res, PUPIL_DM_UNSEALED);
    lag->unshipped = ngx_http_pupil_lag_get(res, PUPIL_DM_UNSHIPPED);
    lag->synced = ngx_http_pupil_lag_get(res, PUPIL_DM_SYNCED);
    lag->held = ngx_http_pupil_lag_get(res, PUPIL_DM_HELD);

    /* all workers know it, and once is enough (pitfall 42) */
    if (ngx_worker == 0) {
        ngx_http_pupil_lag_sealed_say(lag);
        ngx_http_pupil_lag_shipped_say(lag, res);
    }
}


static int64_t
ngx_http_pupil_lag_get(const PGresult *res, int column)
{
    int64_t  seconds;

    return ngx_libpq_get_int8(res, 0, column, &seconds) == NGX_OK
           ? seconds : NGX_ERROR;
}


static void
ngx_http_pupil_lag_sealed_say(ngx_http_pupil_lag_t *lag)
{
    ngx_uint_t  behind;

    behind = lag->unsealed > NGX_HTTP_PUPIL_LAG_SEALED;

    if (behind == lag->unsealed_said) {
        return;
    }

    lag->unsealed_said = behind;

    if (behind) {
        ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                      "pupil: of the audit nothing is sealed since %L s: look "
                      "whether pupilctl audit seal --follow runs, and what it "
                      "says", lag->unsealed);

    } else {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "pupil: the audit is sealed again");
    }
}


static void
ngx_http_pupil_lag_shipped_say(ngx_http_pupil_lag_t *lag, const PGresult *res)
{
    u_char        text[PUPIL_UUID_TEXT_LEN];
    ngx_uint_t    behind;
    pupil_uuid_t  tenant;

    behind = lag->unshipped > NGX_HTTP_PUPIL_LAG_SHIPPED;

    if (behind == lag->unshipped_said) {
        return;
    }

    lag->unshipped_said = behind;

    if (!behind) {
        ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                      "pupil: checkpoints of the audit are shipped again");
        return;
    }

    if (ngx_libpq_get_uuid(res, 0, PUPIL_DM_TENANT, tenant.b) != NGX_OK) {
        ngx_memzero(&tenant, sizeof(pupil_uuid_t));
    }

    pupil_uuid_format(&tenant, text);

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "pupil: a checkpoint of tenant %*s is not shipped since %L s:"
                  " look what pupilctl audit seal says of --ship",
                  (size_t) PUPIL_UUID_TEXT_LEN, text, lag->unshipped);
}
