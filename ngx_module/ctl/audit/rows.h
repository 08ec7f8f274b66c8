/*
 * Copyright (C) the Pupil authors
 *
 * Rows of the audit log, as its readers select them, and whether they are
 * authentic.
 */

#ifndef PUPIL_CTL_AUDIT_ROWS_H
#define PUPIL_CTL_AUDIT_ROWS_H

#include "core/audit/record.h"
#include "ctl/base/stream.h"


/* Of pupil.audit_record AS r, in the order of the enum, for ctl_stream_t. */
#define AUDIT_ROW_COLUMNS                                                     \
    "r.writer, r.number, r.at, r.request, r.actor, r.institution, r.role,"    \
    " r.network, r.shape, r.policy, r.outcome, r.subjects, r.note, r.mac"

enum {
    AUDIT_ROW_WRITER = 0,
    AUDIT_ROW_NUMBER,
    AUDIT_ROW_AT,
    AUDIT_ROW_REQUEST,
    AUDIT_ROW_ACTOR,
    AUDIT_ROW_INSTITUTION,
    AUDIT_ROW_ROLE,
    AUDIT_ROW_NETWORK,
    AUDIT_ROW_SHAPE,
    AUDIT_ROW_POLICY,
    AUDIT_ROW_OUTCOME,
    AUDIT_ROW_SUBJECTS,
    AUDIT_ROW_NOTE,
    AUDIT_ROW_MAC,
    AUDIT_ROW_COUNT
};

#define AUDIT_ROW_HASH  64      /* room for its bytes, whatever they are */

/* It points into a pool and into itself. */
typedef struct {
    pupil_audit_record_t  record;
    uint8_t               shape[AUDIT_ROW_HASH];
    uint8_t               policy[AUDIT_ROW_HASH];
    uint8_t               mac[PUPIL_AUDIT_MAC_LEN];
    int                   numbered;
    int                   whole;        /* all of it could be read */
    int                   authentic;    /* by record.choice */
} audit_row_t;


/* The row that came last, for audit_row_check().  Its texts are the pool's. */
void audit_row_take(const pupil_uuid_t *tenant, const ctl_stream_t *stream,
    ctl_pool_t *pool, audit_row_t *out);

/*
 * key: the tenant's "mac"; NULL of one that has ended: then what can be read is
 * authentic.
 */
void audit_row_check(const pupil_key_t *key, audit_row_t *row);

/* Both. */
void audit_row_read(const pupil_key_t *key, const pupil_uuid_t *tenant,
    const ctl_stream_t *stream, ctl_pool_t *pool, audit_row_t *out);

#endif /* PUPIL_CTL_AUDIT_ROWS_H */
