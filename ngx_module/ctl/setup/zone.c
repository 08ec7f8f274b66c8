/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/setup/zone.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"


static const ctl_access_t  zone_access = {
    .category = "enrolment",
    .fields = "from to",
    .purpose = PUPIL_PURPOSE_ADMINISTRATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "none"
};


/* As PostgreSQL writes it: 0, or -1 with the error said. */
static int
zone_check(ctl_t *ctl, const char *zone)
{
    const char  *params[1], *name;

    params[0] = zone;

    if (ctl_query_text(ctl, ctl->keys, "SELECT n.name FROM pg_timezone_names"
                       " AS n WHERE n.name = $1 LIMIT 1", 1, params, &name)
        != 0)
    {
        return -1;
    }

    return name != NULL ? 0
           : ctl_error("no time zone has the name \"%s\": they are written as"
                       " Europe/Copenhagen", zone);
}


static int
zone_record(ctl_t *ctl, const char *zone)
{
    char  detail[128];

    snprintf(detail, sizeof(detail), "zone=%s", zone);

    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || ctl_record_one(ctl, &zone_access, "allowed", NULL, detail) != 0)
    {
        return -1;
    }

    return ctl_commit(ctl->data);
}


/* Workers are told by the row. */
static int
zone_set(ctl_t *ctl, const char *zone)
{
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = zone;

    return ctl_write(ctl, ctl->keys, "INSERT INTO keystore.zone (tenant, zone)"
                     " VALUES ($1::uuid, $2) ON CONFLICT (tenant) DO UPDATE"
                     " SET zone = EXCLUDED.zone", 2, params);
}


int
ctl_cmd_tenant_zone(ctl_t *ctl)
{
    const char  *zone;

    if (ctl_plugins_open(ctl) != 0 || ctl_keys_tenant(ctl) != 0) {
        return CTL_FAILED;
    }

    if (ctl->args_count == 0) {
        printf("%s\n", ctl->zone);
        return CTL_DONE;
    }

    zone = ctl->args[0];

    if (zone_check(ctl, zone) != 0 || zone_record(ctl, zone) != 0
        || zone_set(ctl, zone) != 0)
    {
        return CTL_FAILED;
    }

    return CTL_DONE;
}
