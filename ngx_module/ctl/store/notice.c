/*
 * Copyright (C) the Pupil authors
 */

#include "core/base/text.h"
#include "core/base/time.h"
#include "core/vault/authentic.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/store/keys.h"
#include "ctl/store/notice.h"


int
ctl_notice(ctl_t *ctl, const pupil_uuid_t *subject, const char *kind)
{
    char                 ids[2][PUPIL_UUID_TEXT_LEN + 1];
    char                 at[PUPIL_TIME_TEXT_MAX + 1];
    char                 text[CTL_BYTEA_SIZE(PUPIL_MAC_LEN)];
    uint8_t              mac[PUPIL_MAC_LEN];
    const char          *params[6];
    const pupil_key_t   *key;
    pupil_notice_row_t   row;

    key = ctl_key(ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    row.tenant = ctl->tenant;
    pupil_uuid_random(&row.notice);
    row.subject = *subject;
    row.kind = ctl_str(kind);
    row.at = ctl_now();
    pupil_mac_notice(key, &row, mac);

    at[pupil_time_format(row.at, (uint8_t *) at)] = '\0';

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(&row.notice, ids[0]);
    params[2] = ctl_uuid_text(subject, ids[1]);
    params[3] = kind;
    params[4] = at;
    params[5] = ctl_bytea(mac, pupil_mac_len(mac), text);

    return ctl_exec(ctl->data, "INSERT INTO pupil.notice (tenant, notice,"
                    " subject, kind, at, mac) VALUES ($1::uuid, $2::uuid,"
                    " $3::uuid, $4, $5::timestamptz, $6::bytea)", 6, params);
}
