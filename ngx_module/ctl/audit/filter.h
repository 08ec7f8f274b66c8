/*
 * Copyright (C) the Pupil authors
 *
 * Which events of the audit the officer asks for, and that they were asked for.
 */

#ifndef PUPIL_CTL_AUDIT_FILTER_H
#define PUPIL_CTL_AUDIT_FILTER_H

#include "ctl/base/ctl.h"


/* Parameters of the condition below, from $1 on. */
#define FILTER_PARAMS  6

/* Of pupil.audit_event, by the parameters, each of which may be NULL. */
#define FILTER_SQL                                                            \
    " FROM pupil.audit_event WHERE ($1::uuid IS NULL OR $1::uuid = ANY"       \
    " (subjects)) AND ($2::uuid IS NULL OR actor = $2::uuid) AND"             \
    " ($3::text IS NULL OR category = $3::text) AND"                          \
    " ($4::text IS NULL OR outcome = $4::text) AND"                           \
    " ($5::timestamptz IS NULL OR at >= $5::timestamptz) AND"                 \
    " ($6::timestamptz IS NULL OR at < $6::timestamptz)"

/* --subject, --actor, --category, --outcome, --since, --until, as they are. */
int audit_filter(const ctl_t *ctl, const char *params[FILTER_PARAMS]);

/*
 * What the record of it needs: both databases, and the keys of the tenant.
 * *ended: it has none any more, so that nothing is on record of this.
 */
int audit_filter_open(ctl_t *ctl, int *ended);

/*
 * The record of it, in a transaction, unless the tenant has ended.  detail:
 * beside the command, or NULL.
 */
int audit_filter_record(ctl_t *ctl, const char *detail, int ended);

#endif /* PUPIL_CTL_AUDIT_FILTER_H */
