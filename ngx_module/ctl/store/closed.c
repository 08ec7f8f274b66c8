/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/store/closed.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/record.h"
#include "ctl/store/recovery.h"


static int closed_whom(ctl_t *ctl, const char *subject, ctl_whom_t *whom);
static PGresult *closed_read(ctl_t *ctl);
static int closed_finish(ctl_t *ctl, const ctl_whom_t *whom);


static const ctl_access_t  closed_access = {
    .category = "enrolment",
    .fields = "role",
    .purpose = PUPIL_PURPOSE_LEGAL_OBLIGATION,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};


int
ctl_closed_each(ctl_t *ctl, const PGresult *res, ctl_closed_pt run,
    int64_t *count)
{
    int         rc, row, done;
    ctl_whom_t  whom;

    rc = 0;
    *count = 0;

    for (row = 0; row < PQntuples(res); row++) {
        done = closed_whom(ctl, PQgetvalue(res, row, 0), &whom) == 0
               ? run(ctl, &whom) : -1;

        if (done < 0) {
            rc = -1;

        } else if (done == 0) {
            (*count)++;
        }
    }

    return rc;
}


static int
closed_whom(ctl_t *ctl, const char *subject, ctl_whom_t *whom)
{
    int  rc;

    memset(whom, 0, sizeof(ctl_whom_t));

    if (ctl_uuid_parse(subject, &whom->id) != 0
        || ctl_begin(ctl->data, &ctl->tenant) != 0)
    {
        return -1;
    }

    ctl_uuid_text(&whom->id, whom->text);

    rc = ctl_whom_read(ctl, &closed_access, whom);
    ctl_rollback(ctl->data);

    if (rc != 0) {
        return -1;
    }

    /* a row that was revoked is no reason, without the key store's word */
    return strcmp(whom->status, "closed") == 0
           && (!whom->revoked || whom->keys == PUPIL_OWNER_STATE_RECOVERY)
           ? 0 : ctl_error("%s is in pupil.closed and not closed: find out who"
                       " wrote that", whom->text);
}


/*
 * The row of whoever was opened again since is below the floor, and the days
 * count from now on, as the key store has it.
 */
int
ctl_closed_settle(ctl_t *ctl)
{
    int        rc;
    int64_t    count;
    PGresult  *res;

    res = closed_read(ctl);
    if (res == NULL) {
        return -1;
    }

    if (PQntuples(res) == 0) {
        PQclear(res);
        return 0;
    }

    rc = ctl_plugins_open(ctl) == 0 && ctl_keys_take(ctl) == 0
         ? ctl_closed_each(ctl, res, closed_finish, &count) : -1;
    PQclear(res);

    return rc;
}


static PGresult *
closed_read(ctl_t *ctl)
{
    PGresult    *known, *res;
    const char  *params[1];

    known = ctl_ask_one(ctl, ctl->keys, "SELECT coalesce(array_agg(owner),"
                        " '{}') FROM keystore.owner_key WHERE state ="
                        " 'recovery'", 0, NULL);
    if (known == NULL) {
        return NULL;
    }

    params[0] = PQgetvalue(known, 0, 0);

    res = ctl_ask(ctl, ctl->data, "SELECT c.subject FROM pupil.closed AS c JOIN"
                  " pupil.owner AS o ON o.tenant = c.tenant AND o.owner ="
                  " c.subject WHERE o.state NOT IN ('recovery', 'erased')"
                  " OR (o.state = 'recovery' AND c.subject <> ALL"
                  " ($1::uuid[])) ORDER BY c.subject", 1, params);
    PQclear(known);

    return res;
}


static int
closed_finish(ctl_t *ctl, const ctl_whom_t *whom)
{
    if (ctl_begin(ctl->data, &ctl->tenant) != 0
        || ctl_recovery_note(ctl, whom) != 0
        || ctl_record_one(ctl, &closed_access, "allowed", &whom->id,
                          "status=closed") != 0
        || ctl_commit(ctl->data) != 0)
    {
        ctl_rollback(ctl->data);
        return -1;
    }

    return ctl_recovery_begin(ctl, whom);
}
