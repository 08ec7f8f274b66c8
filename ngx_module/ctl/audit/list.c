/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl audit list: who did what, newest first.  That it was looked at is
 * itself on record.
 */

#include "ctl/audit/filter.h"
#include "ctl/audit/list.h"
#include "ctl/base/db.h"
#include "ctl/base/list.h"


/* In the order of events_sql. */
static const char *const  columns[] = {
    "at", "actor", "role", "institution", "category", "fields", "purpose",
    "relation", "operation", "outcome", "subjects", "network", "request",
    "note", NULL
};

/* Behind the filter's parameters the limit. */
static const char  events_sql[] =
    "SELECT to_char(at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), actor, role,"
    " institution, category, array_to_string(fields, ' '), purpose, relation,"
    " operation, outcome, array_to_string(subjects, ' '), network, request,"
    " note" FILTER_SQL " ORDER BY at DESC, request LIMIT $7::integer";


int
ctl_cmd_audit_list(ctl_t *ctl)
{
    int          rc, ended;
    char         limit[16];
    PGresult    *res;
    const char  *params[FILTER_PARAMS + 1];

    if (ctl_limit_read(ctl, limit) != 0 || audit_filter(ctl, params) != 0) {
        return CTL_USAGE;
    }

    params[FILTER_PARAMS] = limit;

    if (audit_filter_open(ctl, &ended) != 0
        || ctl_begin(ctl->data, &ctl->tenant) != 0)
    {
        return CTL_FAILED;
    }

    res = ctl_query(ctl->data, events_sql, FILTER_PARAMS + 1, params);
    if (res == NULL) {
        return CTL_FAILED;
    }

    rc = CTL_FAILED;

    if (audit_filter_record(ctl, NULL, ended) == 0
        && ctl_commit(ctl->data) == 0)
    {
        ctl_list_print(ctl, res, "events", columns);
        rc = CTL_DONE;
    }

    PQclear(res);

    return rc;
}
