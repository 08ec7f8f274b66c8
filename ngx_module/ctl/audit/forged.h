/*
 * Copyright (C) the Pupil authors
 *
 * Records that Pupil has not written, as a sealer meets them: it reads each of
 * them again and again, and says each once.
 */

#ifndef PUPIL_CTL_AUDIT_FORGED_H
#define PUPIL_CTL_AUDIT_FORGED_H

#include "core/audit/record.h"
#include "ctl/base/ctl.h"
#include "ctl/base/map.h"


/* Empty when zeroed. */
typedef struct {
    ctl_map_t   seen;           /* keys in pool */
    ctl_pool_t  pool;
    size_t      count;          /* of these */
    uint64_t    fresh;          /* of a batch */
} forged_t;


/* A record of ctl's tenant, of a batch: whether it was not met before. */
int forged_say(forged_t *forged, const ctl_t *ctl,
    const pupil_audit_record_t *record);

/* Behind the batch: how many more there were than were said one by one. */
void forged_rest_say(forged_t *forged, const ctl_t *ctl);

/* So many were all that was read, up to a time.  -1. */
int forged_flood_say(const ctl_t *ctl, int count, pupil_time_t read);

void forged_free(forged_t *forged);

#endif /* PUPIL_CTL_AUDIT_FORGED_H */
