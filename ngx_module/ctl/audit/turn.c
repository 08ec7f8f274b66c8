/*
 * Copyright (C) the Pupil authors
 */

#include <unistd.h>

#include "ctl/audit/turn.h"
#include "ctl/base/db.h"
#include "ctl/base/wait.h"


#define PAUSE  2                /* seconds until the turn is asked for again */
#define AGAIN  10               /* and until connections are */


static int turn_lock(ctl_t *ctl);
static int turn_held(ctl_t *ctl, int said);
static void turn_close(ctl_t *ctl);


/* The server lets go of a sealer that is not heard of any more. */
static const char  bound_sql[] =
    "SET idle_session_timeout = '60s';"
    "SET idle_in_transaction_session_timeout = '60s';"
    "SET tcp_user_timeout = '30s';"
    "SET tcp_keepalives_idle = '30s';"
    "SET tcp_keepalives_interval = '5s';"
    "SET tcp_keepalives_count = 3";

static const char  lock_sql[] =
    "SELECT pg_try_advisory_lock(hashtextextended('pupil.seal', 0))";

static const char  holder_sql[] =
    "SELECT coalesce(min(l.pid), 0) FROM pg_locks AS l WHERE l.locktype ="
    " 'advisory' AND l.granted AND " CTL_SEAL_LOCK;


int
turn_take(ctl_t *ctl)
{
    return ctl_open_data(ctl) == 0 && ctl_open_keys(ctl) == 0
           && ctl_exec(ctl->data, bound_sql, 0, NULL) == 0
           ? turn_lock(ctl) : -1;
}


void
turn_again(ctl_t *ctl)
{
    do {
        turn_close(ctl);
        ctl_wait_anew();
    } while (turn_take(ctl) != 0 && sleep(AGAIN) == 0);
}


static void
turn_close(ctl_t *ctl)
{
    PQfinish(ctl->data);
    PQfinish(ctl->keys);
    ctl->data = NULL;
    ctl->keys = NULL;
}


static int
turn_lock(ctl_t *ctl)
{
    int        rc, locked, said;
    PGresult  *res;

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

        rc = turn_held(ctl, said);
        if (rc != 0) {
            return rc;
        }

        sleep(PAUSE);
    }
}


/* 0: it is waited for. */
static int
turn_held(ctl_t *ctl, int said)
{
    int            rc;
    PGresult      *res;
    ctl_holder_t   holder;

    rc = ctl_wait_stranger(ctl->data, CTL_SEAL_LOCK, 0, NULL, &holder);

    if (rc != 0) {
        return rc < 0 ? -1
               : ctl_error("the turn of the sealer is held by %s: end that,"
                           " and try again", holder.text);
    }

    if (!ctl->opt.follow) {
        return ctl_error("another sealer is at work");
    }

    if (said) {
        return 0;
    }

    res = ctl_query_one(ctl->data, holder_sql, 0, NULL);
    if (res == NULL) {
        return -1;
    }

    ctl_note("another sealer is at work: this one stands by until that ends,"
             " which the database has as process %s", PQgetvalue(res, 0, 0));
    PQclear(res);

    return 0;
}
