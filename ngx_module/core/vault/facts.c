/*
 * Copyright (C) the Pupil authors
 */

#include "core/vault/facts.h"


#define PUPIL_FACTS_SEALED  's'
#define PUPIL_FACTS_PLAIN   'p'


static void pupil_facts_field(pupil_facts_t *facts, uint8_t kind,
    pupil_str_t field);


void
pupil_facts_begin(pupil_facts_t *facts, const pupil_subkey_t *key,
    const pupil_place_t *place)
{
    pupil_keyed_begin(&facts->hash, &key->commit, "pupil.facts.v1",
                      PUPIL_FACTS_HASH_LEN);
    pupil_keyed_uuid(&facts->hash, &place->tenant);
    pupil_keyed_uuid(&facts->hash, &place->owner);
    pupil_keyed_uuid(&facts->hash, &place->record);
    pupil_keyed_u32(&facts->hash, place->key_version);
    pupil_keyed_str(&facts->hash, place->category);
}


void
pupil_facts_sealed(pupil_facts_t *facts, pupil_str_t field,
    const uint8_t commitment[PUPIL_COMMITMENT_LEN])
{
    pupil_facts_field(facts, PUPIL_FACTS_SEALED, field);
    pupil_keyed_bytes(&facts->hash, commitment, PUPIL_COMMITMENT_LEN);
}


void
pupil_facts_plain(pupil_facts_t *facts, pupil_str_t field, pupil_str_t value)
{
    pupil_facts_field(facts, PUPIL_FACTS_PLAIN, field);
    pupil_keyed_str(&facts->hash, value);
}


void
pupil_facts_end(pupil_facts_t *facts, uint8_t hash[PUPIL_FACTS_HASH_LEN])
{
    pupil_keyed_end(&facts->hash, hash);
    pupil_stack_wipe();
}


static void
pupil_facts_field(pupil_facts_t *facts, uint8_t kind, pupil_str_t field)
{
    pupil_keyed_bytes(&facts->hash, &kind, 1);
    pupil_keyed_str(&facts->hash, field);
}
