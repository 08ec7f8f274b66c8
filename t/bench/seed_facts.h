/*
 * Copyright (C) the Pupil authors
 *
 * The facts of a record, by what its plugin declares, while its columns are
 * put down one by one.  Every function dies of an error.
 */

#ifndef BENCH_SEED_FACTS_H
#define BENCH_SEED_FACTS_H

#include "core/plugin/bound.h"
#include "seeding.h"


typedef struct {
    const pupil_category_t  *category;
    pupil_bound_row_t        row;
    uint8_t                  memory[8192];
    size_t                   used;
} seed_facts_t;


/* category: credential, homework or progress. */
void seed_facts_begin(seed_facts_t *facts, const char *category);

/* A column as PostgreSQL sends it; sealed ones as they are. */
void seed_facts_put(seed_facts_t *facts, const char *field, const void *data,
    size_t len);
void seed_facts_put_time(seed_facts_t *facts, const char *field,
    pupil_time_t time);
void seed_facts_put_uuids(seed_facts_t *facts, const char *field,
    const pupil_uuid_t *ids, uint32_t count);

/* Their length. */
size_t seed_facts_end(seed_facts_t *facts, const pupil_subkey_t *key,
    const pupil_place_t *place, uint8_t out[PUPIL_BOUND_MAX]);

#endif /* BENCH_SEED_FACTS_H */
