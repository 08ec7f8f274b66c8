/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>

#include "ctl/audit/beat.h"
#include "ctl/base/db.h"


/* One that is lost is followed by the next: no disk is waited for. */
static const char  beat_sql[] =
    "WITH quick AS (SELECT set_config('synchronous_commit', 'off', true))"
    " INSERT INTO pupil.sealer AS s (until) SELECT timestamptz 'epoch' +"
    " $1::bigint * interval '1 us' FROM quick"
    " ON CONFLICT (one) DO UPDATE SET until = EXCLUDED.until";


int
beat_store(ctl_t *ctl, pupil_time_t until)
{
    char         text[24];
    const char  *params[1];

    snprintf(text, sizeof(text), "%" PRId64, until);
    params[0] = text;

    return ctl_exec(ctl->data, beat_sql, 1, params);
}
