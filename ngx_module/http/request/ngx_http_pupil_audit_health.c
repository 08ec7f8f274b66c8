/*
 * Copyright (C) the Pupil authors
 *
 * Whether audit records can be stored: what became of the last ones, and,
 * when nobody had any, of a probe.  An outage is one line in the log with its
 * reason, and one more when the reason changes (pitfall 42); /status/ready
 * shows it.
 */

#include "http/request/ngx_http_pupil.h"


#define NGX_HTTP_PUPIL_HEALTH_STUCK   5000    /* ms that a commit may take */
#define NGX_HTTP_PUPIL_HEALTH_AGAIN   1       /* seconds between probes */
#define NGX_HTTP_PUPIL_HEALTH_QUIET   5       /* without a failure: over */

#define NGX_HTTP_PUPIL_HEALTH_SHORT   "short"
#define NGX_HTTP_PUPIL_HEALTH_LOST    "lost"


typedef struct {
    const char  *why;         /* a SQLSTATE, the beginning of one, or ours */
    const char  *text;        /* NULL: no fault, or the pool says it */
} ngx_http_pupil_health_reason_t;


static void ngx_http_pupil_health_good(ngx_http_pupil_main_conf_t *pmcf);
static void ngx_http_pupil_health_bad(ngx_http_pupil_main_conf_t *pmcf,
    const char *why);
static ngx_uint_t ngx_http_pupil_health_stuck(
    const ngx_http_pupil_audit_health_t *health);
static void ngx_http_pupil_health_probed(ngx_libpq_exchange_t *ex);


static const ngx_http_pupil_health_reason_t  ngx_http_pupil_health_reasons[] = {
    { NGX_HTTP_PUPIL_HEALTH_SHORT,
      "the database took records away without an error: look for a trigger or "
      "a rule on pupil.audit_record" },
    { NGX_HTTP_PUPIL_HEALTH_LOST,
      "a commit did not return: look at the standbys and the disk" },
    { "23514",
      "there is no partition for today, or a constraint refuses them: run "
      "pupilctl migrate" },
    { "42501",
      "the role may not insert them: GRANT INSERT ON pupil.audit_record TO "
      "pupil_gateway" },
    { "PU003",
      "the clocks of this host and of the database differ by more than a "
      "minute: look at both hosts' time synchronisation" },
    { "PU004", NULL },        /* of a tenant that has ended */
    { "57P0", NULL },
    { "25006", NULL },
    { "08", NULL },
    { "53", "the server has no space or memory left" },
    { "55P03", "the table was locked for too long: look for what locks it" },
    { "57014", "the insert took too long: look for what locks the table" },
    { "", "the log of the server says more" }
};


void
ngx_http_pupil_health_sent(ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_http_pupil_audit_health_t  *health;

    health = &pmcf->audit.health;

    if (health->waiting++ == 0) {
        health->waits_since = ngx_current_msec;
    }
}


void
ngx_http_pupil_health_ended(ngx_http_pupil_main_conf_t *pmcf,
    const ngx_libpq_exchange_t *ex, ngx_uint_t stored)
{
    ngx_uint_t                      stuck;
    ngx_http_pupil_audit_health_t  *health;

    health = &pmcf->audit.health;
    stuck = ngx_http_pupil_health_stuck(health);

    health->waiting--;
    health->waits_since = ngx_current_msec;

    if (ex->status == NGX_LIBPQ_OK) {
        if (stored) {
            ngx_http_pupil_health_good(pmcf);

        } else {
            ngx_http_pupil_health_bad(pmcf, NGX_HTTP_PUPIL_HEALTH_SHORT);
        }

        return;
    }

    if (ex->sqlstate[0] != '\0') {
        ngx_http_pupil_health_bad(pmcf, ex->sqlstate);
        return;
    }

    /* a connection that is lost is the pool's to report */
    if (stuck) {
        ngx_http_pupil_health_bad(pmcf, NGX_HTTP_PUPIL_HEALTH_LOST);
    }
}


static void
ngx_http_pupil_health_good(ngx_http_pupil_main_conf_t *pmcf)
{
    ngx_http_pupil_audit_health_t  *health;

    health = &pmcf->audit.health;
    health->failing = 0;

    if (health->why[0] == '\0'
        || ngx_time() - health->failed_at < NGX_HTTP_PUPIL_HEALTH_QUIET)
    {
        return;
    }

    health->why[0] = '\0';

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "pupil: audit records are stored again");
}


