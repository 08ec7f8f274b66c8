/*
 * Copyright (C) the Pupil authors
 */

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "ctl/audit/turn.h"
#include "ctl/base/db.h"
#include "ctl/base/wait.h"
#include "ctl/lifecycle/ended.h"
#include "ctl/lifecycle/tail.h"
#include "ctl/store/retained.h"


#define LOOKS  90               /* a second apart */

enum {
    COLUMN_KEPT = 0,
    COLUMN_SEALER
};

/* Of the last batch. */
enum {
    COLUMN_BATCH = 0,
    COLUMN_EVENTS,
    COLUMN_LEAVES,
    COLUMN_OVER
};


static int tail_settled(ctl_t *ctl);
static int tail_close(ctl_t *ctl);
static int tail_wait(const audit_log_t *log);
static int tail_look(const audit_log_t *log, int *sealed, int *sealer);
static int tail_read(const audit_log_t *log, int *sealed, int *sealer);
static int kept_days(ctl_t *ctl, const char **days);
static int last_read(ctl_t *ctl, const char *days, pupil_retained_t *said);


/*
 * A sealer that begins another pass behind a batch has kept its checkpoint
 * outside of the database.
 */
static const char  kept_sql[] =
    "WITH held AS (SELECT EXISTS (SELECT FROM pg_locks AS l"
    " WHERE l.locktype = 'advisory' AND l.granted AND " CTL_SEAL_LOCK ")"
    " AS sealer),"
    " said AS (SELECT s.until FROM pupil.sealer AS s UNION ALL"
    " SELECT t.until FROM pupil.sealer_tenant AS t"
    " WHERE t.tenant = pupil.current_tenant())"
    " SELECT NOT h.sealer OR EXISTS (SELECT FROM said AS z WHERE z.until >"
    " (SELECT max(s.at) FROM pupil.seal AS s"
    " WHERE s.tenant = pupil.current_tenant())), h.sealer FROM held AS h";

/* Where the audit is held, or to be confirmed, nobody says when it is over. */
static const char  days_sql[] =
    "SELECT coalesce((SELECT least(greatest(r.days, $2::integer),"
    " $3::integer) FROM keystore.retention AS r WHERE r.tenant = $1::uuid AND"
    " r.name = 'audit'), $3::integer) WHERE NOT EXISTS (SELECT FROM"
    " keystore.retention_hold AS h WHERE h.tenant = $1::uuid AND h.category ="
    " 'audit') AND NOT EXISTS (SELECT FROM keystore.retention_confirm AS c"
    " WHERE c.tenant = $1::uuid AND c.category = 'audit')";

/* Nothing of it is dated behind this month; $1 days later all of it is over. */
static const char  last_sql[] =
    "SELECT s.batch, s.event + s.events, s.size, extract(epoch FROM"
    " (date_trunc('month', now() AT TIME ZONE 'UTC') + interval '1 month')"
    " AT TIME ZONE 'UTC' + $1::integer * interval '1 day')::bigint FROM"
    " pupil.seal AS s WHERE s.tenant = pupil.current_tenant()"
    " ORDER BY s.batch DESC LIMIT 1";


/* Numbers that were refused are declared before it is closed: no hole is. */
int
ctl_tail_sealed(ctl_t *ctl)
{
    audit_log_t  log;

    return audit_log_open(&log, ctl, 0) == 0
           && tail_settled(ctl) == 0 && tail_wait(&log) == 0
           && tail_close(ctl) == 0 && tail_settled(ctl) == 0
           && tail_wait(&log) == 0
           ? 0 : -1;
}


static int
tail_settled(ctl_t *ctl)
{
    return ctl_exec(ctl->data, "SELECT pupil.audit_settled()", 0, NULL);
}


