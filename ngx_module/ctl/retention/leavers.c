/*
 * Copyright (C) the Pupil authors
 *
 * Both databases have to say that somebody's time is over, the row of the
 * account, by its MAC, that it is closed, and the key store how long that time
 * is: no hand in the data database makes anybody's key be destroyed.
 */

#include <stdio.h>
#include <string.h>

#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/lifecycle/erase.h"
#include "ctl/retention/kept.h"
#include "ctl/retention/leavers.h"
#include "ctl/retention/period.h"
#include "ctl/store/closed.h"


static PGresult *due_read(ctl_t *ctl, const char *held, const json_t *periods,
    uint32_t ahead);
static PGresult *due_data(ctl_t *ctl, const char *held, int days);
static int leaver_erase(ctl_t *ctl, const ctl_whom_t *whom);
static int leaver_enter(ctl_t *ctl, const ctl_whom_t *whom,
    ctl_ledger_entry_t *entry);
static int leaver_kept(ctl_t *ctl, const ctl_whom_t *whom);


int
ctl_leavers_run(ctl_t *ctl, const char *held, const json_t *periods,
    int64_t *count)
{
    int        rc;
    PGresult  *due;

    if (!ctl->opt.dry_run
        && (ctl_erasures_ready(ctl) != 0 || ctl_closed_settle(ctl) != 0))
    {
        return -1;
    }

    due = due_read(ctl, held, periods, 0);
    if (due == NULL) {
        return -1;
    }

    *count = PQntuples(due);

    rc = ctl->opt.dry_run ? 0 : ctl_closed_each(ctl, due, leaver_erase, count);
    PQclear(due);

    return rc;
}


int
ctl_leavers_ahead(ctl_t *ctl, const char *held, const json_t *periods,
    uint32_t ahead, int64_t *count)
{
    PGresult  *due;

    due = due_read(ctl, held, periods, ahead);
    if (due == NULL) {
        return -1;
    }

    *count = PQntuples(due);
    PQclear(due);

    return 0;
}


/*
 * Whom the data database has, of these whom the key store has, too.  It is the
 * key store's word how many days those are and that nobody is held.
 */
static PGresult *
due_read(ctl_t *ctl, const char *held, const json_t *periods, uint32_t ahead)
{
    int          longest;
    char         days[16];
    PGresult    *due, *res;
    const char  *params[3];

    longest = (int) ctl_period_longest(ctl, periods) - (int) ahead;
    snprintf(days, sizeof(days), "%d",
             longest + (int) ctl_period_own(periods, CTL_PERIOD_RECOVERY));

    due = due_data(ctl, held, longest);
    if (due == NULL) {
        return NULL;
    }

    params[0] = PQgetvalue(due, 0, 0);
    params[1] = days;
    params[2] = held;

    res = ctl_ask(ctl, ctl->keys, "SELECT owner FROM keystore.owner_key WHERE"
                  " owner = ANY ($1::uuid[]) AND state = 'recovery' AND"
                  " changed_at < now() - $2::integer * interval '1 day'"
                  " AND owner <> ALL ($3::uuid[]) ORDER BY owner", 3,
                  params);
    PQclear(due);

    return res;
}


/* Their ids; days: after recovery. */
static PGresult *
due_data(ctl_t *ctl, const char *held, int days)
{
    char         text[16];
    const char  *params[2];

    snprintf(text, sizeof(text), "%d", days);

    params[0] = text;
    params[1] = held;

    return ctl_ask_one(ctl, ctl->data, "SELECT coalesce(array_agg(l), '{}')"
                       " FROM pupil.leavers($1::integer, $2::uuid[]) AS l", 2,
                       params);
}


static int
leaver_erase(ctl_t *ctl, const ctl_whom_t *whom)
{
    int                 rc;
    ctl_ledger_entry_t  entry;

    rc = ctl_begin(ctl->data, &ctl->tenant) == 0
         ? leaver_enter(ctl, whom, &entry) : -1;
    ctl_rollback(ctl->data);

    if (rc == 0) {
        rc = ctl_erase(ctl, &entry);
    }

    return rc >= 0 ? rc
           : ctl_error("the erasure of %s is not done: run this again",
                       whom->text);
}


/* In the transaction for whose end whoever holds something waits. */
static int
leaver_enter(ctl_t *ctl, const ctl_whom_t *whom, ctl_ledger_entry_t *entry)
{
    int  rc;

    rc = leaver_kept(ctl, whom);

    return rc != 0 ? rc : ctl_ledger_enter(ctl, whom->text, entry);
}


static int
leaver_kept(ctl_t *ctl, const ctl_whom_t *whom)
{
    int         rc;
    ctl_kept_t  kept = { 0 };

    rc = ctl_kept_now(ctl, &kept);

    if (rc == 0) {
        rc = json_object_size(kept.categories) != 0
             || strstr(kept.people, whom->text) != NULL;
    }

    ctl_kept_free(&kept);

    return rc;
}
