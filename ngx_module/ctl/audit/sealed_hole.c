/*
 * Copyright (C) the Pupil authors
 *
 * Whether the key store lists what is missing of the log: what it does not
 * list, nobody has to acknowledge.
 */

#include <stdlib.h>

#include "ctl/audit/sealed_run.h"


static uint64_t missing_count(const sealed_run_t *r);


/* Of a tenant that has ended nothing is refused, and nothing listed. */
int
sealed_holes_begin(sealed_run_t *r)
{
    return r->sealed->log.mac != NULL
           ? hole_read(r->sealed->ctl, &r->holes) : 0;
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

    if (listed < missing) {
        (void) sealed_find(r->sealed, SEALED_HOLE, contents->batch);
    }
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
    free(r->holes.elts);
}
