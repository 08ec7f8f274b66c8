/*
 * Copyright (C) the Pupil authors
 */

#include <sodium.h>

#include "core/audit/numbers.h"
#include "core/audit/record.h"
#include "core/vault/keyed.h"


void
pupil_audit_mac(const pupil_key_t *key, const pupil_audit_record_t *record,
    uint8_t mac[PUPIL_AUDIT_MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.mac.audit.v1", PUPIL_AUDIT_MAC_LEN);
    pupil_keyed_uuid(&hash, &record->tenant);
    pupil_keyed_u64(&hash, record->writer);
    pupil_keyed_u64(&hash, record->number);
    pupil_keyed_u32(&hash, record->choice);
    pupil_keyed_u64(&hash, (uint64_t) record->at);
    pupil_keyed_uuid(&hash, &record->request);
    pupil_keyed_uuid(&hash, &record->actor);
    pupil_keyed_uuid(&hash, &record->institution);
    pupil_keyed_str(&hash, record->role);
    pupil_keyed_str(&hash, record->network);
    pupil_keyed_str(&hash, record->shape);
    pupil_keyed_str(&hash, record->policy);
    pupil_keyed_str(&hash, record->outcome);
    pupil_keyed_str(&hash, record->subjects);
    pupil_keyed_str(&hash, record->note);
    pupil_keyed_end(&hash, mac);
}


int
pupil_audit_authentic(const pupil_key_t *key, pupil_audit_record_t *record,
    const uint8_t mac[PUPIL_AUDIT_MAC_LEN])
{
    uint8_t  made[PUPIL_AUDIT_MAC_LEN];

    for (record->choice = 0; record->choice < PUPIL_NUMBERS_CHOICES;
         record->choice++)
    {
        pupil_audit_mac(key, record, made);

        if (sodium_memcmp(made, mac, sizeof(made)) == 0) {
            return 1;
        }
    }

    return 0;
}
