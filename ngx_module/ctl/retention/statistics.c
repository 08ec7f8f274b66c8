/*
 * Copyright (C) the Pupil authors
 */

#include "ctl/base/db.h"
#include "ctl/base/list.h"
#include "ctl/retention/statistics.h"


int
ctl_cmd_retention_statistics(ctl_t *ctl)
{
    PGresult    *res;
    const char  *params[2];

    static const char *const  columns[] = {
        "released", "group", "value", "persons", NULL
    };

    if (ctl_open_data(ctl) != 0 || ctl_open_tenant(ctl) != 0) {
        return CTL_FAILED;
    }

    params[0] = ctl->tenant_text;
    params[1] = ctl->args[0];

    res = ctl_ask(ctl, ctl->data, "SELECT released, grouped, nullif(value, ''),"
                  " persons FROM pupil.aggregate WHERE tenant = $1::uuid"
                  " AND category = $2 ORDER BY released, grouped, value",
                  2, params);
    if (res == NULL) {
        return CTL_FAILED;
    }

    ctl_list_print(ctl, res, "groups", columns);
    PQclear(res);

    return CTL_DONE;
}
