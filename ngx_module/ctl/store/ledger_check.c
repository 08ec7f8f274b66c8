/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/store/ledger.h"


static int kinds_check(const PGresult *own);
static int copy_check(const PGresult *copy, const PGresult *own);
static int entry_same(const PGresult *copy, const PGresult *own, int row);
static int chain_check(ctl_t *ctl);


#define COLUMNS  "number, subject, hash, kind, place"

enum {
    COLUMN_NUMBER = 0,
    COLUMN_SUBJECT,
    COLUMN_HASH,
    COLUMN_KIND,
    COLUMN_PLACE,
    COLUMN_COUNT
};

static const char  own_sql[] =
    "SELECT " COLUMNS " FROM keystore.ledger WHERE tenant = $1::uuid"
    " ORDER BY number";

static const char  all_sql[] =
    "SELECT min(number), NULL, NULL, kind FROM keystore.ledger GROUP BY kind";

static const char  copy_sql[] =
    "SELECT " COLUMNS " FROM pupil.ledger WHERE tenant = $1::uuid"
    " ORDER BY number";

static const char  chain_sql[] =
    "SELECT c.number FROM (SELECT l.number, l.hash, row_number() OVER w AS"
    " place, keystore.ledger_hash(lag(l.hash) OVER w, l) AS made FROM"
    " keystore.ledger AS l WHERE l.tenant = $1::uuid WINDOW w AS (ORDER BY"
    " l.number)) AS c WHERE c.hash <> c.made OR c.number <> c.place"
    " ORDER BY c.number LIMIT 1";


int
ctl_ledger_known(ctl_t *ctl)
{
    int        rc;
    PGresult  *res;

    res = ctl_begin(ctl->keys, NULL) == 0
          ? ctl_query(ctl->keys, all_sql, 0, NULL) : NULL;
    ctl_rollback(ctl->keys);

    rc = res != NULL ? kinds_check(res) : -1;
    PQclear(res);

    return rc;
}


int
ctl_ledger_check(ctl_t *ctl)
{
    int          rc;
    PGresult    *copy, *own;
    const char  *params[1];

    if (chain_check(ctl) != 0) {
        return -1;
    }

    params[0] = ctl->tenant_text;
    copy = ctl_ask(ctl, ctl->data, copy_sql, 1, params);
    own = ctl_ask(ctl, ctl->keys, own_sql, 1, params);

    rc = copy != NULL && own != NULL && kinds_check(own) == 0
         ? copy_check(copy, own) : -1;

    PQclear(copy);
    PQclear(own);

    return rc;
}


static int
kinds_check(const PGresult *own)
{
    int                 row, rc;
    pupil_entry_kind_t  kind;

    rc = 0;

    for (row = 0; rc == 0 && row < PQntuples(own); row++) {
        rc = ctl_ledger_kind(PQgetvalue(own, row, COLUMN_NUMBER),
                             PQgetvalue(own, row, COLUMN_KIND), &kind);
    }

    return rc;
}


/* Each entry of the copy is one of the key store's. */
static int
copy_check(const PGresult *copy, const PGresult *own)
{
    int  row, rc;

    rc = 0;

    for (row = 0; rc == 0 && row < PQntuples(copy); row++) {
        if (!entry_same(copy, own, row)) {
            rc = ctl_error("entry %s of the data database's erasure ledger is"
                           " not that of the key store: " CTL_LEDGER_CHANGED,
                           PQgetvalue(copy, row, COLUMN_NUMBER));
        }
    }

    return rc;
}


static int
entry_same(const PGresult *copy, const PGresult *own, int row)
{
    int  col;

    if (row >= PQntuples(own)) {
        return 0;
    }

    for (col = 0; col < COLUMN_COUNT; col++) {
        if (strcmp(PQgetvalue(copy, row, col), PQgetvalue(own, row, col))
            != 0)
        {
            return 0;
        }
    }

    return 1;
}


static int
chain_check(ctl_t *ctl)
{
    int          rc;
    PGresult    *res;
    const char  *params[1];

    params[0] = ctl->tenant_text;

    res = ctl_ask(ctl, ctl->keys, chain_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    rc = PQntuples(res) == 0 ? 0
         : ctl_error("entry %s of the erasure ledger was changed, or one"
                     " before it: restore the key store's ledger from a"
                     " backup", PQgetvalue(res, 0, 0));
    PQclear(res);

    return rc;
}
