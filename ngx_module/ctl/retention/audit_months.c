/*
 * Copyright (C) the Pupil authors
 *
 * Retention of the audit.  The log goes from its beginning, in whole batches
 * whose records are dated before a month, so that one number says how far.
 * That is signed, and on record, before anything is deleted (invariant I9):
 * whoever is killed has only to be run again.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/base/buf.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/retention/audit_months.h"
#include "ctl/store/record.h"
#include "ctl/store/retained.h"


static int months_say(ctl_t *ctl, ctl_kept_t *kept, const audit_log_t *log,
    uint32_t days, int64_t *events);
static int months_said(ctl_t *ctl, ctl_kept_t *kept, const audit_log_t *log,
    const pupil_retained_t *said, int64_t events);
static int over_read(ctl_t *ctl, uint32_t days, int ahead,
    pupil_retained_t *said, int64_t *events);
static int months_record(ctl_t *ctl, const pupil_retained_t *said,
    int64_t events);
static int months_delete(ctl_t *ctl, ctl_kept_t *kept, uint32_t days,
    int64_t *records);
static int day_delete(ctl_t *ctl, ctl_kept_t *kept, const char *days,
    int64_t *records);
static int ended_count(ctl_t *ctl, int64_t *records);
static int months_drop(ctl_t *ctl);


static const char  over_sql[] =
    "SELECT o.batch, o.events, o.leaves, o.fresh, extract(epoch FROM"
    " b.before)::bigint FROM pupil.audit_before($1::integer, $2::integer) AS b"
    " (before) CROSS JOIN LATERAL pupil.audit_over(b.before) AS o";

/* None while a note is of a time to come: the last one is of all of the log. */
static const char  ended_sql[] =
    "SELECT count(*) FROM pupil.audit_record AS r WHERE r.tenant ="
    " pupil.current_tenant() AND (SELECT max(s.at) <= now() FROM"
    " pupil.seal_retained AS s WHERE s.tenant = pupil.current_tenant())";

enum {
    COLUMN_BATCH = 0,
    COLUMN_EVENTS,
    COLUMN_LEAVES,
    COLUMN_FRESH,
    COLUMN_BEFORE
};

static const ctl_access_t  months_access = {
    .category = "audit",
    .fields = "",
    .purpose = PUPIL_PURPOSE_LEGAL_OBLIGATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "none"
};


int
ctl_audit_months_run(ctl_t *ctl, ctl_kept_t *kept, uint32_t days,
    int64_t *events)
{
    int          rc;
    int64_t      fresh, records;
    audit_log_t  log;

    if (ctl->opt.dry_run) {
        return ctl_audit_months_count(ctl, days, 0, events);
    }

    if (audit_log_open(&log, ctl, 0) != 0) {
        return -1;
    }

    fresh = 0;
    rc = log.seed != NULL ? months_say(ctl, kept, &log, days, &fresh) : 0;

    if (rc == 0) {
        *events += fresh;
        rc = months_delete(ctl, kept, days, &records);
    }

    return rc == 0 ? months_drop(ctl) : rc;
}


/* Whoever is killed has only to be run again. */
int
ctl_audit_ended_run(ctl_t *ctl, int64_t *records)
{
    if (ended_count(ctl, records) != 0) {
        return -1;
    }

    if (*records == 0 || ctl->opt.dry_run) {
        return 0;
    }

    return months_delete(ctl, NULL, RETAINED_DAYS_LEAST, records) == 0
           ? months_drop(ctl) : -1;
}


static int
ended_count(ctl_t *ctl, int64_t *records)
{
    PGresult  *res;

    res = ctl_ask_one(ctl, ctl->data, ended_sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    *records = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);

    return 0;
}


int
ctl_audit_months_count(ctl_t *ctl, uint32_t days, int ahead, int64_t *events)
{
    int               rc;
    pupil_retained_t  said;

    rc = ctl_begin(ctl->data, &ctl->tenant) == 0
         ? over_read(ctl, days, ahead, &said, events) : -1;
    ctl_rollback(ctl->data);

    return rc;
}


