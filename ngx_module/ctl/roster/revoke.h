/*
 * Copyright (C) the Pupil authors
 *
 * What a roster takes from somebody, so that it does not come back when old
 * rows are put back (invariant I18).
 */

#ifndef PUPIL_CTL_ROSTER_REVOKE_H
#define PUPIL_CTL_ROSTER_REVOKE_H

#include "ctl/roster/put.h"


typedef struct {
    const roster_stored_t  *row;        /* as it should be, but for its end */
    roster_kind_t           kind;
    int                     ends;       /* as of yesterday */
} roster_revoked_t;

/* Empty when zeroed.  Ownership: whoever fills it frees rows. */
typedef struct {
    roster_revoked_t  *rows;
    uint32_t           count, size;
} roster_revoked_list_t;


/* What is open of the tenant is finished; then its floors, for the import. */
int roster_floors_load(roster_t *roster);

/* The floor of authority that rows of a subject are written under. */
uint32_t roster_floor(const roster_t *roster, const pupil_uuid_t *subject);

void roster_floor_set(roster_t *roster, const pupil_uuid_t *subject,
    uint32_t number);

/* A copy, as it should be. */
void roster_revoke_add(roster_t *roster, roster_revoked_list_t *list,
    roster_kind_t kind, const roster_stored_t *row);
/* One that ends; as it is stored, and stays there. */
void roster_revoke_end(roster_revoked_list_t *list, roster_kind_t kind,
    const roster_stored_t *row);

/* What is left of a row, so that no more of it is written anew. */
int roster_revoke_note(roster_t *roster, roster_kind_t kind,
    const roster_stored_t *row);

/*
 * Writes them, all of a subject in one transaction, in which whatever else
 * authorises them is written under another number; then raises the floors.
 */
int roster_revoke_apply(roster_t *roster, roster_revoked_list_t *list);

#endif /* PUPIL_CTL_ROSTER_REVOKE_H */
