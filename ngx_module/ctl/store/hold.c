/*
 * Copyright (C) the Pupil authors
 */

#include <stdio.h>

#include "ctl/base/db.h"
#include "ctl/store/hold.h"


static int kept_keys(ctl_t *ctl, const char *restricted, ctl_kept_t *kept);


/* A closed account goes back to what it was before, if it is opened again. */
static const char  kept_sql[] =
    "WITH r AS (SELECT owner FROM keystore.owner_key WHERE tenant = $1::uuid"
    " AND 'restricted' = CASE state WHEN 'recovery' THEN before ELSE state END"
    " UNION SELECT unnest($2::uuid[]))"
    " SELECT coalesce(array_agg(k.owner), '{}'), (SELECT count(*) FROM r)"
    " FROM (SELECT owner FROM r UNION SELECT subject FROM keystore.hold"
    " WHERE tenant = $1::uuid) AS k";


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
                      params);
    }

    if (rc != 0) {
        ctl_rollback(ctl->keys);
        return -1;
    }

    return ctl_commit(ctl->keys);
}


int
ctl_kept_read(ctl_t *ctl, ctl_kept_t *kept)
{
    int          rc;
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    res = ctl_begin(ctl->data, &ctl->tenant) == 0
          ? ctl_query_one(ctl->data, "SELECT coalesce(array_agg(owner), '{}')"
                          " FROM pupil.owner WHERE tenant = $1::uuid AND"
                          " state = 'restricted'", 1, params)
          : NULL;
    ctl_rollback(ctl->data);

    if (res == NULL) {
        return -1;
    }

    rc = kept_keys(ctl, PQgetvalue(res, 0, 0), kept);
    PQclear(res);

    return rc;
}


/* restricted: those whom the data database has, an array. */
static int
kept_keys(ctl_t *ctl, const char *restricted, ctl_kept_t *kept)
{
    PGresult    *res;
    const char  *params[2];

    params[0] = ctl->tenant_text;
    params[1] = restricted;

    res = ctl_begin(ctl->keys, &ctl->tenant) == 0
          ? ctl_query_one(ctl->keys, kept_sql, 2, params) : NULL;
    ctl_rollback(ctl->keys);

    if (res == NULL) {
        return -1;
    }

    kept->restricted = (int) ctl_get_int(res, 0, 1, 0);
    kept->ids = ctl_pool_text(&ctl->pool, PQgetvalue(res, 0, 0),
                              (size_t) PQgetlength(res, 0, 0));
    PQclear(res);

    return 0;
}


PGresult *
ctl_hold_over(ctl_t *ctl, int days)
{
    char         text[16];
    PGresult    *res;
    const char  *params[2];

    snprintf(text, sizeof(text), "%d", days);

    params[0] = ctl->tenant_text;
    params[1] = text;

    res = ctl_begin(ctl->keys, &ctl->tenant) == 0
          ? ctl_query(ctl->keys, "SELECT subject FROM keystore.hold WHERE"
                      " tenant = $1::uuid AND held_at < now() - $2::integer *"
                      " interval '1 day' ORDER BY subject", 2, params)
          : NULL;
    ctl_rollback(ctl->keys);

    return res;
}
