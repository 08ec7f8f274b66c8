/*
 * Copyright (C) the Pupil authors
 */

#include <stdio.h>

#include "ctl/base/db.h"
#include "ctl/store/recovery.h"


static int owner_write(ctl_t *ctl, const ctl_whom_t *whom, const char *state);
static int keys_write(ctl_t *ctl, const ctl_whom_t *whom, const char *sql);


int
ctl_recovery_note(ctl_t *ctl, const ctl_whom_t *whom)
{
    return owner_write(ctl, whom, ctl_state_name(PUPIL_OWNER_STATE_RECOVERY));
}


/* Back to what the key store says that it was before. */
int
ctl_recovery_back(ctl_t *ctl, const ctl_whom_t *whom)
{
    int          rc;
    PGresult    *res;
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = whom->text;

    res = ctl_ask_one(ctl, ctl->keys, "SELECT coalesce(before, state) FROM"
                      " keystore.owner_key WHERE tenant = $1::uuid AND"
                      " owner = $2::uuid", 2, params);
    if (res == NULL) {
        return -1;
    }

    rc = owner_write(ctl, whom, PQgetvalue(res, 0, 0));
    PQclear(res);

    return rc;
}


static int
owner_write(ctl_t *ctl, const ctl_whom_t *whom, const char *state)
{
    const char  *params[3];

    params[0] = ctl->tenant_text;
    params[1] = whom->text;
    params[2] = state;

    return ctl_exec(ctl->data, "UPDATE pupil.owner SET state = $3 WHERE tenant"
                    " = $1::uuid AND owner = $2::uuid AND state NOT IN"
                    " ('erased', $3)", 3, params);
}


int
ctl_recovery_begin(ctl_t *ctl, const ctl_whom_t *whom)
{
    return keys_write(ctl, whom, "SELECT keystore.close($1::uuid)");
}


int
ctl_recovery_end(ctl_t *ctl, const ctl_whom_t *whom)
{
    return keys_write(ctl, whom, "SELECT keystore.reopen($1::uuid)");
}


static int
keys_write(ctl_t *ctl, const ctl_whom_t *whom, const char *sql)
{
    const char  *params[1];

    params[0] = whom->text;

    return ctl_write(ctl, ctl->keys, sql, 1, params) == 0
           ? 0 : ctl_error("the key store was not changed, and the stricter of"
                           " the two is in force: run this again");
}


int
ctl_recovery_over(ctl_t *ctl, const ctl_whom_t *whom)
{
    int          over;
    char         most[16];
    PGresult    *res;
    const char  *params[3];

    snprintf(most, sizeof(most), "%d", CTL_RECOVERY_DAYS);

    params[0] = ctl->tenant_text;
    params[1] = whom->text;
    params[2] = most;

    res = ctl_ask_one(ctl, ctl->keys, "SELECT EXISTS (SELECT FROM"
                      " keystore.owner_key AS k WHERE k.tenant = $1::uuid"
                      " AND k.owner = $2::uuid AND k.state = 'recovery'"
                      " AND k.changed_at < " CTL_RECOVERY_SINCE("$3") ")",
                      3, params);
    if (res == NULL) {
        return -1;
    }

    over = PQgetvalue(res, 0, 0)[0] == 't';
    PQclear(res);

    return over;
}
