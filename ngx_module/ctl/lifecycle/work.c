/*
 * Copyright (C) the Pupil authors
 *
 * Jobs, one after the other, for each tenant; then mail, as others say how long
 * that takes.  Each can be taken up where a process that was killed has left
 * it, and two of these do no harm: so there is nothing to lock, and nothing to
 * do when this ends.
 */

#include <string.h>
#include <unistd.h>

#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/smtp.h"
#include "ctl/base/text.h"
#include "ctl/lifecycle/erase.h"
#include "ctl/lifecycle/mail.h"
#include "ctl/lifecycle/parts.h"
#include "ctl/lifecycle/tenants.h"
#include "ctl/lifecycle/work.h"
#include "ctl/people/sign_up.h"
#include "ctl/people/trial.h"
#include "ctl/roster/decided.h"
#include "ctl/roster/planned.h"
#include "ctl/roster/runs.h"
#include "ctl/store/closed.h"
#include "ctl/store/floors.h"
#include "ctl/store/marks.h"
#include "ctl/store/turn.h"


/* Seconds, with --follow; AGAIN: where something failed, and is said. */
#define PAUSE  1
#define AGAIN  10
#define MAILS  10               /* for mail, before the other jobs are next */


typedef struct {
    int      (*run)(ctl_t *ctl);
    unsigned   every;
} job_t;


static int work(ctl_t *ctl, unsigned *round, ctl_mail_turn_t *turn);
static int each(ctl_t *ctl, int (*run)(ctl_t *ctl, void *data), void *data);
static int tenant_work(ctl_t *ctl, void *data);
static int tenant_mail(ctl_t *ctl, void *data);
static int job_revocations(ctl_t *ctl);
static int job_fetches(ctl_t *ctl);
static int job_closed(ctl_t *ctl);
static int job_returned(ctl_t *ctl);
static int job_erasures(ctl_t *ctl);


/* every: seconds, with --follow, as some look at more than is left to do. */
static const job_t  jobs[] = {
    { .run = job_revocations, .every = 1 },
    { .run = job_fetches, .every = 1 },
    { .run = job_closed, .every = 60 },
    { .run = ctl_sign_ups_make, .every = 1 },
    { .run = ctl_sign_ups_forget, .every = 60 },
    { .run = ctl_trials_work, .every = 60 },
    { .run = job_returned, .every = 600 },
    { .run = job_erasures, .every = 1 },
    { .run = ctl_imports_decided, .every = 5 },
    { .run = ctl_imports_forget, .every = 600 },
    { .run = ctl_plans_forget, .every = 600 },
    { .run = NULL }
};


int
ctl_cmd_work(ctl_t *ctl)
{
    int              rc;
    unsigned         round;
    ctl_mail_turn_t  turn;

    if (ctl_smtp_check(ctl) != 0) {
        return CTL_USAGE;
    }

    if (ctl_open_data(ctl) != 0 || ctl_open_keys(ctl) != 0) {
        return CTL_FAILED;
    }

    round = 0;
    memset(&turn, 0, sizeof(ctl_mail_turn_t));

    do {
        rc = work(ctl, &round, &turn);
        round++;

        if (rc != 0 && !(ctl->opt.follow && ctl_connected(ctl))) {
            return CTL_FAILED;
        }
    } while (ctl->opt.follow && sleep(rc == 0 ? PAUSE : AGAIN) == 0);

    if (ctl->opt.json) {
        ctl_json_print(json_pack("{s:s}", "status", "done"));
    } else {
        ctl_note("done");
    }

    return CTL_DONE;
}


/* What of one fails keeps the other from nothing. */
static int
work(ctl_t *ctl, unsigned *round, ctl_mail_turn_t *turn)
{
    int  rc;

    rc = each(ctl, tenant_work, round);

    if (!ctl_connected(ctl)) {
        return -1;
    }

    if (ctl->opt.follow) {
        turn->until = ctl_seconds() + MAILS;
    }

    return each(ctl, tenant_mail, turn) == 0 ? rc : -1;
}


/*
 * For the tenant of --tenant, or for all: what fails of one, because somebody
 * meddles with it, keeps no other from being done.
 */
static int
each(ctl_t *ctl, int (*run)(ctl_t *ctl, void *data), void *data)
{
    return ctl->opt.tenant == NULL ? ctl_tenants_all(ctl, run, data)
           : ctl_open_tenant(ctl) == 0 ? run(ctl, data) : -1;
}


/* Of one that has ended only that is left to be done: it has no keys. */
static int
tenant_work(ctl_t *ctl, void *data)
{
    int                 rc, whole;
    size_t              i;
    const unsigned     *round;
    ctl_ledger_entry_t  entry;

    round = data;

    whole = ctl_ledger_whole(ctl, &entry);
    if (whole != 0) {
        return whole < 0 ? -1 : job_erasures(ctl);
    }

    rc = 0;

    for (i = 0; jobs[i].run != NULL && ctl_connected(ctl); i++) {
        if (*round % jobs[i].every == 0 && jobs[i].run(ctl) != 0) {
            rc = -1;
            ctl_rollback(ctl->data);
            ctl_rollback(ctl->keys);
        }
    }

    return rc;
}


static int
tenant_mail(ctl_t *ctl, void *data)
{
    int                 whole;
    ctl_ledger_entry_t  entry;

    whole = ctl_ledger_whole(ctl, &entry);

    return whole == 0 ? ctl_mail_work(ctl, data) : whole < 0 ? -1 : 0;
}


/* What a worker or a command revoked, and the key store did not hear of. */
static int
job_revocations(ctl_t *ctl)
{
    return ctl_revoke_finish(ctl, NULL);
}


/* Who fetched keys, of a tenant that asks for none any more. */
static int
job_fetches(ctl_t *ctl)
{
    if (ctl_begin(ctl->keys, &ctl->tenant) != 0) {
        return -1;
    }

    if (ctl_exec(ctl->keys, "SELECT keystore.forget_fetches()", 0, NULL) != 0)
    {
        ctl_rollback(ctl->keys);
        return -1;
    }

    return ctl_commit(ctl->keys);
}


/*
 * Whom a roster that was killed has closed in one of the two; one under way is
 * not this job's, nor a database that was restored.
 */
static int
job_closed(ctl_t *ctl)
{
    int            rc;
    pupil_error_t  error;

    rc = ctl_marks_behind(ctl, &error);

    if (rc == 0) {
        rc = ctl_turn_take(ctl);
    }

    if (rc != 0) {
        return rc < 0 ? -1 : 0;
    }

    rc = ctl_closed_settle(ctl);
    ctl_turn_give(ctl);

    return rc;
}


/*
 * Who was erased and is here again, as a backup of some tables has them, or a
 * hand: no gate says so.  The next job goes on with it.
 */
static int
job_returned(ctl_t *ctl)
{
    int  rc;

    rc = ctl_begin(ctl->data, &ctl->tenant) == 0 ? ctl_parts_returned(ctl) : -1;

    return rc == 0 ? ctl_commit(ctl->data) : -1;
}


/* What was begun; a database that was restored is not this job's. */
static int
job_erasures(ctl_t *ctl)
{
    size_t  restored;

    return ctl_erasures_finish(ctl, &restored);
}
