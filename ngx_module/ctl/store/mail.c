/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/base/text.h"
#include "core/base/time.h"
#include "core/vault/authentic.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/base/text.h"
#include "ctl/store/keys.h"
#include "ctl/store/mail.h"


int
ctl_mail_put(ctl_t *ctl, const pupil_uuid_t *subject, const char *kind,
    pupil_str_t language, pupil_str_t sealed)
{
    char                ids[2][PUPIL_UUID_TEXT_LEN + 1];
    char                at[PUPIL_TIME_TEXT_MAX + 1];
    char                text[CTL_BYTEA_SIZE(PUPIL_MAC_LEN)];
    uint8_t             mac[PUPIL_MAC_LEN];
    const char         *params[8];
    pupil_mail_row_t    row;
    const pupil_key_t  *key;

    key = ctl_key(ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    memset(&row, 0, sizeof(pupil_mail_row_t));
    row.tenant = ctl->tenant;
    pupil_uuid_random(&row.mail);
    row.subject = *subject;
    row.kind = ctl_str(kind);
    row.language = language;
    row.created_at = ctl_now();
    row.sealed = sealed;
    pupil_mac_mail(key, &row, mac);

    at[pupil_time_format(row.created_at, (uint8_t *) at)] = '\0';

    params[0] = ctl->tenant_text;
    params[1] = ctl_uuid_text(&row.mail, ids[0]);
    params[2] = ctl_uuid_text(subject, ids[1]);
    params[3] = kind;
    params[4] = ctl_pool_text(&ctl->pool, language.data, language.len);
    params[5] = at;
    params[6] = ctl_bytea(mac, pupil_mac_len(mac), text);

    params[7] = sealed.len == 0 ? NULL
                : ctl_bytea(sealed.data, sealed.len,
                            ctl_pool_alloc(&ctl->pool,
                                           CTL_BYTEA_SIZE(sealed.len)));

    return ctl_exec(ctl->data, "INSERT INTO pupil.outbox (tenant, mail,"
                    " subject, kind, language, created_at, mac, sealed) VALUES"
                    " ($1::uuid, $2::uuid, $3::uuid, $4, $5, $6::timestamptz,"
                    " $7::bytea, $8::bytea)", 8, params);
}
