/*
 * Copyright (C) the Pupil authors
 *
 * What the files of the generic statements share; private to generic.c,
 * generic_write.c and relation.c.
 */

#ifndef PUPIL_GENERIC_H
#define PUPIL_GENERIC_H

#include "core/policy/sql.h"
#include "core/policy/statement.h"


/* Which records of a category relate: those whose field is among these. */
typedef struct {
    const char  *field;
    const char  *among;
} pupil_scope_t;

typedef struct {
    uint32_t          relation, owner;
    uint32_t          purpose;
    const char       *relates;      /* a query of column class; no row: no */
    pupil_template_t  evidence;     /* sql NULL: none needed */
    pupil_scope_t     scopes[2];    /* the first that the category has */
} pupil_relates_t;

/* What the makers of one statement share. */
typedef struct {
    const pupil_category_t  *category;
    const pupil_relates_t   *relates;
    const pupil_scope_t     *scope;     /* or NULL */
    pupil_generic_t         *generic;
    pupil_want_t            *wants;
    const char              *sealers[PUPIL_MAX_FIELDS + 1];
    const pupil_alloc_t     *alloc;
} pupil_maker_t;


/* NULL: /v1/data/ does not serve it. */
const pupil_relates_t *pupil_relates_find(uint32_t relation, uint32_t owner);

/* Begins a read and a look: who relates, as CTE r of column class. */
void pupil_generic_begin(const pupil_maker_t *m, pupil_sql_t *sql);

/* Of alias t: the record is one of those that the relation is about. */
void pupil_generic_scope(const pupil_maker_t *m, pupil_sql_t *sql);

void pupil_generic_write_sql(const pupil_maker_t *m, pupil_sql_t *sql);

#endif /* PUPIL_GENERIC_H */