static void
ngx_http_pupil_health_bad(ngx_http_pupil_main_conf_t *pmcf, const char *why)
{
    ngx_http_pupil_audit_health_t         *health;
    const ngx_http_pupil_health_reason_t  *reason;

    for (reason = ngx_http_pupil_health_reasons;
         ngx_strncmp(why, reason->why, ngx_strlen(reason->why)) != 0;
         reason++)
    {
        /* void */
    }

    if (reason->text == NULL) {
        return;
    }

    health = &pmcf->audit.health;
    health->failing = 1;
    health->failed_at = ngx_time();

    if (ngx_strcmp(health->why, why) == 0) {
        return;
    }

    ngx_cpystrn((u_char *) health->why, (u_char *) why, sizeof(health->why));

    ngx_log_error(NGX_LOG_ERR, ngx_cycle->log, 0,
                  "pupil: audit records cannot be stored (%s%s): %s; until "
                  "they can, what needs one is answered 503",
                  why[0] >= 'a' ? "" : "SQLSTATE ", why, reason->text);
}


static ngx_uint_t
ngx_http_pupil_health_stuck(const ngx_http_pupil_audit_health_t *health)
{
    return health->waiting != 0
           && ngx_current_msec - health->waits_since
              > NGX_HTTP_PUPIL_HEALTH_STUCK;
}


const char *
ngx_http_pupil_health_trouble(const ngx_http_pupil_main_conf_t *pmcf)
{
    const ngx_http_pupil_audit_conf_t  *audit;

    audit = &pmcf->audit;

    if (audit->partitions_until != 0
        && (time_t) audit->partitions_until <= ngx_time())
    {
        return "the audit log has no partition for today";
    }

    if (audit->health.failing) {
        return "audit records cannot be stored: error.log says why";
    }

    if (ngx_http_pupil_health_stuck(&audit->health)) {
        return "commits of the audit log do not return";
    }

    return NULL;
}


void
ngx_http_pupil_health_probe(ngx_http_pupil_main_conf_t *pmcf, time_t age)
{
    pupil_uuid_t                    nobody;
    ngx_libpq_exchange_t           *ex;
    ngx_http_pupil_audit_health_t  *health;

    health = &pmcf->audit.health;

    if (ngx_http_pupil_health_trouble(pmcf) != NULL) {
        age = NGX_HTTP_PUPIL_HEALTH_AGAIN;
    }

    if (!pmcf->used || health->probing || ngx_time() - health->asked_at < age) {
        return;
    }

    ex = ngx_libpq_exchange_create(pmcf->data, ngx_http_pupil_health_probed,
                                   pmcf);
    if (ex == NULL) {
        return;
    }

    /* Partitions are nobody's: a tenant that is not there. */
    ngx_memset(&nobody, 0xff, sizeof(pupil_uuid_t));
    ngx_http_pupil_exchange_day(ex, &nobody, 0);
    (void) ngx_libpq_exchange_add(ex, pmcf->fixed[PUPIL_FIXED_AUDIT_PROBE]);
    ngx_libpq_param_timestamptz(ex, ngx_http_pupil_time());
    ex->writes = 1;
    ex->waits = 1;
    ex->background = 1;

    health->asked_at = ngx_time();

    if (ngx_libpq_exchange_submit(ex) != NGX_OK) {
        ngx_libpq_exchange_destroy(ex);
        return;
    }

    health->probing = 1;
    ngx_http_pupil_health_sent(pmcf);
}


static void
ngx_http_pupil_health_probed(ngx_libpq_exchange_t *ex)
{
    int64_t                      until;
    ngx_uint_t                   stored;
    ngx_http_pupil_main_conf_t  *pmcf;

    pmcf = ex->data;
    pmcf->audit.health.probing = 0;
    stored = 0;

    if (ex->status == NGX_LIBPQ_OK) {

        if (ngx_libpq_get_int8(ex->results[0], 0, PUPIL_AP_UNTIL, &until)
            == NGX_OK)
        {
            pmcf->audit.partitions_until = (ngx_atomic_uint_t) until;
        }

        if (ngx_libpq_get_bool(ex->results[0], 0, PUPIL_AP_STORED, &stored)
            != NGX_OK)
        {
            stored = 0;
        }
    }

    ngx_http_pupil_health_ended(pmcf, ex, stored);
    ngx_libpq_exchange_destroy(ex);
}
