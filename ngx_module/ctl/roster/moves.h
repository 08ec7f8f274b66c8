/*
 * Copyright (C) the Pupil authors
 *
 * Log-in names and addresses that go from one user to another in one run, in
 * swaps and chains.  Who keeps theirs keeps it from whoever was to get it.
 */

#ifndef PUPIL_CTL_ROSTER_MOVES_H
#define PUPIL_CTL_ROSTER_MOVES_H

#include "ctl/roster/roster.h"


/* The value of a record that is stored of one user goes to another. */
struct roster_move_s {
    roster_record_t  record;
    uint32_t         from, to;      /* users, by index; from ROSTER_NONE: who
                                       leaves, or has left */
    pupil_uuid_t     owner;         /* who has it */
    int              closed;        /* already */
};


/* Whether what is stored of a user's record stays as it is. */
int roster_moves_stays(const roster_item_t *user, roster_record_t record);

void roster_moves_add(roster_t *roster, const roster_move_t *move);

/* Refuses whoever waits for what stays.  Whenever users were refused. */
void roster_moves_settle(roster_t *roster);

/*
 * Refuses whoever waits for what somebody has whom neither this run nor one
 * before it closes.  In the caller's transaction, which commits what was found
 * tampered with.  Returns -1 with the error said.
 */
int roster_moves_leavers(roster_t *roster);

/*
 * Before users are written, in transactions behind one with their audit (I19):
 * takes what moves away from those who have it.  Whoever is killed behind it
 * leaves users whose record the next run writes again.  Returns -1 with the
 * error said.
 */
int roster_moves_apply(roster_t *roster);

#endif /* PUPIL_CTL_ROSTER_MOVES_H */
