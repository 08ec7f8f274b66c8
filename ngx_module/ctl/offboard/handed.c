/*
 * Copyright (C) the Pupil authors
 */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/time.h"
#include "core/vault/keyed.h"
#include "ctl/base/clock.h"
#include "ctl/base/db.h"
#include "ctl/base/literal.h"
#include "ctl/offboard/handed.h"
#include "ctl/store/keys.h"


#define MAC_LEN  32
#define LABEL    "pupil exported v1"

typedef struct {
    pupil_time_t  at;
    uint64_t      files, records;
} handed_t;

enum {
    COLUMN_AT = 0,
    COLUMN_FILES,
    COLUMN_RECORDS,
    COLUMN_MAC
};


static void handed_mac(const ctl_t *ctl, const pupil_key_t *key,
    const handed_t *handed, uint8_t mac[MAC_LEN]);
static pupil_time_t handed_last(const ctl_t *ctl, const pupil_key_t *key,
    const PGresult *res);


static const char  note_sql[] =
    "INSERT INTO pupil.exported (tenant, at, files, records, mac) VALUES"
    " ($1::uuid, timestamptz 'epoch' + $2::bigint * interval '1 us',"
    " $3::bigint, $4::bigint, $5::bytea)";

static const char  all_sql[] =
    "SELECT (extract(epoch FROM x.at) * 1000000)::bigint, x.files, x.records,"
    " x.mac FROM pupil.exported AS x WHERE x.tenant = $1::uuid AND x.mac IS"
    " NOT NULL AND isfinite(x.at)";


int
ctl_handed_note(ctl_t *ctl, uint64_t files, uint64_t records)
{
    char                at[24], numbers[2][24];
    char                text[CTL_BYTEA_SIZE(MAC_LEN)];
    uint8_t             mac[MAC_LEN];
    handed_t            handed;
    const char         *params[5];
    const pupil_key_t  *key;

    key = ctl_key(ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    handed.at = ctl_now();
    handed.files = files;
    handed.records = records;
    handed_mac(ctl, key, &handed, mac);

    snprintf(at, sizeof(at), "%" PRId64, handed.at);
    snprintf(numbers[0], sizeof(numbers[0]), "%" PRIu64, files);
    snprintf(numbers[1], sizeof(numbers[1]), "%" PRIu64, records);

    params[0] = ctl->tenant_text;
    params[1] = at;
    params[2] = numbers[0];
    params[3] = numbers[1];
    params[4] = ctl_bytea(mac, sizeof(mac), text);

    return ctl_begin(ctl->data, &ctl->tenant) == 0
           && ctl_exec(ctl->data, note_sql, 5, params) == 0
           ? ctl_commit(ctl->data) : -1;
}


static void
handed_mac(const ctl_t *ctl, const pupil_key_t *key, const handed_t *handed,
    uint8_t mac[MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, LABEL, MAC_LEN);
    pupil_keyed_uuid(&hash, &ctl->tenant);
    pupil_keyed_u64(&hash, (uint64_t) handed->at);
    pupil_keyed_u64(&hash, handed->files);
    pupil_keyed_u64(&hash, handed->records);
    pupil_keyed_end(&hash, mac);

    pupil_stack_wipe();
}


int
ctl_handed_check(ctl_t *ctl)
{
    PGresult           *res;
    const char         *params[1];
    pupil_time_t        last;
    const pupil_key_t  *key;

    key = ctl_key(ctl, "mac");
    if (key == NULL) {
        return -1;
    }

    params[0] = ctl->tenant_text;

    res = ctl_ask(ctl, ctl->data, all_sql, 1, params);
    if (res == NULL) {
        return -1;
    }

    last = handed_last(ctl, key, res);
    PQclear(res);

    if (last == 0) {
        return ctl_error("nothing was handed back: run pupilctl tenant export"
                         " first, or say --without-export");
    }

    return ctl_now() - last <= PUPIL_TIME_DAY ? 0
           : ctl_error("what is held was handed back over a day ago, and not"
                       " what came since: run pupilctl tenant export again, or"
                       " say --without-export");
}


/* 0: none that pupilctl has noted. */
static pupil_time_t
handed_last(const ctl_t *ctl, const pupil_key_t *key, const PGresult *res)
{
    int           row;
    size_t        len;
    uint8_t       stored[MAC_LEN], made[MAC_LEN];
    handed_t      handed;
    pupil_time_t  last;

    last = 0;

    for (row = 0; row < PQntuples(res); row++) {
        handed.at = strtoll(PQgetvalue(res, row, COLUMN_AT), NULL, 10);
        handed.files = strtoull(PQgetvalue(res, row, COLUMN_FILES), NULL, 10);
        handed.records = strtoull(PQgetvalue(res, row, COLUMN_RECORDS), NULL,
                                  10);
        handed_mac(ctl, key, &handed, made);

        if (handed.at > last
            && ctl_get_bytes(res, row, COLUMN_MAC, stored, sizeof(stored), &len)
               == 0
            && len == sizeof(stored)
            && sodium_memcmp(stored, made, sizeof(made)) == 0)
        {
            last = handed.at;
        }
    }

    return last;
}
