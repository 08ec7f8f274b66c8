/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>

#include "core/base/time.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/store/zone.h"


static PGresult *zone_ask(ctl_t *ctl, int64_t at);


static const char  zone_sql[] =
    "SELECT z.zone, d.day FROM (SELECT coalesce((SELECT s.zone FROM"
    " keystore.zone AS s WHERE s.tenant = $1::uuid), 'UTC')) AS z (zone),"
    " keystore.zone_day(z.zone, timestamptz 'epoch' + $2::bigint * interval"
    " '1 microsecond') AS d";


static PGresult *
zone_ask(ctl_t *ctl, int64_t at)
{
    char         text[24];
    const char  *params[2];

    snprintf(text, sizeof(text), "%" PRId64, at);

    params[0] = ctl->tenant_text;
    params[1] = text;

    return ctl_ask_one(ctl, ctl->keys, zone_sql, 2, params);
}


int
ctl_zone_load(ctl_t *ctl)
{
    PGresult  *res;

    res = zone_ask(ctl, ctl_now());
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


int
ctl_zone_day(ctl_t *ctl, int64_t at, int32_t *day)
{
    PGresult  *res;

    res = zone_ask(ctl, at);
    if (res == NULL) {
        return -1;
    }

    *day = (int32_t) ctl_get_int(res, 0, 1, 0);
    PQclear(res);

    return 0;
}
