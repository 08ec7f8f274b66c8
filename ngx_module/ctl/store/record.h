/*
 * Copyright (C) the Pupil authors
 *
 * The audit of what operators do (invariant I19).
 */

#ifndef PUPIL_CTL_RECORD_H
#define PUPIL_CTL_RECORD_H

#include "ctl/base/ctl.h"


/* What a command touches; the relation is "system". */
typedef struct {
    const char  *category;
    const char  *fields;        /* separated by single spaces, "" for none */
    uint32_t     purpose;       /* pupil_purpose_t */
    uint32_t     operation;     /* pupil_operation_t */
    const char  *about;         /* "subjects" or "none" */
} ctl_access_t;


/*
 * In the transaction of the access.  outcome: one of pupil.audit_record.
 * subjects: the literal of an array of UUIDs.  detail: for the note, never a
 * value; may be NULL.
 */
int ctl_record(ctl_t *ctl, const ctl_access_t *access, const char *outcome,
    const char *subjects, const char *detail);

/* The same for one subject, or with NULL for none. */
int ctl_record_one(ctl_t *ctl, const ctl_access_t *access,
    const char *outcome, const pupil_uuid_t *subject, const char *detail);

#endif /* PUPIL_CTL_RECORD_H */
