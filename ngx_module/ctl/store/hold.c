/*
 * Copyright (C) the Pupil authors
 */

#include <stdio.h>

#include "ctl/base/db.h"
#include "ctl/store/hold.h"


/* Of a tenant, and of the session that holds nothing else by it. */
#define LOCK  "(1347760178, hashtext($1))"


/* $1 the tenant, $2 days. */
#define OVER                                                                  \
    " WHERE tenant = $1::uuid AND held_at < now() - $2::integer * interval"   \
    " '1 day'"


static int hold_open(ctl_t *ctl);
static int lock_take(ctl_t *ctl, const char *sql);


int
ctl_hold_read(ctl_t *ctl, const char *subject, const char **reference)
{
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = subject;

    return ctl_query_text(ctl, ctl->keys, "SELECT reference FROM keystore.hold"
                          " WHERE tenant = $1::uuid AND subject = $2::uuid", 2,
                          params, reference);
}


int
ctl_hold_write(ctl_t *ctl, const char *subject, const char *reference)
{
    int          rc;
    const char  *params[3];

    params[0] = ctl->tenant_text;
    params[1] = subject;
    params[2] = reference;

    if (ctl_begin(ctl->keys, &ctl->tenant) != 0) {
        return -1;
    }

    /* said again, it begins anew: it is bounded */

    rc = ctl_exec(ctl->keys, "DELETE FROM keystore.hold WHERE tenant ="
                  " $1::uuid AND subject = $2::uuid", 2, params);

    if (rc == 0 && reference != NULL) {
        rc = ctl_exec(ctl->keys, "INSERT INTO keystore.hold (tenant, subject,"
                      " reference) VALUES ($1::uuid, $2::uuid, $3)", 3,
                      params) == 0
             ? hold_open(ctl) : -1;
    }

    if (rc != 0) {
        ctl_rollback(ctl->keys);
    }

    return rc;
}


/* One that was said again since it was found to be over stands. */
int
ctl_hold_expire(ctl_t *ctl, const char *subject, int days)
{
    int          rc;
    char         text[16];
    PGresult    *res;
    const char  *params[3];

    snprintf(text, sizeof(text), "%d", days);

    params[0] = ctl->tenant_text;
    params[1] = text;
    params[2] = subject;

    res = ctl_begin(ctl->keys, &ctl->tenant) == 0
          ? ctl_query(ctl->keys, "DELETE FROM keystore.hold" OVER " AND subject"
                      " = $3::uuid RETURNING true", 3, params)
          : NULL;

    rc = res == NULL ? -1 : PQntuples(res);
    PQclear(res);

    if (rc != 1) {
        ctl_rollback(ctl->keys);
    }

    return rc;
}


/*
 * With the hold, the transaction has the ledger's lock, by which the end of a
 * tenant is entered: whichever of the two is the later sees the other.
 */
static int
hold_open(ctl_t *ctl)
{
    int          ends;
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    res = ctl_query(ctl->keys, "SELECT FROM keystore.ledger WHERE tenant ="
                    " $1::uuid AND kind IN ('tenant', 'moved')", 1, params);
    if (res == NULL) {
        return -1;
    }

    ends = PQntuples(res) != 0;
    PQclear(res);

    return ends ? ctl_error("the end of this tenant has begun, or its move:"
                            " nobody is held here any more") : 0;
}


int
ctl_hold_watch(ctl_t *ctl)
{
    return lock_take(ctl, "SELECT pg_advisory_xact_lock_shared" LOCK);
}


int
ctl_hold_settle(ctl_t *ctl)
{
    int  rc;

    rc = ctl_begin(ctl->data, &ctl->tenant) == 0
         ? lock_take(ctl, "SELECT pg_advisory_xact_lock" LOCK) : -1;
    ctl_rollback(ctl->data);

    return rc == 0 ? 0
           : ctl_error("this is in force, and what retention has under way may"
                       " go all the same: run this again");
}


static int
lock_take(ctl_t *ctl, const char *sql)
{
    const char  *params[1];

    params[0] = ctl->tenant_text;

    return ctl_exec(ctl->data, sql, 1, params);
}


PGresult *
ctl_hold_over(ctl_t *ctl, int days)
{
    char         text[16];
    const char  *params[2];

    snprintf(text, sizeof(text), "%d", days);

    params[0] = ctl->tenant_text;
    params[1] = text;

    return ctl_ask(ctl, ctl->keys, "SELECT subject FROM keystore.hold" OVER
                   " ORDER BY subject", 2, params);
}
