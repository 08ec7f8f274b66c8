/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "ctl/base/db.h"
#include "ctl/roster/index.h"
#include "ctl/store/keys.h"
#include "ctl/store/record.h"
#include "ctl/store/subject.h"


static const ctl_access_t  tampered_access = {
    .category = "enrolment",
    .fields = "",
    .purpose = PUPIL_PURPOSE_ROSTERING,
    .operation = PUPIL_OPERATION_WRITE,
    .about = "subjects"
};


int
roster_index_row(roster_t *roster, const PGresult *res, int n,
    const char *category, const char *field, roster_index_row_t *row)
{
    size_t        len;
    uint8_t       made[PUPIL_MAC_LEN], stored[PUPIL_MAC_LEN];
    pupil_str_t   mac;
    pupil_uuid_t  record;

    memset(row, 0, sizeof(roster_index_row_t));

    if (ctl_get_bytes(res, n, 0, row->term, PUPIL_TERM_LEN, &len) != 0
        || len != PUPIL_TERM_LEN || ctl_get_uuid(res, n, 1, &row->owner) != 0
        || ctl_get_uuid(res, n, 2, &record) != 0)
    {
        return ctl_error("a row of pupil.blind_index is malformed");
    }

    if (ctl_index_mac(roster->ctl, category, field, row->term, &row->owner,
                      &record, made) != 0)
    {
        return -1;
    }

    mac.data = stored;
    mac.len = 0;
    ctl_get_bytes(res, n, 3, stored, sizeof(stored), &mac.len);
    row->authentic = pupil_mac_check(made, mac) == PUPIL_OK;

    return row->authentic ? 0 : roster_index_tampered(roster, row);
}


int
roster_index_tampered(roster_t *roster, roster_index_row_t *row)
{
    row->authentic = 0;

    return ctl_record_one(roster->ctl, &tampered_access, "tampered",
                          &row->owner, "row=blind_index");
}
