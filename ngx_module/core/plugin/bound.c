/*
 * Copyright (C) the Pupil authors
 */

#include <string.h>

#include "core/plugin/bound.h"


#define PUPIL_BOUND_UUID_OID  2950          /* PostgreSQL's, of an element */


static pupil_rc_t pupil_bound_is_value(pupil_str_t cell,
    const uint8_t *commitment);
static size_t pupil_bound_commitments(const pupil_category_t *category,
    const pupil_bound_row_t *row, uint8_t *facts);
static const uint8_t *pupil_bound_part(const uint8_t *facts, size_t len,
    uint32_t n);
static void pupil_bound_hash(const pupil_category_t *category,
    const pupil_subkey_t *key, const pupil_place_t *place,
    const pupil_bound_row_t *row, const uint8_t *facts, size_t len,
    uint8_t hash[PUPIL_FACTS_HASH_LEN]);


/* Of a value that is NULL. */
static const uint8_t  pupil_bound_none[PUPIL_COMMITMENT_LEN];


int
pupil_bound_plain(const pupil_field_t *field)
{
    return (field->flags & PUPIL_FIELD_BOUND)
           && !(field->flags & PUPIL_FIELD_SEALED);
}


int
pupil_bound_sealed(const pupil_field_t *field)
{
    return (field->flags & PUPIL_FIELD_SEALED) && field->sealed_by == NULL;
}


size_t
pupil_bound_size(const pupil_category_t *category)
{
    size_t    size;
    uint32_t  i;

    size = PUPIL_FACTS_HASH_LEN;

    for (i = 0; i < category->plugin->fields_count; i++) {
        if (pupil_bound_sealed(&category->plugin->fields[i])) {
            size += PUPIL_COMMITMENT_LEN;
        }
    }

    return size;
}


pupil_rc_t
pupil_bound_check(const pupil_category_t *category,
    const pupil_subkey_t *key, const pupil_place_t *place,
    const pupil_bound_row_t *row, const char **why)
{
    uint8_t               hash[PUPIL_FACTS_HASH_LEN];
    uint32_t              i, n;
    const pupil_field_t  *field;

    *why = "facts";

    /* shorter ones are from before a field was appended */
    if (row->facts.data == NULL || row->facts.len < PUPIL_FACTS_HASH_LEN
        || row->facts.len > pupil_bound_size(category)
        || row->facts.len % PUPIL_COMMITMENT_LEN != 0)
    {
        return PUPIL_TAMPERED;
    }

    pupil_bound_hash(category, key, place, row, row->facts.data,
                     row->facts.len, hash);

    if (crypto_verify_32(hash, row->facts.data + row->facts.len
                               - PUPIL_FACTS_HASH_LEN)
        != 0)
    {
        return PUPIL_TAMPERED;
    }

    for (i = 0, n = 0; i < category->plugin->fields_count; i++) {
        field = &category->plugin->fields[i];

        if (!pupil_bound_sealed(field)) {
            continue;
        }

        if (row->has[i]
            && pupil_bound_is_value(row->cells[i],
                                    pupil_bound_part(row->facts.data,
                                                     row->facts.len, n))
               != PUPIL_OK)
        {
            *why = field->name;
            return PUPIL_TAMPERED;
        }

        n++;
    }

    return PUPIL_OK;
}


pupil_rc_t
pupil_bound_make(const pupil_category_t *category,
    const pupil_subkey_t *key, const pupil_place_t *place,
    const pupil_bound_row_t *row, uint8_t *facts)
{
    size_t  size;

    size = pupil_bound_commitments(category, row, facts);
    if (size == 0) {
        return PUPIL_INVALID;
    }

    pupil_bound_hash(category, key, place, row, facts, size,
                     facts + size - PUPIL_FACTS_HASH_LEN);

    return PUPIL_OK;
}


size_t
pupil_bound_trim(uint8_t *facts, size_t size)
{
    size_t  end;

    end = size - PUPIL_FACTS_HASH_LEN;

    while (end != 0
           && memcmp(facts + end - PUPIL_COMMITMENT_LEN, pupil_bound_none,
                     PUPIL_COMMITMENT_LEN)
              == 0)
    {
        end -= PUPIL_COMMITMENT_LEN;
    }

    memmove(facts + end, facts + size - PUPIL_FACTS_HASH_LEN,
            PUPIL_FACTS_HASH_LEN);

    return end + PUPIL_FACTS_HASH_LEN;
}


/* The size of the facts that begin with them; 0: one is malformed. */
static size_t
pupil_bound_commitments(const pupil_category_t *category,
    const pupil_bound_row_t *row, uint8_t *facts)
{
    uint8_t        *p;
    uint32_t        i, n;
    const uint8_t  *part;

    p = facts;

    for (i = 0, n = 0; i < category->plugin->fields_count; i++) {

        if (!pupil_bound_sealed(&category->plugin->fields[i])) {
            continue;
        }

        if (!row->has[i]) {
            part = pupil_bound_part(row->facts.data, row->facts.len, n);

        } else if (row->cells[i].data == NULL) {
            part = pupil_bound_none;

        } else {
            part = pupil_sealed_commitment(row->cells[i].data,
                                           row->cells[i].len);
        }

        if (part == NULL) {
            return 0;
        }

        memcpy(p, part, PUPIL_COMMITMENT_LEN);
        p += PUPIL_COMMITMENT_LEN;
        n++;
    }

    return (size_t) (p - facts) + PUPIL_FACTS_HASH_LEN;
}


