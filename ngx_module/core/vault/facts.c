/*
 * Copyright (C) the Pupil authors
 */

#include "core/vault/facts.h"


/* Of a sealed field, beside its number. */
#define PUPIL_FACTS_SEALED  0x80


void
pupil_facts_begin(pupil_facts_t *facts, const pupil_subkey_t *key,
    const pupil_place_t *place)
{
    pupil_keyed_begin(&facts->hash, &key->commit, "pupil.facts.v1",
                      PUPIL_FACTS_HASH_LEN);
    pupil_keyed_keep(&facts->hash);
    pupil_keyed_uuid(&facts->hash, &place->tenant);
    pupil_keyed_uuid(&facts->hash, &place->owner);
    pupil_keyed_uuid(&facts->hash, &place->record);
    pupil_keyed_u32(&facts->hash, place->key_version);
    pupil_keyed_str(&facts->hash, place->category);
}


void
pupil_facts_sealed(pupil_facts_t *facts, uint32_t field,
    const uint8_t commitment[PUPIL_COMMITMENT_LEN])
{
    uint8_t  number = (uint8_t) (PUPIL_FACTS_SEALED | field);

    pupil_keyed_bytes(&facts->hash, &number, 1);
    pupil_keyed_bytes(&facts->hash, commitment, PUPIL_COMMITMENT_LEN);
}


void
pupil_facts_plain(pupil_facts_t *facts, uint32_t field, pupil_str_t value)
{
    uint8_t  number = (uint8_t) field;

    pupil_keyed_bytes(&facts->hash, &number, 1);
    pupil_keyed_u32(&facts->hash, (uint32_t) value.len);
    pupil_keyed_bytes(&facts->hash, value.data, value.len);
}


void
pupil_facts_end(pupil_facts_t *facts, uint8_t hash[PUPIL_FACTS_HASH_LEN])
{
    pupil_keyed_end(&facts->hash, hash);
}
