/*
 * Copyright (C) the Pupil authors
 *
 * The facts of records (core/plugin/bound.h): read with a row, made for one,
 * and for which categories of a tenant all records have some.
 */

#ifndef PUPIL_CTL_FACTS_H
#define PUPIL_CTL_FACTS_H

#include "core/plugin/bound.h"
#include "ctl/base/buf.h"
#include "ctl/store/owners.h"


/*
 * Of a row t, for each field that facts are about ", column", and the facts:
 * as ctl_bound_read() reads them.
 */
void ctl_bound_columns(const pupil_category_t *category, ctl_buf_t *sql);

/*
 * The same of a row whose columns are in two arrays, texts and sealed_values:
 * adds their names to those that are asked for, behind as many as are said.
 */
void ctl_bound_arrays(const pupil_category_t *category, ctl_buf_t *plain,
    unsigned plain_count, ctl_buf_t *sealed, unsigned sealed_count,
    ctl_buf_t *sql);

/* From column on.  Ownership: in pool. */
int ctl_bound_read(ctl_pool_t *pool, const pupil_category_t *category,
    const PGresult *res, int row, int column, pupil_bound_row_t *bound);

/*
 * What is stored of a category of which these owners have one record each,
 * locked, and checked: bound, of each owner.  Without facts: there is none.
 */
int ctl_bound_stored(ctl_t *ctl, ctl_pool_t *pool,
    const pupil_category_t *category, ctl_owner_t *const *owners,
    size_t count, pupil_bound_row_t *bound);

/* 0: the row is what was stored; 1: *why is not; or -1 with the error said. */
int ctl_bound_check(ctl_t *ctl, const pupil_category_t *category,
    const ctl_owner_t *owner, const pupil_uuid_t *record,
    const pupil_bound_row_t *bound, const char **why);

/* A value that is to be stored in it; data NULL: none. */
void ctl_bound_set(const pupil_category_t *category, const char *field,
    pupil_str_t sealed, pupil_bound_row_t *bound);

/* The facts of a row that is to be stored.  Ownership: in pool. */
int ctl_facts_make(ctl_t *ctl, ctl_pool_t *pool,
    const pupil_category_t *category, const ctl_owner_t *owner,
    const pupil_uuid_t *record, const pupil_bound_row_t *bound,
    pupil_str_t *facts);

/*
 * Notes in a transaction of the key store, which the caller began, that all
 * records of the category have facts.  _noted(): 1, 0, or -1.
 */
int ctl_facts_note(ctl_t *ctl, const pupil_category_t *category);
int ctl_facts_noted(ctl_t *ctl, const pupil_category_t *category);

#endif /* PUPIL_CTL_FACTS_H */
