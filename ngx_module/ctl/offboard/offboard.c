/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/lifecycle/erase.h"
#include "ctl/lifecycle/receipt.h"
#include "ctl/lifecycle/tenant_erase.h"
#include "ctl/offboard/handed.h"
#include "ctl/offboard/offboard.h"
#include "ctl/store/kek.h"
#include "ctl/store/keys.h"
#include "ctl/store/ledger_file.h"
#include "ctl/store/marks.h"


static int offboard_ready(ctl_t *ctl);
static int offboard_begin(ctl_t *ctl, ctl_ledger_entry_t *entry);
static int name_check(ctl_t *ctl);
static int export_check(ctl_t *ctl);
static PGresult *ask(ctl_t *ctl, const char *sql);


int
ctl_cmd_tenant_offboard(ctl_t *ctl)
{
    int                 begun;
    ctl_ledger_entry_t  entry;

    if (ctl_receipt_check(ctl) != 0) {
        return CTL_USAGE;
    }

    if (ctl_open_tenant(ctl) != 0 || ctl_open_keys(ctl) != 0
        || offboard_ready(ctl) != 0)
    {
        return CTL_FAILED;
    }

    begun = ctl_ledger_whole(ctl, &entry);

    if (begun < 0 || (begun == 0 && offboard_begin(ctl, &entry) != 0)) {
        return CTL_FAILED;
    }

    if (ctl_tenant_end(ctl, &entry) != 0) {
        ctl_error("the end of the tenant is begun and not done: run this"
                  " again, or pupilctl work");
        return CTL_FAILED;
    }

    return ctl_receipt_tell(ctl, &entry) == 0 ? CTL_DONE : CTL_FAILED;
}


static int
offboard_ready(ctl_t *ctl)
{
    int            rc;
    pupil_error_t  error;

    rc = ctl_marks_behind(ctl, &error);
    if (rc != 0) {
        return rc < 0 ? -1 : ctl_error("%s", error.text);
    }

    return ctl_kek_open(ctl) == 0 && ctl_erasures_turn(ctl) == 0
           && ctl_ledger_check(ctl) == 0 ? ctl_ledger_file_check(ctl) : -1;
}


static int
offboard_begin(ctl_t *ctl, ctl_ledger_entry_t *entry)
{
    return name_check(ctl) == 0 && export_check(ctl) == 0
           ? ctl_ledger_enter_whole(ctl, entry) : -1;
}


/* Whoever means another tenant has mistyped --tenant, and not the name. */
static int
name_check(ctl_t *ctl)
{
    int        rc;
    PGresult  *res;

    res = ask(ctl, "SELECT name FROM pupil.tenant WHERE tenant = $1::uuid");
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res) == 0
         ? ctl_error("there is no tenant %s", ctl->tenant_text)
         : strcmp(PQgetvalue(res, 0, 0), ctl->args[0]) == 0 ? 0
         : ctl_error("the tenant %s is \"%s\": its name confirms that it is"
                     " meant", ctl->tenant_text, PQgetvalue(res, 0, 0));
    PQclear(res);

    return rc;
}


/* The tenant's keys say whether that is authentic. */
static int
export_check(ctl_t *ctl)
{
    if (ctl->opt.without_export) {
        return 0;
    }

    return ctl_keys_open(ctl) == 0 ? ctl_handed_check(ctl) : -1;
}


static PGresult *
ask(ctl_t *ctl, const char *sql)
{
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    res = ctl_begin(ctl->data, &ctl->tenant) == 0
          ? ctl_query(ctl->data, sql, 1, params) : NULL;
    ctl_rollback(ctl->data);

    return res;
}
