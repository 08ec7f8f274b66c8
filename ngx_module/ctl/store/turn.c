/*
 * Copyright (C) the Pupil authors
 *
 * A lock of the session: whoever is killed gives it back.
 */

#include <time.h>

#include "ctl/base/db.h"
#include "ctl/base/wait.h"
#include "ctl/store/keys.h"
#include "ctl/store/plugins.h"
#include "ctl/store/turn.h"


#define LOCK  "(1347760177, hashtext($1))"

#define TRIES  20
#define PAUSE  100000000        /* ns */


static int rows_do(ctl_t *ctl, const PGresult *res, ctl_turn_row_pt each);
static int turn_wait(ctl_t *ctl, const char *sql);
static int turn_stranger(ctl_t *ctl);
static int turn_try(ctl_t *ctl, const char *sql);


int
ctl_turn_take(ctl_t *ctl)
{
    return turn_wait(ctl, "SELECT pg_try_advisory_lock" LOCK);
}


int
ctl_turn_share(ctl_t *ctl)
{
    int  rc;

    rc = turn_wait(ctl, "SELECT pg_try_advisory_lock_shared" LOCK);

    return rc <= 0 ? rc : ctl_error("an import of this tenant is running, or"
                                    " an erasure: try again");
}


int
ctl_turn_rows(ctl_t *ctl, PGresult *res, ctl_turn_row_pt each)
{
    int  rc;

    rc = res == NULL ? -1
         : PQntuples(res) == 0 ? 1
         : ctl_plugins_open(ctl) == 0 && ctl_keys_open(ctl) == 0
         ? ctl_turn_take(ctl) : -1;

    if (rc == 0) {
        rc = rows_do(ctl, res, each);
        ctl_turn_give(ctl);

    } else if (rc > 0) {
        rc = 0;
    }

    PQclear(res);

    return rc;
}


static int
rows_do(ctl_t *ctl, const PGresult *res, ctl_turn_row_pt each)
{
    int  rc, row;

    rc = 0;

    for (row = 0; row < PQntuples(res) && ctl_connected(ctl); row++) {
        if (each(ctl, res, row) != 0) {
            rc = -1;
            ctl_rollback(ctl->data);
            ctl_rollback(ctl->keys);
        }
    }

    return rc;
}


static int
turn_wait(ctl_t *ctl, const char *sql)
{
    int              rc, tries;
    struct timespec  pause;

    pause.tv_sec = 0;
    pause.tv_nsec = PAUSE;

    for (tries = 1; ; tries++) {
        rc = turn_try(ctl, sql);

        if (rc <= 0) {
            return rc;
        }

        if (tries == TRIES) {
            return turn_stranger(ctl) != 0 ? -1 : rc;
        }

        (void) nanosleep(&pause, NULL);
    }
}


/* -1: who holds it is none of ours, which is said. */
static int
turn_stranger(ctl_t *ctl)
{
    int            rc;
    const char    *params[1];
    ctl_holder_t   holder;

    params[0] = ctl->tenant_text;

    rc = ctl_wait_stranger(ctl->data, "l.classid = 1347760177 AND l.objid ="
                           " (hashtext($1)::bigint & 4294967295)::oid AND"
                           " l.objsubid = 2", 1, params, &holder);

    return rc <= 0 ? rc
           : ctl_error("the turn of this tenant is held by %s: end that, and"
                       " try again", holder.text);
}


static int
turn_try(ctl_t *ctl, const char *sql)
{
    int          taken;
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    res = ctl_query_one(ctl->data, sql, 1, params);
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

    /* what failed within a transaction ends with it, and the lock would not */
    ctl_rollback(ctl->data);

    PQclear(ctl_query(ctl->data, "SELECT pg_advisory_unlock" LOCK, 1, params));
}
