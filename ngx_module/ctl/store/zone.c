/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>

#include "core/base/time.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/store/zone.h"


static const char  zone_sql[] =
    "SELECT z.zone, d.day FROM (SELECT coalesce((SELECT s.zone FROM"
    " keystore.zone AS s WHERE s.tenant = $1::uuid), 'UTC')) AS z (zone),"
    " keystore.zone_day(z.zone, timestamptz 'epoch' + $2::bigint * interval"
    " '1 microsecond') AS d";


int
ctl_zone_load(ctl_t *ctl)
{
    char         now[24];
    PGresult    *res;
    const char  *params[2];

    snprintf(now, sizeof(now), "%" PRId64, ctl_now());

    params[0] = ctl->tenant_text;
    params[1] = now;

    res = ctl_ask_one(ctl, ctl->keys, zone_sql, 2, params);
    if (res == NULL) {
        return -1;
    }

    ctl->zone = ctl_pool_text(&ctl->pool, PQgetvalue(res, 0, 0),
                              (size_t) PQgetlength(res, 0, 0));
    ctl->today = (int32_t) ctl_get_int(res, 0, 1, 0);
    PQclear(res);

    return 0;
}


int
ctl_zone_tell(const ctl_t *ctl)
{
    char         today[PUPIL_DATE_TEXT_LEN + 1];
    const char  *params[1];

    today[pupil_date_format(ctl->today, (uint8_t *) today)] = '\0';
    params[0] = today;

    return ctl_exec(ctl->data, "SELECT set_config('pupil.today', $1, false)",
                    1, params);
}
