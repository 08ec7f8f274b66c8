/*
 * Copyright (C) the Pupil authors
 *
 * The facts of a record (invariant I18): what binds its plain columns and
 * its sealed values together, so that nobody who can write the database can
 * change one, take one away, or put an older one in its place.
 *
 *     commitment 32 of each value that the owner's key seals, zeros for
 *     NULL, in the order of the fields | keyed hash 32
 *
 * The hash is BLAKE2b under the owner's subkey of the category, over the
 * record's place, these commitments and the bound plain columns.  So that
 * plain columns are checked without a value that is sealed being read, and a
 * value that is read is one of these, and no other.
 *
 * The state holds a key: as of keyed.h, whoever ends it then wipes the stack.
 */

#ifndef PUPIL_FACTS_H
#define PUPIL_FACTS_H

#include "core/vault/keyed.h"


#define PUPIL_FACTS_HASH_LEN  32


typedef struct {
    pupil_keyed_t  hash;
} pupil_facts_t;


/* key: of the owner and category of place, whose field does not count. */
void pupil_facts_begin(pupil_facts_t *facts, const pupil_subkey_t *key,
    const pupil_place_t *place);

/*
 * Each field by its number, up to 127, which stays with it: what is NULL is
 * not told of, so that a field can be appended to a category.  First those
 * that are sealed, then the plain ones, in order.  value: the bytes that
 * PostgreSQL sends of the column in binary.
 */
void pupil_facts_sealed(pupil_facts_t *facts, uint32_t field,
    const uint8_t commitment[PUPIL_COMMITMENT_LEN]);
void pupil_facts_plain(pupil_facts_t *facts, uint32_t field,
    pupil_str_t value);

/* Writes the hash. */
void pupil_facts_end(pupil_facts_t *facts, uint8_t hash[PUPIL_FACTS_HASH_LEN]);

#endif /* PUPIL_FACTS_H */
