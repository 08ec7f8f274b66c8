/*
 * Copyright (C) the Pupil authors
 *
 * Rows of the audit log, as its readers select them, and whether they are
 * authentic.
 */

#ifndef PUPIL_CTL_AUDIT_ROWS_H
#define PUPIL_CTL_AUDIT_ROWS_H

#include <libpq-fe.h>

#include "core/audit/record.h"


/*
 * Microseconds.  What is dated when nobody writes, as infinity, which is no
 * number, is of the last day that is one: its MAC does not fit.
 */
#define AUDIT_ROW_TIME(at)                                                    \
    "(extract(epoch FROM least(greatest(" at ", '0001-01-01'), '9999-12-31'))" \
    " * 1000000)::bigint"

/* Of pupil.audit_record AS r, in the order of the enum. */
#define AUDIT_ROW_COLUMNS                                                     \
    "r.writer, r.number, " AUDIT_ROW_TIME("r.at") ","                         \
    " r.request, r.actor, r.institution, r.role, r.network, r.shape,"         \
    " r.policy, r.outcome, r.subjects, r.note, r.mac"

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

/* It points into the result and into itself. */
typedef struct {
    pupil_audit_record_t  record;
    uint8_t               shape[AUDIT_ROW_HASH];
    uint8_t               policy[AUDIT_ROW_HASH];
    uint8_t               mac[PUPIL_AUDIT_MAC_LEN];
    int                   numbered;
    int                   authentic;    /* by record.choice */
} audit_row_t;


/*
 * key: the tenant's "mac"; NULL of one that has ended: then what can be
 * read is authentic.
 */
void audit_row_read(const pupil_key_t *key, const pupil_uuid_t *tenant,
    const PGresult *res, int row, audit_row_t *out);

#endif /* PUPIL_CTL_AUDIT_ROWS_H */
