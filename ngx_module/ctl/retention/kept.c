/*
 * Copyright (C) the Pupil authors
 *
 * Whatever is decided by what was read is looked at once more, before it is
 * committed: so whoever holds something waits for one transaction at most, and
 * is told that it is held when nothing can go any more.  A category is held
 * where either database says so: no row that is deleted in the one ends what
 * the other has, nor does a backup of either.  That it has to be confirmed is
 * the key store's word alone.
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/retention/kept.h"
#include "ctl/store/hold.h"


#define TEXT_OF(number)    #number
#define NUMBER_OF(number)  TEXT_OF(number)


static int kept_ask(ctl_t *ctl, ctl_kept_t *kept);
static int categories_ask(ctl_t *ctl, json_t *categories);
static int people_ask(ctl_t *ctl, ctl_kept_t *kept);
static int categories_add(ctl_t *ctl, PGconn *conn, const char *sql,
    json_t *categories);


static const char  confirm_sql[] =
    "SELECT category, reference || ', until it is confirmed' FROM"
    " keystore.retention_confirm WHERE tenant = $1::uuid AND (confirmed_at IS"
    " NULL OR confirmed_at < now() - " NUMBER_OF(CTL_RETENTION_AHEAD)
    " * interval '1 day')";

static const char  restricted_sql[] =
    "SELECT coalesce(array_agg(owner), '{}') FROM pupil.owner WHERE tenant ="
    " $1::uuid AND state = 'restricted'";

/*
 * $2: those of the data database.  A closed account goes back to what it was
 * before, if it is opened again.
 */
static const char  people_sql[] =
    "WITH r AS (SELECT owner FROM keystore.owner_key WHERE tenant = $1::uuid"
    " AND 'restricted' = CASE state WHEN 'recovery' THEN before ELSE state END"
    " UNION SELECT unnest($2::uuid[]))"
    " SELECT coalesce(array_agg(k.owner ORDER BY k.owner), '{}'),"
    " (SELECT count(*) FROM r) FROM (SELECT owner FROM r UNION SELECT subject"
    " FROM keystore.hold WHERE tenant = $1::uuid) AS k";


int
ctl_kept_read(ctl_t *ctl, ctl_kept_t *kept)
{
    int  rc;

    rc = ctl_begin(ctl->data, &ctl->tenant) == 0 ? kept_ask(ctl, kept) : -1;
    ctl_rollback(ctl->data);

    return rc;
}


int
ctl_kept_now(ctl_t *ctl, ctl_kept_t *kept)
{
    return ctl_hold_watch(ctl) == 0 ? kept_ask(ctl, kept) : -1;
}


int
ctl_kept_commit(ctl_t *ctl, ctl_kept_t *kept)
{
    int         same;
    ctl_kept_t  now = { 0 };

    if (ctl_kept_now(ctl, &now) != 0) {
        ctl_kept_free(&now);
        return -1;
    }

    same = strcmp(now.people, kept->people) == 0
           && json_equal(now.categories, kept->categories);

    ctl_kept_free(kept);
    *kept = now;

    return same ? ctl_commit(ctl->data) : 1;
}


void
ctl_kept_free(ctl_kept_t *kept)
{
    PQclear(kept->res);
    json_decref(kept->categories);
}


/* In a transaction of the data database. */
static int
kept_ask(ctl_t *ctl, ctl_kept_t *kept)
{
    int  rc;

    kept->categories = json_object();

    rc = ctl_begin(ctl->keys, &ctl->tenant) == 0
         && categories_ask(ctl, kept->categories) == 0
         ? people_ask(ctl, kept) : -1;
    ctl_rollback(ctl->keys);

    return rc;
}


/* What is held stands for what is to be confirmed. */
static int
categories_ask(ctl_t *ctl, json_t *categories)
{
    return categories_add(ctl, ctl->keys, confirm_sql, categories) == 0
           && categories_add(ctl, ctl->data, "SELECT category, reference FROM"
                             " pupil.retention_hold WHERE tenant = $1::uuid",
                             categories) == 0
           && categories_add(ctl, ctl->keys, "SELECT category, reference FROM"
                             " keystore.retention_hold WHERE tenant ="
                             " $1::uuid", categories) == 0 ? 0 : -1;
}


static int
people_ask(ctl_t *ctl, ctl_kept_t *kept)
{
    PGresult    *restricted;
    const char  *params[2];

    params[0] = ctl->tenant_text;

    restricted = ctl_query_one(ctl->data, restricted_sql, 1, params);
    if (restricted == NULL) {
        return -1;
    }

    params[1] = PQgetvalue(restricted, 0, 0);

    kept->res = ctl_query_one(ctl->keys, people_sql, 2, params);
    PQclear(restricted);

    if (kept->res == NULL) {
        return -1;
    }

    kept->people = PQgetvalue(kept->res, 0, 0);
    kept->restricted = (int) ctl_get_int(kept->res, 0, 1, 0);

    return 0;
}


static int
categories_add(ctl_t *ctl, PGconn *conn, const char *sql, json_t *categories)
{
    int          row;
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    res = ctl_query(conn, sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    for (row = 0; row < PQntuples(res); row++) {
        json_object_set_new(categories, PQgetvalue(res, row, 0),
                            json_string(PQgetvalue(res, row, 1)));
    }

    PQclear(res);

    return 0;
}
