/*
 * Copyright (C) the Pupil authors
 *
 * Retention of the audit: the months of a tenant whose time is over.
 */

#ifndef PUPIL_CTL_AUDIT_MONTHS_H
#define PUPIL_CTL_AUDIT_MONTHS_H

#include "ctl/retention/kept.h"


/*
 * Deletes them, of a log that is kept for so many days; *events: adds how
 * many went, by --dry-run has how many would.  The keys of the tenant are open.
 * 1: as of ctl_kept_commit(), and it is not done.
 */
int ctl_audit_months_run(ctl_t *ctl, ctl_kept_t *kept, uint32_t days,
    int64_t *events);

/*
 * Of a tenant that has ended, the records of a log whose time is over, as was
 * signed before its keys went; records: how many went, or would, as above.
 */
int ctl_audit_ended_run(ctl_t *ctl, int64_t *records);

/* How many will go in so many days, with those that would now. */
int ctl_audit_months_count(ctl_t *ctl, uint32_t days, int ahead,
    int64_t *events);

#endif /* PUPIL_CTL_AUDIT_MONTHS_H */
