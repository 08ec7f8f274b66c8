/*
 * Copyright (C) the Pupil authors
 *
 * The facts of a record (core/vault/facts.h) by what its plugin declares: which
 * columns they bind, and whether a row is what was stored.
 */

#ifndef PUPIL_BOUND_H
#define PUPIL_BOUND_H

#include "core/plugin/loader.h"
#include "core/vault/facts.h"


/*
 * A row by the fields of its category: columns as PostgreSQL sends them in
 * binary, data NULL for NULL.  has: 0 for a sealed field that was not read, or
 * that a write leaves as it is.
 */
typedef struct {
    pupil_str_t  cells[PUPIL_MAX_FIELDS];
    uint8_t      has[PUPIL_MAX_FIELDS];
    pupil_str_t  facts;         /* as stored */
} pupil_bound_row_t;


/* Microseconds from 1970-01-01 to where PostgreSQL counts from. */
#define PUPIL_BOUND_EPOCH  INT64_C(946684800000000)


/* Whether the facts say a value of the field: plain or sealed. */
int pupil_bound_plain(const pupil_field_t *field);
int pupil_bound_sealed(const pupil_field_t *field);

/* Bytes of the facts of a record; at most PUPIL_BOUND_MAX. */
size_t pupil_bound_size(const pupil_category_t *category);

#define PUPIL_BOUND_MAX                                                       \
    (PUPIL_MAX_FIELDS * PUPIL_COMMITMENT_LEN + PUPIL_FACTS_HASH_LEN)

/*
 * Is the row what was stored?  PUPIL_TAMPERED with *why, the name of the
 * sealed field that is another value or is gone, or "facts".
 */
pupil_rc_t pupil_bound_check(const pupil_category_t *category,
    const pupil_subkey_t *key, const pupil_place_t *place,
    const pupil_bound_row_t *row, const char **why);

/*
 * Writes pupil_bound_size() bytes: the facts of a row that is to be stored.
 * row->facts are those of the row that was checked and is replaced; data NULL:
 * it is a new one.  PUPIL_INVALID for what is sealed and malformed.
 */
pupil_rc_t pupil_bound_make(const pupil_category_t *category,
    const pupil_subkey_t *key, const pupil_place_t *place,
    const pupil_bound_row_t *row, uint8_t *facts);


/*
 * The same facts without the last values where there are none; returns their
 * size.  Hosts are upgraded one after the other: those whose plugin has not
 * yet the field that was appended can read them as long as nobody uses it.
 */
size_t pupil_bound_trim(uint8_t *facts, size_t size);


/*
 * Columns as PostgreSQL sends them, for rows that are to be stored.  Each
 * writes to out, whose memory the row then points to.
 */
void pupil_bound_uuid(pupil_bound_row_t *row, int32_t field,
    const pupil_uuid_t *uuid);
void pupil_bound_bool(pupil_bound_row_t *row, int32_t field, int value);
void pupil_bound_time(pupil_bound_row_t *row, int32_t field,
    pupil_time_t time, uint8_t out[8]);

/*
 * From the clear value of a plain field, as pupil_value_accept() makes it; data
 * NULL: none.  PUPIL_INVALID, PUPIL_NO_MEMORY.
 */
pupil_rc_t pupil_bound_value(pupil_bound_row_t *row,
    const pupil_category_t *category, int32_t field, pupil_str_t value,
    const pupil_alloc_t *alloc);

#define pupil_bound_uuids_size(n)  (20 + (size_t) (n) * 20)

void pupil_bound_uuids(pupil_bound_row_t *row, int32_t field,
    const pupil_uuid_t *uuids, uint32_t n, uint8_t *out);

/* Is the uuid in such a list, as it is stored? */
int pupil_bound_uuids_have(pupil_str_t list, const pupil_uuid_t *uuid);

#endif /* PUPIL_BOUND_H */
