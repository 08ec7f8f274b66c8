/*
 * Copyright (C) the Pupil authors
 *
 * Whether the key store lists what is missing of the log: what it does not
 * list, nobody has to acknowledge.  And whether who acknowledged it is on
 * record, which is committed before the key store says so.
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/audit/sealed_run.h"


static int recorded_read(sealed_run_t *r);
static int acknowledged_alone(const sealed_run_t *r, uint64_t batch);
static uint64_t missing_count(const sealed_run_t *r);


/* What acknowledge_record() in hole.c writes; its note ends in the hole. */
static const char  recorded_sql[] =
    "SELECT " AUDIT_ROW_COLUMNS ", substring(r.note FROM"
    " ' hole=([0-9]{1,18})$')::bigint FROM pupil.audit_record AS r"
    " WHERE r.tenant = pupil.current_tenant() AND r.role = 'operator'"
    " AND r.outcome = 'allowed' AND r.note ~ ' hole=[0-9]{1,18}$'";

#define COLUMN_HOLE  AUDIT_ROW_COUNT


/* Of a tenant that has ended nothing is refused, and nothing listed. */
int
sealed_holes_before(sealed_run_t *r)
{
    return r->sealed->log.mac != NULL
           ? hole_read(r->sealed->ctl, &r->before) : 0;
}


int
sealed_holes_begin(sealed_run_t *r)
{
    if (r->sealed->log.mac == NULL) {
        return 0;
    }

    return hole_read(r->sealed->ctl, &r->holes) == 0
           && (r->before.count == 0 || recorded_read(r) == 0) ? 0 : -1;
}


static int
recorded_read(sealed_run_t *r)
{
    int            rc;
    uint64_t      *batch;
    ctl_pool_t     pool;
    audit_row_t    row;
    ctl_stream_t   stream;

    memset(&pool, 0, sizeof(pool));

    rc = ctl_stream_begin(&stream, r->sealed->ctl->data, recorded_sql);

    while (rc == 0 && (rc = ctl_stream_next(&stream)) == 1) {
        audit_row_read(r->sealed->log.mac, &r->sealed->ctl->tenant, &stream,
                       &pool, &row);

        if (row.authentic) {
            batch = sequence_list_add(&r->recorded, sizeof(uint64_t));
            *batch = (uint64_t) ctl_column_int8(stream.columns[COLUMN_HOLE],
                                                0);
        }

        ctl_pool_free(&pool);
        rc = 0;
    }

    ctl_stream_end(&stream);

    return rc;
}


/* Nobody knows it of what is gone by retention. */
void
sealed_holes_check(sealed_run_t *r, const contents_t *contents)
{
    uint64_t       missing, listed;
    const hole_t  *hole;

    missing = r->sealed->log.mac != NULL ? missing_count(r) : 0;
    listed = 0;
    hole = r->holes.elts;

    while (r->hole < r->holes.count
           && hole[r->hole].batch <= contents->batch)
    {
        if (hole[r->hole].batch == contents->batch) {
            listed = hole[r->hole].missing;
        }

        r->hole++;
    }

    if (listed < missing
        || (missing != 0 && acknowledged_alone(r, contents->batch)))
    {
        (void) sealed_find(r->sealed, SEALED_HOLE, contents->batch);
    }
}


/* By no officer. */
static int
acknowledged_alone(const sealed_run_t *r, uint64_t batch)
{
    int              acknowledged;
    size_t           i;
    const hole_t    *hole;
    const uint64_t  *recorded;

    acknowledged = 0;
    hole = r->before.elts;
    recorded = r->recorded.elts;

    for (i = 0; i < r->before.count; i++) {
        acknowledged |= hole[i].batch == batch && hole[i].acknowledged;
    }

    for (i = 0; i < r->recorded.count; i++) {
        acknowledged &= recorded[i] != batch;
    }

    return acknowledged;
}


static uint64_t
missing_count(const sealed_run_t *r)
{
    size_t            i;
    uint64_t          count;
    const aligned_t  *aligned;

    count = 0;
    aligned = r->alignment.events.elts;

    for (i = 0; i < r->alignment.events.count; i++) {
        count += aligned[i].as == ALIGN_MISSING;
    }

    return count;
}


void
sealed_holes_close(sealed_run_t *r)
{
    free(r->before.elts);
    free(r->holes.elts);
    free(r->recorded.elts);
}
