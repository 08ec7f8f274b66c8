/*
 * Copyright (C) the Pupil authors
 *
 * A lock of the session: whoever is killed gives it back.
 */

#include <time.h>

#include "ctl/base/db.h"
#include "ctl/store/turn.h"


#define LOCK  "(1347760177, hashtext($1))"

#define TRIES  20
#define PAUSE  100000000        /* ns */


static int turn_try(ctl_t *ctl);


int
ctl_turn_take(ctl_t *ctl)
{
    int              rc, tries;
    struct timespec  pause;

    pause.tv_sec = 0;
    pause.tv_nsec = PAUSE;

    for (tries = 1; ; tries++) {
        rc = turn_try(ctl);

        if (rc <= 0 || tries == TRIES) {
            return rc;
        }

        (void) nanosleep(&pause, NULL);
    }
}


static int
turn_try(ctl_t *ctl)
{
    int          taken;
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    res = ctl_query_one(ctl->data, "SELECT pg_try_advisory_lock" LOCK, 1,
                        params);
    if (res == NULL) {
        return -1;
    }

    taken = PQgetvalue(res, 0, 0)[0] == 't';
    PQclear(res);

    return taken ? 0 : 1;
}


void
ctl_turn_give(ctl_t *ctl)
{
    const char  *params[1];

    params[0] = ctl->tenant_text;

    PQclear(ctl_query(ctl->data, "SELECT pg_advisory_unlock" LOCK, 1, params));
}
