/*
 * Copyright (C) the Pupil authors
 *
 * Ids that are used again: who has neither the name nor the log-in name that
 * this source last gave may be somebody else, who would get an account with its
 * password and its work.  What is gone, or is not known any more, is not as it
 * was; who has no log-in name may have an address that is.
 */

#ifndef PUPIL_CTL_ROSTER_OTHERS_H
#define PUPIL_CTL_ROSTER_OTHERS_H

#include "ctl/roster/roster.h"


typedef struct {
    uint32_t      user;
    const char   *reason;
} roster_other_t;

/* Who may be somebody else; the caller's, from malloc(). */
typedef struct {
    roster_other_t  *list;
    uint32_t         count;
    uint32_t         changed;   /* of them, who is not as before: the rest is
                                   not known */
} roster_others_t;


/* Returns -1 with the error said. */
int roster_others(roster_t *roster, roster_others_t *others);

/*
 * Of how many users a record that they had is empty now, of how many who have
 * one: a column may be gone (pitfall 46).  Returns -1 with the error said.
 */
int roster_lost(roster_t *roster, roster_record_t record, uint32_t *lost,
    uint32_t *had);

/* By line: what is stored of them stays. */
void roster_others_refuse(roster_t *roster, const roster_others_t *others);

#endif /* PUPIL_CTL_ROSTER_OTHERS_H */
