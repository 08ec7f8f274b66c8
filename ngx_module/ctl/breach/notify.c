/*
 * Copyright (C) the Pupil authors
 *
 * That the authority was notified is somebody's word, with its own reference:
 * nothing is sent from here.
 */

#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/breach/breach.h"
#include "ctl/breach/notify.h"


static int notify_check(const ctl_t *ctl);
static int sent_write(ctl_t *ctl, const char *number);


static const char  sent_sql[] =
    "UPDATE pupil.breach SET authority_at = $2::timestamptz,"
    " authority_reference = $3 WHERE breach = $1::integer";


int
ctl_cmd_breach_notify(ctl_t *ctl)
{
    const char  *number;

    number = breach_number(ctl);

    if (number == NULL || notify_check(ctl) != 0) {
        return CTL_USAGE;
    }

    return breach_begin(ctl) == 0 && sent_write(ctl, number) == 0
           && breach_answer(ctl, number) == 0 ? CTL_DONE : CTL_FAILED;
}


static int
notify_check(const ctl_t *ctl)
{
    pupil_time_t  sent;

    sent = 0;

    if (ctl->opt.sent == NULL) {
        return ctl_error("--sent TIME: when the authority was notified");
    }

    if (ctl_reference_given(ctl) != 0
        || breach_time(ctl->opt.sent, "--sent", &sent) != 0)
    {
        return -1;
    }

    return sent <= ctl_now() ? 0 : ctl_error("--sent is not to come");
}


/* In phases, too, the first of them stops the clock: article 33(4). */
static int
sent_write(ctl_t *ctl, const char *number)
{
    int          known;
    PGresult    *res;
    const char  *params[3];

    res = breach_read(ctl, number, 1);
    if (res == NULL) {
        return -1;
    }

    known = !PQgetisnull(res, 0, BREACH_AUTHORITY);
    PQclear(res);

    if (known) {
        return ctl_error("that the authority was notified of breach %s is said"
                         " already: pupilctl breach show %s", number, number);
    }

    params[0] = number;
    params[1] = ctl->opt.sent;
    params[2] = ctl->opt.reference;

    return ctl_exec(ctl->data, sent_sql, 3, params) == 0
           ? breach_record(ctl, PUPIL_OPERATION_WRITE, number, "notified") : -1;
}
