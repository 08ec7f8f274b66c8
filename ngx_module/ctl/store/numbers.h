/*
 * Copyright (C) the Pupil authors
 *
 * Numbers of floors, to sign rows under (invariant I18).  The key store gives
 * each once, and has committed that before anything is signed under it: so
 * what a run has signed that failed is below the floor that the next one
 * raises, whoever saw it.
 */

#ifndef PUPIL_CTL_NUMBERS_H
#define PUPIL_CTL_NUMBERS_H

#include "ctl/store/authority.h"
#include "ctl/store/promises.h"


/* One of a subject's floor, set in *to. */
int ctl_number_take(ctl_t *ctl, const pupil_uuid_t *subject,
    ctl_floor_t floor, pupil_floors_t *to);

/* One of authority for each of the list, no subject of which is in it twice. */
int ctl_numbers_take(ctl_t *ctl, ctl_authority_t *list, size_t count);

/* One for a token; those that were given before count no more. */
int ctl_number_token(ctl_t *ctl, const pupil_uuid_t *subject,
    uint32_t *number);

#endif /* PUPIL_CTL_NUMBERS_H */
