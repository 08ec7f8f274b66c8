/*
 * Copyright (C) the Pupil authors
 *
 * People, classes and schools of one source become another's, with all that
 * the first has given them, and get its ids: nobody is ended or made anew.
 */

#ifndef PUPIL_CTL_ROSTER_ADOPT_H
#define PUPIL_CTL_ROSTER_ADOPT_H

#include "ctl/roster/stored.h"


/* Whom, or what. */
typedef struct {
    pupil_uuid_t    owner;
    const uint8_t  *was, *now;          /* terms; NULL: the id stays */
} roster_adopted_t;

/* Links of the first source, once they are loaded; zeroed before. */
typedef struct {
    roster_t          *from, *to;
    roster_table_t     tables[ROSTER_KINDS];
    roster_stored_t  **rows[ROSTER_KINDS];      /* by their subjects */
    const char        *detail;                  /* for the record */
} roster_adopt_t;


int roster_adopt_load(roster_adopt_t *adopt);
void roster_adopt_free(roster_adopt_t *adopt);

/*
 * In bounded transactions, each behind one with its record (invariant I19).
 * Whoever is killed has some of them done, and the rest is found again.  -1
 * with the error said.
 */
int roster_adopt_items(roster_adopt_t *adopt, roster_kind_t kind,
    const roster_adopted_t *list, size_t count);

#endif /* PUPIL_CTL_ROSTER_ADOPT_H */