static int
tail_close(ctl_t *ctl)
{
    PGresult  *res;

    if (ctl_begin(ctl->data, &ctl->tenant) != 0) {
        return -1;
    }

    res = ctl_query_one(ctl->data, "UPDATE pupil.audit_end SET at = CASE WHEN"
                        " closed THEN at ELSE now() END, closed = true WHERE"
                        " tenant = pupil.current_tenant() RETURNING closed", 0,
                        NULL);
    if (res == NULL) {
        ctl_rollback(ctl->data);
        return -1;
    }

    PQclear(res);

    return ctl_commit(ctl->data);
}


static int
tail_wait(const audit_log_t *log)
{
    int  look, sealed, sealer;

    for (look = 0; look < LOOKS; look++) {
        if (tail_look(log, &sealed, &sealer) != 0) {
            return -1;
        }

        if (sealed) {
            return 0;
        }

        if (!sealer) {
            return ctl_error("what is on record of the tenant is not sealed:"
                             " run pupilctl audit seal --checkpoints DIR");
        }

        sleep(1);
    }

    return ctl_error("what is on record of the tenant is not sealed and kept"
                     " outside of the database, and the sealer that is at work"
                     " does not get on with it: see what it says");
}


static int
tail_look(const audit_log_t *log, int *sealed, int *sealer)
{
    int     rc;
    ctl_t  *ctl;

    ctl = log->ctl;

    rc = ctl_begin(ctl->data, &ctl->tenant) == 0
         ? tail_read(log, sealed, sealer) : -1;
    ctl_rollback(ctl->data);

    return rc;
}


/* What is sealed is kept once a sealer says so later: in this order. */
static int
tail_read(const audit_log_t *log, int *sealed, int *sealer)
{
    PGresult  *res;

    *sealed = ctl_ended_sealed(log);
    if (*sealed < 0) {
        return -1;
    }

    res = ctl_query_one(log->ctl->data, kept_sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    *sealed = *sealed && PQgetvalue(res, 0, COLUMN_KEPT)[0] == 't';
    *sealer = PQgetvalue(res, 0, COLUMN_SEALER)[0] == 't';
    PQclear(res);

    return 0;
}


int
ctl_tail_retain(ctl_t *ctl)
{
    int                rc;
    const char        *days;
    audit_log_t        log;
    pupil_retained_t   said;

    if (audit_log_open(&log, ctl, 0) != 0 || kept_days(ctl, &days) != 0) {
        return -1;
    }

    /* a log that nobody can sign for stays */
    if (log.seed == NULL || days == NULL) {
        return 0;
    }

    if (ctl_begin(ctl->data, &ctl->tenant) != 0) {
        return -1;
    }

    rc = last_read(ctl, days, &said);

    if (rc == 0 && said.batch != 0) {
        rc = retained_store(&log, &said) == 0 ? ctl_commit(ctl->data) : -1;
    }

    ctl_rollback(ctl->data);

    return rc;
}


/* *days: NULL where the audit is held. */
static int
kept_days(ctl_t *ctl, const char **days)
{
    char         least[16], most[16];
    const char  *params[3];

    snprintf(least, sizeof(least), "%d", RETAINED_DAYS_LEAST);
    snprintf(most, sizeof(most), "%d", RETAINED_DAYS_MOST);

    params[0] = ctl->tenant_text;
    params[1] = least;
    params[2] = most;

    return ctl_query_text(ctl, ctl->keys, days_sql, 3, params, days);
}


/* said->batch: 0 where there is none. */
static int
last_read(ctl_t *ctl, const char *days, pupil_retained_t *said)
{
    PGresult    *res;
    const char  *params[1];

    params[0] = days;
    said->batch = 0;

    res = ctl_query(ctl->data, last_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    if (PQntuples(res) == 1) {
        said->batch = strtoull(PQgetvalue(res, 0, COLUMN_BATCH), NULL, 10);
        said->events = strtoull(PQgetvalue(res, 0, COLUMN_EVENTS), NULL, 10);
        said->leaves = strtoull(PQgetvalue(res, 0, COLUMN_LEAVES), NULL, 10);
        said->before = strtoull(PQgetvalue(res, 0, COLUMN_OVER), NULL, 10);
    }

    PQclear(res);

    return 0;
}
