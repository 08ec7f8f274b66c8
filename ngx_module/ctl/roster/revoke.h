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
    uint8_t                 kind;
    uint8_t                 ends;       /* as of yesterday */
    uint8_t                 gives;      /* it only comes along */
} roster_revoked_t;

typedef struct roster_revoked_list_s  roster_revoked_list_t;

/* Adds what a user of the roster is given, by roster_revoke_give. */
typedef void (*roster_give_pt)(void *ctx, uint32_t user,
    roster_revoked_list_t *list);

/* Empty when zeroed.  Ownership: whoever fills it frees rows. */
struct roster_revoked_list_s {
    roster_revoked_t  *rows;
    uint32_t           count, size;
    ctl_pool_t         pool;            /* of what is given; of a batch */
    roster_give_pt     give;            /* NULL: nothing comes along */
    void              *ctx;
};


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

/* A copy, of somebody of whom something is taken. */
void roster_revoke_give(roster_revoked_list_t *list, roster_kind_t kind,
    const roster_stored_t *row);

/* What is left of a row, so that no more of it is written anew. */
int roster_revoke_note(roster_t *roster, roster_kind_t kind,
    const roster_stored_t *row);

/*
 * Writes them, all of a subject in one transaction, with what the roster gives
 * them: so nobody is in no class between two years.  Whatever else authorises
 * them is written under another number in it; then the floors rise.
 */
int roster_revoke_apply(roster_t *roster, roster_revoked_list_t *list);

#endif /* PUPIL_CTL_ROSTER_REVOKE_H */
