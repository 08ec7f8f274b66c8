/*
 * Copyright (C) the Pupil authors
 *
 * The texts of the statements of /v1/data/: data.c says what of a category is
 * granted, data_read.c and data_write.c how it is read and written.
 */

#ifndef PUPIL_DATA_SQL_H
#define PUPIL_DATA_SQL_H

#include "core/endpoints/data.h"
#include "core/endpoints/relation.h"
#include "core/policy/sql.h"


/* What one statement is made of. */
typedef struct {
    const pupil_category_t  *category;
    const pupil_relates_t   *relates;
    const pupil_scope_t     *scope;     /* or NULL */
    pupil_generic_t         *generic;
    pupil_want_t            *wants;

    /* Of each group of a read, the field with the owner that seals. */
    const char              *sealers[PUPIL_MAX_FIELDS + 1];
    const pupil_alloc_t     *alloc;
} pupil_maker_t;

typedef void (*pupil_maker_pt)(const pupil_maker_t *m, pupil_sql_t *sql);


void pupil_generic_read_sql(const pupil_maker_t *m, pupil_sql_t *sql);
void pupil_generic_look_sql(const pupil_maker_t *m, pupil_sql_t *sql);
void pupil_generic_write_sql(const pupil_maker_t *m, pupil_sql_t *sql);

/* Is a record the host's own row that authorises, so that a read shows it? */
int pupil_generic_proved(const pupil_category_t *category);

/* A plain UUID field of the category, or NULL. */
const char *pupil_generic_uuid(const pupil_category_t *category,
    const char *name);

/* Of alias t: the record is one of those that the relation is about. */
void pupil_generic_scope(const pupil_maker_t *m, pupil_sql_t *sql);

#endif /* PUPIL_DATA_SQL_H */