static int
months_say(ctl_t *ctl, ctl_kept_t *kept, const audit_log_t *log, uint32_t days,
    int64_t *events)
{
    int               rc;
    pupil_retained_t  said;

    rc = ctl_begin(ctl->data, &ctl->tenant) == 0
         ? over_read(ctl, days, 0, &said, events) : -1;

    if (rc == 0 && *events != 0) {
        rc = months_said(ctl, kept, log, &said, *events);
    }

    ctl_rollback(ctl->data);

    return rc;
}


static int
months_said(ctl_t *ctl, ctl_kept_t *kept, const audit_log_t *log,
    const pupil_retained_t *said, int64_t events)
{
    return retained_store(log, said) == 0
           && months_record(ctl, said, events) == 0
           ? ctl_kept_commit(ctl, kept) : -1;
}


/* events: 0 where nothing goes. */
static int
over_read(ctl_t *ctl, uint32_t days, int ahead, pupil_retained_t *said,
    int64_t *events)
{
    char         text[16], later[16];
    PGresult    *res;
    const char  *params[2];

    *events = 0;

    snprintf(text, sizeof(text), "%" PRIu32, days);
    snprintf(later, sizeof(later), "%d", ahead);
    params[0] = text;
    params[1] = later;

    res = ctl_query(ctl->data, over_sql, 2, params);
    if (res == NULL) {
        return -1;
    }

    if (PQntuples(res) == 1) {
        said->batch = strtoull(PQgetvalue(res, 0, COLUMN_BATCH), NULL, 10);
        said->events = strtoull(PQgetvalue(res, 0, COLUMN_EVENTS), NULL, 10);
        said->leaves = strtoull(PQgetvalue(res, 0, COLUMN_LEAVES), NULL, 10);
        said->before = strtoull(PQgetvalue(res, 0, COLUMN_BEFORE), NULL, 10);
        *events = strtoll(PQgetvalue(res, 0, COLUMN_FRESH), NULL, 10);
    }

    PQclear(res);

    return 0;
}


static int
months_record(ctl_t *ctl, const pupil_retained_t *said, int64_t events)
{
    int        rc;
    ctl_buf_t  detail;

    ctl_buf_init(&detail);
    ctl_buf_printf(&detail, "retention=audit batch=%" PRIu64 " events=%"
                   PRId64, said->batch, events);

    rc = ctl_record_one(ctl, &months_access, "allowed", NULL, detail.data);
    ctl_buf_free(&detail);

    return rc;
}


/*
 * A day at a time; what an earlier run has left, too.  kept: NULL for a tenant
 * that has ended, in which nobody holds anything.
 */
static int
months_delete(ctl_t *ctl, ctl_kept_t *kept, uint32_t days, int64_t *records)
{
    int      rc;
    char     text[16];
    int64_t  count;

    snprintf(text, sizeof(text), "%" PRIu32, days);
    *records = 0;

    do {
        rc = day_delete(ctl, kept, text, &count);
        ctl_rollback(ctl->data);

        if (rc == 0) {
            *records += count;
        }
    } while (rc == 0 && count != 0);

    return rc;
}


static int
day_delete(ctl_t *ctl, ctl_kept_t *kept, const char *days, int64_t *records)
{
    PGresult    *res;
    const char  *params[1];

    params[0] = days;

    res = ctl_begin(ctl->data, &ctl->tenant) == 0
          ? ctl_query_one(ctl->data, "SELECT pupil.expire_audit($1::integer)",
                          1, params)
          : NULL;

    if (res == NULL) {
        return -1;
    }

    *records = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);

    return kept != NULL ? ctl_kept_commit(ctl, kept) : ctl_commit(ctl->data);
}


/* Of no record: nobody has anything in them. */
static int
months_drop(ctl_t *ctl)
{
    return ctl_write(ctl, ctl->data, "SELECT pupil.drop_audit_months()", 0,
                     NULL);
}