static pupil_rc_t
pupil_bound_is_value(pupil_str_t cell, const uint8_t *commitment)
{
    const uint8_t  *own;

    own = cell.data == NULL ? pupil_bound_none
                            : pupil_sealed_commitment(cell.data, cell.len);

    return own != NULL && memcmp(own, commitment, PUPIL_COMMITMENT_LEN) == 0
           ? PUPIL_OK : PUPIL_TAMPERED;
}


/* The n-th commitment; none of a field that was appended later. */
static const uint8_t *
pupil_bound_part(const uint8_t *facts, size_t len, uint32_t n)
{
    size_t  at;

    at = (size_t) n * PUPIL_COMMITMENT_LEN;

    return facts != NULL
           && at + PUPIL_COMMITMENT_LEN + PUPIL_FACTS_HASH_LEN <= len
           ? facts + at : pupil_bound_none;
}


/* facts, len: whose commitments it is about. */
static void
pupil_bound_hash(const pupil_category_t *category,
    const pupil_subkey_t *key, const pupil_place_t *place,
    const pupil_bound_row_t *row, const uint8_t *facts, size_t len,
    uint8_t hash[PUPIL_FACTS_HASH_LEN])
{
    uint32_t              i, n;
    const uint8_t        *part;
    pupil_facts_t         state;
    const pupil_field_t  *fields;

    fields = category->plugin->fields;
    pupil_facts_begin(&state, key, place);

    for (i = 0, n = 0; i < category->plugin->fields_count; i++) {
        if (!pupil_bound_sealed(&fields[i])) {
            continue;
        }

        part = pupil_bound_part(facts, len, n++);

        if (memcmp(part, pupil_bound_none, PUPIL_COMMITMENT_LEN) != 0) {
            pupil_facts_sealed(&state, i, part);
        }
    }

    for (i = 0; i < category->plugin->fields_count; i++) {
        if (pupil_bound_plain(&fields[i]) && row->cells[i].data != NULL) {
            pupil_facts_plain(&state, i, row->cells[i]);
        }
    }

    pupil_facts_end(&state, hash);
    pupil_stack_wipe();
}


void
pupil_bound_uuid(pupil_bound_row_t *row, int32_t field,
    const pupil_uuid_t *uuid)
{
    row->cells[field].data = uuid->b;
    row->cells[field].len = PUPIL_UUID_LEN;
    row->has[field] = 1;
}


void
pupil_bound_bool(pupil_bound_row_t *row, int32_t field, int value)
{
    static const uint8_t  bytes[2] = { 0, 1 };

    row->cells[field].data = &bytes[value != 0];
    row->cells[field].len = 1;
    row->has[field] = 1;
}


void
pupil_bound_time(pupil_bound_row_t *row, int32_t field, pupil_time_t time,
    uint8_t out[8])
{
    uint64_t  micros;

    micros = (uint64_t) (time - PUPIL_BOUND_EPOCH);

    pupil_u32_write(out, (uint32_t) (micros >> 32));
    pupil_u32_write(out + 4, (uint32_t) micros);

    row->cells[field].data = out;
    row->cells[field].len = 8;
    row->has[field] = 1;
}


/* One dimension from 1, or none, no NULLs; each element behind its length. */
void
pupil_bound_uuids(pupil_bound_row_t *row, int32_t field,
    const pupil_uuid_t *uuids, uint32_t n, uint8_t *out)
{
    uint8_t   *p;
    uint32_t   i, count;

    const uint32_t  head[] = { n != 0, 0, PUPIL_BOUND_UUID_OID, n, 1 };

    p = out;
    count = n != 0 ? 5 : 3;

    for (i = 0; i < count; i++) {
        pupil_u32_write(p, head[i]);
        p += 4;
    }

    for (i = 0; i < n; i++) {
        pupil_u32_write(p, PUPIL_UUID_LEN);
        memcpy(p + 4, uuids[i].b, PUPIL_UUID_LEN);
        p += 4 + PUPIL_UUID_LEN;
    }

    row->cells[field].data = out;
    row->cells[field].len = (size_t) (p - out);
    row->has[field] = 1;
}


int
pupil_bound_uuids_have(pupil_str_t list, const pupil_uuid_t *uuid)
{
    size_t  at;

    for (at = pupil_bound_uuids_size(1); at <= list.len; at += 20) {
        if (memcmp(list.data + at - PUPIL_UUID_LEN, uuid->b, PUPIL_UUID_LEN)
            == 0)
        {
            return 1;
        }
    }

    return 0;
}
