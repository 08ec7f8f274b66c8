/*
 * Copyright (C) the Pupil authors
 *
 * Records that nobody has sealed, of those that go by.
 */

#ifndef PUPIL_CTL_AUDIT_UNSEALED_H
#define PUPIL_CTL_AUDIT_UNSEALED_H

#include "ctl/audit/sequence.h"


/* Empty when zeroed. */
typedef struct {
    sequence_list_t  writers;   /* unsealed_writer_t, by writer */
    size_t           at;        /* of these, the first that may come */
    pupil_time_t     before;    /* what is newer may be sealed soon */
    uint64_t         count;
} unsealed_t;


/* How far each writer is sealed, in a transaction.  0 or -1, said. */
int unsealed_read(unsealed_t *unsealed, PGconn *conn, pupil_time_t now);

/* Records come by writer, as a bigint sorts. */
void unsealed_check(unsealed_t *unsealed, const pupil_audit_record_t *record);

void unsealed_free(unsealed_t *unsealed);

#endif /* PUPIL_CTL_AUDIT_UNSEALED_H */
