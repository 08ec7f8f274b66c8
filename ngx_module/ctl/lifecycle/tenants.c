/*
 * Copyright (C) the Pupil authors
 */

#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/lifecycle/tenants.h"


static int tenants_read(ctl_t *ctl, PGresult **res);


int
ctl_tenants_each(ctl_t *ctl, int (*run)(ctl_t *ctl, void *data), void *data)
{
    int        rc, row;
    PGresult  *res;

    if (tenants_read(ctl, &res) != 0) {
        return -1;
    }

    rc = 0;

    for (row = 0; rc == 0 && row < PQntuples(res); row++) {
        rc = ctl_get_uuid(res, row, 0, &ctl->tenant);

        if (rc == 0) {
            ctl_uuid_text(&ctl->tenant, ctl->tenant_text);
            rc = run(ctl, data);
        }
    }

    PQclear(res);

    return rc;
}


static int
tenants_read(ctl_t *ctl, PGresult **res)
{
    if (ctl_begin(ctl->data, NULL) != 0) {
        return -1;
    }

    *res = ctl_query(ctl->data, "SELECT tenant FROM pupil.tenant ORDER BY"
                     " tenant", 0, NULL);
    ctl_rollback(ctl->data);

    return *res == NULL ? -1 : 0;
}
