/*
 * Copyright (C) the Pupil authors
 *
 * Ids that are used again: who has another name and another log-in name than
 * what this source last gave may be somebody else, who would get an account
 * with its password and its work.
 */

#ifndef PUPIL_CTL_ROSTER_OTHERS_H
#define PUPIL_CTL_ROSTER_OTHERS_H

#include "ctl/roster/roster.h"


/*
 * Numbers of users, from malloc(), the caller's.  Returns -1 with the error
 * said.
 */
int roster_others(roster_t *roster, uint32_t **others, uint32_t *count);

/* By line: what is stored of them stays. */
void roster_others_refuse(roster_t *roster, const uint32_t *others,
    uint32_t count);

#endif /* PUPIL_CTL_ROSTER_OTHERS_H */
