/*
 * Copyright (C) the Pupil authors
 */

#include <stdlib.h>
#include <string.h>

#include "ctl/audit/rows.h"
#include "ctl/base/db.h"


static int row_take(const PGresult *res, int row, audit_row_t *out);


void
audit_row_read(const pupil_key_t *key, const pupil_uuid_t *tenant,
    const PGresult *res, int row, audit_row_t *out)
{
    memset(out, 0, sizeof(audit_row_t));

    out->record.tenant = *tenant;
    out->numbered = !PQgetisnull(res, row, AUDIT_ROW_WRITER)
                    && !PQgetisnull(res, row, AUDIT_ROW_NUMBER);

    out->authentic = row_take(res, row, out)
                     && (key == NULL
                         || pupil_audit_authentic(key, &out->record,
                                                  out->mac));
}


/* 0: bytes or ids are none that Pupil writes. */
static int
row_take(const PGresult *res, int row, audit_row_t *out)
{
    size_t                 len;
    pupil_audit_record_t  *record;

    record = &out->record;
    record->writer = strtoull(PQgetvalue(res, row, AUDIT_ROW_WRITER), NULL,
                              10);
    record->number = strtoull(PQgetvalue(res, row, AUDIT_ROW_NUMBER), NULL,
                              10);
    record->at = strtoll(PQgetvalue(res, row, AUDIT_ROW_AT), NULL, 10);
    record->role = ctl_get_str(res, row, AUDIT_ROW_ROLE);
    record->network = ctl_get_str(res, row, AUDIT_ROW_NETWORK);
    record->outcome = ctl_get_str(res, row, AUDIT_ROW_OUTCOME);
    record->subjects = ctl_get_str(res, row, AUDIT_ROW_SUBJECTS);
    record->note = ctl_get_str(res, row, AUDIT_ROW_NOTE);
    record->shape.data = out->shape;
    record->policy.data = out->policy;

    return ctl_get_uuid(res, row, AUDIT_ROW_REQUEST, &record->request) == 0
           && ctl_get_uuid(res, row, AUDIT_ROW_ACTOR, &record->actor) == 0
           && ctl_get_uuid(res, row, AUDIT_ROW_INSTITUTION,
                           &record->institution) == 0
           && ctl_get_bytes(res, row, AUDIT_ROW_SHAPE, out->shape,
                            sizeof(out->shape), &record->shape.len) == 0
           && ctl_get_bytes(res, row, AUDIT_ROW_POLICY, out->policy,
                            sizeof(out->policy), &record->policy.len) == 0
           && ctl_get_bytes(res, row, AUDIT_ROW_MAC, out->mac,
                            sizeof(out->mac), &len) == 0
           && len == sizeof(out->mac);
}
