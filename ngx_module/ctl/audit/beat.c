/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <stdlib.h>

#include "ctl/audit/beat.h"
#include "ctl/base/db.h"


#define NUMBER_SIZE  24            /* of a number in decimal digits */


/* One that is lost is followed by the next: no disk is waited for. */
#define QUICK                                                                 \
    "WITH quick AS (SELECT set_config('synchronous_commit', 'off', true))"

#define UNTIL  " timestamptz 'epoch' + $1::bigint * interval '1 us'"

static const char  now_sql[] =
    "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint";

static const char  beat_sql[] =
    QUICK " INSERT INTO pupil.sealer AS s (until, ships) SELECT" UNTIL ","
    " $2::boolean FROM quick ON CONFLICT (one) DO UPDATE"
    " SET until = EXCLUDED.until, ships = EXCLUDED.ships";

/* Nothing of a tenant that has ended. */
static const char  beat_tenant_sql[] =
    QUICK " INSERT INTO pupil.sealer_tenant AS s (tenant, until) SELECT"
    " t.tenant," UNTIL " FROM quick, pupil.tenant AS t WHERE t.tenant ="
    " pupil.current_tenant()"
    " ON CONFLICT (tenant) DO UPDATE SET until = EXCLUDED.until";

static const char  unshipped_sql[] =
    "INSERT INTO pupil.unshipped (tenant, since) VALUES"
    " (pupil.current_tenant(), now()) ON CONFLICT DO NOTHING";

#define BEHIND  " FROM pupil.seal AS s WHERE s.tenant = u.tenant"             \
                " AND s.batch > $1::bigint"

static const char  shipped_sql[] =
    "DELETE FROM pupil.unshipped AS u WHERE u.tenant = pupil.current_tenant()"
    " AND NOT EXISTS (SELECT" BEHIND ")";

static const char  since_sql[] =
    "UPDATE pupil.unshipped AS u SET since = (SELECT s.at" BEHIND
    " ORDER BY s.batch LIMIT 1) WHERE u.tenant = pupil.current_tenant()";


static void time_text(char text[NUMBER_SIZE], pupil_time_t time);


int
beat_now(ctl_t *ctl, pupil_time_t *now)
{
    PGresult  *res;

    res = ctl_query_one(ctl->data, now_sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    *now = strtoll(PQgetvalue(res, 0, 0), NULL, 10);
    PQclear(res);

    return 0;
}


int
beat_store(ctl_t *ctl, pupil_time_t until)
{
    char         text[NUMBER_SIZE];
    const char  *params[2];

    time_text(text, until);
    params[0] = text;
    params[1] = ctl->opt.ship != NULL ? "true" : "false";

    return ctl_exec(ctl->data, beat_sql, 2, params);
}


int
beat_store_tenant(ctl_t *ctl, pupil_time_t until)
{
    char         text[NUMBER_SIZE];
    const char  *params[1];

    time_text(text, until);
    params[0] = text;

    return ctl_write(ctl, ctl->data, beat_tenant_sql, 1, params);
}


int
beat_unshipped(ctl_t *ctl)
{
    return ctl_exec(ctl->data, unshipped_sql, 0, NULL);
}


/* What came meanwhile waits since then. */
int
beat_shipped(ctl_t *ctl, uint64_t batch)
{
    int          rc;
    char         text[NUMBER_SIZE];
    const char  *params[1];

    snprintf(text, sizeof(text), "%" PRIu64, batch);
    params[0] = text;

    rc = ctl_begin(ctl->data, &ctl->tenant) == 0
         && ctl_exec(ctl->data, shipped_sql, 1, params) == 0
         && ctl_exec(ctl->data, since_sql, 1, params) == 0
         ? ctl_commit(ctl->data) : -1;
    ctl_rollback(ctl->data);

    return rc;
}


static void
time_text(char text[NUMBER_SIZE], pupil_time_t time)
{
    snprintf(text, NUMBER_SIZE, "%" PRId64, time);
}
