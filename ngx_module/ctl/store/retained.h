/*
 * Copyright (C) the Pupil authors
 *
 * What of a tenant's log is gone by retention, as the log's key has signed.
 */

#ifndef PUPIL_CTL_RETAINED_H
#define PUPIL_CTL_RETAINED_H

#include "core/audit/retained.h"
#include "ctl/store/audit_log.h"


/* How long a log is kept: a year at least, as pupil.audit_before() has it. */
#define RETAINED_DAYS_LEAST  365
#define RETAINED_DAYS_MOST   1826


typedef struct {
    uint64_t  writer, number;   /* the last that is gone */
} retained_writer_t;

/* All zero: nothing is. */
typedef struct {
    pupil_retained_t    said;
    retained_writer_t  *writers;    /* by writer */
    size_t              count;
    uint64_t            forged;     /* a batch whose note nobody signed; or 0 */
} retained_t;


/*
 * In a transaction of the tenant, which reads what is left, too: by the note
 * that goes farthest, of those that the log's key has signed.  0 or -1 with the
 * error said.
 */
int retained_read(retained_t *retained, PGconn *conn, const audit_log_t *log);

/*
 * How far it is gone from here on; where nothing is gone before a time to come,
 * from then on.
 */
int retained_store(const audit_log_t *log, const pupil_retained_t *said);

/* The last number of this writer that is gone; 0: none. */
uint64_t retained_last(const retained_t *retained, uint64_t writer);

void retained_free(retained_t *retained);

#endif /* PUPIL_CTL_RETAINED_H */
