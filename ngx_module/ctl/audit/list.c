/*
 * Copyright (C) the Pupil authors
 *
 * pupilctl audit list: who did what, newest first.  That it was looked at is
 * itself on record.
 */

#include <string.h>

#include "core/base/time.h"
#include "ctl/audit/list.h"
#include "ctl/base/db.h"
#include "ctl/base/list.h"
#include "ctl/base/text.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"


static int options_check(ctl_t *ctl, char limit[16]);
static int list_record(ctl_t *ctl);


static const ctl_access_t  audit_access = {
    .category = "audit",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ACCOUNTABILITY,
    .operation = PUPIL_OPERATION_READ,
    .about = "subjects"
};

/* In the order of events_sql. */
static const char *const  columns[] = {
    "at", "actor", "role", "institution", "category", "fields", "purpose",
    "relation", "operation", "outcome", "subjects", "network", "request",
    "note", NULL
};

/* Parameters: subject, actor, since, each may be NULL; limit. */
static const char  events_sql[] =
    "SELECT to_char(at, 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), actor, role,"
    " institution, category, array_to_string(fields, ' '), purpose, relation,"
    " operation, outcome, array_to_string(subjects, ' '), network, request,"
    " note FROM pupil.audit_event WHERE ($1::uuid IS NULL OR $1::uuid = ANY"
    " (subjects)) AND ($2::uuid IS NULL OR actor = $2::uuid) AND"
    " ($3::timestamptz IS NULL OR at >= $3::timestamptz) ORDER BY at DESC,"
    " request LIMIT $4::integer";


int
ctl_cmd_audit_list(ctl_t *ctl)
{
    int          rc;
    char         limit[16];
    PGresult    *res;
    const char  *params[4];

    if (options_check(ctl, limit) != 0) {
        return CTL_USAGE;
    }

    /* keys are needed for the record of it: the audit holds no value */
    if (ctl_plugins_open(ctl) != 0 || ctl_keys_tenant(ctl) != 0
        || ctl_begin(ctl->data, &ctl->tenant) != 0)
    {
        return CTL_FAILED;
    }

    params[0] = ctl->opt.subject;
    params[1] = ctl->opt.actor;
    params[2] = ctl->opt.since;
    params[3] = limit;

    res = ctl_query(ctl->data, events_sql, 4, params);
    if (res == NULL) {
        return CTL_FAILED;
    }

    rc = CTL_FAILED;

    if (list_record(ctl) == 0 && ctl_commit(ctl->data) == 0) {
        ctl_list_print(ctl, res, "events", columns);
        rc = CTL_DONE;
    }

    PQclear(res);

    return rc;
}


static int
options_check(ctl_t *ctl, char limit[16])
{
    const char    *since;
    pupil_time_t   time;

    if (ctl_limit_read(ctl, limit) != 0
        || ctl_id_check(ctl->opt.subject, "--subject") != 0
        || ctl_id_check(ctl->opt.actor, "--actor") != 0)
    {
        return -1;
    }

    since = ctl->opt.since;

    if (since != NULL
        && pupil_time_parse((const uint8_t *) since, strlen(since), &time)
           != PUPIL_OK)
    {
        return ctl_error("--since is a time such as 2026-11-21T08:00:00Z");
    }

    return 0;
}


static int
list_record(ctl_t *ctl)
{
    pupil_uuid_t  subject;

    if (ctl->opt.subject == NULL) {
        return ctl_record_one(ctl, &audit_access, "allowed", NULL, NULL);
    }

    ctl_uuid_parse(ctl->opt.subject, &subject);

    return ctl_record_one(ctl, &audit_access, "allowed", &subject, NULL);
}
