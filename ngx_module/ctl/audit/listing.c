/*
 * Copyright (C) the Pupil authors
 */

#include "core/base/text.h"
#include "ctl/audit/listing.h"
#include "ctl/base/db.h"
#include "ctl/base/text.h"


static const char  listed_sql[] =
    "SELECT coalesce(array_agg(t.tenant), '{}') FROM pupil.tenant AS t";

/* $1: the data database's.  One owner alone is the decoy of a tenant that is
 * just made. */
static const char  tenants_sql[] =
    "SELECT t.tenant, bool_or(t.listed) FROM (SELECT l.tenant, true AS listed"
    " FROM unnest($1::uuid[]) AS l (tenant) UNION ALL SELECT s.tenant, false"
    " FROM keystore.size AS s WHERE s.owners > 1 AND NOT EXISTS (SELECT"
    " FROM keystore.gone AS g WHERE g.tenant = s.tenant)) AS t"
    " GROUP BY t.tenant ORDER BY t.tenant";


PGresult *
listing_read(ctl_t *ctl)
{
    PGresult    *res, *listed;
    const char  *params[1];

    listed = ctl_query_one(ctl->data, listed_sql, 0, NULL);
    if (listed == NULL) {
        return NULL;
    }

    params[0] = PQgetvalue(listed, 0, 0);
    res = ctl_query(ctl->keys, tenants_sql, 1, params);
    PQclear(listed);

    return res;
}


/* One that comes or ends meanwhile is in one of the two for one pass. */
void
listing_said(listing_t *listing, const pupil_uuid_t *tenant, int listed,
    pupil_time_t now)
{
    char  text[PUPIL_UUID_TEXT_LEN + 1];

    ctl_uuid_text(tenant, text);

    if (listed) {
        if (listing->missing > 1) {
            ctl_note("tenant %s: its row is there again", text);
        }

        listing->at = now;
        listing->missing = 0;

        return;
    }

    if (listing->missing == 2) {
        return;
    }

    listing->missing++;

    if (listing->missing == 2) {
        ctl_error("tenant %s: its row of pupil.tenant is gone, and its keys are"
                  " not: it is sealed all the same, and nothing counts as"
                  " sealed until the row is put back", text);
    }
}
