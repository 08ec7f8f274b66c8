/*
 * Copyright (C) the Pupil authors
 */

#include "ctl/base/db.h"
#include "ctl/base/text.h"
#include "ctl/lifecycle/tenants.h"
#include "ctl/store/ledger.h"


/* What ctl_tenants_each() was told to run. */
typedef struct {
    int   (*run)(ctl_t *ctl, void *data);
    void   *data;
} each_t;


static int tenant_each(ctl_t *ctl, void *data);
static PGresult *tenants_read(PGconn *conn, const char *sql,
    const char *known);
static int tenants_run(ctl_t *ctl, PGresult *res,
    int (*run)(ctl_t *ctl, void *data), void *data);


static const char  data_sql[] =
    "SELECT tenant FROM pupil.tenant ORDER BY tenant";

/* Those that have ended are in the copy of the ledger alone. */
static const char  all_sql[] =
    "SELECT coalesce(array_agg(t.tenant), '{}') FROM (SELECT tenant FROM"
    " pupil.tenant UNION SELECT tenant FROM pupil.ledger) AS t";

/* $1: the data database's. */
static const char  erased_sql[] =
    "SELECT tenant FROM unnest($1::uuid[]) AS t (tenant) UNION SELECT tenant"
    " FROM keystore.ledger ORDER BY tenant";


int
ctl_tenants_each(ctl_t *ctl, int (*run)(ctl_t *ctl, void *data), void *data)
{
    each_t  each;

    each.run = run;
    each.data = data;

    return ctl_tenants_all(ctl, tenant_each, &each);
}


static int
tenant_each(ctl_t *ctl, void *data)
{
    int                  whole;
    each_t              *each;
    ctl_ledger_entry_t   entry;

    each = data;

    whole = ctl_ledger_whole(ctl, &entry);
    if (whole != 0) {
        return whole < 0 ? -1 : 0;
    }

    return each->run(ctl, each->data);
}


int
ctl_tenants_all(ctl_t *ctl, int (*run)(ctl_t *ctl, void *data), void *data)
{
    return tenants_run(ctl, tenants_read(ctl->data, data_sql, NULL), run,
                       data);
}


int
ctl_tenants_erased(ctl_t *ctl, int (*run)(ctl_t *ctl, void *data), void *data)
{
    int        rc;
    PGresult  *known;

    known = ctl_query_one(ctl->data, all_sql, 0, NULL);
    if (known == NULL) {
        return -1;
    }

    rc = tenants_run(ctl, tenants_read(ctl->keys, erased_sql,
                                       PQgetvalue(known, 0, 0)), run, data);
    PQclear(known);

    return rc;
}


/* Frees res; NULL: an error that was said. */
static int
tenants_run(ctl_t *ctl, PGresult *res, int (*run)(ctl_t *ctl, void *data),
    void *data)
{
    int  rc, row;

    if (res == NULL) {
        return -1;
    }

    rc = 0;

    for (row = 0; row < PQntuples(res) && ctl_connected(ctl); row++) {
        if (ctl_get_uuid(res, row, 0, &ctl->tenant) != 0) {
            rc = -1;
            continue;
        }

        ctl_uuid_text(&ctl->tenant, ctl->tenant_text);

        if (run(ctl, data) != 0) {
            ctl_rollback(ctl->data);
            ctl_rollback(ctl->keys);
            rc = ctl_error("tenant %s: not done", ctl->tenant_text);
        }

        /* The ring has room for the keys of a few: of those in use. */
        if (ctl->ring != NULL) {
            pupil_keyring_forget_tenant(ctl->ring, &ctl->tenant);
        }
    }

    PQclear(res);

    return rc;
}


/* known: a parameter, or NULL. */
static PGresult *
tenants_read(PGconn *conn, const char *sql, const char *known)
{
    PGresult    *res;
    const char  *params[1];

    params[0] = known;

    if (ctl_begin(conn, NULL) != 0) {
        return NULL;
    }

    res = ctl_query(conn, sql, known != NULL, params);
    ctl_rollback(conn);

    return res;
}
