/*
 * Copyright (C) the Pupil authors
 *
 * Items of OneRoster's REST binding become rows of files in memory.
 */

#ifndef PUPIL_CTL_ROSTER_ONEROSTER_ROWS_H
#define PUPIL_CTL_ROSTER_ONEROSTER_ROWS_H

#include "ctl/roster/items.h"


typedef enum {
    ORGS = 0,
    SESSIONS,
    CLASSES,
    USERS,
    ROLES,
    ENROLLMENTS,
    SHEETS
} oneroster_kind_t;

typedef struct {
    ctl_pool_t   pool;
    sheet_t      sheets[SHEETS];
    size_t       rows;
    int          roles;         /* a user has a list of them: version 1.2 */
    int          full;          /* more rows than that are not taken */
} oneroster_t;


void oneroster_rows_init(oneroster_t *all);

/*
 * An item of an endpoint; line: its number; again: another has its id, or it
 * has none.
 */
void oneroster_take(oneroster_t *all, oneroster_kind_t kind,
    const json_t *item, size_t line, int again);

#endif /* PUPIL_CTL_ROSTER_ONEROSTER_ROWS_H */
