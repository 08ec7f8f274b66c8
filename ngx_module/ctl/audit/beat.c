/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>

#include "ctl/audit/beat.h"
#include "ctl/base/db.h"


#define TIME_SIZE  24            /* of a time in decimal digits */


/* One that is lost is followed by the next: no disk is waited for. */
#define QUICK                                                                 \
    "WITH quick AS (SELECT set_config('synchronous_commit', 'off', true))"

#define UNTIL  " timestamptz 'epoch' + $1::bigint * interval '1 us'"

static const char  beat_sql[] =
    QUICK " INSERT INTO pupil.sealer AS s (until) SELECT" UNTIL " FROM quick"
    " ON CONFLICT (one) DO UPDATE SET until = EXCLUDED.until";

/* Nothing of a tenant that has ended. */
static const char  beat_tenant_sql[] =
    QUICK " INSERT INTO pupil.sealer_tenant AS s (tenant, until) SELECT"
    " t.tenant," UNTIL " FROM quick, pupil.tenant AS t WHERE t.tenant ="
    " pupil.current_tenant()"
    " ON CONFLICT (tenant) DO UPDATE SET until = EXCLUDED.until";


static void time_text(char text[TIME_SIZE], pupil_time_t time);


int
beat_store(ctl_t *ctl, pupil_time_t until)
{
    char         text[TIME_SIZE];
    const char  *params[1];

    time_text(text, until);
    params[0] = text;

    return ctl_exec(ctl->data, beat_sql, 1, params);
}


int
beat_store_tenant(ctl_t *ctl, pupil_time_t until)
{
    int          rc;
    char         text[TIME_SIZE];
    const char  *params[1];

    time_text(text, until);
    params[0] = text;

    rc = ctl_begin(ctl->data, &ctl->tenant) == 0
         && ctl_exec(ctl->data, beat_tenant_sql, 1, params) == 0
         ? ctl_commit(ctl->data) : -1;
    ctl_rollback(ctl->data);

    return rc;
}


static void
time_text(char text[TIME_SIZE], pupil_time_t time)
{
    snprintf(text, TIME_SIZE, "%" PRId64, time);
}
