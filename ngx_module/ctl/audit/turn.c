/*
 * Copyright (C) the Pupil authors
 */

#include <unistd.h>

#include "ctl/audit/turn.h"
#include "ctl/base/db.h"
#include "ctl/base/wait.h"


#define AGAIN  2                /* seconds until it is asked for again */


static const char  lock_sql[] =
    "SELECT pg_try_advisory_lock(hashtextextended('pupil.seal', 0))";


int
turn_take(ctl_t *ctl)
{
    int            rc, locked, said;
    PGresult      *res;
    ctl_holder_t   holder;

    for (said = 0; /* void */ ; said = 1) {
        res = ctl_query_one(ctl->data, lock_sql, 0, NULL);
        if (res == NULL) {
            return -1;
        }

        locked = PQgetvalue(res, 0, 0)[0] == 't';
        PQclear(res);

        if (locked) {
            return 0;
        }

        rc = ctl_wait_stranger(ctl->data, CTL_SEAL_LOCK, 0, NULL, &holder);

        if (rc != 0) {
            return rc < 0 ? -1
                   : ctl_error("the turn of the sealer is held by %s: end that,"
                               " and try again", holder.text);
        }

        if (!ctl->opt.follow) {
            return ctl_error("another sealer is at work");
        }

        if (!said) {
            ctl_note("another sealer is at work: this one stands by");
        }

        sleep(AGAIN);
    }
}
