/*
 * Copyright (C) the Pupil authors
 *
 * Fingerprints of records, by which an import knows what it gave before.
 */

#ifndef PUPIL_CTL_ROSTER_PRINT_H
#define PUPIL_CTL_ROSTER_PRINT_H

#include "ctl/roster/roster.h"


/*
 * Bound to the owner, so that equal values of two do not show.  Returns -1
 * with the error said.
 */
int roster_print(roster_t *roster, roster_kind_t kind,
    const roster_item_t *item, roster_record_t record,
    uint8_t out[ROSTER_PRINT_LEN]);

/* A title is always there, a user's record need not be. */
int roster_record_there(roster_kind_t kind, const roster_item_t *item,
    roster_record_t record);

#endif /* PUPIL_CTL_ROSTER_PRINT_H */
