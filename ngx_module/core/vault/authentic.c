/*
 * Copyright (C) the Pupil authors
 *
 * A label for each table, then its columns in order: UUIDs and numbers at
 * fixed width, texts preceded by their length.
 */

#include "core/vault/authentic.h"
#include "core/vault/keyed.h"


void
pupil_mac_subject(const pupil_key_t *key, const pupil_subject_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.mac.subject.v1", PUPIL_MAC_LEN);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_uuid(&hash, &row->subject);
    pupil_keyed_str(&hash, row->status);
    pupil_keyed_str(&hash, row->source);
    pupil_keyed_end(&hash, mac);
    pupil_stack_wipe();
}


void
pupil_mac_role(const pupil_key_t *key, const pupil_role_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.mac.role.v1", PUPIL_MAC_LEN);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_uuid(&hash, &row->subject);
    pupil_keyed_uuid(&hash, &row->institution);
    pupil_keyed_str(&hash, row->role);
    pupil_keyed_u32(&hash, (uint32_t) row->valid_from);
    pupil_keyed_u32(&hash, (uint32_t) row->valid_to);
    pupil_keyed_str(&hash, row->source);
    pupil_keyed_end(&hash, mac);
    pupil_stack_wipe();
}


void
pupil_mac_enrolment(const pupil_key_t *key, const pupil_enrolment_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.mac.enrolment.v1", PUPIL_MAC_LEN);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_uuid(&hash, &row->enrolment);
    pupil_keyed_uuid(&hash, &row->subject);
    pupil_keyed_uuid(&hash, &row->class_id);
    pupil_keyed_uuid(&hash, &row->institution);
    pupil_keyed_str(&hash, row->role);
    pupil_keyed_u32(&hash, (uint32_t) row->valid_from);
    pupil_keyed_u32(&hash, (uint32_t) row->valid_to);
    pupil_keyed_str(&hash, row->source);
    pupil_keyed_end(&hash, mac);
    pupil_stack_wipe();
}


void
pupil_mac_index(const pupil_key_t *key, const pupil_index_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.mac.index.v1", PUPIL_MAC_LEN);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_str(&hash, row->category);
    pupil_keyed_str(&hash, row->field);
    pupil_keyed_str(&hash, row->term);
    pupil_keyed_uuid(&hash, &row->owner);
    pupil_keyed_uuid(&hash, &row->record);
    pupil_keyed_end(&hash, mac);
    pupil_stack_wipe();
}


void
pupil_mac_session(const pupil_key_t *key, const pupil_session_row_t *row,
    uint8_t mac[PUPIL_MAC_LEN])
{
    pupil_keyed_t  hash;

    pupil_keyed_begin(&hash, key, "pupil.mac.session.v1", PUPIL_MAC_LEN);
    pupil_keyed_uuid(&hash, &row->tenant);
    pupil_keyed_str(&hash, row->token_hash);
    pupil_keyed_uuid(&hash, &row->subject);
    pupil_keyed_str(&hash, row->role);
    pupil_keyed_uuid(&hash, &row->institution);
    pupil_keyed_u64(&hash, (uint64_t) row->created_at);
    pupil_keyed_u64(&hash, (uint64_t) row->seen_at);
    pupil_keyed_u64(&hash, (uint64_t) row->expires_at);
    pupil_keyed_end(&hash, mac);
    pupil_stack_wipe();
}


pupil_rc_t
pupil_mac_check(const uint8_t made[PUPIL_MAC_LEN], pupil_str_t stored)
{
    if (stored.len != PUPIL_MAC_LEN
        || sodium_memcmp(made, stored.data, PUPIL_MAC_LEN) != 0)
    {
        return PUPIL_TAMPERED;
    }

    return PUPIL_OK;
}
