/*
 * Copyright (C) the Pupil authors
 *
 * Roles and enrolments that are stored, by whose they are.
 */

#ifndef PUPIL_CTL_ROSTER_SORTED_H
#define PUPIL_CTL_ROSTER_SORTED_H

#include "ctl/roster/stored.h"


typedef struct {
    roster_stored_t  **rows;
    size_t             count;
} roster_sorted_t;


/* Of both kinds.  Ownership: the roster's pool, the rows the tables'. */
void roster_sorted_make(roster_t *roster, const roster_table_t *tables,
    roster_sorted_t *sorted);

/* The first row of a subject, of *count; NULL: none. */
roster_stored_t **roster_sorted_find(const roster_sorted_t *sorted,
    const pupil_uuid_t *subject, size_t *count);

/* Whether a row gives something today, by whomever. */
int roster_sorted_live(const roster_t *roster, const roster_stored_t *row);

/*
 * What a row gives, and who gave it, as a number: the same of two that were
 * written under different numbers.
 */
int64_t roster_sorted_number(const roster_stored_t *row);

#endif /* PUPIL_CTL_ROSTER_SORTED_H */
